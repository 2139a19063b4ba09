//! Pairs in, small numbers for them out, and what each counted since it was last told of.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use ixp_common::counters::{Counts, PairKey};

/// A pair's number: dense from 0 on, and the same pair's as long as the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairId(u32);

impl PairId {
    /// As an index into what is held per pair.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// What [`index`](Self::index) gave.
    pub(crate) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("the kernel's tables have fewer than 2³² cells"))
    }
}

/// The pairs that were met, each with its number. The kernel's tables bound how many there are.
#[derive(Debug, Default)]
pub struct PairBook {
    by_key: HashMap<PairKey, PairId, RandomState>,
    keys: Vec<PairKey>,
}

impl PairBook {
    /// The number of a pair; the next one, if it is met for the first time.
    pub fn id(&mut self, key: &PairKey) -> PairId {
        *self.by_key.entry(*key).or_insert_with(|| {
            let id = PairId::from_index(self.keys.len());
            self.keys.push(*key);
            id
        })
    }

    /// The number of a pair that was met.
    #[must_use]
    pub fn known(&self, key: &PairKey) -> Option<PairId> {
        self.by_key.get(key).copied()
    }

    /// The pairs in the order of their numbers.
    #[must_use]
    pub fn keys(&self) -> &[PairKey] {
        &self.keys
    }
}

/// How much of a counter was told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told(Counts);

impl Told {
    /// What `now` has more than was told of, which is told with this. The words of a counter can be those of
    /// two moments: what seems to shrink, in frames or in bytes, is kept and told when it has grown.
    pub fn grow(&mut self, now: Counts) -> Option<Counts> {
        let grown = now.since(self.0);
        let shrinks = grown.packets.cast_signed() < 0 || grown.bytes.cast_signed() < 0;
        if grown.is_zero() || shrinks {
            return None;
        }
        self.0 = now;
        Some(grown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::addr::{Family, Mac, VlanId};
    use proptest::prelude::*;

    fn counts(packets: u64, bytes: u64) -> Counts {
        Counts { packets, bytes }
    }

    #[test]
    fn a_pair_keeps_its_number_and_numbers_are_dense() {
        let key = |last| PairKey::new(VlanId::UNTAGGED, Mac([2, 0, 0, 0, 0, last]), Mac::ZERO, Family::Arp);
        let mut book = PairBook::default();
        let met: Vec<usize> = [7, 9, 7, 8, 9].map(|last| book.id(&key(last)).index()).to_vec();
        assert_eq!(met, [0, 1, 0, 2, 1]);
        assert_eq!(book.keys(), [key(7), key(9), key(8)]);
    }

    #[test]
    fn what_seems_to_shrink_is_told_when_it_has_grown() {
        let mut told = Told::default();
        assert_eq!(told.grow(counts(5, 300)), Some(counts(5, 300)));
        assert_eq!(told.grow(counts(5, 300)), None);
        assert_eq!(told.grow(counts(6, 299)), None);
        assert_eq!(told.grow(counts(4, 360)), None);
        assert_eq!(told.grow(counts(7, 420)), Some(counts(2, 120)));
    }

    #[test]
    fn a_counter_that_wrapped_still_gives_its_growth() {
        let mut told = Told(counts(u64::MAX, u64::MAX - 9));
        assert_eq!(told.grow(counts(1, 50)), Some(counts(2, 60)));
    }

    proptest! {
        #[test]
        fn what_is_told_adds_up_to_what_was_counted_whatever_was_read_in_between(
            start in any::<(u64, u64)>(),
            steps in proptest::collection::vec((0u64..1 << 40, -9i64..9, -900i64..900), 1..50),
        ) {
            let first = counts(start.0, start.1);
            let (mut counter, mut told, mut sum) = (first, Told(first), Counts::default());
            for (packets, torn_packets, torn_bytes) in steps {
                counter.add(counts(packets, packets * 60));
                let torn = counts(
                    counter.packets.wrapping_add_signed(torn_packets),
                    counter.bytes.wrapping_add_signed(torn_bytes),
                );
                told.grow(torn).into_iter().for_each(|grown| sum.add(grown));
            }
            counter.add(counts(9, 900));
            told.grow(counter).into_iter().for_each(|grown| sum.add(grown));
            prop_assert_eq!(sum, counter.since(first));
        }
    }
}
