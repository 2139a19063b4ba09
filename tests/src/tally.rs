//! What one interface counted, whoever did the counting: the host's code, or the kernel's maps.

use std::collections::BTreeMap;

use ixp_agent::snapshot::Snapshot;
use ixp_common::bytes::Captured;
use ixp_common::counters::{Counts, Outcome, PairKey, RuleCounts, RuleKey};
use ixp_common::frame::{Link, Malformed, Oddity};
use ixp_common::observe::{Broken, Sink};
use ixp_common::rules::Place;

use crate::counted::Counted;

/// Counts of one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Every frame.
    pub seen: Counts,
    /// Frames without a cell.
    pub unattributed: Counts,
    /// Frames that a tap kept.
    pub consumed: Counts,
    /// Broken frames.
    pub malformed: BTreeMap<Malformed, Counts>,
    /// Odd frames.
    pub odd: BTreeMap<Oddity, Counts>,
    /// Cells.
    pub pairs: BTreeMap<PairKey, Counts>,
    /// Rules that were broken, by whom.
    pub rules: BTreeMap<RuleKey, RuleCounts>,
    /// Frames that rules dropped.
    pub dropped: Counts,
    /// Frames that rules would have dropped.
    pub would_drop: Counts,
    /// Samples taken.
    pub samples: u64,
}

impl Tally {
    /// What the interface that counts in `slot` counted between two readings of the kernel's maps.
    #[must_use]
    pub fn between(before: &Counted, after: &Counted, slot: u32) -> Self {
        let only = |counted: &Counted| {
            let port = counted.ports.get(&slot).map(|port| (slot, port.clone()));
            let rules = counted.rules.clone();
            Snapshot { ports: port.into_iter().collect(), rules, ..Snapshot::default() }
        };
        let counters =
            |counted: &Counted| counted.ports.get(&slot).map(|port| port.counters).unwrap_or_default();
        let earlier = |key| before.pairs.get(key).copied().unwrap_or_default();
        let pairs = after.pairs.iter().map(|(key, counts)| (*key, counts.since(earlier(key))));
        let pairs = pairs.filter(|(_, counts)| !counts.is_zero()).collect();
        let delta = only(after).since(&only(before), pairs);
        let (earlier, later) = (counters(before), counters(after));
        Self {
            seen: delta.seen,
            unattributed: delta.unattributed,
            consumed: later.consumed.since(earlier.consumed),
            malformed: delta.malformed,
            odd: delta.odd,
            pairs: delta.pairs.into_iter().collect(),
            rules: delta.rules,
            dropped: later.dropped.since(earlier.dropped),
            would_drop: later.would_drop.since(earlier.would_drop),
            samples: (later.samples + later.samples_lost) - (earlier.samples + earlier.samples_lost),
        }
    }

    /// Frames in their one place: a cell, a reason, or none.
    #[must_use]
    pub fn accounted(&self) -> Counts {
        let mut sum = self.unattributed;
        self.pairs.values().chain(self.malformed.values()).for_each(|counts| sum.add(*counts));
        sum
    }
}

impl Sink<Captured<'_>> for Tally {
    fn seen(&mut self, bytes: u32) {
        self.seen.add_frame(bytes);
    }

    fn pair(&mut self, link: &Link, _place: Place, bytes: u32) {
        self.pairs.entry(link.pair()).or_default().add_frame(bytes);
    }

    fn malformed(&mut self, reason: Malformed, bytes: u32) {
        self.malformed.entry(reason).or_default().add_frame(bytes);
    }

    fn unattributed(&mut self, bytes: u32) {
        self.unattributed.add_frame(bytes);
    }

    fn odd(&mut self, oddity: Oddity, bytes: u32) {
        self.odd.entry(oddity).or_default().add_frame(bytes);
    }

    fn broken(&mut self, broken: &Broken) -> bool {
        self.rules.entry(broken.key()).or_default().add_frame(broken.bytes, broken.outcome);
        false
    }

    fn tell(&mut self, _frame: &Captured<'_>, _broken: &Broken) {}

    fn dropping(&mut self, outcome: Outcome, bytes: u32) {
        match outcome {
            Outcome::Dropped => self.dropped.add_frame(bytes),
            Outcome::Passed | Outcome::WouldDrop => self.would_drop.add_frame(bytes),
        }
    }

    fn consumed(&mut self, bytes: u32) {
        self.consumed.add_frame(bytes);
    }

    fn is_chosen(&mut self, _rate: u32) -> bool {
        true
    }

    fn sample(&mut self, _frame: &Captured<'_>, _rate: u32) {
        self.samples += 1;
    }
}
