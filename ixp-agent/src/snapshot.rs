//! Two readings of the kernel's counters in, what was counted between them out.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use ixp_common::counters::{Counts, PairKey, PortCounters, RuleCounts, RuleKey};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::rules::Rule;

/// Counts by pair; a million entries are usual.
pub type Pairs = HashMap<PairKey, Counts, RandomState>;

/// All that was counted up to one moment. Counters only grow.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// What each slot saw.
    pub ports: BTreeMap<u32, Port>,
    /// What each pair exchanged, over all slots.
    pub pairs: Pairs,
    /// Which rules each station broke, over all slots.
    pub rules: BTreeMap<RuleKey, RuleCounts>,
    /// Frames of those since the kernel last told of one; it will with the next.
    pub untold: BTreeMap<RuleKey, u64>,
}

/// What one interface saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Port {
    /// Frames, samples, stations.
    pub counters: PortCounters,
    /// Frames that could not be parsed, by reason.
    pub malformed: BTreeMap<Malformed, Counts>,
    /// Frames that were counted in a cell and are odd.
    pub odd: BTreeMap<Oddity, Counts>,
    /// Rules that were broken by stations for which there was no room.
    pub rules_missed: BTreeMap<Rule, RuleCounts>,
}

/// What was counted between two moments, or in a capture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// Frames that the kernel's port counters saw.
    pub seen: Counts,
    /// Frames without a cell: no room for it, or no visible addresses.
    pub unattributed: Counts,
    /// Frames that could not be parsed, by reason.
    pub malformed: BTreeMap<Malformed, Counts>,
    /// Frames that were counted in a cell and are odd.
    pub odd: BTreeMap<Oddity, Counts>,
    /// What pairs exchanged; only those that did.
    pub pairs: Vec<(PairKey, Counts)>,
    /// Which rules each station broke.
    pub rules: BTreeMap<RuleKey, RuleCounts>,
    /// Which rules were broken by stations for which there was no room.
    pub rules_missed: BTreeMap<Rule, RuleCounts>,
}

impl Snapshot {
    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Delta {
        let mut delta = Delta::default();
        let unseen = Port::default();
        for (slot, port) in &self.ports {
            let before = earlier.ports.get(slot).unwrap_or(&unseen);
            delta.seen.add(port.counters.seen.since(before.counters.seen));
            delta.unattributed.add(port.counters.unattributed.since(before.counters.unattributed));
            grow(&mut delta.malformed, &port.malformed, &before.malformed);
            grow(&mut delta.odd, &port.odd, &before.odd);
            for (rule, counts) in &port.rules_missed {
                let grown = counts.since(&before.rules_missed.get(rule).copied().unwrap_or_default());
                if !grown.is_zero() {
                    delta.rules_missed.entry(*rule).or_default().add(&grown);
                }
            }
        }
        for (key, counts) in &self.rules {
            let grown = counts.since(&earlier.rules.get(key).copied().unwrap_or_default());
            if !grown.is_zero() {
                delta.rules.insert(*key, grown);
            }
        }
        delta.pairs = self
            .pairs
            .iter()
            .map(|(key, counts)| (*key, counts.since(earlier.pairs.get(key).copied().unwrap_or_default())))
            .filter(|(_, counts)| !counts.is_zero())
            .collect();
        delta
    }
}

impl Delta {
    /// Frames that could not be parsed, whatever the reason.
    #[must_use]
    pub fn malformed_total(&self) -> Counts {
        sum(self.malformed.values().copied())
    }

    /// Frames in cells.
    #[must_use]
    pub fn attributed(&self) -> Counts {
        sum(self.pairs.iter().map(|(_, counts)| *counts))
    }

    /// Frames that have their one place: a cell, a reason, or `unattributed`.
    #[must_use]
    pub fn accounted(&self) -> Counts {
        sum([self.attributed(), self.malformed_total(), self.unattributed])
    }
}

fn grow<K: Ord + Copy>(
    into: &mut BTreeMap<K, Counts>,
    now: &BTreeMap<K, Counts>,
    before: &BTreeMap<K, Counts>,
) {
    for (key, counts) in now {
        let grown = counts.since(before.get(key).copied().unwrap_or_default());
        if !grown.is_zero() {
            into.entry(*key).or_default().add(grown);
        }
    }
}

fn sum(counts: impl IntoIterator<Item = Counts>) -> Counts {
    counts.into_iter().fold(Counts::default(), |mut sum, counts| {
        sum.add(counts);
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::addr::{Family, Mac, VlanId};

    fn key(last: u8) -> PairKey {
        PairKey::new(VlanId::UNTAGGED, Mac([2, 0, 0, 0, 0, last]), Mac::BROADCAST, Family::Arp)
    }

    fn counts(packets: u64, bytes: u64) -> Counts {
        Counts { packets, bytes }
    }

    #[test]
    fn a_delta_has_what_grew_and_nothing_else() {
        let before = Snapshot {
            ports: [(
                1,
                Port { malformed: [(Malformed::LlcLength, counts(1, 60))].into(), ..Port::default() },
            )]
            .into(),
            pairs: [(key(1), counts(5, 300)), (key(2), counts(1, 60))].into_iter().collect(),
            ..Snapshot::default()
        };
        let mut after = before.clone();
        after.pairs.insert(key(1), counts(7, 420));
        after.pairs.insert(key(3), counts(1, 64));
        let port = after.ports.get_mut(&1).expect("slot 1");
        port.malformed.insert(Malformed::Ipv4Version, counts(2, 120));
        port.counters.seen = counts(5, 304);
        let mut delta = after.since(&before);
        delta.pairs.sort();
        assert_eq!(delta.pairs, [(key(1), counts(2, 120)), (key(3), counts(1, 64))]);
        assert_eq!(delta.malformed, [(Malformed::Ipv4Version, counts(2, 120))].into());
        assert_eq!(delta.accounted(), delta.seen);
    }

    #[test]
    fn a_counter_that_wrapped_still_gives_its_growth() {
        let before: Snapshot = Snapshot {
            pairs: [(key(1), counts(u64::MAX, u64::MAX - 9))].into_iter().collect(),
            ..Default::default()
        };
        let after = Snapshot { pairs: [(key(1), counts(1, 50))].into_iter().collect(), ..Default::default() };
        assert_eq!(after.since(&before).pairs, [(key(1), counts(2, 60))]);
    }
}
