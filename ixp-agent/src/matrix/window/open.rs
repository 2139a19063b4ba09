//! What pairs exchange in the step that is open: by their numbers, until the step is closed.

use super::step::Records;
use crate::pairs::PairId;
use crate::snapshot::Measure;

/// A sum per pair that was ever met, those of no other step.
#[derive(Debug)]
pub(super) struct Open<M> {
    sums: Vec<M>,
    pairs: usize,
}

impl<M> Default for Open<M> {
    fn default() -> Self {
        Self { sums: Vec::new(), pairs: 0 }
    }
}

impl<M: Measure> Open<M> {
    /// Pairs that have a sum.
    pub(super) fn pairs(&self) -> usize {
        self.pairs
    }

    /// Adds what a pair exchanged. If `bound` pairs have a sum and this is another, the answer is false.
    #[inline]
    pub(super) fn add(&mut self, id: PairId, amount: &M, bound: usize) -> bool {
        if id.index() >= self.sums.len() {
            self.sums.resize(id.index() + 1, M::default());
        }
        let sum = &mut self.sums[id.index()];
        if sum.is_nothing() {
            if self.pairs >= bound {
                return false;
            }
            self.pairs += 1;
        }
        sum.join(amount);
        // A sum that has wrapped to nothing is none.
        self.pairs -= usize::from(sum.is_nothing());
        true
    }

    /// Adds its sums to those of the same numbers.
    pub(super) fn add_to(&self, sums: &mut [M]) {
        sums.iter_mut().zip(&self.sums).for_each(|(sum, amount)| sum.join(amount));
    }

    /// The step is closed: gives what it has and begins anew.
    pub(super) fn take(&mut self) -> Records<M> {
        let mut records = Records::with_capacity(self.pairs);
        for (index, sum) in self.sums.iter_mut().enumerate() {
            if !sum.is_nothing() {
                records.push(PairId::from_index(index), std::mem::take(sum));
            }
        }
        self.pairs = 0;
        records
    }

    pub(super) fn memory(&self) -> usize {
        self.sums.capacity() * size_of::<M>()
    }
}
