//! The agent's findings and a deed go in; what is held against that deed, rule by rule, comes out.

use std::collections::{BTreeMap, BTreeSet};

use ixp_common::rules::Rule;

use super::Evidence;
use crate::matrix::Finding;
use crate::sins::{Deed, Source};

/// What the agent held against one sin.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By rule; of no station.
    pub(super) rules: BTreeMap<Rule, Finding>,
    /// Different source addresses that it names.
    pub(super) addresses: u64,
}

impl Held {
    pub(super) fn against(evidence: &Evidence, deed: &Deed) -> Self {
        let (mut rules, mut addresses) = (BTreeMap::<Rule, Finding>::new(), BTreeSet::new());
        for finding in about(evidence, deed) {
            addresses.extend(finding.mac);
            let none = Finding { rule: finding.rule, mac: None, packets: 0, dropped: 0, would_drop: 0 };
            let sum = rules.entry(finding.rule).or_insert(none);
            sum.packets += finding.packets;
            sum.dropped += finding.dropped;
            sum.would_drop += finding.would_drop;
        }
        Self { rules, addresses: addresses.len() as u64 }
    }

    /// Frames that broke a rule.
    pub(super) fn packets(&self, rule: Rule) -> u64 {
        self.rules.get(&rule).map_or(0, |sum| sum.packets)
    }

    /// Frames that the agent dropped: each rule that drops a frame counts it.
    pub(super) fn dropped(&self) -> u64 {
        self.rules.values().map(|sum| sum.dropped).max().unwrap_or(0)
    }

    /// Frames that it would have dropped.
    pub(super) fn would_drop(&self) -> u64 {
        self.rules.values().map(|sum| sum.would_drop).max().unwrap_or(0)
    }
}

/// The findings about a sin. Those against a stolen address are about the thief.
fn about<'a>(evidence: &'a Evidence, deed: &'a Deed) -> impl Iterator<Item = &'a Finding> {
    let is_robbed = evidence.deeds.iter().any(|other| other.sin.source == Source::Stolen(deed.sin.sinner));
    evidence.matrix.findings.iter().filter(move |finding| !is_robbed && deed.sin.is_by(finding.mac))
}
