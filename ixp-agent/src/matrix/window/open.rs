//! What pairs exchange in the step that is open: by their numbers, until the step is closed.

use ixp_common::counters::Counts;

use super::step::Records;
use crate::pairs::PairId;

/// A sum per pair that was ever met, those of no other step.
#[derive(Debug, Default)]
pub(super) struct Open {
    sums: Vec<Counts>,
    pairs: usize,
}

impl Open {
    /// Pairs that have a sum.
    pub(super) fn pairs(&self) -> usize {
        self.pairs
    }

    /// Adds what a pair exchanged. If `bound` pairs have a sum and this is another, the answer is false.
    #[inline]
    pub(super) fn add(&mut self, id: PairId, counts: Counts, bound: usize) -> bool {
        if id.index() >= self.sums.len() {
            self.sums.resize(id.index() + 1, Counts::default());
        }
        let sum = &mut self.sums[id.index()];
        if sum.is_zero() {
            if self.pairs >= bound {
                return false;
            }
            self.pairs += 1;
        }
        sum.add(counts);
        // A sum that has wrapped to nothing is none.
        self.pairs -= usize::from(sum.is_zero());
        true
    }

    /// Adds its sums to those of the same numbers.
    pub(super) fn add_to(&self, sums: &mut [Counts]) {
        sums.iter_mut().zip(&self.sums).for_each(|(sum, counts)| sum.add(*counts));
    }

    /// The step is closed: gives what it has and begins anew.
    pub(super) fn take(&mut self) -> Records {
        let mut records = Records::with_capacity(self.pairs);
        for (index, sum) in self.sums.iter_mut().enumerate() {
            if !sum.is_zero() {
                records.push(PairId::from_index(index), std::mem::take(sum));
            }
        }
        self.pairs = 0;
        records
    }

    pub(super) fn memory(&self) -> usize {
        self.sums.capacity() * size_of::<Counts>()
    }
}
