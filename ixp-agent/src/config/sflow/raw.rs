//! `[sflow]` as it is written; the doc lines here are the text of `config schema` and `config show`.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::intake::Directions;

/// Samples for collectors, and those of switches, as sFlow version 5.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawSflow {
    /// Who gets them: address and port of each [default: nobody].
    #[serde(default)]
    #[schemars(with = "Vec<String>", example = &["192.0.2.10:6343"])]
    pub(in crate::config) collectors: Vec<Spanned<String>>,
    /// The address that the agent is known by [default: the one by which the host reaches the first collector].
    #[serde(default)]
    #[schemars(with = "String", example = &"192.0.2.5")]
    pub(in crate::config) agent: Option<Spanned<String>>,
    /// Tells agents of one address apart.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 0, max = u32::MAX), example = 0)]
    pub(in crate::config) sub_agent: Option<Spanned<i64>>,
    /// Bytes of a frame's start at most; what follows the transport header is never told.
    #[serde(default)]
    #[schemars(with = "i64", range(min = crate::config::key::LEAST_HEADER, max = crate::config::key::MOST_HEADER), example = 128)]
    pub(in crate::config) header: Option<Spanned<i64>>,
    /// Bytes of a datagram at most, without UDP and IP headers.
    #[serde(default)]
    #[schemars(with = "i64", range(min = crate::config::key::LEAST_DATAGRAM, max = crate::config::key::MOST_DATAGRAM), example = 1400)]
    pub(in crate::config) datagram: Option<Spanned<i64>>,
    /// How often the counters of each interface are told.
    #[serde(default)]
    #[schemars(with = "String", example = &"30s")]
    pub(in crate::config) counters: Option<Spanned<String>>,
    /// Whether IP addresses in headers are replaced by zeros.
    #[serde(default)]
    #[schemars(with = "bool", example = false)]
    pub(in crate::config) hide_hosts: Option<bool>,
    /// Where samples of switches are received, for a matrix of their own.
    #[serde(default)]
    #[schemars(with = "RawListen")]
    pub(in crate::config) listen: Option<Spanned<RawListen>>,
    /// The switches, and other hosts, whose samples are received; nobody else's are.
    #[serde(default)]
    pub(in crate::config) exporter: Vec<RawExporter>,
}

/// Where samples of switches are received.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawListen {
    /// The UDP address and port.
    #[serde(default)]
    #[schemars(with = "String", example = &"0.0.0.0:6343")]
    pub(in crate::config) address: Option<Spanned<String>>,
    /// Sockets that share the address, a thread each; one exporter's datagrams are all for the same.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = crate::config::key::MOST_WORKERS), example = 1)]
    pub(in crate::config) workers: Option<Spanned<i64>>,
    /// Bytes of each socket's receive buffer.
    #[serde(default)]
    #[schemars(with = "i64", range(min = crate::config::key::LEAST_BUFFER, max = crate::config::key::MOST_BUFFER), example = 8_388_608)]
    pub(in crate::config) receive_buffer: Option<Spanned<i64>>,
}

/// A switch, or another host, whose samples are received.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawExporter {
    /// The address that its datagrams come from.
    #[schemars(with = "String", example = &"192.0.2.1")]
    pub(in crate::config) address: Option<Spanned<String>>,
    /// What people call it.
    #[serde(default)]
    #[schemars(with = "String", example = &"sw1")]
    pub(in crate::config) name: Option<Spanned<String>>,
    /// Where it samples: one (where frames come in, or where they go out) or both, where those going out are left out [default: all count, with a warning if both are seen].
    #[serde(default)]
    #[schemars(with = "DirectionsName", example = &"one")]
    pub(in crate::config) directions: Option<DirectionsName>,
}

/// Where an exporter samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum DirectionsName {
    /// Where frames come in, or where they go out.
    One,
    /// At both.
    Both,
}

impl From<DirectionsName> for Directions {
    fn from(name: DirectionsName) -> Self {
        match name {
            DirectionsName::One => Self::One,
            DirectionsName::Both => Self::Both,
        }
    }
}
