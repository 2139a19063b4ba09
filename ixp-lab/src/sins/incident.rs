//! Sins that belong together, and what the agent must make of them: one incident.

use ixp_common::rules::Rule;

/// An incident that the agent must tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Incident {
    /// A router solicitation that makes routers advertise.
    RaStorm,
    /// A station at two ports.
    MacMove,
    /// Two that claim one address.
    Duplicate,
    /// Many addresses asked for by ARP.
    ArpSweep,
    /// Many addresses asked for by neighbour solicitations.
    NsSweep,
    /// Two that exchange traffic without BGP.
    NoBgp,
}

impl Incident {
    /// The agent's name for its kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::RaStorm => "ra-storm",
            Self::MacMove => "mac-move",
            Self::Duplicate => "duplicate-address",
            Self::ArpSweep | Self::NsSweep => "sweep",
            Self::NoBgp => "no-bgp",
        }
    }

    /// The rule that it breaks.
    #[must_use]
    pub const fn rule(self) -> Rule {
        match self {
            Self::RaStorm => Rule::N01,
            Self::MacMove => Rule::L08,
            Self::Duplicate => Rule::A09,
            Self::ArpSweep => Rule::A11,
            Self::NsSweep => Rule::N11,
            Self::NoBgp => Rule::I12,
        }
    }

    /// Fewer that take part make no incident.
    #[must_use]
    pub const fn least(self) -> usize {
        match self {
            Self::MacMove | Self::ArpSweep | Self::NsSweep => 1,
            Self::Duplicate | Self::NoBgp => 2,
            // Who solicits, and two that answer.
            Self::RaStorm => 3,
        }
    }
}

/// What part a sin has in an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which incident.
    pub of: Incident,
    /// The agent's name for the part.
    pub role: &'static str,
    /// Whether it must be named. Who advertises unasked may be taken for one that answers.
    pub is_sure: bool,
}

impl Part {
    /// A part that must be named.
    #[must_use]
    pub const fn sure(of: Incident, role: &'static str) -> Option<Self> {
        Some(Self { of, role, is_sure: true })
    }
}
