//! A per-CPU hash of pairs in, what each exchanged since the last reading out.

use aya::maps::Map;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};

use super::Error;
use super::batch::PerCpuTable;
use crate::pairs::{PairBook, PairId, Told};

/// A table, and what was told of each of its cells, summed over the CPUs.
#[derive(Debug)]
pub(super) struct HashedPairs {
    table: PerCpuTable<PairKey, Counts>,
    /// By pair, whichever table it is in.
    told: Vec<Told>,
    fill: usize,
}

impl HashedPairs {
    /// Takes the map.
    pub(super) fn new(name: &'static str, map: Map) -> Result<Self, Error> {
        let none = PairKey::new(VlanId::UNTAGGED, Mac::ZERO, Mac::ZERO, Family::Other);
        let table = PerCpuTable::new(name, map, none, Counts::default())?;
        Ok(Self { table, told: Vec::new(), fill: 0 })
    }

    /// Cells in use at the last reading.
    pub(super) fn fill(&self) -> usize {
        self.fill
    }

    /// Reads every cell and appends what grew, which is told with this even if a later cell cannot be read.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(super) fn grow(
        &mut self,
        book: &mut PairBook,
        grown: &mut Vec<(PairId, Counts)>,
    ) -> Result<(), Error> {
        self.fill = 0;
        self.table.read(|key, values| {
            let mut sum = Counts::default();
            values.iter().for_each(|counts| sum.add(*counts));
            let id = book.id(key);
            if id.index() >= self.told.len() {
                self.told.resize(id.index() + 1, Told::default());
            }
            grown.extend(self.told[id.index()].grow(sum).map(|counts| (id, counts)));
            self.fill += 1;
        })
    }
}
