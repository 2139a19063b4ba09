//! A per-CPU hash of pairs in, what each exchanged since the last reading out.

use std::collections::HashMap;

use aya::maps::Map;
use foldhash::fast::RandomState;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};

use super::Error;
use super::batch::PerCpuTable;
use crate::pairs::{PairBook, PairId, Told};

/// A table, and what was told of each of its cells, summed over the CPUs.
#[derive(Debug)]
pub(super) struct HashedPairs {
    table: PerCpuTable<PairKey, Counts>,
    told: HashMap<PairKey, (PairId, Told), RandomState>,
    fill: usize,
}

impl HashedPairs {
    /// Takes the map.
    pub(super) fn new(name: &'static str, map: Map) -> Result<Self, Error> {
        let none = PairKey::new(VlanId::UNTAGGED, Mac::ZERO, Mac::ZERO, Family::Other);
        let table = PerCpuTable::new(name, map, none, Counts::default())?;
        Ok(Self { table, told: HashMap::default(), fill: 0 })
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
            let (id, told) = self.told.entry(*key).or_insert_with(|| (book.id(key), Told::default()));
            grown.extend(told.grow(sum).map(|counts| (*id, counts)));
            self.fill += 1;
        })
    }
}
