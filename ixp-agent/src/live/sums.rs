//! What pairs exchanged in one reading in, what each of their sides sent and received out.

use ixp_common::counters::Counts;

use crate::pairs::PairId;
use crate::sides::{SideId, Sides};

/// Sums by side, those of one reading.
#[derive(Debug, Default)]
pub(super) struct Sums {
    sums: Vec<Exchanged>,
    /// The sides that have a sum.
    touched: Vec<SideId>,
}

/// What one side exchanged.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Exchanged {
    pub(super) sent: Counts,
    pub(super) received: Counts,
}

impl Exchanged {
    fn is_zero(self) -> bool {
        self.sent.is_zero() && self.received.is_zero()
    }
}

impl Sums {
    /// Adds what pairs exchanged.
    pub(super) fn add(&mut self, pairs: &[(PairId, Counts)], sides: &Sides) {
        self.sums.resize(sides.sides().len(), Exchanged::default());
        for (id, counts) in pairs {
            let (source, destination) = sides.of()[id.index()];
            self.at(source).sent.add(*counts);
            self.at(destination).received.add(*counts);
        }
    }

    /// Hands over each side that exchanged anything, and forgets what it was.
    pub(super) fn take(&mut self, mut each: impl FnMut(SideId, Exchanged)) {
        for side in self.touched.drain(..) {
            each(side, std::mem::take(&mut self.sums[side.index()]));
        }
    }

    #[inline]
    fn at(&mut self, side: SideId) -> &mut Exchanged {
        let sum = &mut self.sums[side.index()];
        if sum.is_zero() {
            self.touched.push(side);
        }
        sum
    }
}
