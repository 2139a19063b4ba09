//! `[policy]` as it is written; the doc lines here are the text of `config schema` and `config show`.

use std::collections::BTreeMap;

use ixp_common::rules::RuleAction;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::policy::{LanKind, Profile};

/// What is done about rules, by their names.
pub(in crate::config) type RawRules = BTreeMap<Spanned<String>, Spanned<ActionName>>;

/// What the exchange allows, and what is done about the rest.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPolicy {
    /// Whether drops are real: monitor (they are counted as "would drop") or enforce.
    #[serde(default)]
    #[schemars(with = "ProfileName")]
    pub(in crate::config) profile: Option<ProfileName>,
    /// EtherTypes that the LANs carry; others break rule L01.
    #[serde(default)]
    #[schemars(with = "Vec<String>", example = ["0x0800", "0x0806", "0x86dd"])]
    pub(in crate::config) ethertypes: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether members may speak LACP to the switch; across the fabric it breaks rule L03.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub(in crate::config) allow_lacp: Option<bool>,
    /// AS numbers of route servers: they ask for everybody, and everybody speaks BGP to them.
    #[serde(default)]
    #[schemars(with = "Vec<i64>", example = [64500])]
    pub(in crate::config) route_servers: Vec<Spanned<i64>>,
    /// How long members exchange traffic without BGP before it breaks rule I12.
    #[serde(default)]
    #[schemars(with = "String", example = &"10m")]
    pub(in crate::config) bgp_silence: Option<Spanned<String>>,
    /// What is done about a rule: off, observe, alert, limit or drop, as { N10 = "off" }.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ActionName>")]
    pub(in crate::config) rules: RawRules,
    /// How much a station may send.
    #[serde(default)]
    pub(in crate::config) limits: RawLimits,
    /// What differs for a member.
    #[serde(default)]
    #[schemars(with = "Vec<RawMember>")]
    pub(in crate::config) member: Vec<RawMember>,
    /// What differs on a LAN.
    #[serde(default)]
    #[schemars(with = "Vec<RawLan>")]
    pub(in crate::config) lan: Vec<RawLan>,
    /// Stations that rules do not hold for.
    #[serde(default)]
    #[schemars(with = "Vec<RawExempt>")]
    pub(in crate::config) exempt: Vec<RawExempt>,
    /// Where events are sent.
    #[serde(default)]
    pub(in crate::config) webhook: RawWebhook,
}

/// How much a station may send: frames per second in the long run (0 is no limit), and at once.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawLimits {
    /// ARP (A10).
    #[serde(default)]
    #[schemars(with = "RawRate")]
    pub(in crate::config) arp: Option<RawRate>,
    /// Neighbour solicitations (N11).
    #[serde(default)]
    #[schemars(with = "RawRate")]
    pub(in crate::config) nd: Option<RawRate>,
    /// Broadcast (L22).
    #[serde(default)]
    #[schemars(with = "RawRate")]
    pub(in crate::config) broadcast: Option<RawRate>,
    /// Multicast (L22).
    #[serde(default)]
    #[schemars(with = "RawRate")]
    pub(in crate::config) multicast: Option<RawRate>,
    /// To a MAC of no member (L21).
    #[serde(default)]
    #[schemars(with = "RawRate")]
    pub(in crate::config) unknown_unicast: Option<RawRate>,
    /// Frames that break a rule whose action is limit.
    #[serde(default)]
    #[schemars(with = "RawRate")]
    pub(in crate::config) rule: Option<RawRate>,
    /// Distinct targets in 60 s that are no sweep (A11, N11) [default: the addresses assigned, at least 256].
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = crate::policy::MOST_TARGETS), example = 256)]
    pub(in crate::config) sweep_targets: Option<Spanned<i64>>,
}

/// A limit.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawRate {
    /// Frames per second in the long run; 0 is no limit.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 0, max = super::MOST_FRAMES), example = 20)]
    pub(in crate::config) rate: Option<Spanned<i64>>,
    /// Frames at once.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = super::MOST_FRAMES), example = 100)]
    pub(in crate::config) burst: Option<Spanned<i64>>,
}

/// What differs for a member.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawMember {
    /// Its AS number.
    #[schemars(with = "i64", example = 64500)]
    pub(in crate::config) asn: Option<Spanned<i64>>,
    /// What is done about rules that it breaks; goes before what its LAN says.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ActionName>")]
    pub(in crate::config) rules: RawRules,
}

/// What differs on a LAN.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawLan {
    /// Its name in the members file.
    #[schemars(with = "String", example = &"multicast")]
    pub(in crate::config) lan: Option<Spanned<String>>,
    /// What it is for: peering, multicast (L09, L22, I02, I06 and N10 are off) or quarantine (nothing drops).
    #[serde(default)]
    #[schemars(with = "LanKindName")]
    pub(in crate::config) kind: Option<LanKindName>,
    /// What is done about rules that are broken there.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ActionName>")]
    pub(in crate::config) rules: RawRules,
}

/// Stations that rules do not hold for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawExempt {
    /// What they are.
    #[schemars(with = "String", example = &"ARP sponge")]
    pub(in crate::config) name: Option<Spanned<String>>,
    /// Their MAC addresses.
    #[schemars(with = "Vec<String>", example = ["02:00:00:00:00:01"])]
    pub(in crate::config) macs: Option<Spanned<Vec<Spanned<String>>>>,
    /// Which rules do not hold [default: all].
    #[serde(default)]
    #[schemars(with = "Vec<String>", example = ["A05", "A06", "A08", "A10"])]
    pub(in crate::config) rules: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Where events are sent, as JSON by POST.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawWebhook {
    /// The address. One that holds a secret belongs in url_file.
    #[serde(default)]
    #[schemars(with = "String", example = &"http://127.0.0.1:8080/events")]
    pub(in crate::config) url: Option<Spanned<String>>,
    /// A file that holds the address; relative to this file.
    #[serde(default)]
    #[schemars(with = "String", example = &"webhook-url")]
    pub(in crate::config) url_file: Option<Spanned<String>>,
}

/// Whether drops are real, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum ProfileName {
    /// What would be dropped is counted.
    Monitor,
    /// It is dropped.
    Enforce,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Monitor => Self::Monitor,
            ProfileName::Enforce => Self::Enforce,
        }
    }
}

/// What a LAN is for, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum LanKindName {
    /// Members peer.
    Peering,
    /// Members exchange multicast.
    Multicast,
    /// Members are tried out.
    Quarantine,
}

impl From<LanKindName> for LanKind {
    fn from(name: LanKindName) -> Self {
        match name {
            LanKindName::Peering => Self::Peering,
            LanKindName::Multicast => Self::Multicast,
            LanKindName::Quarantine => Self::Quarantine,
        }
    }
}

/// What is done about a rule, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum ActionName {
    /// Nothing.
    Off,
    /// Counted.
    Observe,
    /// Counted, and an event.
    Alert,
    /// Dropped above a rate.
    Limit,
    /// Dropped.
    Drop,
}

impl From<ActionName> for RuleAction {
    fn from(name: ActionName) -> Self {
        match name {
            ActionName::Off => Self::Off,
            ActionName::Observe => Self::Observe,
            ActionName::Alert => Self::Alert,
            ActionName::Limit => Self::Limit,
            ActionName::Drop => Self::Drop,
        }
    }
}
