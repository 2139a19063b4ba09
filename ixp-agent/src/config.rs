//! A configuration file and flags in, a checked [`Config`] out.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ixp_common::addr::VlanId;
use ixp_common::names;
use ixp_common::policy::Deployment;
use jiff::SignedDuration;
use thiserror::Error;

use crate::notice::{self, Notice};
use crate::policy::{Policy, Profile};

pub mod change;
pub mod check;
mod key;
pub mod load;
pub mod policy;
mod raw;
mod resolve;
mod rrd;
pub mod schema;
pub mod sflow;
pub mod show;
mod store;

pub use raw::{DeploymentName, HiddenTags, XdpMode};
pub use resolve::{Overrides, resolve};
pub use rrd::{Mapper, Portal, Rrd, Rrdcached};
pub use sflow::Sflow;
pub use store::Store;

/// Where the file is unless a flag says otherwise.
pub const DEFAULT_PATH: &str = "/etc/ixp-agent/config.toml";

/// What the agent is to do. Every value has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// The interfaces to count on, each once; there may be none.
    pub attach: Vec<Attach>,
    /// Who is on the exchange.
    pub members: Members,
    /// What the exchange allows.
    pub policy: Policy,
    /// Sizes of the kernel's tables.
    pub counting: Counting,
    /// Header samples.
    pub sampling: Sampling,
    /// Samples for collectors, and those of switches.
    pub sflow: Sflow,
    /// The matrices kept in memory.
    pub window: Window,
    /// What is kept of the past.
    pub store: Store,
    /// Files for an exchange's portal.
    pub rrd: Rrd,
    /// The API.
    pub http: Http,
}

/// An interface to count on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    /// Its name.
    pub interface: InterfaceName,
    /// How it stands to the fabric.
    pub deployment: Deployment,
    /// How the program is attached.
    pub xdp: XdpMode,
    /// Whether a tap's frames end after they are counted; `None`: unless the host has an address there.
    pub consume: Option<bool>,
    /// What to do if the NIC takes tags out of frames.
    pub hidden_tags: HiddenTags,
    /// The LAN that untagged frames are of.
    pub lan: Option<String>,
    /// The switch port that it is connected to or mirrors.
    pub port: Option<String>,
    /// Whether drops are real here; `None`: as the policy says. Never on a tap.
    pub profile: Option<Profile>,
    /// One frame in this many is sampled, 0 for none; `None`: as `[sampling]` says.
    pub sampling: Option<u32>,
    /// How often a probe is sent here that a loop would bring back; in whole seconds, on an inline interface alone.
    pub loop_probe: Option<SignedDuration>,
}

impl Attach {
    /// An interface with every default: a tap.
    #[must_use]
    pub fn new(interface: InterfaceName) -> Self {
        Self {
            interface,
            deployment: Deployment::Tap,
            xdp: XdpMode::Auto,
            consume: None,
            hidden_tags: HiddenTags::Refuse,
            lan: None,
            port: None,
            profile: None,
            sampling: None,
            loop_probe: None,
        }
    }

    /// One frame in this many is sampled here; 0 for none.
    #[must_use]
    pub fn sampling_rate(&self, sampling: &Sampling) -> u32 {
        self.sampling.unwrap_or(sampling.rate)
    }

    /// Whether drops are real here.
    #[must_use]
    pub fn enforces(&self, policy: &Policy) -> bool {
        match self.profile.unwrap_or(policy.profile) {
            Profile::Monitor => false,
            Profile::Enforce => true,
        }
    }
}

/// Who is on the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members {
    /// A members file or an IX-F export.
    pub file: Option<PathBuf>,
    /// The 802.1Q tag of each VLAN id of an IX-F export.
    pub vlan_tags: BTreeMap<i64, VlanId>,
}

/// Sizes of the kernel's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// Cells of the pair table.
    pub pairs: u32,
    /// Stations remembered as reported.
    pub stations: u32,
}

impl Default for Counting {
    fn default() -> Self {
        Self { pairs: names::DEFAULT_PAIRS, stations: names::DEFAULT_STATIONS }
    }
}

/// Header samples.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sampling {
    /// One frame in this many is sampled; 0 is none.
    pub rate: u32,
}

/// The matrices kept in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The time that one matrix covers: whole seconds, at least one.
    pub step: SignedDuration,
    /// The time that all cover: a multiple of `step`.
    pub keep: SignedDuration,
    /// Cell records kept at most.
    pub records: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self { step: SignedDuration::from_secs(10), keep: SignedDuration::from_hours(1), records: 16_000_000 }
    }
}

/// The API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Where it is served: on loopback, or there is a `token_file`.
    pub listen: SocketAddr,
    /// The file with the operator's token.
    pub token_file: Option<PathBuf>,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9179)), token_file: None }
    }
}

/// The name of a network interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName(String);

impl InterfaceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for InterfaceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that the kernel takes for no interface's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no interface name; write 1 to 15 bytes without \"/\", \":\" and blanks, as \"eth0\"")]
pub struct BadInterfaceName(String);

impl FromStr for InterfaceName {
    type Err = BadInterfaceName;

    // The kernel's dev_valid_name().
    fn from_str(text: &str) -> Result<Self, BadInterfaceName> {
        let is_forbidden = |letter: char| matches!(letter, '/' | ':' | '\0') || letter.is_whitespace();
        let is_sized = (1..16).contains(&text.len());
        if !is_sized || matches!(text, "." | "..") || text.contains(is_forbidden) {
            return Err(BadInterfaceName(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Everything that is wrong with the file and the flags, in order.
    #[error("{}", notice::lines(.0))]
    Invalid(Vec<Notice>),
}

#[cfg(test)]
mod tests;
