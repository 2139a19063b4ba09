//! The growth of pairs in, all that was counted up to one moment out.

use std::collections::BTreeMap;

use anyhow::Result;
use ixp_agent::kernel::read::Counters;
use ixp_agent::pairs::PairId;
use ixp_agent::snapshot::{Pairs, Port, Snapshot};
use ixp_common::counters::{Counts, RuleCounts, RuleKey};

/// All that was counted up to one moment.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// What each slot saw.
    pub ports: BTreeMap<u32, Port>,
    /// What each pair exchanged, over all slots.
    pub pairs: Pairs,
    /// Which rules each station broke, over all slots.
    pub rules: BTreeMap<RuleKey, RuleCounts>,
    /// Frames of those since the kernel last told of one.
    pub untold: BTreeMap<RuleKey, u64>,
}

/// Adds up what the counters of one program tell of pairs.
#[derive(Debug, Default)]
pub struct Totals {
    pairs: Pairs,
    grown: Vec<(PairId, Counts)>,
}

impl Totals {
    /// Reads everything that the slots up to `last` counted.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn read(&mut self, counters: &mut Counters, last: u32) -> Result<Counted> {
        let read = counters.snapshot(last, &mut self.grown);
        let keys = counters.pairs.book().keys();
        for (id, counts) in self.grown.drain(..) {
            self.pairs.entry(keys[id.index()]).or_default().add(counts);
        }
        let Snapshot { ports, rules, untold } = read?;
        Ok(Counted { ports, pairs: self.pairs.clone(), rules, untold })
    }
}
