//! A rule and what is known of the exchange in, why it cannot be decided out.

use ixp_common::policy::Deployment;
use ixp_common::rules::{Rule, RuleAction};
use jiff::Timestamp;

use super::bindings::bindings;
use super::{Policy, Ports, Rate};
use crate::members::{Interface, Lan, Registry};

/// What there is to decide rules by.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'g> {
    /// What the exchange allows.
    pub policy: &'g Policy,
    /// Who is on it.
    pub registry: &'g Registry,
    /// How each attached interface stands to it.
    pub deployments: &'g [Deployment],
    /// The ports that they face.
    pub ports: &'g Ports,
}

/// Why a rule cannot be decided here, in words; `None` if it can, at least in part.
#[must_use]
pub fn why_not(rule: Rule, ground: &Ground<'_>) -> Option<&'static str> {
    if let Some(reason) = ground.is_off(rule) {
        return Some(reason);
    }
    match rule {
        Rule::L01 | Rule::L02 | Rule::L03 | Rule::L05 | Rule::L09 | Rule::L10 | Rule::L11 => None,
        Rule::L12 | Rule::L13 | Rule::L14 | Rule::L15 | Rule::L16 | Rule::L17 | Rule::L18 | Rule::L19 => None,
        Rule::A01 | Rule::A02 | Rule::A07 | Rule::A09 | Rule::N01 | Rule::N02 | Rule::N03 | Rule::N04 => None,
        Rule::N05 | Rule::N06 | Rule::N08 | Rule::N09 | Rule::N10 => None,
        Rule::I01 | Rule::I02 | Rule::I03 | Rule::I04 | Rule::I05 | Rule::I06 | Rule::I07 | Rule::I08 => None,
        Rule::I13 => None,
        Rule::L04 => ground.lacks_tags(),
        Rule::L06 => ground.lacks_ports(),
        Rule::L07 => ground.lacks_macs(),
        Rule::L08 => ground.lacks_moves().filter(|_| ground.ports.probe().is_none()),
        Rule::L20 => ground.registry.lans().is_empty().then_some(NO_LAN),
        Rule::L21 => ground.lacks_macs().or(is_unlimited(&[ground.policy.limits.unknown_unicast])),
        Rule::L22 => is_unlimited(&[ground.policy.limits.broadcast, ground.policy.limits.multicast]),
        Rule::A10 => is_unlimited(&[ground.policy.limits.arp]),
        // The limit is one half of the rule, the sweep the other.
        Rule::N11 => None,
        Rule::A03 | Rule::A04 | Rule::A11 => ground.lacks(|lan| lan.ipv4.is_some(), NO_IPV4_PREFIX),
        Rule::A05 | Rule::A06 | Rule::A08 => ground.lacks_ipv4(),
        Rule::N07 => ground.lacks_ipv6(),
        Rule::I09 | Rule::I10 | Rule::I11 => ground.lacks_ipv4().and(ground.lacks_ipv6()).map(|_| NO_ADDRESS),
        Rule::I12 => ground.lacks_macs().or(ground.sees_only_its_own()),
        Rule::A12 => Some(NO_ANSWER),
    }
}

const NO_ANSWER: &str = "this program never answers";
const OFF: &str = "off in [policy]";
const NO_INTERFACE: &str = "no interface is attached";
const NO_LAN: &str = "no LAN is known: write [[lan]] in the members file";
const NO_TAG: &str = "no LAN with a tag of its own: map IX-F's VLAN ids in [members.vlan_tags]";
const SOME_TAGS: &str =
    "the tag of a LAN is not known, so any may be its: map IX-F's VLAN ids in [members.vlan_tags]";
const NO_MAC: &str = "no member has a MAC";
const NO_ATTACHED_PORT: &str = "no port is configured for an attached interface: write port in [[attach]]";
const NO_MEMBER_PORT: &str = "no member's interface has a port that is attached";
const NO_SECOND_PORT: &str =
    "needs two attached ports, and each attached interface's port, or loop_probe in [[attach]]";
const NO_IPV4_PREFIX: &str = "no LAN has an IPv4 prefix";
const NO_IPV4: &str = "no member has a MAC and an IPv4 address";
const NO_IPV6: &str = "no member has a MAC and an IPv6 address";
const NO_ADDRESS: &str = "no member has a MAC and an address";
const NO_LIMIT: &str = "no limit in [policy.limits]";
const ONLY_OWN: &str = "an ordinary peering port does not see what others send to each other";

impl Ground<'_> {
    fn is_off(&self, rule: Rule) -> Option<&'static str> {
        let overrides = self.policy.lans.values().map(|lan| &lan.rules).chain(self.policy.members.values());
        let mut somewhere = overrides.filter_map(|rules| rules.get(&rule));
        let is_off =
            self.policy.action(rule) == RuleAction::Off && somewhere.all(|action| *action == RuleAction::Off);
        match rule {
            Rule::A12 => Some(NO_ANSWER),
            _ if is_off => Some(OFF),
            _ if self.deployments.is_empty() => Some(NO_INTERFACE),
            _ => None,
        }
    }

    fn lacks_tags(&self) -> Option<&'static str> {
        let lans = self.registry.lans();
        let known = lans.iter().filter(|lan| lan.vlan.is_some()).count();
        match known {
            0 if lans.is_empty() => Some(NO_LAN),
            0 => Some(NO_TAG),
            _ if known < lans.len() => Some(SOME_TAGS),
            _ => None,
        }
    }

    fn lacks_ports(&self) -> Option<&'static str> {
        let names = self.ports.names();
        let is_attached =
            |interface: &Interface| interface.port.as_ref().is_some_and(|port| names.contains(port));
        match self.registry.interfaces().iter().any(is_attached) {
            _ if names.is_empty() => Some(NO_ATTACHED_PORT),
            false => Some(NO_MEMBER_PORT),
            true => None,
        }
    }

    fn lacks_macs(&self) -> Option<&'static str> {
        let has_macs = self.registry.interfaces().iter().any(|interface| !interface.macs.is_empty());
        (!has_macs).then_some(NO_MAC)
    }

    /// A loop is seen wherever the host sends itself, which it does not on a tap.
    fn lacks_moves(&self) -> Option<&'static str> {
        let sends = self.deployments.iter().any(|deployment| *deployment != Deployment::Tap);
        let sees_moves = self.ports.can_tell_moves() && self.lacks_macs().is_none();
        (!sends && !sees_moves).then_some(NO_SECOND_PORT)
    }

    fn sees_only_its_own(&self) -> Option<&'static str> {
        let is_port = |deployment: &Deployment| *deployment == Deployment::Port;
        self.deployments.iter().all(is_port).then_some(ONLY_OWN)
    }

    fn lacks_ipv4(&self) -> Option<&'static str> {
        let is_bound =
            |lan: &Lan| lan.ipv4.is_some() && self.is_bound(lan, |interface| !interface.ipv4.is_empty());
        self.lacks(is_bound, NO_IPV4)
    }

    fn lacks_ipv6(&self) -> Option<&'static str> {
        let is_bound =
            |lan: &Lan| lan.ipv6.is_some() && self.is_bound(lan, |interface| !interface.ipv6.is_empty());
        self.lacks(is_bound, NO_IPV6)
    }

    fn is_bound(&self, lan: &Lan, has_address: impl Fn(&Interface) -> bool) -> bool {
        let lans = self.registry.lans();
        // As long as a change goes on, its MAC is one.
        let bindings = bindings(self.registry, Timestamp::MIN);
        let mut all = self.registry.interfaces().iter().zip(&bindings);
        all.any(|(interface, binding)| {
            lans[interface.lan].name == lan.name && binding.is_bound && has_address(interface)
        })
    }

    /// `reason`, if no LAN whose frames can be told has something; or that they cannot be told.
    fn lacks(&self, has: impl Fn(&Lan) -> bool, reason: &'static str) -> Option<&'static str> {
        let lans = self.registry.lans();
        let can_be_told = |lan: &&Lan| lans.iter().filter(|other| other.vlan == lan.vlan).count() == 1;
        match (lans.iter().filter(can_be_told).any(&has), lans.iter().any(&has)) {
            (true, _) => None,
            (false, true) => Some(NO_TAG),
            (false, false) if lans.is_empty() => Some(NO_LAN),
            (false, false) => Some(reason),
        }
    }
}

/// Whether none of the rates is limited.
fn is_unlimited(rates: &[Rate]) -> Option<&'static str> {
    rates.iter().all(|rate| rate.rate == 0).then_some(NO_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::{VlanTags, parse};
    use ixp_common::addr::VlanId;

    const LAN: &str = "[[lan]]\nname = \"peering\"\nipv4 = \"192.0.2.0/24\"\nipv6 = \"2001:db8:1::/64\"\n";
    const MEMBER: &str = "[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"peering\"\n";
    const MAC: &str = "macs = [\"02:00:00:00:00:01\"]\nport = \"sw1:1\"\n";
    const ADDRESS: &str = "ipv4 = [\"192.0.2.1\"]\n";

    /// The rules that do not apply, each with its reason, to a members file and attached interfaces.
    fn check(members: &[&str], attached: &[(Deployment, Option<&str>)], expected: &[(&str, &str)]) {
        let registry = parse("m", &members.concat(), &VlanTags::new()).expect("a good file").0;
        let deployments: Vec<Deployment> = attached.iter().map(|(deployment, _)| *deployment).collect();
        let ports = Ports::new(attached.iter().copied()).expect("few");
        let policy = Policy::default();
        let ground =
            Ground { policy: &policy, registry: &registry, deployments: &deployments, ports: &ports };
        let reasons = Rule::ALL.into_iter().filter_map(|rule| Some((rule.name(), why_not(rule, &ground)?)));
        assert_eq!(reasons.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_members_what_the_frame_itself_says_is_decided() {
        let needed = [
            ("L04", NO_LAN),
            ("L06", NO_ATTACHED_PORT),
            ("L07", NO_MAC),
            ("L08", NO_SECOND_PORT),
            ("L20", NO_LAN),
            ("L21", NO_MAC),
            ("A03", NO_LAN),
            ("A04", NO_LAN),
            ("A05", NO_LAN),
            ("A06", NO_LAN),
            ("A08", NO_LAN),
            ("A11", NO_LAN),
            ("A12", NO_ANSWER),
            ("N07", NO_LAN),
            ("I09", NO_ADDRESS),
            ("I10", NO_ADDRESS),
            ("I11", NO_ADDRESS),
            ("I12", NO_MAC),
        ];
        check(&[], &[(Deployment::Tap, None)], &needed);
    }

    #[test]
    fn members_with_addresses_and_ports_decide_nearly_all() {
        let tap = |port| (Deployment::Tap, Some(port));
        let common = [("A12", NO_ANSWER), ("N07", NO_IPV6)];
        check(&[LAN, MEMBER, MAC, ADDRESS], &[tap("sw1:1"), tap("sw1:2")], &common);
        let one = [("L08", NO_SECOND_PORT), ("A12", NO_ANSWER), ("N07", NO_IPV6)];
        check(&[LAN, MEMBER, MAC, ADDRESS], &[tap("sw1:1")], &one);
        let other = [("L06", NO_MEMBER_PORT), ("A12", NO_ANSWER), ("N07", NO_IPV6)];
        check(&[LAN, MEMBER, MAC, ADDRESS], &[(Deployment::Inline, Some("sw2"))], &other);
        let own = [("L06", NO_ATTACHED_PORT), ("A12", NO_ANSWER), ("N07", NO_IPV6), ("I12", ONLY_OWN)];
        check(&[LAN, MEMBER, MAC, ADDRESS], &[(Deployment::Port, Some("sw1:1"))], &own);
    }

    #[test]
    fn addresses_that_belong_to_no_mac_decide_nothing_about_who_has_them() {
        let reasons = [
            ("L06", NO_ATTACHED_PORT),
            ("L07", NO_MAC),
            ("L08", NO_SECOND_PORT),
            ("L21", NO_MAC),
            ("A05", NO_IPV4),
            ("A06", NO_IPV4),
            ("A08", NO_IPV4),
            ("A12", NO_ANSWER),
            ("N07", NO_IPV6),
            ("I09", NO_ADDRESS),
            ("I10", NO_ADDRESS),
            ("I11", NO_ADDRESS),
            ("I12", NO_MAC),
        ];
        check(&[LAN, MEMBER, ADDRESS], &[(Deployment::Tap, None)], &reasons);
    }

    #[test]
    fn what_is_off_or_not_limited_is_said() {
        let registry = Registry::default();
        let mut policy = Policy::default();
        policy.rules.insert(Rule::L12, RuleAction::Off);
        policy.limits.arp.rate = 0;
        let deployments = [Deployment::Inline];
        let ports = Ports::default();
        let ground =
            Ground { policy: &policy, registry: &registry, deployments: &deployments, ports: &ports };
        assert_eq!(
            [Rule::L12, Rule::A10, Rule::L11].map(|rule| why_not(rule, &ground)),
            [Some(OFF), Some(NO_LIMIT), None]
        );
        let idle = Ground { deployments: &[], ..ground };
        assert_eq!(why_not(Rule::L11, &idle), Some(NO_INTERFACE));
    }

    #[test]
    fn prefixes_of_lans_that_no_tag_tells_apart_decide_nothing() {
        let vlan = |id: u8| format!(r#"{{"id":{id},"ipv4":{{"prefix":"192.0.{id}.0","mask_length":24}}}}"#);
        let reasons = |vlans: &str, tags: &[(i64, VlanId)]| {
            let export = format!(r#"{{"ixp_list":[{{"vlan":[{vlans}]}}],"member_list":[]}}"#);
            let tags: VlanTags = tags.iter().copied().collect();
            let registry = parse("ixf", &export, &tags).expect("a good export").0;
            let (policy, ports) = (Policy::default(), Ports::default());
            let deployments = [Deployment::Tap];
            let ground =
                Ground { policy: &policy, registry: &registry, deployments: &deployments, ports: &ports };
            [Rule::L04, Rule::A03, Rule::A05].map(|rule| why_not(rule, &ground))
        };
        assert_eq!(reasons(&vlan(1), &[]), [Some(NO_TAG), None, Some(NO_IPV4)]);
        let two = format!("{},{}", vlan(1), vlan(2));
        assert_eq!(reasons(&two, &[]), [Some(NO_TAG), Some(NO_TAG), Some(NO_IPV4)]);
        let tag = |tag| VlanId::from_tci(tag);
        assert_eq!(reasons(&two, &[(1, tag(7)), (2, tag(8))]), [None, None, Some(NO_IPV4)]);
        assert_eq!(reasons(&two, &[(1, tag(7)), (2, tag(7))]), [None, Some(NO_TAG), Some(NO_IPV4)]);
    }
}
