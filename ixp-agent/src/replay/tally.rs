//! Frames in, what was counted of them out: the host's stand-in for the kernel's maps.

use std::collections::BTreeMap;

use ixp_common::bytes::Captured;
use ixp_common::counters::{Counts, Outcome, PairKey, RuleCounts, RuleKey};
use ixp_common::frame::{Link, Malformed, Oddity};
use ixp_common::observe::{Broken, Sink, observe};
use ixp_common::rules::Place;

use crate::policy::ANY_PORT;
use crate::policy::memory::HostMemory;
use crate::snapshot::{Delta, Pairs};

/// What was counted so far.
#[derive(Debug, Default)]
pub struct Tally {
    seen: Counts,
    unattributed: Counts,
    malformed: BTreeMap<Malformed, Counts>,
    odd: BTreeMap<Oddity, Counts>,
    pairs: Pairs,
    rules: BTreeMap<RuleKey, RuleCounts>,
    is_enforcing: bool,
}

impl Tally {
    /// Nothing counted; what rules drop counts as dropped, though nothing is.
    #[must_use]
    pub fn enforcing() -> Self {
        Self { is_enforcing: true, ..Self::default() }
    }

    /// Counts a frame; without a memory no rule is applied.
    pub fn count(&mut self, frame: &Captured<'_>, memory: Option<&HostMemory>) {
        let port = if self.is_enforcing { ANY_PORT.enforcing() } else { ANY_PORT };
        observe(frame, &port, memory, self);
    }

    /// All that was counted, pairs in order.
    #[must_use]
    pub fn into_delta(self) -> Delta {
        let mut pairs: Vec<(PairKey, Counts)> = self.pairs.into_iter().collect();
        pairs.sort_unstable();
        Delta {
            seen: self.seen,
            unattributed: self.unattributed,
            malformed: self.malformed,
            odd: self.odd,
            pairs,
            rules: self.rules,
            rules_missed: BTreeMap::new(),
        }
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

    fn dropping(&mut self, _outcome: Outcome, _bytes: u32) {}

    fn consumed(&mut self, _bytes: u32) {}

    fn is_chosen(&mut self, _rate: u32) -> bool {
        false
    }

    fn sample(&mut self, _frame: &Captured<'_>, _rate: u32) {}
}
