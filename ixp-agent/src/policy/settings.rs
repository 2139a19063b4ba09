//! What `[policy]` says, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ixp_common::addr::{EtherType, Mac};
use ixp_common::limit::{Class, Limit};
use ixp_common::rules::{Rule, RuleAction, RuleSet};
use ixp_common::table::ETHERTYPES;

use jiff::SignedDuration;

use crate::members::Asn;

/// EtherTypes that can be listed.
pub const MOST_ETHERTYPES: usize = ETHERTYPES;
/// Distinct targets that can be told from more: the count of them is an estimate.
pub const MOST_TARGETS: u32 = 2000;

/// Rules with an action of their own.
pub type Actions = BTreeMap<Rule, RuleAction>;

/// What the exchange allows, and what is done about the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether drops are real.
    pub profile: Profile,
    /// What LANs carry: at least one and at most [`MOST_ETHERTYPES`], each once.
    pub ethertypes: Vec<EtherType>,
    /// Whether members may speak LACP to the switch.
    pub allow_lacp: bool,
    /// Members that are route servers: they ask for everybody, and everybody speaks BGP to them.
    pub route_servers: BTreeSet<Asn>,
    /// How long members exchange traffic without BGP before it breaks I12. Every BGP speaker says something
    /// within three minutes (RFC 4271 §10).
    pub bgp_silence: SignedDuration,
    /// What is done about rules, where it is not the usual.
    pub rules: Actions,
    /// How much a station may send.
    pub limits: Limits,
    /// Distinct targets of a station within a minute, at most [`MOST_TARGETS`]; `None`: as many as
    /// addresses are assigned on a LAN, and at least 256.
    pub sweep_targets: Option<u32>,
    /// What is done about the rules that a member breaks, where it differs.
    pub members: BTreeMap<Asn, Actions>,
    /// What differs on a LAN, by its name.
    pub lans: BTreeMap<String, LanPolicy>,
    /// Stations that rules do not hold for.
    pub exempt: Vec<Exempt>,
    /// Where events go.
    pub webhook: Option<Webhook>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            profile: Profile::Monitor,
            ethertypes: vec![EtherType::IPV4, EtherType::ARP, EtherType::IPV6],
            allow_lacp: false,
            route_servers: BTreeSet::new(),
            bgp_silence: SignedDuration::from_mins(10),
            rules: Actions::new(),
            limits: Limits::default(),
            sweep_targets: None,
            members: BTreeMap::new(),
            lans: BTreeMap::new(),
            exempt: Vec::new(),
            webhook: None,
        }
    }
}

impl Policy {
    /// What is done about a rule, unless a LAN or a member has it otherwise.
    #[must_use]
    pub fn action(&self, rule: Rule) -> RuleAction {
        self.rules.get(&rule).copied().unwrap_or_else(|| rule.default_action())
    }
}

/// Whether drops are real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// Nothing is ever dropped; what would be is counted.
    Monitor,
    /// What the rules drop is dropped.
    Enforce,
}

impl Profile {
    /// The name in the configuration and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Enforce => "enforce",
        }
    }
}

/// Frames per second in the long run, and at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Per second; 0 is no limit.
    pub rate: u32,
    /// At once, at least 1.
    pub burst: u32,
}

impl From<Rate> for Limit {
    fn from(rate: Rate) -> Self {
        Self::new(rate.rate, rate.burst)
    }
}

/// How much a station may send, by kind of frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// ARP (A10).
    pub arp: Rate,
    /// Neighbour solicitations (N11).
    pub nd: Rate,
    /// Broadcast (L22).
    pub broadcast: Rate,
    /// Multicast (L22).
    pub multicast: Rate,
    /// To a MAC of no member (L21).
    pub unknown_unicast: Rate,
    /// Frames that break a rule whose action is `limit`.
    pub rule: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        let rate = |rate, burst| Rate { rate, burst };
        Self {
            arp: rate(20, 100),
            nd: rate(20, 100),
            broadcast: rate(100, 500),
            multicast: rate(100, 500),
            unknown_unicast: rate(1000, 5000),
            rule: rate(10, 50),
        }
    }
}

impl Limits {
    /// The limit of a kind of frame.
    #[must_use]
    pub const fn of(&self, class: Class) -> Rate {
        match class {
            Class::Arp => self.arp,
            Class::Nd => self.nd,
            Class::Broadcast => self.broadcast,
            Class::Multicast => self.multicast,
            Class::UnknownUnicast => self.unknown_unicast,
            Class::Rule => self.rule,
        }
    }
}

/// What a LAN is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LanKind {
    /// Members peer.
    Peering,
    /// Members exchange multicast: its rules are off, unless the LAN says otherwise.
    Multicast,
    /// Members are tried out before they peer: everything is told and nothing dropped.
    Quarantine,
}

impl LanKind {
    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peering => "peering",
            Self::Multicast => "multicast",
            Self::Quarantine => "quarantine",
        }
    }
}

/// What differs on a LAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanPolicy {
    /// What it is for.
    pub kind: LanKind,
    /// What is done about rules there, where it differs.
    pub rules: Actions,
}

/// Stations that rules do not hold for, on every LAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt {
    /// What they are.
    pub name: String,
    /// Their addresses, at least one.
    pub macs: BTreeSet<Mac>,
    /// Which rules; `None`: all.
    pub rules: Option<RuleSet>,
}

/// Where events are sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Webhook {
    /// To this address.
    Url(String),
    /// To the address in a file.
    File(PathBuf),
}
