//! What the policy says of the rules that the agent itself decides.

use std::collections::{BTreeMap, BTreeSet};

use ixp_common::addr::Mac;
use ixp_common::counters::StationKey;
use ixp_common::rules::{Rule, RuleSet};

use jiff::SignedDuration;

use crate::members::Asn;

/// What correlation goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Rules that are off, or that cannot be decided here.
    pub off: RuleSet,
    /// Stations for which rules do not hold: the sponge, the monitor.
    pub exempt: BTreeMap<Mac, RuleSet>,
    /// Members that are route servers.
    pub route_servers: BTreeSet<Asn>,
    /// How long members exchange traffic without a word of BGP before they are told of.
    pub bgp_silence: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            off: RuleSet::EMPTY,
            exempt: BTreeMap::new(),
            route_servers: BTreeSet::new(),
            bgp_silence: SignedDuration::from_mins(10),
        }
    }
}

impl Settings {
    /// Whether a rule holds for a station.
    #[must_use]
    pub fn holds(&self, rule: Rule, station: StationKey) -> bool {
        let is_exempt = self.exempt.get(&station.mac()).is_some_and(|rules| rules.contains(rule));
        !self.off.contains(rule) && !is_exempt
    }
}
