//! How much a station may send: a token bucket as one word, and a count of distinct targets.

use core::cell::Cell;

/// A token bucket's size, written as times so that a frame costs no division (GCRA, ITU-T I.371).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Limit {
    /// Nanoseconds that a frame uses up; 0 is no limit.
    interval: u64,
    /// How far ahead a burst may run.
    tolerance: u64,
}

impl Limit {
    /// `rate` frames per second in the long run, `burst` at once. A rate of 0 is no limit.
    #[must_use]
    pub const fn new(rate: u32, burst: u32) -> Self {
        if rate == 0 {
            return Self { interval: 0, tolerance: 0 };
        }
        let interval = 1_000_000_000 / rate as u64;
        let interval = if interval == 0 { 1 } else { interval };
        Self { interval, tolerance: burst.saturating_sub(1) as u64 * interval }
    }
}

/// The state of a bucket: the time up to which what was sent is paid for, in nanoseconds. All CPUs
/// share it, so a station has one rate however its frames are spread. The BPF target has no atomic
/// operations in Rust: frames that two CPUs take in the same nanoseconds may share a token, which errs on the
/// side of passing, and on one CPU the bucket is exact.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct Bucket(Cell<u64>);

impl Bucket {
    /// Takes a frame at `now`; whether it goes over the limit. A frame over the limit takes nothing.
    #[inline(always)]
    pub fn is_over(&self, limit: Limit, now: u64) -> bool {
        if limit.interval == 0 {
            return false;
        }
        let before = self.0.get();
        let due = if before > now { before } else { now };
        let is_over = due - now > limit.tolerance;
        if !is_over {
            self.0.set(due + limit.interval);
        }
        is_over
    }
}

/// Words of a count of distinct targets.
const WORDS: usize = 16;
/// Bits of a word that stand for targets; the others say of which window they are.
const WORD_BITS: u64 = 48;
/// The targets of how many nanoseconds are counted together.
const WINDOW: u64 = 60_000_000_000;

/// Distinct targets within a window, by linear counting (Whang et al. 1990): a bit per hash. A word of
/// an earlier window counts as empty, so nothing is ever cleared.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Sweep {
    /// The window, and how many bits are set.
    count: Cell<u64>,
    words: [Cell<u64>; WORDS],
}

impl Sweep {
    /// The most bits that can be set.
    #[expect(clippy::cast_possible_truncation, reason = "768")]
    pub const BITS: u32 = (WORD_BITS * WORDS as u64) as u32;

    /// Notes a target, given its hash; whether more than `most` bits are set, 0 being no limit. CPUs that
    /// meet here may count a bit twice or not at all.
    #[inline(always)]
    pub fn is_over(&self, most: u32, now: u64, hash: u64) -> bool {
        let window = (now / WINDOW + 1) << WORD_BITS;
        let word = &self.words[(hash >> 32) as usize & (WORDS - 1)];
        let bits = Self::of_window(word.get(), window);
        let bit = 1u64 << (((hash & 0xffff) * WORD_BITS) >> 16);
        let mut count = Self::of_window(self.count.get(), window);
        if bits & bit == 0 {
            word.set(bits | bit);
            count += 1;
            self.count.set(count);
        }
        most != 0 && count & ((1 << WORD_BITS) - 1) > u64::from(most)
    }

    #[inline(always)]
    const fn of_window(word: u64, window: u64) -> u64 {
        if word >> WORD_BITS == window >> WORD_BITS { word } else { window }
    }
}

/// Kinds of frame that have a rate of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// ARP (A10).
    Arp = 0,
    /// Neighbour solicitations (N11).
    Nd = 1,
    /// Broadcast (L22).
    Broadcast = 2,
    /// Multicast (L22).
    Multicast = 3,
    /// To a MAC of no member (L21).
    UnknownUnicast = 4,
    /// Frames that break a rule whose action is `limit`.
    Rule = 5,
}

impl Class {
    /// The class of a number.
    #[inline(always)]
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Arp,
            1 => Self::Nd,
            2 => Self::Broadcast,
            3 => Self::Multicast,
            4 => Self::UnknownUnicast,
            _ => Self::Rule,
        }
    }

    /// All classes, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Arp, Self::Nd, Self::Broadcast, Self::Multicast, Self::UnknownUnicast, Self::Rule];
}

/// What is remembered of a station between its frames.
#[derive(Debug, Default)]
#[repr(C)]
pub struct StationState {
    /// Whose it is: a table's place can change hands.
    owner: Cell<u64>,
    /// A bucket per [`Class`].
    buckets: [Bucket; 6],
    /// Targets of ARP requests.
    arp: Sweep,
    /// Targets of neighbour solicitations.
    nd: Sweep,
}

const _: () = assert!(size_of::<StationState>() == 56 + 2 * (8 + 8 * WORDS));

impl StationState {
    /// Whether a frame of `class` goes over its limit.
    #[inline(always)]
    pub fn is_over(&self, class: Class, limit: Limit, now: u64) -> bool {
        self.buckets[class as usize].is_over(limit, now)
    }

    /// The targets that it asked for, by ARP or else by neighbour discovery.
    #[inline(always)]
    pub const fn sweep(&self, class: Class) -> &Sweep {
        match class {
            Class::Arp => &self.arp,
            _ => &self.nd,
        }
    }

    /// Forgets what another station did that had this place before.
    #[inline(always)]
    pub fn belongs_to(&self, owner: u64) {
        if self.owner.get() != owner {
            self.owner.set(owner);
            // A few nanoseconds after the kernel's start, which are past. Not all zero: BPF compilers clear
            // 16 bytes and more by a loop.
            for (bucket, past) in self.buckets.iter().zip(1..) {
                bucket.0.set(past);
            }
            self.arp.count.set(0);
            self.nd.count.set(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (bucket, limit) = (Bucket::default(), Limit::new(20, 100));
        let passed = |from: u64, frames: u64, apart: u64| {
            (0..frames).filter(|at| !bucket.is_over(limit, from + at * apart)).count()
        };
        assert_eq!(passed(SECOND, 1000, 0), 100);
        assert_eq!(
            passed(SECOND, 1000, SECOND / 100),
            199,
            "ten seconds at 20/s, the first token 50 ms late"
        );
    }

    #[test]
    fn no_limit_is_never_exceeded() {
        let bucket = Bucket::default();
        assert!((0..1000).all(|_| !bucket.is_over(Limit::new(0, 0), 5)));
    }

    #[test]
    fn targets_are_counted_once_and_forgotten_after_a_window() {
        let sweep = Sweep::default();
        let over = |at, target: u64| sweep.is_over(10, at, target.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        assert!((0..100).all(|_| !over(0, 7)));
        assert_eq!((0..20).filter(|target| over(1, *target)).count(), 10);
        assert!(!over(WINDOW, 1));
    }

    #[test]
    fn a_place_that_changes_hands_starts_anew() {
        let (state, limit) = (StationState::default(), Limit::new(1, 1));
        state.belongs_to(1);
        assert!(!state.is_over(Class::Arp, limit, 5));
        assert!(state.is_over(Class::Arp, limit, 6));
        state.belongs_to(2);
        assert!(!state.is_over(Class::Arp, limit, 7));
    }

    proptest! {
        #[test]
        fn the_long_run_is_exact(rate in 1u32..10_000, burst in 1u32..1000, gaps in proptest::collection::vec(0u64..5_000_000, 1..2000)) {
            let (bucket, limit) = (Bucket::default(), Limit::new(rate, burst));
            let mut now = SECOND;
            let mut passed = 0u64;
            for gap in gaps {
                now += gap;
                passed += u64::from(!bucket.is_over(limit, now));
            }
            let allowed = u64::from(burst) + (now - SECOND) / (SECOND / u64::from(rate)) + 1;
            prop_assert!(passed <= allowed, "{passed} of {allowed}");
        }

        #[test]
        fn who_stays_below_the_rate_is_never_over(rate in 1u32..10_000, burst in 1u32..100, frames in 1u64..1000) {
            let (bucket, limit) = (Bucket::default(), Limit::new(rate, burst));
            let apart = SECOND / u64::from(rate);
            prop_assert!((0..frames).all(|at| !bucket.is_over(limit, SECOND + at * apart)));
        }
    }
}
