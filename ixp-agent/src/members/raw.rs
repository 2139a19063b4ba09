//! The members file as it is written, before anything in it is believed.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

/// A members file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct RawMembers {
    /// The peering LANs.
    #[serde(default)]
    #[schemars(with = "Vec<RawLan>")]
    pub(super) lan: Vec<Spanned<RawLan>>,
    /// The networks that are connected.
    #[serde(default)]
    #[schemars(with = "Vec<RawMember>")]
    pub(super) member: Vec<Spanned<RawMember>>,
}

/// `[[lan]]`
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct RawLan {
    /// Unique name.
    #[schemars(with = "String", example = &"peering")]
    pub(super) name: Option<Spanned<String>>,
    /// The 802.1Q tag on the wire; 0, the default, for untagged.
    #[serde(default)]
    #[schemars(with = "i64", example = 100)]
    pub(super) vlan: Option<Spanned<i64>>,
    /// IPv4 prefix.
    #[serde(default)]
    #[schemars(with = "String", example = &"192.0.2.0/24")]
    pub(super) ipv4: Option<Spanned<String>>,
    /// IPv6 prefix.
    #[serde(default)]
    #[schemars(with = "String", example = &"2001:db8:1::/64")]
    pub(super) ipv6: Option<Spanned<String>>,
    /// Largest L3 packet in bytes; 1500 if not given.
    #[serde(default)]
    #[schemars(with = "i64", example = 1500)]
    pub(super) mtu: Option<Spanned<i64>>,
}

/// `[[member]]`
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct RawMember {
    /// AS number.
    #[schemars(with = "i64", example = 64500)]
    pub(super) asn: Option<Spanned<i64>>,
    /// Name.
    #[serde(default)]
    #[schemars(with = "String", example = &"Example Networks")]
    pub(super) name: Option<Spanned<String>>,
    /// Its router ports.
    #[serde(default)]
    #[schemars(with = "Vec<RawInterface>")]
    pub(super) interface: Vec<Spanned<RawInterface>>,
}

/// `[[member.interface]]`
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct RawInterface {
    /// Name of its LAN.
    #[schemars(with = "String", example = &"peering")]
    pub(super) lan: Option<Spanned<String>>,
    /// The stations' MAC addresses.
    #[serde(default)]
    #[schemars(with = "Vec<String>", example = ["02:00:00:00:00:01"])]
    pub(super) macs: Vec<Spanned<String>>,
    /// A second MAC while routers are exchanged.
    #[serde(default)]
    #[schemars(with = "RawChange")]
    pub(super) change: Option<Spanned<RawChange>>,
    /// IPv4 addresses.
    #[serde(default)]
    #[schemars(with = "Vec<String>", example = ["192.0.2.1"])]
    pub(super) ipv4: Vec<Spanned<String>>,
    /// IPv6 addresses.
    #[serde(default)]
    #[schemars(with = "Vec<String>", example = ["2001:db8:1::1"])]
    pub(super) ipv6: Vec<Spanned<String>>,
    /// The switch port.
    #[serde(default)]
    #[schemars(with = "String", example = &"sw1:xe-0/0/1")]
    pub(super) port: Option<Spanned<String>>,
    /// Where that switch is.
    #[serde(default)]
    #[schemars(with = "String", example = &"Example DC 1")]
    pub(super) facility: Option<Spanned<String>>,
    /// bit/s, a LAG's members added up.
    #[serde(default)]
    #[schemars(with = "i64", example = 10_000_000_000_i64)]
    pub(super) speed: Option<Spanned<i64>>,
}

/// `change` of `[[member.interface]]`
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct RawChange {
    /// The other MAC address.
    #[schemars(with = "String", example = &"02:00:00:00:00:02")]
    pub(super) mac: Option<Spanned<String>>,
    /// Until when it is allowed.
    #[schemars(with = "String", example = &"2026-12-01T06:00:00Z")]
    pub(super) until: Option<Spanned<String>>,
}
