//! What pairs exchanged in each reading in, the most that each had in a second out, in eight bytes per pair.

use ixp_common::counters::Counts;
use jiff::SignedDuration;

use crate::matrix::Records;
use crate::pairs::PairId;

/// Parts of a second's share that [`PerSecond`] reckons with, as a power of two.
const PARTS: u32 = 62;

/// What was counted in some time, by the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct PerSecond(u64);

impl PerSecond {
    /// Of what was counted in so long, which is more than a quarter of a second.
    pub(super) fn of(took: SignedDuration) -> Self {
        // A product is much faster than a quotient. Rounded up, so that whole numbers stay what they are.
        let parts = (1_000_000_000u128 << PARTS).div_ceil(took.as_nanos().unsigned_abs().max(1));
        Self(u64::try_from(parts).unwrap_or(u64::MAX))
    }

    /// Bytes of a second.
    #[inline]
    pub(super) fn rate(self, bytes: u64) -> u64 {
        u64::try_from((u128::from(bytes) * u128::from(self.0)) >> PARTS).unwrap_or(u64::MAX)
    }

    #[inline]
    fn signed(self, counts: Counts) -> i64 {
        i64::try_from(self.rate(counts.bytes)).unwrap_or(i64::MAX)
    }
}

/// The most bytes of each pair in a second.
#[derive(Debug, Default)]
pub(super) struct Most {
    /// By number of the pair; 0 where there is none.
    most: Vec<i64>,
    /// What is not known of by the second yet.
    held: Vec<(PairId, Counts)>,
}

impl Most {
    /// Takes a reading that is to be taken with the next.
    pub(super) fn hold(&mut self, pairs: &[(PairId, Counts)]) {
        self.held.extend_from_slice(pairs);
    }

    /// Forgets what was held.
    pub(super) fn release(&mut self) {
        self.held.clear();
    }

    /// Takes a reading, and what was held. A pair may come several times, which is less than a byte below its sum each time.
    pub(super) fn read(&mut self, pairs: &[(PairId, Counts)], second: PerSecond) {
        let both = [&self.held[..], pairs];
        // The larger of what was the most and of the sum is what the sum leaves of the most, if anything, and the sum: so
        // sums of a reading need no place of their own.
        for (id, counts) in both.into_iter().flatten() {
            if id.index() >= self.most.len() {
                self.most.resize(id.index() + 1, 0);
            }
            let most = &mut self.most[id.index()];
            *most = most.saturating_sub(second.signed(*counts));
        }
        for (id, counts) in both.into_iter().flatten() {
            let most = &mut self.most[id.index()];
            *most = (*most).max(0).saturating_add(second.signed(*counts));
        }
    }

    /// The step of these pairs is over: gives the most of each of them, in their order, and begins anew.
    pub(super) fn take(&mut self, step: &Records<Counts>) -> Vec<u64> {
        let most =
            |(id, _): (PairId, _)| self.most.get(id.index()).map_or(0, |most| most.max(&0).unsigned_abs());
        let taken = step.iter().map(most).collect();
        self.most.fill(0);
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_by_the_second_are_whole() {
        for (millis, bytes, expected) in [
            (1000, 0, 0),
            (1000, u64::MAX, u64::MAX),
            (1500, 750, 500),
            (500, 7, 14),
            (3000, 10, 3),
            (700, 7, 10),
        ] {
            let second = PerSecond::of(SignedDuration::from_millis(millis));
            assert_eq!(second.rate(bytes), expected, "{bytes} in {millis} ms");
        }
    }

    proptest! {
        #[test]
        fn the_most_of_a_pair_is_that_of_its_sums_however_often_it_comes_in_a_reading(
            readings in proptest::collection::vec((proptest::collection::vec((0usize..5, 0u64..1 << 40), 0..12), 0u8..4), 0..12),
        ) {
            let (mut most, mut expected, mut sums) = (Most::default(), [0u64; 6], [0u64; 5]);
            let second = PerSecond::of(SignedDuration::from_secs(1));
            for (pairs, kind) in readings {
                pairs.iter().for_each(|(pair, bytes)| sums[*pair] += bytes);
                let pairs: Vec<(PairId, Counts)> = pairs
                    .iter()
                    .map(|(pair, bytes)| (PairId::from_index(*pair), Counts { packets: 1, bytes: *bytes }))
                    .collect();
                match kind {
                    0 => most.hold(&pairs),
                    _ => {
                        most.read(&pairs, second);
                        most.release();
                        expected.iter_mut().zip(std::mem::take(&mut sums)).for_each(|(most, sum)| *most = sum.max(*most));
                    }
                }
            }
            // The step has some of them, and one that was not read of.
            let step: BTreeMap<usize, u64> = [5, 3, 0, 1].map(|pair| (pair, expected[pair])).into();
            let mut records = Records::default();
            step.keys().for_each(|pair| records.push(PairId::from_index(*pair), Counts::default()));
            prop_assert_eq!(most.take(&records), step.into_values().collect::<Vec<_>>());
            prop_assert_eq!(most.take(&records), vec![0; 4]);
        }
    }
}
