//! What the agent pushes down: how an interface stands to the fabric, what is done about which rule,
//! and so what becomes of a frame.

use crate::addr::Mac;
use crate::rules::{Findings, Rule, RuleAction, RuleSet};

/// How the host stands to the fabric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Deployment {
    /// A mirror, SPAN or optical tap: what is counted has no business in the host's stack.
    Tap = 0,
    /// An ordinary peering port: own and flooded traffic only.
    Port = 1,
    /// A member-facing port of a bridge, or a bump in the wire: what passes here reaches others.
    Inline = 2,
}

impl Deployment {
    /// The name in the configuration, JSON and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Port => "port",
            Self::Inline => "inline",
        }
    }
}

/// Rules that are broken only above a rate: to limit them is to drop what breaks them.
pub const RATE_RULES: RuleSet = RuleSet::of(&[Rule::L21, Rule::L22, Rule::A10, Rule::N11]);

/// What is done about each rule: disjoint sets, and a rule in none of them is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[repr(C)]
pub struct RuleActions {
    observe: RuleSet,
    alert: RuleSet,
    limit: RuleSet,
    drop: RuleSet,
}

const _: () = assert!(size_of::<RuleActions>() == 32);

impl RuleActions {
    /// Every rule off.
    pub const OFF: Self =
        Self { observe: RuleSet::EMPTY, alert: RuleSet::EMPTY, limit: RuleSet::EMPTY, drop: RuleSet::EMPTY };

    /// What exchanges usually do.
    #[must_use]
    pub fn usual() -> Self {
        let mut actions = Self::default();
        Rule::ALL.into_iter().for_each(|rule| actions.set(rule, rule.default_action()));
        actions
    }

    /// Changes what is done about a rule.
    pub const fn set(&mut self, rule: Rule, action: RuleAction) {
        let one = RuleSet::of(&[rule]);
        self.observe = self.observe.without(one);
        self.alert = self.alert.without(one);
        self.limit = self.limit.without(one);
        self.drop = self.drop.without(one);
        match action {
            RuleAction::Off => {}
            RuleAction::Observe => self.observe.insert(rule),
            RuleAction::Alert => self.alert.insert(rule),
            RuleAction::Limit => self.limit.insert(rule),
            RuleAction::Drop => self.drop.insert(rule),
        }
    }

    /// What is done about a rule.
    #[must_use]
    pub const fn action(&self, rule: Rule) -> RuleAction {
        match rule {
            _ if self.observe.contains(rule) => RuleAction::Observe,
            _ if self.alert.contains(rule) => RuleAction::Alert,
            _ if self.limit.contains(rule) => RuleAction::Limit,
            _ if self.drop.contains(rule) => RuleAction::Drop,
            _ => RuleAction::Off,
        }
    }

    /// Whether nothing is ever dropped.
    #[must_use]
    pub const fn is_passive(&self) -> bool {
        self.limit.is_empty() && self.drop.is_empty()
    }

    /// What these actions make of a frame's findings. `over` says whether a rule that is no rate and
    /// is limited goes over its limit; it is asked at most once.
    #[inline(always)]
    pub fn verdict(&self, findings: Findings, over: impl FnOnce() -> bool) -> Verdict {
        let told = self.alert.or(self.limit).or(self.drop);
        let counted = findings.broken.and(self.observe.or(told));
        let hard = counted.without(findings.soft);
        let limited = hard.and(self.limit);
        let mut dropping = hard.and(self.drop).or(limited.and(RATE_RULES));
        let metered = limited.without(RATE_RULES);
        if !metered.is_empty() && over() {
            dropping = dropping.or(metered);
        }
        Verdict { counted, told: counted.and(told), dropping }
    }
}

/// What the rules say of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// The rules that count it.
    pub counted: RuleSet,
    /// Those of them that make an event of it.
    pub told: RuleSet,
    /// Those of them that drop it where drops are real.
    pub dropping: RuleSet,
}

impl Verdict {
    /// Nothing against it.
    pub const CLEAN: Self = Self { counted: RuleSet::EMPTY, told: RuleSet::EMPTY, dropping: RuleSet::EMPTY };
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It goes on.
    Pass,
    /// It was a tap's copy, and ends here.
    Consume,
    /// A rule keeps it from the others.
    Drop,
}

/// The settings of one attached interface, as the policy map holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct PortPolicy {
    slot: u32,
    sampling_rate: u32,
    /// [`Mac::to_bits`].
    host_mac: u64,
    port: u16,
    deployment: u8,
    consume: u8,
    enforces: u8,
    zero: [u8; 3],
}

const _: () = assert!(size_of::<PortPolicy>() == 24);

impl PortPolicy {
    /// How it lies in memory.
    #[cfg(feature = "user")]
    pub const LAYOUT: &[(&str, usize)] = layout!(slot host_mac deployment consume port);

    /// The settings of the interface that counts in `slot` and has the address `host_mac`. One frame
    /// in `sampling_rate` is sampled, none if it is 0. `consume` takes effect on a tap alone. Nothing
    /// is enforced, and the port is not known.
    #[must_use]
    pub const fn new(
        slot: u32,
        deployment: Deployment,
        host_mac: Mac,
        consume: bool,
        sampling_rate: u32,
    ) -> Self {
        Self {
            slot,
            sampling_rate,
            host_mac: host_mac.to_bits(),
            deployment: deployment as u8,
            consume: consume as u8,
            port: 0,
            enforces: 0,
            zero: [0; 3],
        }
    }

    /// The same, with drops that are real. A tap never drops: that would protect nobody.
    #[must_use]
    pub const fn enforcing(mut self) -> Self {
        self.enforces = (self.deployment != Deployment::Tap as u8) as u8;
        self
    }

    /// The same, facing the switch port of this number; 0 is a port that is not known.
    #[must_use]
    pub const fn facing(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The slot of the port counters.
    #[inline(always)]
    #[must_use]
    pub const fn slot(&self) -> u32 {
        self.slot
    }

    /// One frame in this many is sampled; 0 is none.
    #[inline(always)]
    #[must_use]
    pub const fn sampling_rate(&self) -> u32 {
        self.sampling_rate
    }

    /// The host's own address there.
    #[inline(always)]
    #[must_use]
    pub const fn host_mac(&self) -> Mac {
        Mac::from_bits(self.host_mac)
    }

    /// Where a station that is seen here is: at the switch port, or else at this interface.
    #[inline(always)]
    #[must_use]
    pub const fn seat(&self) -> u32 {
        if self.port != 0 { self.port as u32 } else { 1 << 16 | self.slot }
    }

    /// The switch port that it faces, 0 if that is not known.
    #[inline(always)]
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether drops are real.
    #[inline(always)]
    #[must_use]
    pub const fn enforces(&self) -> bool {
        self.enforces != 0
    }

    /// What becomes of a frame to `destination` (zero if it has no readable address) that rules would
    /// drop, or would not. Fails open: a frame is dropped only where drops are real, and else only a tap
    /// that consumes keeps anything back, and never what is for the host itself.
    #[inline(always)]
    #[must_use]
    pub fn action(&self, is_dropping: bool, destination: Mac) -> Action {
        let is_consuming_tap = self.deployment == Deployment::Tap as u8 && self.consume != 0;
        if self.enforces() && is_dropping {
            return Action::Drop;
        }
        if is_consuming_tap && destination.to_bits() != self.host_mac {
            Action::Consume
        } else {
            Action::Pass
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Mac = Mac([2, 0, 0, 0, 0, 9]);
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 1]);

    #[test]
    fn only_a_consuming_tap_keeps_frames_and_never_the_hosts_own() {
        let cases = [
            (Deployment::Tap, true, OTHER, Action::Consume),
            (Deployment::Tap, true, Mac::BROADCAST, Action::Consume),
            (Deployment::Tap, true, Mac::ZERO, Action::Consume),
            (Deployment::Tap, true, HOST, Action::Pass),
            (Deployment::Tap, false, OTHER, Action::Pass),
            (Deployment::Port, true, OTHER, Action::Pass),
            (Deployment::Inline, true, OTHER, Action::Pass),
            (Deployment::Inline, true, Mac::ZERO, Action::Pass),
        ];
        for (deployment, consume, destination, expected) in cases {
            let policy = PortPolicy::new(1, deployment, HOST, consume, 0);
            for is_dropping in [false, true] {
                assert_eq!(
                    policy.action(is_dropping, destination),
                    expected,
                    "{deployment:?} {destination:?}"
                );
            }
        }
    }

    #[test]
    fn drops_are_real_where_a_port_enforces_and_never_on_a_tap() {
        let cases = [
            (Deployment::Tap, Action::Consume),
            (Deployment::Port, Action::Drop),
            (Deployment::Inline, Action::Drop),
        ];
        for (deployment, expected) in cases {
            let policy = PortPolicy::new(1, deployment, HOST, true, 0).enforcing();
            assert_eq!(policy.action(true, OTHER), expected, "{deployment:?}");
        }
    }

    #[test]
    fn the_most_severe_action_decides_and_what_is_soft_never_drops() {
        let actions = RuleActions::usual();
        let mut findings = Findings::default();
        findings.add(Rule::N10, true, false);
        findings.add(Rule::L07, true, false);
        findings.add(Rule::A05, true, true);
        let verdict = actions.verdict(findings, || unreachable!("nothing is limited"));
        assert_eq!(verdict.counted, findings.broken);
        assert_eq!(verdict.told, RuleSet::of(&[Rule::L07, Rule::A05]));
        assert!(verdict.dropping.is_empty());
        findings.add(Rule::L01, true, false);
        assert_eq!(actions.verdict(findings, || true).dropping, RuleSet::of(&[Rule::L01]));
    }

    #[test]
    fn a_limited_rule_drops_above_its_rate_and_a_rate_rule_is_above_it() {
        let mut actions = RuleActions::usual();
        actions.set(Rule::N10, RuleAction::Limit);
        let mut findings = Findings::default();
        findings.add(Rule::N10, true, false);
        assert!(actions.verdict(findings, || false).dropping.is_empty());
        assert_eq!(actions.verdict(findings, || true).dropping, RuleSet::of(&[Rule::N10]));
        let mut rate = Findings::default();
        rate.add(Rule::A10, true, false);
        assert_eq!(actions.verdict(rate, || unreachable!("no meter")).dropping, RuleSet::of(&[Rule::A10]));
    }

    #[test]
    fn a_rule_has_the_action_that_was_set_last() {
        let mut actions = RuleActions::usual();
        for action in RuleAction::ALL {
            actions.set(Rule::L12, action);
            assert_eq!(actions.action(Rule::L12), action);
            assert_eq!(actions.action(Rule::L11), Rule::L11.default_action());
        }
        assert!(!actions.is_passive());
        assert!(RuleActions::default().is_passive());
    }
}
