//! The frames that the probe puts on a wire: the time in, whether the next is due out; two stations in, the headers
//! of a frame between them out.

use crate::traffic::{addresses, word};

/// Frames that are due together, as a network card has them when it interrupts; a quarter of a veth's ring.
pub const GROUP: u64 = 64;

/// Groups that a source may be behind. What it cannot make up for by these is given up: a source that was held up
/// and hurries afterwards would fill the ring at the other end.
const BEHIND: u64 = 1;

/// When frames are due, and how many were. Written by one CPU. Times are nanoseconds of the kernel's monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Pace {
    gap: u64,
    frames: u64,
    due: u64,
    left: u64,
    sent: u64,
    first: u64,
    last: u64,
}

/// A pace as the probe's map holds it.
pub type Words = [u64; 7];

const _: () = assert!(size_of::<Pace>() == size_of::<Words>());

impl Pace {
    /// `frames` frames, in whole groups, `rate` in a second; at least one.
    #[must_use]
    pub const fn new(rate: u64, frames: u64) -> Self {
        let rate = if rate == 0 { 1 } else { rate };
        let frames = frames.div_ceil(GROUP) * GROUP;
        Self { gap: GROUP * 1_000_000_000 / rate, frames, due: 0, left: 0, sent: 0, first: 0, last: 0 }
    }

    /// The number of the frame that is due, if one is. The clock is read once in a group.
    #[inline(always)]
    pub fn next(&mut self, clock: impl FnOnce() -> u64) -> Option<u64> {
        if self.left == 0 && !self.begins(clock) {
            return None;
        }
        self.left -= 1;
        let number = self.sent;
        self.sent += 1;
        Some(number)
    }

    #[inline(always)]
    fn begins(&mut self, clock: impl FnOnce() -> u64) -> bool {
        if self.sent >= self.frames {
            return false;
        }
        let now = clock();
        if now < self.due {
            return false;
        }
        if self.sent == 0 {
            self.first = now;
            self.due = now;
        }
        self.last = now;
        let earliest = now.saturating_sub(BEHIND * self.gap);
        self.due = if self.due < earliest { earliest } else { self.due } + self.gap;
        self.left = GROUP;
        true
    }

    /// As the probe's map holds it.
    #[must_use]
    pub const fn words(self) -> Words {
        [self.gap, self.frames, self.due, self.left, self.sent, self.first, self.last]
    }

    /// What the map holds.
    #[must_use]
    pub const fn read([gap, frames, due, left, sent, first, last]: Words) -> Self {
        Self { gap, frames, due, left, sent, first, last }
    }

    /// Frames sent.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether all are sent.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.sent >= self.frames
    }

    /// From the first group to the end of the last, in nanoseconds.
    #[must_use]
    pub const fn took(&self) -> u64 {
        self.last - self.first + self.gap
    }
}

/// Two stations by their numbers: who sends, who receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// The sender.
    pub from: u16,
    /// The receiver.
    pub to: u16,
}

impl Link {
    /// As the probe's map holds it.
    #[must_use]
    pub const fn word(self) -> u32 {
        word(self.from, self.to)
    }

    /// What the map holds.
    #[inline(always)]
    #[must_use]
    pub const fn read(word: u32) -> Self {
        let [a, b, c, d] = word.to_be_bytes();
        Self { from: u16::from_be_bytes([a, b]), to: u16::from_be_bytes([c, d]) }
    }

    /// The headers of a frame between them.
    #[inline(always)]
    #[must_use]
    pub const fn headers(self) -> Headers {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = addresses(self.word());
        let ([m, n], [o, p]) = (self.from.to_be_bytes(), self.to.to_be_bytes());
        let sum = FIXED + self.from as u32 + self.to as u32;
        let sum = (sum & 0xffff) + (sum >> 16);
        let [_, _, y, z] = (!((sum & 0xffff) + (sum >> 16))).to_be_bytes();
        [
            a, b, c, d, e, f, g, h, i, j, k, l, 0x08, 0x00, //
            0x45, 0, 0, LENGTH, 0, 0, 0, 0, 64, 17, y, z, //
            FROM[0], FROM[1], m, n, TO[0], TO[1], o, p,
        ]
    }
}

/// Ethernet and IPv4.
pub type Headers = [u8; 34];

/// Bytes of a packet: with the Ethernet header a frame has 64.
const LENGTH: u8 = 50;
/// Transit: a packet from elsewhere.
const FROM: [u8; 2] = [8, 8];
/// And to elsewhere.
const TO: [u8; 2] = [9, 9];
/// What the header's words add up to without the checksum (RFC 1071) and without the stations' numbers.
const FIXED: u32 = 0x4500 + LENGTH as u32 + 0x4011 + 0x0808 + 0x0909;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_due_in_groups_at_their_rate() {
        let mut pace = Pace::new(64_000_000, 130);
        let mut sent = 0;
        for now in 1..=5_000 {
            sent += u64::from(pace.next(|| now).is_some());
        }
        assert_eq!((sent, pace.sent(), pace.is_done()), (192, 192, true));
        assert_eq!(pace.took(), 3_000);
    }

    #[test]
    fn a_source_that_was_held_up_does_not_hurry_for_long() {
        let mut pace = Pace::new(64_000_000, 1_000_000);
        assert_eq!(pace.next(|| 1), Some(0));
        let mut at_once = 0;
        while pace.next(|| 1_000_000).is_some() {
            at_once += 1;
        }
        assert_eq!(at_once, GROUP - 1 + (BEHIND + 1) * GROUP);
    }

    #[test]
    fn headers_have_a_right_checksum() {
        for (from, to) in [(0, 1), (999, 3), (0xffff, 0xffff), (0x1234, 0xabcd)] {
            let link = Link { from, to };
            assert_eq!(Link::read(link.word()), link);
            let headers = link.headers();
            let words = headers[14..].chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
            let sum: u32 = words.sum();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "{link:?}");
        }
    }
}
