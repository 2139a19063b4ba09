//! What was counted in one step: once it is closed, 20 bytes per pair, and some more per rule and station.

use std::collections::BTreeMap;

use ixp_common::counters::{Counts, RuleCounts, RuleKey};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::rules::Rule;

use crate::pairs::PairId;
use crate::snapshot::Delta;

/// Bytes of a pair's record.
const RECORD_BYTES: usize = 20;
/// As many records take what a rule and station take: 48 bytes, in a tree that is at least half full.
const RULE_RECORDS: usize = 5;

/// The counts of one step.
#[derive(Debug)]
pub(super) struct Step {
    /// Its start in steps since 1970.
    pub(super) number: i64,
    seen: Counts,
    unattributed: Counts,
    malformed: BTreeMap<Malformed, Counts>,
    odd: BTreeMap<Oddity, Counts>,
    rules: BTreeMap<RuleKey, RuleCounts>,
    rules_missed: BTreeMap<Rule, RuleCounts>,
    /// None while the step is open.
    pub(super) pairs: Records,
}

/// What pairs exchanged.
#[derive(Debug, Default)]
pub(super) struct Records {
    ids: Vec<PairId>,
    packets: Vec<u64>,
    bytes: Vec<u64>,
}

impl Records {
    pub(super) fn with_capacity(pairs: usize) -> Self {
        Self {
            ids: Vec::with_capacity(pairs),
            packets: Vec::with_capacity(pairs),
            bytes: Vec::with_capacity(pairs),
        }
    }

    pub(super) fn push(&mut self, id: PairId, counts: Counts) {
        self.ids.push(id);
        self.packets.push(counts.packets);
        self.bytes.push(counts.bytes);
    }

    fn add_to(&self, sums: &mut [Counts]) {
        for ((id, packets), bytes) in self.ids.iter().zip(&self.packets).zip(&self.bytes) {
            let (packets, bytes) = (*packets, *bytes);
            sums[id.index()].add(Counts { packets, bytes });
        }
    }

    fn memory(&self) -> usize {
        self.ids.capacity() * size_of::<PairId>()
            + (self.packets.capacity() + self.bytes.capacity()) * size_of::<u64>()
    }
}

impl Step {
    pub(super) fn new(number: i64) -> Self {
        Self {
            number,
            seen: Counts::default(),
            unattributed: Counts::default(),
            malformed: BTreeMap::new(),
            odd: BTreeMap::new(),
            rules: BTreeMap::new(),
            rules_missed: BTreeMap::new(),
            pairs: Records::default(),
        }
    }

    /// Records that it holds once it is closed: its pairs, and its rules as what they take of the same memory.
    pub(super) fn records(&self) -> usize {
        self.pairs.ids.len() + self.rule_records()
    }

    /// Records whose memory its rules take.
    pub(super) fn rule_records(&self) -> usize {
        self.rules.len() * RULE_RECORDS
    }

    /// Adds all but the pairs and rules.
    pub(super) fn add_totals<K>(&mut self, delta: &Delta<K>) {
        self.seen.add(delta.seen);
        self.unattributed.add(delta.unattributed);
        add_each(&mut self.malformed, &delta.malformed);
        add_each(&mut self.odd, &delta.odd);
    }

    /// Takes frames that have no cell here.
    pub(super) fn add_unattributed(&mut self, counts: Counts) {
        self.unattributed.add(counts);
    }

    /// Adds which rules were broken. Those of another station than the step has become those of stations
    /// without room if there are `bound` records of rules.
    pub(super) fn add_rules<K>(&mut self, delta: &Delta<K>, bound: usize) {
        for (key, counts) in &delta.rules {
            let has_room = self.rule_records() + RULE_RECORDS <= bound;
            if let Some(sum) = self.rules.get_mut(key) {
                sum.add(counts);
            } else if has_room {
                self.rules.insert(*key, *counts);
            } else if let Some(rule) = key.rule() {
                self.rules_missed.entry(rule).or_default().add(counts);
            }
        }
        add_rules(&mut self.rules_missed, &delta.rules_missed);
    }

    /// Adds the totals to `delta` and the pairs to `sums`.
    pub(super) fn add_to<K>(&self, delta: &mut Delta<K>, sums: &mut [Counts]) {
        delta.seen.add(self.seen);
        delta.unattributed.add(self.unattributed);
        add_each(&mut delta.malformed, &self.malformed);
        add_each(&mut delta.odd, &self.odd);
        add_rules(&mut delta.rules, &self.rules);
        add_rules(&mut delta.rules_missed, &self.rules_missed);
        self.pairs.add_to(sums);
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.pairs.memory() + self.rule_records() * RECORD_BYTES
    }
}

fn add_rules<K: Ord + Copy>(into: &mut BTreeMap<K, RuleCounts>, from: &BTreeMap<K, RuleCounts>) {
    for (key, counts) in from {
        into.entry(*key).or_default().add(counts);
    }
}

fn add_each<K: Ord + Copy>(into: &mut BTreeMap<K, Counts>, from: &BTreeMap<K, Counts>) {
    for (key, counts) in from {
        into.entry(*key).or_default().add(*counts);
    }
}
