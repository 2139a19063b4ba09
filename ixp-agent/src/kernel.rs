//! The rim towards the kernel: the program in, its counters and records out. Knows neither members
//! nor matrices.

mod ahead;
pub mod attach;
mod batch;
mod cells;
pub mod claims;
mod hashed;
pub mod inject;
pub mod interface;
pub mod load;
mod mapped;
mod numbers;
pub mod pairs;
pub mod policy;
pub mod ports;
pub mod privilege;
pub mod read;
pub mod ring;
pub mod rules;

use std::io;
use std::path::PathBuf;

/// What can go wrong between the agent and the kernel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A capability is not there.
    #[error("no privilege: {missing} missing; run as root, or once `setcap {} FILE`", privilege::SETCAP)]
    Privilege {
        /// Names of the capabilities.
        missing: String,
    },
    /// Frames cannot be sent.
    #[error(
        "open a socket to send loop probes by: it takes CAP_NET_RAW; run as root, add cap_net_raw to what setcap gives, or leave loop_probe out of [[attach]]"
    )]
    Inject(#[source] io::Error),
    /// The kernel refuses the program.
    #[error("the kernel refuses the XDP program; `ixp-agent doctor` says what it can do")]
    Load(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No eBPF object where the environment points.
    #[error("IXP_EBPF_OBJECT: read {path}")]
    Object {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not an object of this project.
    #[error("{origin} is no sampler object: {reason}")]
    NotAnObject {
        /// Where it came from.
        origin: String,
        /// What is missing.
        reason: String,
    },
    /// An object of another version.
    #[error(
        "{origin} has ABI version {found}, this agent needs {wanted}; rebuild it with `cargo xtask ebpf`"
    )]
    Abi {
        /// Where it came from.
        origin: String,
        /// Its version.
        found: u32,
        /// The agent's.
        wanted: u32,
    },
    /// No such interface.
    #[error("interface {name} does not exist; `ip -brief link` lists those that do{}", suggestion(.near))]
    NoInterface {
        /// Its name.
        name: String,
        /// A name that exists and looks alike.
        near: Option<String>,
    },
    /// Asking an interface failed.
    #[error("ask interface {name} for {what}")]
    Interface {
        /// Its name.
        name: String,
        /// What was asked.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Tags would not be seen.
    #[error(
        "interface {name} ({driver}) hides VLAN tags from XDP: type `ethtool -K {name} rxvlan off`, or set hidden_tags = \"accept\" if no frame is tagged"
    )]
    HiddenTags {
        /// Its name.
        name: String,
        /// Its driver.
        driver: String,
    },
    /// The program would run elsewhere.
    #[error(
        "interface {name} is an aggregate ({driver}): the kernel runs XDP on the interfaces below it; attach to each of those instead"
    )]
    Aggregate {
        /// Its name.
        name: String,
        /// Its driver.
        driver: String,
    },
    /// Another program holds the hook.
    #[error(
        "interface {name} already has an XDP program; `ip link show {name}` names it, `ip link set {name} xdp off` removes it"
    )]
    Busy {
        /// Its name.
        name: String,
    },
    /// The driver takes no XDP program in this mode.
    #[error("attach to {name} in {mode} mode")]
    Attach {
        /// Its name.
        name: String,
        /// native or generic.
        mode: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// More interfaces than slots.
    #[error("{wanted} interfaces, and there is room for {room}")]
    TooMany {
        /// How many were asked for.
        wanted: usize,
        /// How many fit.
        room: u32,
    },
    /// More cells than one map may have.
    #[error(
        "{pairs} pairs on {cpus} CPUs, each of which has cells of its own, are more than one map may have: make counting.pairs smaller"
    )]
    TooManyPairs {
        /// How many were asked for.
        pairs: u32,
        /// CPUs, each of which has cells of its own.
        cpus: u32,
    },
    /// A map operation failed.
    #[error("{what} of map {map}")]
    Map {
        /// read or write.
        what: &'static str,
        /// Its name.
        map: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// Whether the host lacks something, so that no other input would help.
    #[must_use]
    pub fn is_host_lacking(&self) -> bool {
        matches!(
            self,
            Self::Privilege { .. }
                | Self::Inject(_)
                | Self::Load(_)
                | Self::HiddenTags { .. }
                | Self::Attach { .. }
        )
    }

    /// Whether the user named something that is not there.
    #[must_use]
    pub fn is_bad_usage(&self) -> bool {
        matches!(
            self,
            Self::NoInterface { .. }
                | Self::Aggregate { .. }
                | Self::TooMany { .. }
                | Self::TooManyPairs { .. }
        )
    }

    fn map(
        what: &'static str,
        map: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Map { what, map, source: source.into() }
    }
}

fn suggestion(near: &Option<String>) -> String {
    near.as_ref().map_or(String::new(), |name| format!(", did you mean {name}?"))
}
