//! The pair tables in, what each pair exchanged out.

use aya::maps::Map;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names::{PAIRS, STRANGER_PAIRS};

use super::Error;
use super::batch::PerCpuTable;
use crate::snapshot::Pairs;

/// The pair tables: that of members, and that of pairs which forged addresses can make.
#[derive(Debug)]
pub struct PairTable {
    tables: [PerCpuTable<PairKey, Counts>; 2],
    fill: [usize; 2],
}

impl PairTable {
    /// Takes the maps.
    pub(super) fn new(members: Map, strangers: Map) -> Result<Self, Error> {
        let none = PairKey::new(VlanId::UNTAGGED, Mac::ZERO, Mac::ZERO, Family::Other);
        let table = |name, map| PerCpuTable::new(name, map, none, Counts::default());
        Ok(Self { tables: [table(PAIRS, members)?, table(STRANGER_PAIRS, strangers)?], fill: [0; 2] })
    }

    /// Cells in use at the last reading: members', and strangers'.
    #[must_use]
    pub fn fill(&self) -> [usize; 2] {
        self.fill
    }

    /// Reads every cell, summed over the CPUs.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn read(&mut self) -> Result<Pairs, Error> {
        let before = self.fill.iter().sum();
        let mut pairs = Pairs::with_capacity_and_hasher(before, Default::default());
        for (table, fill) in self.tables.iter_mut().zip(&mut self.fill) {
            *fill = 0;
            table.read(|key, values| {
                // A pair that was registered while its first frames came can be in both.
                let sum: &mut Counts = pairs.entry(*key).or_default();
                values.iter().for_each(|counts| sum.add(*counts));
                *fill += 1;
            })?;
        }
        Ok(pairs)
    }
}
