//! What the policy says of the rules that the agent itself decides.

use std::collections::{BTreeMap, BTreeSet};

use ixp_common::addr::Mac;
use ixp_common::counters::StationKey;
use ixp_common::rules::{Rule, RuleSet};

use crate::members::Asn;

/// What correlation goes by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Rules that are off, or that cannot be decided here.
    pub off: RuleSet,
    /// Stations for which rules do not hold: the sponge, the monitor.
    pub exempt: BTreeMap<Mac, RuleSet>,
    /// Members that are route servers.
    pub route_servers: BTreeSet<Asn>,
}

impl Settings {
    /// Whether a rule holds for a station.
    #[must_use]
    pub fn holds(&self, rule: Rule, station: StationKey) -> bool {
        let is_exempt = self.exempt.get(&station.mac()).is_some_and(|rules| rules.contains(rule));
        !self.off.contains(rule) && !is_exempt
    }
}
