//! What was counted in one step: once it is closed, a record per pair, and some more per rule and station.

use std::collections::BTreeMap;
use std::sync::Arc;

use ixp_common::counters::RuleKey;
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::rules::Rule;

use jiff::Timestamp;

use super::Closed;
use crate::pairs::PairId;
use crate::snapshot::{Amount, Delta, Measure};

/// As many records take what a rule and station take: 48 bytes, in a tree that is at least half full.
const RULE_RECORDS: usize = 5;

/// The counts of one step.
#[derive(Debug)]
pub(super) struct Step<M: Measure> {
    /// Its start in steps since 1970.
    pub(super) number: i64,
    seen: M,
    unattributed: M,
    malformed: BTreeMap<Malformed, M>,
    odd: BTreeMap<Oddity, M>,
    rules: BTreeMap<RuleKey, M::Broken>,
    rules_missed: BTreeMap<Rule, M::Broken>,
    /// None while the step is open.
    pub(super) pairs: Arc<Records<M>>,
}

/// What pairs exchanged.
#[derive(Debug)]
pub struct Records<M> {
    ids: Vec<PairId>,
    amounts: Vec<M>,
}

impl<M> Default for Records<M> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl<M> Records<M> {
    /// Bytes of a pair's record.
    const BYTES: usize = size_of::<PairId>() + size_of::<M>();

    pub(super) fn with_capacity(pairs: usize) -> Self {
        Self { ids: Vec::with_capacity(pairs), amounts: Vec::with_capacity(pairs) }
    }

    pub(crate) fn push(&mut self, id: PairId, amount: M) {
        self.ids.push(id);
        self.amounts.push(amount);
    }

    /// Pairs and what they exchanged, each pair once.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (PairId, &M)> {
        self.ids.iter().copied().zip(&self.amounts)
    }

    /// What they exchanged, pair by pair as [`iter`](Self::iter) has them.
    #[must_use]
    pub fn amounts(&self) -> &[M] {
        &self.amounts
    }

    fn memory(&self) -> usize {
        self.ids.capacity() * size_of::<PairId>() + self.amounts.capacity() * size_of::<M>()
    }
}

impl<M: Measure> Records<M> {
    fn add_to(&self, sums: &mut [M]) {
        for (id, amount) in self.ids.iter().zip(&self.amounts) {
            sums[id.index()].join(amount);
        }
    }
}

impl<M: Measure> Step<M> {
    pub(super) fn new(number: i64) -> Self {
        Self {
            number,
            seen: M::default(),
            unattributed: M::default(),
            malformed: BTreeMap::new(),
            odd: BTreeMap::new(),
            rules: BTreeMap::new(),
            rules_missed: BTreeMap::new(),
            pairs: Arc::default(),
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
    pub(super) fn add_totals<K>(&mut self, delta: &Delta<K, M>) {
        self.seen.join(&delta.seen);
        self.unattributed.join(&delta.unattributed);
        add_each(&mut self.malformed, &delta.malformed);
        add_each(&mut self.odd, &delta.odd);
    }

    /// Takes frames that have no cell here.
    pub(super) fn add_unattributed(&mut self, amount: &M) {
        self.unattributed.join(amount);
    }

    /// Adds which rules were broken. Those of another station than the step has become those of stations
    /// without room if there are `bound` records of rules.
    pub(super) fn add_rules<K>(&mut self, delta: &Delta<K, M>, bound: usize) {
        for (key, counts) in &delta.rules {
            let has_room = self.rule_records() + RULE_RECORDS <= bound;
            if let Some(sum) = self.rules.get_mut(key) {
                sum.join(counts);
            } else if has_room {
                self.rules.insert(*key, *counts);
            } else if let Some(rule) = key.rule() {
                self.rules_missed.entry(rule).or_default().join(counts);
            }
        }
        add_each(&mut self.rules_missed, &delta.rules_missed);
    }

    /// What is to be kept of it.
    pub(super) fn closed(&self, start: Timestamp, observed: i128) -> Closed<M> {
        let mut rest = Delta::default();
        self.add_rest_to(&mut rest);
        Closed { start, observed, rest, pairs: Arc::clone(&self.pairs), detail: None }
    }

    /// Adds the totals to `delta` and the pairs to `sums`.
    pub(super) fn add_to<K>(&self, delta: &mut Delta<K, M>, sums: &mut [M]) {
        self.add_rest_to(delta);
        self.pairs.add_to(sums);
    }

    fn add_rest_to<K>(&self, delta: &mut Delta<K, M>) {
        delta.seen.join(&self.seen);
        delta.unattributed.join(&self.unattributed);
        add_each(&mut delta.malformed, &self.malformed);
        add_each(&mut delta.odd, &self.odd);
        add_each(&mut delta.rules, &self.rules);
        add_each(&mut delta.rules_missed, &self.rules_missed);
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.pairs.memory() + self.rule_records() * Records::<M>::BYTES
    }
}

fn add_each<K: Ord + Copy, A: Amount>(into: &mut BTreeMap<K, A>, from: &BTreeMap<K, A>) {
    for (key, amount) in from {
        into.entry(*key).or_default().join(amount);
    }
}
