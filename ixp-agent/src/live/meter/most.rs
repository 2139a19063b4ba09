//! What pairs exchanged in each reading in, the most that each had in a second out, in eight bytes per pair.

use ixp_common::counters::Counts;
use jiff::SignedDuration;

use crate::matrix::Records;
use crate::pairs::PairId;

/// What was counted in some time, by the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct PerSecond {
    /// Times of this length that a second has.
    times: f64,
}

impl PerSecond {
    /// Of what was counted in so long.
    pub(super) fn of(took: SignedDuration) -> Self {
        Self { times: 1.0 / took.as_secs_f64() }
    }

    /// Bytes of a second.
    pub(super) fn rate(self, bytes: u64) -> u64 {
        whole(self.part(bytes))
    }

    /// The same before it is rounded: exact to 53 bits.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "no second has more than 2⁵³ bytes")]
    fn part(self, bytes: u64) -> f64 {
        // What has a sign becomes a real in one step.
        bytes.cast_signed() as f64 * self.times
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is beyond is the most there is"
)]
fn whole(bytes: f64) -> u64 {
    bytes.round() as u64
}

/// The most bytes of each pair in a second.
#[derive(Debug, Default)]
pub(super) struct Most {
    /// By number of the pair; 0 where there is none.
    most: Vec<f64>,
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

    /// Takes a reading, and what was held. A pair may come several times.
    pub(super) fn read(&mut self, pairs: &[(PairId, Counts)], second: PerSecond) {
        let Self { most, held } = self;
        // The larger of what was the most and of the sum is what the sum leaves of the most, if anything, and the sum: so
        // sums of a reading need no place of their own.
        for some in [&held[..], pairs] {
            for (id, counts) in some {
                if id.index() >= most.len() {
                    most.resize(id.index() + 1, 0.0);
                }
                most[id.index()] -= second.part(counts.bytes);
            }
        }
        for some in [&held[..], pairs] {
            for (id, counts) in some {
                let most = &mut most[id.index()];
                let left = if *most > 0.0 { *most } else { 0.0 };
                *most = left + second.part(counts.bytes);
            }
        }
    }

    /// The step of these pairs is over: gives the most of each of them, in their order, and begins anew.
    pub(super) fn take(&mut self, step: &Records<Counts>) -> Vec<u64> {
        let most = |(id, _): (PairId, _)| self.most.get(id.index()).map_or(0, |most| whole(*most));
        let taken = step.iter().map(most).collect();
        self.most.fill(0.0);
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
            (1000, (1 << 53) - 1, (1 << 53) - 1),
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
