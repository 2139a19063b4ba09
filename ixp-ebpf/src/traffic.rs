//! The traffic that the probe makes to measure the sampler: a word of its sequence in, a frame's addresses out.

use ixp_common::addr::Mac;

/// Words that the probe's sequence holds: a million pairs once, and four million frames between them.
pub const SEQUENCE: u32 = 5 << 20;

/// Words that lie side by side in one entry of the map, so that none is padded.
pub const ENTRY_WORDS: u32 = 16;

/// One entry of the sequence.
pub type Entry = [u32; ENTRY_WORDS as usize];

/// Which words of the sequence frames are made from, in turn, round by round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Traffic {
    first: u32,
    end: u32,
}

const _: () = assert!(size_of::<Traffic>() == size_of::<[u32; 2]>());

impl Traffic {
    /// The first `words` words. In the sequence that a probe starts with, each is a pair of its own.
    #[must_use]
    pub const fn in_order(words: u32) -> Self {
        Self::within(0, words)
    }

    /// The words from `first` on that come before `end`.
    #[must_use]
    pub const fn within(first: u32, end: u32) -> Self {
        Self { first, end }
    }

    /// No words: frames stay as they are.
    pub const NONE: Self = Self::within(0, 0);

    /// Whether frames change their pair.
    #[inline(always)]
    #[must_use]
    pub const fn has_pairs(&self) -> bool {
        self.end > self.first
    }

    /// As the probe's map holds it.
    #[must_use]
    pub const fn words(self) -> [u32; 2] {
        [self.first, self.end]
    }

    /// The place of the first word.
    #[must_use]
    pub const fn first(&self) -> u32 {
        self.first
    }

    /// How many words there are in a round.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.end.saturating_sub(self.first)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place that follows `place`.
    #[inline(always)]
    #[must_use]
    pub const fn after(&self, place: u32) -> u32 {
        let next = place.wrapping_add(1);
        if next >= self.end { self.first } else { next }
    }
}

/// The word of a frame from one station to another, by their numbers.
#[must_use]
pub const fn word(source: u16, destination: u16) -> u32 {
    (source as u32) << 16 | destination as u32
}

/// Destination and source of a word, as they stand in a frame.
#[inline(always)]
#[must_use]
pub const fn addresses(word: u32) -> [u8; 12] {
    let [s0, s1, d0, d1] = word.to_be_bytes();
    [0x02, 0, 0x5e, 0x20, d0, d1, 0x02, 0, 0x5e, 0x20, s0, s1]
}

/// The address of a station by its number.
#[must_use]
pub const fn station(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    Mac([0x02, 0, 0x5e, 0x20, high, low])
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    #[test]
    fn each_word_comes_once_in_a_round() {
        for traffic in [Traffic::in_order(1), Traffic::in_order(5), Traffic::within(7, 10)] {
            let mut place = traffic.first();
            let mut places = Vec::new();
            for _ in 0..traffic.len() {
                places.push(place);
                place = traffic.after(place);
            }
            assert_eq!(places, (traffic.first()..traffic.first() + traffic.len()).collect::<Vec<_>>());
            assert_eq!(place, traffic.first());
        }
    }

    #[test]
    fn a_word_has_the_addresses_of_its_stations() {
        let frame = addresses(word(0x1234, 0x00ff));
        assert_eq!((&frame[..6], &frame[6..]), (&station(0x00ff).0[..], &station(0x1234).0[..]));
    }
}
