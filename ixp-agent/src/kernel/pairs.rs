//! The pair table in, what each pair exchanged out.

use aya::maps::Map;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names::PAIRS;

use super::Error;
use super::batch::PerCpuTable;
use crate::snapshot::Pairs;

/// The pair table.
#[derive(Debug)]
pub struct PairTable {
    table: PerCpuTable<PairKey, Counts>,
    entries: usize,
}

impl PairTable {
    /// Takes the map.
    pub(super) fn new(map: Map) -> Result<Self, Error> {
        let none = PairKey::new(VlanId::UNTAGGED, Mac::ZERO, Mac::ZERO, Family::Other);
        Ok(Self { table: PerCpuTable::new(PAIRS, map, none, Counts::default())?, entries: 0 })
    }

    /// Cells in use at the last reading.
    #[must_use]
    pub fn fill(&self) -> usize {
        self.entries
    }

    /// Reads every cell, summed over the CPUs.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn read(&mut self) -> Result<Pairs, Error> {
        let mut pairs = Pairs::with_capacity_and_hasher(self.entries, Default::default());
        self.table.read(|key, values| {
            let mut sum = Counts::default();
            values.iter().for_each(|counts| sum.add(*counts));
            pairs.insert(*key, sum);
        })?;
        self.entries = pairs.len();
        Ok(pairs)
    }
}
