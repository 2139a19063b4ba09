//! What pairs exchanged in one reading in, what each of their sides sent and received out.

use crate::pairs::PairId;
use crate::sides::{SideId, Sides};
use crate::snapshot::Measure;

/// Sums by side, those of one reading.
#[derive(Debug, Default)]
pub(super) struct Sums<M> {
    sums: Vec<Exchanged<M>>,
    /// The sides that have a sum.
    touched: Vec<SideId>,
}

/// What one side exchanged.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exchanged<M> {
    pub(super) sent: M,
    pub(super) received: M,
}

impl<M: Measure> Sums<M> {
    /// Adds what pairs exchanged.
    pub(super) fn add(&mut self, pairs: &[(PairId, M)], sides: &Sides) {
        self.sums.resize(sides.sides().len(), Exchanged::default());
        for (id, amount) in pairs {
            let (source, destination) = sides.of()[id.index()];
            self.at(source).sent.join(amount);
            self.at(destination).received.join(amount);
        }
    }

    /// Hands over each side that exchanged anything, and forgets what it was.
    pub(super) fn take(&mut self, mut each: impl FnMut(SideId, Exchanged<M>)) {
        for side in self.touched.drain(..) {
            each(side, std::mem::take(&mut self.sums[side.index()]));
        }
    }

    #[inline]
    fn at(&mut self, side: SideId) -> &mut Exchanged<M> {
        let sum = &mut self.sums[side.index()];
        if sum.sent.is_nothing() && sum.received.is_nothing() {
            self.touched.push(side);
        }
        sum
    }
}
