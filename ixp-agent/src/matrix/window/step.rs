//! What was counted in one step: 20 bytes per pair, and some more per rule and station.

use std::collections::BTreeMap;

use ixp_common::counters::{Counts, PairKey, RuleCounts, RuleKey};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::rules::Rule;

use super::keys::{Id, Keys, Place, Sums};
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
    ids: Vec<Id>,
    packets: Vec<u64>,
    bytes: Vec<u64>,
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
            ids: Vec::new(),
            packets: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Records that it holds: its pairs, and its rules as what they take of the same memory.
    pub(super) fn records(&self) -> usize {
        self.ids.len() + self.rules.len() * RULE_RECORDS
    }

    pub(super) fn ids(&self) -> &[Id] {
        &self.ids
    }

    /// Adds all but the pairs and rules.
    pub(super) fn add_totals(&mut self, delta: &Delta) {
        self.seen.add(delta.seen);
        self.unattributed.add(delta.unattributed);
        add_each(&mut self.malformed, &delta.malformed);
        add_each(&mut self.odd, &delta.odd);
    }

    /// Adds which rules were broken. Those of another station than the step has become those of stations
    /// without room if the step has `bound` records.
    pub(super) fn add_rules(&mut self, delta: &Delta, bound: usize) {
        for (key, counts) in &delta.rules {
            let has_room = self.records() + RULE_RECORDS <= bound;
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

    /// Adds what a pair exchanged. If the step has `bound` records and this is another, its frames
    /// become unattributed, and the answer is false.
    pub(super) fn add(&mut self, keys: &mut Keys, key: &PairKey, counts: Counts, bound: usize) -> bool {
        let bound = bound.saturating_sub(self.rules.len() * RULE_RECORDS);
        match keys.place(key, self.ids.len(), bound) {
            Some(Place::Taken(at)) => {
                self.packets[at] = self.packets[at].wrapping_add(counts.packets);
                self.bytes[at] = self.bytes[at].wrapping_add(counts.bytes);
            }
            Some(Place::Free(id)) => {
                self.ids.push(id);
                self.packets.push(counts.packets);
                self.bytes.push(counts.bytes);
            }
            None => {
                self.unattributed.add(counts);
                return false;
            }
        }
        true
    }

    /// Gives back what was kept free for more pairs.
    pub(super) fn close(&mut self) {
        self.ids.shrink_to_fit();
        self.packets.shrink_to_fit();
        self.bytes.shrink_to_fit();
    }

    pub(super) fn renumber(&mut self, new: impl Fn(Id) -> Id) {
        self.ids.iter_mut().for_each(|id| *id = new(*id));
    }

    /// Adds the totals to `delta` and the pairs to `sums`.
    pub(super) fn add_to(&self, delta: &mut Delta, sums: &mut Sums) {
        delta.seen.add(self.seen);
        delta.unattributed.add(self.unattributed);
        add_each(&mut delta.malformed, &self.malformed);
        add_each(&mut delta.odd, &self.odd);
        add_rules(&mut delta.rules, &self.rules);
        add_rules(&mut delta.rules_missed, &self.rules_missed);
        for ((id, packets), bytes) in self.ids.iter().zip(&self.packets).zip(&self.bytes) {
            let (packets, bytes) = (*packets, *bytes);
            sums.add(*id, Counts { packets, bytes });
        }
    }

    pub(super) fn memory(&self) -> usize {
        let records = self.ids.capacity() * size_of::<Id>()
            + (self.packets.capacity() + self.bytes.capacity()) * size_of::<u64>();
        size_of::<Self>() + records + self.rules.len() * RULE_RECORDS * RECORD_BYTES
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
