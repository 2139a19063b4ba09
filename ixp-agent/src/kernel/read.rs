//! The kernel's counters in, a [`Snapshot`] and what pairs exchanged out.

use std::collections::BTreeMap;

use aya::maps::{MapData, PerCpuArray};
use ixp_common::counters::{Counts, PortCounters, malformed_index, oddity_index};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::names::{PORT_COUNTERS, REASON_COUNTERS};

use super::Error;
use super::pairs::PairTable;
use super::rules::{Broken, RuleTables};
use crate::pairs::PairId;
use crate::snapshot::{Port, Snapshot};

/// The counting maps.
pub struct Counters {
    pub(super) ports: PerCpuArray<MapData, PortCounters>,
    pub(super) reasons: PerCpuArray<MapData, Counts>,
    /// The matrix's cells.
    pub pairs: PairTable,
    /// Who broke which rule.
    pub rules: RuleTables,
}

impl Counters {
    /// Reads everything that the slots up to `last` counted, and appends what pairs exchanged since they were
    /// last told of, as [`PairTable::grow`] does. Cells first and what was seen last, so
    /// that a frame in flight is seen and not yet in a cell, never the other way round.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn snapshot(&mut self, last: u32, grown: &mut Vec<(PairId, Counts)>) -> Result<Snapshot, Error> {
        self.pairs.grow(grown)?;
        let Broken { rules, untold } = self.rules.read()?;
        let mut ports = BTreeMap::new();
        for slot in 0..=last {
            let malformed = self.reasons_of(Malformed::ALL, |reason| malformed_index(slot, reason))?;
            let odd = self.reasons_of(Oddity::ALL, |oddity| oddity_index(slot, oddity))?;
            let rules_missed = self.rules.missed(slot)?;
            ports.insert(slot, Port { counters: self.port(slot)?, malformed, odd, rules_missed });
        }
        Ok(Snapshot { ports, rules, untold })
    }

    /// What a slot has counted, over all CPUs.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn port(&self, slot: u32) -> Result<PortCounters, Error> {
        let values = self.ports.get(&slot, 0).map_err(|error| Error::map("read", PORT_COUNTERS, error))?;
        let mut sum = PortCounters::default();
        values.iter().for_each(|counters| sum.add(counters));
        Ok(sum)
    }

    fn reasons_of<R: Ord + Copy, const N: usize>(
        &self,
        reasons: [R; N],
        index: impl Fn(R) -> u32,
    ) -> Result<BTreeMap<R, Counts>, Error> {
        let mut counted = BTreeMap::new();
        for reason in reasons {
            let values = self
                .reasons
                .get(&index(reason), 0)
                .map_err(|error| Error::map("read", REASON_COUNTERS, error))?;
            let mut sum = Counts::default();
            values.iter().for_each(|counts| sum.add(*counts));
            if !sum.is_zero() {
                counted.insert(reason, sum);
            }
        }
        Ok(counted)
    }
}
