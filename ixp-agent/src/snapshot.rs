//! Two readings of the kernel's totals in, what was counted between them out.

mod amount;
mod estimate;

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use ixp_common::counters::{Counts, PairKey, PortCounters, RuleCounts, RuleKey};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::rules::Rule;

pub use self::amount::{Amount, Measure, Sampled, Source};
pub use self::estimate::{BrokenEstimate, Estimate};

/// Counts by pair; a million entries are usual.
pub type Pairs = HashMap<PairKey, Counts, RandomState>;

/// All that was counted up to one moment, but for pairs: of those only what they grow by is told. Counters
/// only grow.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// What each slot saw.
    pub ports: BTreeMap<u32, Port>,
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

/// What was counted between two moments, or in a capture, or what samples say of it. Pairs go by their keys, or by
/// numbers that stand for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta<K = PairKey, M: Measure = Counts> {
    /// Frames that the kernel's port counters saw, or an exporter.
    pub seen: M,
    /// Frames without a cell: no room for it, or no visible addresses.
    pub unattributed: M,
    /// Frames that could not be parsed, by reason.
    pub malformed: BTreeMap<Malformed, M>,
    /// Frames that were counted in a cell and are odd.
    pub odd: BTreeMap<Oddity, M>,
    /// What pairs exchanged; only those that did. By number, a pair can come several times.
    pub pairs: Vec<(K, M)>,
    /// Which rules each station broke.
    pub rules: BTreeMap<RuleKey, M::Broken>,
    /// Which rules were broken by stations for which there was no room.
    pub rules_missed: BTreeMap<Rule, M::Broken>,
}

impl Snapshot {
    /// What was counted since `earlier`, when `pairs` exchanged what they did.
    #[must_use]
    pub fn since<K>(&self, earlier: &Self, pairs: Vec<(K, Counts)>) -> Delta<K> {
        let mut delta = Delta { pairs, ..Delta::default() };
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
        delta
    }
}

impl<K, M: Measure> Default for Delta<K, M> {
    fn default() -> Self {
        Self {
            seen: M::default(),
            unattributed: M::default(),
            malformed: BTreeMap::new(),
            odd: BTreeMap::new(),
            pairs: Vec::new(),
            rules: BTreeMap::new(),
            rules_missed: BTreeMap::new(),
        }
    }
}

impl<K, M: Measure> Delta<K, M> {
    /// Frames that could not be parsed, whatever the reason.
    #[must_use]
    pub fn malformed_total(&self) -> M {
        sum(self.malformed.values().copied())
    }

    /// Frames in cells.
    #[must_use]
    pub fn attributed(&self) -> M {
        sum(self.pairs.iter().map(|(_, amount)| *amount))
    }

    /// Frames that have their one place: a cell, a reason, or `unattributed`.
    #[must_use]
    pub fn accounted(&self) -> M {
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

fn sum<A: Amount>(amounts: impl IntoIterator<Item = A>) -> A {
    amounts.into_iter().fold(A::default(), |mut sum, amount| {
        sum.join(&amount);
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
        let mut before = Snapshot::default();
        before
            .ports
            .insert(1, Port { malformed: [(Malformed::LlcLength, counts(1, 60))].into(), ..Port::default() });
        let mut after = before.clone();
        let port = after.ports.get_mut(&1).expect("slot 1");
        port.malformed.insert(Malformed::Ipv4Version, counts(2, 120));
        port.counters.seen = counts(5, 304);
        let grown = vec![(key(1), counts(2, 120)), (key(3), counts(1, 64))];
        let delta = after.since(&before, grown.clone());
        assert_eq!(delta.pairs, grown);
        assert_eq!(delta.malformed, [(Malformed::Ipv4Version, counts(2, 120))].into());
        assert_eq!(delta.accounted(), delta.seen);
    }

    #[test]
    fn a_counter_that_wrapped_still_gives_its_growth() {
        let of = |packets, bytes| {
            let port = Port {
                malformed: [(Malformed::LlcLength, counts(packets, bytes))].into(),
                ..Port::default()
            };
            Snapshot { ports: [(1, port)].into(), ..Snapshot::default() }
        };
        let delta = of(1, 50).since::<PairKey>(&of(u64::MAX, u64::MAX - 9), Vec::new());
        assert_eq!(delta.malformed_total(), counts(2, 60));
    }
}
