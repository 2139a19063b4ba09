//! The peering-LAN rules: which there are, sets of them, and what stands against one frame.

mod arp;
mod bogon;
mod case;
mod ip;
mod judge;
mod layer2;
mod nd;
mod scene;
mod scope;
mod set;
mod transit;

pub use self::judge::{Judged, Kind, judge};
pub use self::scene::{Place, Scene};
pub use self::scope::Scope;
pub use self::set::RuleSet;
pub use self::transit::is_transit;

use core::fmt;
use core::str::FromStr;

/// What happens to a frame that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RuleAction {
    /// Not even counted.
    Off = 0,
    /// Counted.
    Observe = 1,
    /// Counted, and an event.
    Alert = 2,
    /// Dropped above a rate.
    Limit = 3,
    /// Dropped.
    Drop = 4,
}

impl RuleAction {
    /// All of them, the mildest first.
    pub const ALL: [Self; 5] = [Self::Off, Self::Observe, Self::Alert, Self::Limit, Self::Drop];

    /// The name in the configuration, JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Alert => "alert",
            Self::Limit => "limit",
            Self::Drop => "drop",
        }
    }
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The link layer.
    Layer2,
    /// ARP.
    Arp,
    /// IPv6 neighbour discovery.
    Nd,
    /// IP on the LAN itself.
    Ip,
}

impl Group {
    /// The name in JSON, and of the page that explains the group.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Layer2 => "layer2",
            Self::Arp => "arp",
            Self::Nd => "nd",
            Self::Ip => "ip",
        }
    }
}

/// What must be known to decide a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Needs {
    /// The frame alone.
    Frame,
    /// The LAN's prefixes or tags.
    Lan,
    /// Who has which address.
    Bindings,
    /// Where a station is wired.
    Ports,
    /// How much a station sends.
    Rate,
    /// More than one frame, put together by the agent.
    Agent,
    /// A responder, which this program is not.
    Responder,
}

macro_rules! rules {
    ($($id:ident $group:ident $needs:ident $action:ident $critical:literal $title:literal)*) => {
        /// A rule of the peering LAN. The numbers are stable: they stand in maps and records.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Rule {
            $(
                #[doc = $title]
                $id,
            )*
        }

        impl Rule {
            /// All rules, in order of their names and numbers.
            pub const ALL: [Self; RULES] = [$(Self::$id),*];

            /// The name everywhere: `N01`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$id => stringify!($id)),* }
            }

            /// What breaks it, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$id => $title),* }
            }

            /// What it is about.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $(Self::$id => Group::$group),* }
            }

            /// What must be known to decide it.
            #[must_use]
            pub const fn needs(self) -> Needs {
                match self { $(Self::$id => Needs::$needs),* }
            }

            /// What exchanges usually do about it.
            #[must_use]
            pub const fn default_action(self) -> RuleAction {
                match self { $(Self::$id => RuleAction::$action),* }
            }

            /// Whether somebody should be woken.
            #[must_use]
            pub const fn is_critical(self) -> bool {
                match self { $(Self::$id => $critical),* }
            }
        }
    };
}

/// How many rules there are.
pub const RULES: usize = 58;

rules! {
    L01 Layer2 Frame Drop false "EtherType that the LAN does not carry"
    L02 Layer2 Frame Drop false "802.3 frame with LLC"
    L03 Layer2 Frame Drop true "slow protocol (LACP, OAM) across the fabric"
    L04 Layer2 Lan Drop false "VLAN tag of no configured LAN"
    L05 Layer2 Frame Drop false "source MAC is a group address or zero"
    L06 Layer2 Ports Drop false "source MAC not allowed on this port"
    L07 Layer2 Bindings Alert false "source MAC of no member"
    L08 Layer2 Ports Alert true "source MAC moved to another port, or a loop"
    L09 Layer2 Frame Drop false "group destination other than ARP's and ND's"
    L10 Layer2 Frame Drop false "bridge-group destination (01:80:c2…)"
    L11 Layer2 Frame Drop true "spanning tree"
    L12 Layer2 Frame Drop false "LLDP"
    L13 Layer2 Frame Drop false "CDP, VTP, DTP or UDLD"
    L14 Layer2 Frame Drop false "EDP or FDP"
    L15 Layer2 Frame Drop false "MNDP, RoMON or MAC-WinBox"
    L16 Layer2 Frame Drop false "layer 2 keepalive (loopback 0x9000)"
    L17 Layer2 Frame Drop false "DEC MOP"
    L18 Layer2 Frame Drop false "MPLS or LDP"
    L19 Layer2 Frame Drop false "IS-IS or ES-IS"
    L20 Layer2 Lan Alert false "packet over the LAN's MTU"
    L21 Layer2 Rate Limit false "unknown unicast above the rate"
    L22 Layer2 Rate Limit false "broadcast or multicast above the rate"
    A01 Arp Frame Drop false "malformed ARP"
    A02 Arp Frame Drop false "ARP sender differs from the Ethernet source"
    A03 Arp Lan Drop false "ARP sender address outside the LAN"
    A04 Arp Lan Alert false "ARP target address outside the LAN"
    A05 Arp Bindings Drop false "ARP sender address of somebody else"
    A06 Arp Bindings Drop true "proxy ARP"
    A07 Arp Bindings Alert false "ARP reply to broadcast"
    A08 Arp Bindings Drop true "gratuitous ARP for somebody else's address"
    A09 Arp Agent Alert true "two MACs claim one address"
    A10 Arp Rate Limit false "ARP above the rate"
    A11 Arp Bindings Alert false "ARP sweep, or request for an unassigned address"
    A12 Arp Responder Off false "answer to an ARP probe"
    N01 Nd Frame Drop true "router advertisement"
    N02 Nd Frame Drop false "router solicitation"
    N03 Nd Frame Drop false "ICMPv6 redirect"
    N04 Nd Frame Drop false "ND from off-link, with a code, or in fragments"
    N05 Nd Lan Alert false "NS for a target outside the LAN, or to a wrong group"
    N06 Nd Frame Alert false "ND link-layer option differs from the Ethernet source"
    N07 Nd Bindings Drop true "NA for somebody else's address"
    N08 Nd Bindings Alert false "unspecified or unassigned IPv6 source"
    N09 Nd Frame Alert false "site-local IPv6 address"
    N10 Nd Frame Observe false "multicast listener discovery"
    N11 Nd Rate Limit false "NS above the rate, or a sweep"
    I01 Ip Frame Drop false "broadcast IPv4 packet"
    I02 Ip Frame Drop false "IPv4 multicast"
    I03 Ip Frame Drop false "ICMP redirect or router discovery"
    I04 Ip Frame Drop true "DHCP"
    I05 Ip Frame Drop false "OSPF, EIGRP, IGRP or RIP"
    I06 Ip Frame Drop false "PIM"
    I07 Ip Frame Drop false "VRRP or HSRP"
    I08 Ip Frame Drop false "mDNS, LLMNR, SSDP, NetBIOS, or broadcast NTP, DNS, SNMP"
    I09 Ip Bindings Drop false "IP source of somebody else on the LAN"
    I10 Ip Bindings Alert false "IP destination on the LAN, sent to another's MAC"
    I11 Ip Bindings Observe false "BGP connection to an unassigned address"
    I12 Ip Agent Alert false "traffic between members without BGP"
    I13 Ip Frame Observe false "bogon IP source"
}

impl Rule {
    /// The rule of a number in a map or record.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadRule;

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no rule; write L01 to L22, A01 to A12, N01 to N11 or I01 to I13")
    }
}

impl core::error::Error for BadRule {}

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        Self::ALL.into_iter().find(|rule| rule.name().eq_ignore_ascii_case(text)).ok_or(BadRule)
    }
}

/// What stands against one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Findings {
    /// The rules that it breaks.
    pub broken: RuleSet,
    /// Those that it may break: what would settle it is not known, or the packet is transit. They are
    /// counted and never drop (ground rules 1 and 5).
    pub soft: RuleSet,
}

impl Findings {
    /// Nothing stands against it.
    pub const NONE: Self = Self { broken: RuleSet::EMPTY, soft: RuleSet::RESERVED };

    /// Adds a rule; `is_soft` keeps it from dropping.
    #[inline(always)]
    pub const fn add(&mut self, rule: Rule, is_broken: bool, is_soft: bool) {
        self.broken.insert_if(rule, is_broken);
        self.soft.insert_if(rule, is_broken && is_soft);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_and_names_are_those_of_the_list() {
        for (at, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, at);
            assert_eq!(rule.to_string().parse(), Ok(rule));
            assert_eq!(Rule::from_number(rule as u8), Some(rule));
        }
        assert_eq!(Rule::from_number(58), None);
        assert_eq!("N99".parse::<Rule>(), Err(BadRule));
    }

    #[test]
    fn each_rule_is_in_one_group() {
        let groups = [Group::Layer2, Group::Arp, Group::Nd, Group::Ip].map(RuleSet::group);
        assert_eq!(groups.map(RuleSet::len), [22, 12, 11, 13]);
    }
}
