//! The configuration file as it is written; the doc lines here are the text of `config schema` and
//! `config show`.

use std::collections::BTreeMap;

use clap::ValueEnum;
use ixp_common::policy::Deployment;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::policy::raw::{ProfileName, RawPolicy};
use super::rrd::RawRrd;
use super::sflow::raw::RawSflow;
use super::store::RawStore;

/// Configuration of ixp-agent.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    /// The interfaces to count on.
    #[serde(default)]
    #[schemars(with = "Vec<RawAttach>")]
    pub(super) attach: Vec<RawAttach>,
    /// Who is on the exchange.
    #[serde(default)]
    pub(super) members: RawMembers,
    /// What the exchange allows, and what is done about the rest.
    #[serde(default)]
    pub(super) policy: RawPolicy,
    /// Sizes of the kernel's tables.
    #[serde(default)]
    pub(super) counting: RawCounting,
    /// Header samples.
    #[serde(default)]
    pub(super) sampling: RawSampling,
    /// Samples for collectors, and those of switches, as sFlow version 5.
    #[serde(default)]
    pub(super) sflow: RawSflow,
    /// The matrices kept in memory.
    #[serde(default)]
    pub(super) window: RawWindow,
    /// What is kept of the past.
    #[serde(default)]
    pub(super) store: RawStore,
    /// Files for an exchange's portal, in the layout of IXP Manager's sflow backend, through rrdcached.
    #[serde(default)]
    pub(super) rrd: RawRrd,
    /// The API, the metrics and the pages.
    #[serde(default)]
    pub(super) http: RawHttp,
}

/// An interface to count on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAttach {
    /// Name of the interface.
    #[schemars(with = "String", example = &"eth1")]
    pub(super) interface: Option<Spanned<String>>,
    /// How it stands to the fabric: tap (a mirror), port (a peering port), inline (frames pass on).
    #[serde(default)]
    #[schemars(with = "DeploymentName")]
    pub(super) deployment: Option<DeploymentName>,
    /// How the program is attached: native (in the driver), generic (in the stack) or auto (the best).
    #[serde(default)]
    #[schemars(with = "XdpMode")]
    pub(super) xdp: Option<XdpMode>,
    /// Whether a tap's frames end once they are counted [default: unless the host has an address there].
    #[serde(default)]
    #[schemars(with = "bool", example = true)]
    pub(super) consume: Option<bool>,
    /// If the NIC takes VLAN tags out of frames (rxvlan): refuse to start, or accept and count them untagged.
    #[serde(default)]
    #[schemars(with = "HiddenTags")]
    pub(super) hidden_tags: Option<HiddenTags>,
    /// The LAN that is connected here, by its name in the members file.
    #[serde(default)]
    #[schemars(with = "String", example = &"peering")]
    pub(super) lan: Option<Spanned<String>>,
    /// The switch port that is connected or mirrored here.
    #[serde(default)]
    #[schemars(with = "String", example = &"sw1:xe-0/0/1")]
    pub(super) port: Option<Spanned<String>>,
    /// Whether drops are real here, monitor or enforce; never on a tap [default: as [policy] says].
    #[serde(default)]
    #[schemars(with = "ProfileName", example = &"enforce")]
    pub(super) profile: Option<ProfileName>,
    /// One frame in this many is sampled here; 0 samples none [default: as [sampling] says].
    #[serde(default)]
    #[schemars(with = "i64", range(min = 0, max = u32::MAX), example = 1024)]
    pub(super) sampling: Option<Spanned<i64>>,
    /// How often a probe is sent here that a loop would bring back (L08); inline alone [default: none is sent].
    #[serde(default)]
    #[schemars(with = "String", example = &"10s")]
    pub(super) loop_probe: Option<Spanned<String>>,
}

/// Who is on the exchange.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMembers {
    /// A members file (TOML) or an IX-F member export (JSON); relative to this file.
    #[serde(default)]
    #[schemars(with = "String", example = &"members.toml")]
    pub(super) file: Option<Spanned<String>>,
    /// The 802.1Q tag of each VLAN id of an IX-F export, as { 1 = 100 }; 0 is untagged.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, i64>")]
    pub(super) vlan_tags: BTreeMap<Spanned<String>, Spanned<i64>>,
}

/// Sizes of the kernel's tables.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCounting {
    /// Cells (VLAN, source, destination, family) that are counted; more are counted together, as missed.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = super::key::MOST_PAIRS), example = 262_144)]
    pub(super) pairs: Option<Spanned<i64>>,
    /// Stations (MACs on a VLAN) remembered as reported.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = super::key::MOST_STATIONS), example = 16_384)]
    pub(super) stations: Option<Spanned<i64>>,
}

/// Header samples.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSampling {
    /// One frame in this many is sampled; 0 samples none.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 0, max = u32::MAX), example = 1024)]
    pub(super) rate: Option<Spanned<i64>>,
}

/// The matrices kept in memory.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWindow {
    /// The time that one matrix covers, in whole seconds.
    #[serde(default)]
    #[schemars(with = "String", example = &"10s")]
    pub(super) step: Option<Spanned<String>>,
    /// The time that is kept: a multiple of step.
    #[serde(default)]
    #[schemars(with = "String", example = &"1h")]
    pub(super) keep: Option<Spanned<String>>,
    /// Cell records kept at most; the oldest go first.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = super::key::MOST_RECORDS), example = 16_000_000)]
    pub(super) records: Option<Spanned<i64>>,
}

/// The API, the metrics and the pages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    /// Address and port to serve on; anything but loopback needs a token_file.
    #[serde(default)]
    #[schemars(with = "String", example = &"127.0.0.1:9179")]
    pub(super) listen: Option<Spanned<String>>,
    /// A file that holds the operator's token; relative to this file.
    #[serde(default)]
    #[schemars(with = "String", example = &"token")]
    pub(super) token_file: Option<Spanned<String>>,
}

/// How an interface stands to the fabric, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DeploymentName {
    /// A mirror, SPAN or optical tap.
    Tap,
    /// An ordinary peering port.
    Port,
    /// A member-facing port of a bridge, or a bump in the wire.
    Inline,
}

impl From<DeploymentName> for Deployment {
    fn from(name: DeploymentName) -> Self {
        match name {
            DeploymentName::Tap => Self::Tap,
            DeploymentName::Port => Self::Port,
            DeploymentName::Inline => Self::Inline,
        }
    }
}

/// How the program is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum XdpMode {
    /// In the driver if it can, else in the stack.
    Auto,
    /// In the driver.
    Native,
    /// In the stack.
    Generic,
}

/// What to do if the NIC takes VLAN tags out of frames before they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum HiddenTags {
    /// Refuse to attach.
    Refuse,
    /// Count the frames as untagged.
    Accept,
}
