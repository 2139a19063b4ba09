//! Sampled frames in, what they stand for by pair and by rule out; memory is bounded.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use ixp_common::bytes::{Captured, FrameBytes as _};
use ixp_common::counters::{Outcome, PairKey, RuleKey};
use ixp_common::frame::{Link, Malformed, Oddity};
use ixp_common::observe::{Broken, Sink, observe};
use ixp_common::rules::{Place, Rule};

use super::facts::Facts;
use crate::policy::ANY_PORT;
use crate::snapshot::{Amount as _, BrokenEstimate, Delta, Estimate};

/// Rules and stations that have a row of their own between two readings.
const RULES: usize = 1 << 14;
/// Frames that go into their pairs together: the look-ups of several wait for the memory at once, and not for each other.
const WAITING: usize = 64;

/// How many pairs there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Pairs of members.
    pub members: usize,
    /// Pairs that forged addresses can make.
    pub strangers: usize,
}

/// What was sampled since the last reading.
#[derive(Debug)]
pub struct Tally {
    room: Room,
    /// What the frame at hand stands for.
    frame: Estimate,
    seen: Estimate,
    unattributed: Estimate,
    malformed: BTreeMap<Malformed, Estimate>,
    odd: BTreeMap<Oddity, Estimate>,
    /// Frames that are in no pair yet.
    waiting: Vec<Waiting>,
    pairs: HashMap<PairKey, Estimate, RandomState>,
    /// How many of the pairs are members'.
    members: usize,
    rules: BTreeMap<RuleKey, BrokenEstimate>,
    rules_missed: BTreeMap<Rule, BrokenEstimate>,
}

/// A frame on its way to its pair.
#[derive(Debug)]
struct Waiting {
    key: PairKey,
    is_member: bool,
    frame: Estimate,
}

impl Tally {
    /// Nothing sampled.
    #[must_use]
    pub fn new(room: Room) -> Self {
        Self {
            room,
            frame: Estimate::default(),
            seen: Estimate::default(),
            unattributed: Estimate::default(),
            malformed: BTreeMap::new(),
            odd: BTreeMap::new(),
            waiting: Vec::with_capacity(WAITING),
            pairs: HashMap::default(),
            members: 0,
            rules: BTreeMap::new(),
            rules_missed: BTreeMap::new(),
        }
    }

    /// Takes a frame that stands for `weight` frames. `inserted` of its bytes were not on the wire.
    pub(super) fn sample(&mut self, frame: &Captured<'_>, inserted: u32, weight: u64, facts: &Facts) {
        self.frame = Estimate::sample(weight, frame.wire_len().saturating_sub(inserted));
        observe(frame, &ANY_PORT, Some(facts), self);
    }

    /// Takes a frame of which nothing is told but its length.
    pub(super) fn unknown(&mut self, bytes: u32, weight: u64) {
        let estimate = Estimate::sample(weight, bytes);
        self.seen.join(&estimate);
        self.unattributed.join(&estimate);
    }

    /// Adds what was sampled to `delta`, and begins anew.
    pub fn take(&mut self, delta: &mut Delta<PairKey, Estimate>) {
        self.settle();
        delta.seen.join(&std::mem::take(&mut self.seen));
        delta.unattributed.join(&std::mem::take(&mut self.unattributed));
        join_each(&mut delta.malformed, &mut self.malformed);
        join_each(&mut delta.odd, &mut self.odd);
        join_each(&mut delta.rules, &mut self.rules);
        join_each(&mut delta.rules_missed, &mut self.rules_missed);
        // The table keeps its room for the next second.
        delta.pairs.extend(self.pairs.drain());
        self.members = 0;
    }

    /// Puts the frames that wait into their pairs.
    fn settle(&mut self) {
        for Waiting { key, is_member, frame } in self.waiting.drain(..) {
            if let Some(sum) = self.pairs.get_mut(&key) {
                sum.join(&frame);
                continue;
            }
            let has_room = match is_member {
                true => self.members < self.room.members,
                false => self.pairs.len() - self.members < self.room.strangers,
            };
            if has_room {
                self.members += usize::from(is_member);
                self.pairs.insert(key, frame);
            } else {
                self.unattributed.join(&frame);
            }
        }
    }
}

fn join_each<K: Ord, A: crate::snapshot::Amount>(into: &mut BTreeMap<K, A>, from: &mut BTreeMap<K, A>) {
    for (key, amount) in std::mem::take(from) {
        into.entry(key).or_default().join(&amount);
    }
}

impl Sink<Captured<'_>> for Tally {
    fn seen(&mut self, _bytes: u32) {
        self.seen.join(&self.frame);
    }

    fn pair(&mut self, link: &Link, place: Place, _bytes: u32) {
        let is_member = matches!(place, Place::Cell(_) | Place::Members);
        self.waiting.push(Waiting { key: link.pair(), is_member, frame: self.frame });
        if self.waiting.len() == WAITING {
            self.settle();
        }
    }

    fn malformed(&mut self, reason: Malformed, _bytes: u32) {
        self.malformed.entry(reason).or_default().join(&self.frame);
    }

    fn unattributed(&mut self, _bytes: u32) {
        self.unattributed.join(&self.frame);
    }

    fn odd(&mut self, oddity: Oddity, _bytes: u32) {
        self.odd.entry(oddity).or_default().join(&self.frame);
    }

    fn broken(&mut self, broken: &Broken) -> bool {
        let would_drop = match broken.outcome {
            Outcome::Passed => 0,
            Outcome::WouldDrop | Outcome::Dropped => self.frame.plain().packets,
        };
        let estimate = BrokenEstimate { broken: self.frame, would_drop };
        let key = broken.key();
        let has_room = self.rules.len() < RULES;
        if let Some(sum) = self.rules.get_mut(&key) {
            sum.join(&estimate);
        } else if has_room {
            self.rules.insert(key, estimate);
        } else if let Some(rule) = key.rule() {
            self.rules_missed.entry(rule).or_default().join(&estimate);
        }
        false
    }

    fn tell(&mut self, _frame: &Captured<'_>, _broken: &Broken) {}

    fn dropping(&mut self, _outcome: Outcome, _bytes: u32) {}

    fn consumed(&mut self, _bytes: u32) {}

    fn is_chosen(&mut self, _rate: u32) -> bool {
        false
    }

    fn sample(&mut self, _frame: &Captured<'_>, _rate: u32) {}
}
