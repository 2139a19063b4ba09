//! Who breaks a rule where in, what is done about it out: a number for each set of actions.

use std::collections::{BTreeSet, HashMap};

use ixp_common::policy::{RATE_RULES, RuleActions};
use ixp_common::rules::{Rule, RuleAction, RuleSet};
use ixp_common::table::PROFILES;

use super::bindings::Binding;
use super::{Actions, Error, LanKind, Policy};
use crate::members::{Asn, Registry};

/// What multicast cannot do without: its destinations, their rate, IGMP and PIM, MLD.
const MULTICAST: RuleSet = RuleSet::of(&[Rule::L09, Rule::L22, Rule::I02, Rule::I06, Rule::N10]);

/// The sets of actions so far, by number.
pub(super) struct Profiles<'p> {
    policy: &'p Policy,
    registry: &'p Registry,
    /// Rules that nothing is known to decide by.
    blind: RuleSet,
    /// LANs on which nobody has a MAC.
    blind_lans: BTreeSet<&'p str>,
    /// LANs on which somebody's MACs are not known.
    open_lans: BTreeSet<&'p str>,
    numbers: HashMap<RuleActions, u16>,
    list: Vec<RuleActions>,
}

impl<'p> Profiles<'p> {
    /// With number 0, that of who is not registered, on no LAN.
    pub(super) fn new(
        policy: &'p Policy,
        registry: &'p Registry,
        bindings: &[Binding],
    ) -> Result<Self, Error> {
        let mut blind = RuleSet::EMPTY;
        let has_macs = registry.interfaces().iter().any(|interface| !interface.macs.is_empty());
        // Exempt stations alone make nobody else a stranger.
        if !has_macs {
            blind = blind.or(RuleSet::of(&[Rule::L07, Rule::L21]));
        }
        if registry.lans().is_empty() {
            blind.insert(Rule::L20);
        }
        let interfaces = || registry.interfaces().iter().zip(bindings);
        let names = |is_meant: &dyn Fn(usize) -> bool| {
            let lans = registry.lans().iter().enumerate().filter(|(at, _)| is_meant(*at));
            lans.map(|(_, lan)| lan.name.as_str()).collect()
        };
        let mut profiles = Self {
            policy,
            registry,
            blind,
            blind_lans: names(&|lan| {
                !interfaces().any(|(interface, binding)| interface.lan == lan && binding.is_bound)
            }),
            open_lans: names(&|lan| {
                interfaces().any(|(interface, binding)| interface.lan == lan && !binding.is_bound)
            }),
            numbers: HashMap::new(),
            list: Vec::new(),
        };
        profiles.number(None, None, RuleSet::EMPTY)?;
        Ok(profiles)
    }

    /// The number of what is done about the rules that a member, or who is not registered, breaks on a
    /// LAN; those of `exempted` are off.
    pub(super) fn number(
        &mut self,
        lan: Option<&str>,
        member: Option<Asn>,
        exempted: RuleSet,
    ) -> Result<u16, Error> {
        let mut actions = self.actions(lan, member);
        let off = exempted.or(self.blind);
        off.iter().for_each(|rule| actions.set(rule, RuleAction::Off));
        self.without_macs(&mut actions, lan, member);
        if let Some(number) = self.numbers.get(&actions) {
            return Ok(*number);
        }
        if self.list.len() >= PROFILES {
            return Err(Error::Profiles);
        }
        let number = u16::try_from(self.list.len()).map_err(|_| Error::Profiles)?;
        self.list.push(actions);
        self.numbers.insert(actions, number);
        Ok(number)
    }

    /// A MAC that is missing in the registration drops nothing: what goes to it is no unknown unicast, and
    /// it is no stranger at its port.
    fn without_macs(&self, actions: &mut RuleActions, lan: Option<&str>, member: Option<Asn>) {
        let Some(lan) = lan else { return };
        if self.blind_lans.contains(lan) {
            [Rule::L06, Rule::L07, Rule::L21].into_iter().for_each(|rule| actions.set(rule, RuleAction::Off));
        }
        if self.open_lans.contains(lan) {
            soften(actions, Rule::L21);
            if member.is_none() {
                soften(actions, Rule::L06);
            }
        }
    }

    /// The usual, then what is general, then the LAN's, then the member's.
    fn actions(&self, lan: Option<&str>, member: Option<Asn>) -> RuleActions {
        let mut actions = RuleActions::usual();
        apply(&mut actions, &self.policy.rules);
        let lan = lan.and_then(|name| self.policy.lans.get(name));
        let kind = lan.map_or(LanKind::Peering, |lan| lan.kind);
        if kind == LanKind::Multicast {
            MULTICAST.iter().for_each(|rule| actions.set(rule, RuleAction::Off));
        }
        if member.is_some_and(|asn| self.is_route_server(asn)) {
            // One that starts asks for everybody at once.
            RATE_RULES.iter().for_each(|rule| soften(&mut actions, rule));
        }
        if let Some(lan) = lan {
            apply(&mut actions, &lan.rules);
        }
        if let Some(rules) = member.and_then(|asn| self.policy.members.get(&asn)) {
            apply(&mut actions, rules);
        }
        if kind == LanKind::Quarantine {
            Rule::ALL.into_iter().for_each(|rule| soften(&mut actions, rule));
        }
        actions
    }

    fn is_route_server(&self, asn: Asn) -> bool {
        self.policy.route_servers.contains(&asn) || self.registry.is_route_server(asn)
    }

    /// The sets, in order of their numbers.
    pub(super) fn into_list(self) -> Vec<RuleActions> {
        self.list
    }
}

fn apply(actions: &mut RuleActions, rules: &Actions) {
    rules.iter().for_each(|(rule, action)| actions.set(*rule, *action));
}

/// Takes from a rule that it drops.
fn soften(actions: &mut RuleActions, rule: Rule) {
    let action = actions.action(rule).min(RuleAction::Alert);
    actions.set(rule, action);
}
