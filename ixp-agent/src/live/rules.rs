//! What was counted against the rules since the start, and what is done about each of them.

use std::collections::BTreeMap;

use ixp_common::counters::{RuleCounts, RuleKey};
use ixp_common::rules::{Rule, RuleAction};

use crate::members::Registry;

/// Rules and stations that are nobody's; more are counted by rule alone.
const STRANGERS: usize = 1 << 15;

/// Frames that broke rules since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleTotals {
    rows: BTreeMap<RuleKey, RuleCounts>,
    strangers: usize,
    missed: BTreeMap<Rule, RuleCounts>,
}

impl RuleTotals {
    /// Takes what was counted, by station, and where there was no room for one.
    pub fn absorb(
        &mut self,
        rules: &BTreeMap<RuleKey, RuleCounts>,
        missed: &BTreeMap<Rule, RuleCounts>,
        registry: &Registry,
    ) {
        for (key, counts) in rules {
            self.add(key, counts, registry);
        }
        for (rule, counts) in missed {
            self.missed.entry(*rule).or_default().add(counts);
        }
    }

    /// By station and rule.
    #[must_use]
    pub fn rows(&self) -> &BTreeMap<RuleKey, RuleCounts> {
        &self.rows
    }

    /// By rule: what stations broke for which there was no room.
    #[must_use]
    pub fn missed(&self) -> &BTreeMap<Rule, RuleCounts> {
        &self.missed
    }

    /// By rule: everything.
    #[must_use]
    pub fn by_rule(&self) -> BTreeMap<Rule, RuleCounts> {
        let mut sums = self.missed.clone();
        for (key, counts) in &self.rows {
            if let Some(rule) = key.rule() {
                sums.entry(rule).or_default().add(counts);
            }
        }
        sums
    }

    fn add(&mut self, key: &RuleKey, counts: &RuleCounts, registry: &Registry) {
        if let Some(sum) = self.rows.get_mut(key) {
            sum.add(counts);
            return;
        }
        let station = key.station();
        let is_stranger = registry.interface_of(station.vlan(), station.mac()).is_none();
        if is_stranger && self.strangers >= STRANGERS {
            if let Some(rule) = key.rule() {
                self.missed.entry(rule).or_default().add(counts);
            }
            return;
        }
        self.strangers += usize::from(is_stranger);
        self.rows.insert(*key, *counts);
    }
}

/// What is done about the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// `monitor` or `enforce`.
    pub profile: String,
    /// What is done about each rule; one that is not listed is off.
    pub actions: BTreeMap<Rule, RuleAction>,
    /// Rules that cannot be decided here, and why not.
    pub inapplicable: BTreeMap<Rule, String>,
}

impl Default for InForce {
    /// What exchanges usually do, without any of it being real.
    fn default() -> Self {
        Self {
            profile: "monitor".to_owned(),
            actions: Rule::ALL.into_iter().map(|rule| (rule, rule.default_action())).collect(),
            inapplicable: BTreeMap::new(),
        }
    }
}

impl InForce {
    /// What is done about a rule.
    #[must_use]
    pub fn action(&self, rule: Rule) -> RuleAction {
        self.actions.get(&rule).copied().unwrap_or(RuleAction::Off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::addr::{Mac, VlanId};
    use ixp_common::counters::{Counts, Outcome, StationKey};

    #[test]
    fn forged_stations_are_counted_by_rule_when_there_is_no_room() {
        let mut counts = RuleCounts::default();
        counts.add_frame(60, Outcome::WouldDrop);
        let (mut totals, registry) = (RuleTotals::default(), Registry::default());
        for number in 0..u32::try_from(STRANGERS).expect("small") + 7 {
            let [a, b, c, d] = number.to_be_bytes();
            let key =
                RuleKey::new(StationKey::new(VlanId::UNTAGGED, Mac([2, 0, a, b, c, d])), Rule::L07 as u8);
            totals.absorb(&[(key, counts)].into(), &BTreeMap::new(), &registry);
        }
        assert_eq!((totals.rows().len(), totals.missed()[&Rule::L07].would_drop), (STRANGERS, 7));
        let sum = Counts { packets: STRANGERS as u64 + 7, bytes: 60 * (STRANGERS as u64 + 7) };
        assert_eq!(totals.by_rule()[&Rule::L07].broken, sum);
    }
}
