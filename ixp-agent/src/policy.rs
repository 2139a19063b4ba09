//! What the exchange allows: settings and members in, the tables that kernel and host go by out.

pub mod applicable;
mod bindings;
mod build;
pub mod memory;
mod notices;
mod ports;
mod profiles;
mod settings;
#[cfg(test)]
mod tests;

pub use build::{Tables, build};
pub use notices::notices;
pub use ports::Ports;
pub use settings::{
    Actions, Exempt, LanKind, LanPolicy, Limits, MOST_ETHERTYPES, MOST_TARGETS, Policy, Profile, Rate,
    Webhook,
};

use ixp_common::addr::Mac;
use ixp_common::policy::{Deployment, PortPolicy};
use ixp_common::table::{LANS, MOST_STATIONS, PROFILES};

/// A port that others are reached by, whichever it is; it samples no frame.
pub const ANY_PORT: PortPolicy = PortPolicy::new(0, Deployment::Inline, Mac::ZERO, false, 0);

/// Why there are no tables.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More LANs than numbers.
    #[error("{wanted} LANs, and there is room for {}; leave out those that are not seen here", LANS - 1)]
    Lans {
        /// How many there are.
        wanted: usize,
    },
    /// More interfaces than numbers.
    #[error("{wanted} interfaces, and there is room for {}", u16::MAX - 1)]
    Interfaces {
        /// How many there are.
        wanted: usize,
    },
    /// More stations than places.
    #[error("{wanted} MACs, and there is room for {MOST_STATIONS}; leave out LANs that are not seen here")]
    Stations {
        /// How many there are.
        wanted: usize,
    },
    /// More addresses than places.
    #[error("{wanted} addresses, and there is room for {room}; leave out LANs that are not seen here")]
    Addresses {
        /// How many there are.
        wanted: usize,
        /// How many fit.
        room: usize,
    },
    /// More sets of actions than numbers.
    #[error(
        "more than {PROFILES} different sets of rules; give members that differ in [[policy.member]] the same ones"
    )]
    Profiles,
    /// More switch ports than numbers.
    #[error("{wanted} switch ports are attached, and there is room for {}", ports::MOST)]
    Ports {
        /// How many there are.
        wanted: usize,
    },
    /// No place was found for each station, which does not happen with that many.
    #[error("no arrangement of {stations} MACs was found; please report this")]
    Arrangement {
        /// How many there are.
        stations: usize,
    },
}
