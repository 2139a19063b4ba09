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
/// The targets of how many nanoseconds are counted together.
const WINDOW: u64 = 60_000_000_000;

/// Distinct targets within a window, by linear counting (Whang et al. 1990): a bit per hash.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Sweep {
    window: Cell<u64>,
    set: Cell<u64>,
    bits: [Cell<u64>; WORDS],
}

impl Sweep {
    /// The most bits that can be set.
    pub const BITS: u32 = 64 * WORDS as u32;

    /// Notes a target, given its hash; whether more than `most` bits are set. CPUs that meet here may
    /// count a bit twice or not at all.
    #[inline(always)]
    pub fn is_over(&self, most: u32, now: u64, hash: u64) -> bool {
        let window = now / WINDOW + 1;
        if self.window.get() != window {
            self.window.set(window);
            self.set.set(0);
            for word in &self.bits {
                word.set(0);
            }
        }
        let word = &self.bits[hash as usize >> 6 & (WORDS - 1)];
        let bit = 1u64 << (hash & 63);
        let before = word.get();
        if before & bit == 0 {
            word.set(before | bit);
            self.set.set(self.set.get() + 1);
        }
        most != 0 && self.set.get() > u64::from(most)
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
    pub arp: Sweep,
    /// Targets of neighbour solicitations.
    pub nd: Sweep,
}

const _: () = assert!(size_of::<StationState>() == 56 + 2 * (16 + 8 * WORDS));

impl StationState {
    /// Whether a frame of `class` goes over its limit.
    #[inline(always)]
    pub fn is_over(&self, class: Class, limit: Limit, now: u64) -> bool {
        self.buckets[class as usize].is_over(limit, now)
    }

    /// Forgets what another station did that had this place before.
    #[inline(always)]
    pub fn belongs_to(&self, owner: u64) {
        if self.owner.get() != owner {
            self.owner.set(owner);
            for bucket in &self.buckets {
                bucket.0.set(0);
            }
            self.arp.window.set(0);
            self.nd.window.set(0);
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
        let over = |at, target: u64| sweep.is_over(10, at, target);
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
