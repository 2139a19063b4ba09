//! What members exchange and who speaks BGP in, signs of traffic without BGP out (I12).

use std::collections::{BTreeMap, BTreeSet};

use ixp_common::addr::Family;
use ixp_common::counters::{Counts, PairKey, RuleCounts, RuleKey, SessionKey, StationKey};
use ixp_common::names::SESSIONS_ROOM;
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::{Kind, QUIET, Role, Sign, Subject};
use crate::events::{Settings, who};
use crate::members::{Asn, Registry};
use crate::snapshot::Delta;

/// What a ping or a neighbour solicitation makes is no traffic.
const LEAST: u64 = 100;
/// Pairs that are followed.
const PAIRS: usize = 1 << 14;

/// What a pair has exchanged since it was last quiet.
#[derive(Debug)]
struct Exchanged {
    /// A session may have begun just before, and be read of later.
    first: Timestamp,
    last: Timestamp,
    /// By source; what has not been counted under the rule yet.
    waiting: BTreeMap<StationKey, Counts>,
    packets: u64,
}

/// Who exchanges what, and who speaks BGP.
#[derive(Debug, Default)]
pub(super) struct Silent {
    pairs: BTreeMap<SessionKey, Exchanged>,
    /// Members with a session, in either order.
    sessions: BTreeSet<(Asn, Asn)>,
    is_full: bool,
}

impl Silent {
    /// Takes all sessions that were ever seen. A member may send to another router of its peer than the
    /// one it speaks to, so sessions are those of members.
    pub(super) fn speaking(&mut self, sessions: &[SessionKey], registry: &Registry) {
        // Beyond a full table there may be sessions that nobody knows of.
        self.is_full = sessions.len() >= SESSIONS_ROOM as usize;
        self.sessions.clear();
        for session in sessions {
            let (one, other) = session.stations();
            if let (Some(one), Some(other)) = (asn(one, registry), asn(other, registry)) {
                self.sessions.extend([(one, other), (other, one)]);
            }
        }
    }

    /// Takes what was exchanged up to `at`.
    pub(super) fn exchanged(
        &mut self,
        at: Timestamp,
        delta: &Delta,
        registry: &Registry,
        settings: &Settings,
        counts: &mut BTreeMap<RuleKey, RuleCounts>,
    ) -> Vec<Sign> {
        let mut touched = BTreeSet::new();
        for (key, exchanged) in &delta.pairs {
            if let Some(pair) = self.suspect(key, registry, settings) {
                self.add(at, pair, key, *exchanged);
                touched.insert(pair);
            }
        }
        if self.is_full {
            return Vec::new();
        }
        let is_silent = |exchanged: &Exchanged| at.duration_since(exchanged.first) >= settings.bgp_silence;
        touched.retain(|pair| self.pairs.get(pair).is_some_and(is_silent));
        touched.into_iter().filter_map(|pair| self.sign(at, pair, registry, counts)).collect()
    }

    pub(super) fn forget(&mut self, at: Timestamp) {
        self.pairs.retain(|_, exchanged| at.duration_since(exchanged.last).abs() < QUIET);
    }

    /// The pair, if it is two members' that have no session.
    fn suspect(&self, key: &PairKey, registry: &Registry, settings: &Settings) -> Option<SessionKey> {
        let is_ip = matches!(key.family(), Family::Ipv4 | Family::Ipv6);
        if !is_ip || key.destination().is_group() {
            return None;
        }
        let (source, destination) =
            (StationKey::new(key.vlan(), key.source()), StationKey::new(key.vlan(), key.destination()));
        let (one, other) = (asn(source, registry)?, asn(destination, registry)?);
        let holds = settings.holds(Rule::I12, source) && settings.holds(Rule::I12, destination);
        let is_suspect = holds && one != other && !self.speak(one, other, settings);
        is_suspect.then(|| SessionKey::new(key.vlan(), key.source(), key.destination()))
    }

    fn speak(&self, one: Asn, other: Asn, settings: &Settings) -> bool {
        let servers = &settings.route_servers;
        let is_server = servers.contains(&one) || servers.contains(&other);
        let has_common = |server: &Asn| {
            self.sessions.contains(&(one, *server)) && self.sessions.contains(&(other, *server))
        };
        is_server || self.sessions.contains(&(one, other)) || servers.iter().any(has_common)
    }

    fn add(&mut self, at: Timestamp, pair: SessionKey, key: &PairKey, counts: Counts) {
        if self.pairs.len() >= PAIRS && !self.pairs.contains_key(&pair) {
            return;
        }
        let unknown = Exchanged { first: at, last: at, waiting: BTreeMap::new(), packets: 0 };
        let exchanged = self.pairs.entry(pair).or_insert(unknown);
        exchanged.last = at;
        exchanged.packets = exchanged.packets.saturating_add(counts.packets);
        exchanged.waiting.entry(StationKey::new(key.vlan(), key.source())).or_default().add(counts);
    }

    fn sign(
        &mut self,
        at: Timestamp,
        pair: SessionKey,
        registry: &Registry,
        counts: &mut BTreeMap<RuleKey, RuleCounts>,
    ) -> Option<Sign> {
        let exchanged = self.pairs.get_mut(&pair).filter(|exchanged| exchanged.packets >= LEAST)?;
        for (station, waiting) in std::mem::take(&mut exchanged.waiting) {
            let key = RuleKey::new(station, Rule::I12 as u8);
            counts.entry(key).or_default().broken.add(waiting);
        }
        let (one, other) = pair.stations();
        let names = (who::addressed(one, registry), who::addressed(other, registry));
        Some(Sign {
            subject: Subject::Silent(pair),
            kind: Kind::NoBgp,
            rule: Rule::I12,
            at,
            vlan: one.vlan(),
            culprits: vec![(one, Role::Source), (other, Role::Source)],
            evidence: format!("unicast IP between {} and {}, and no TCP port 179", names.0, names.1),
            summary: format!(
                "{} and {} exchange traffic without BGP: {} frames so far",
                names.0, names.1, exchanged.packets
            ),
        })
    }
}

fn asn(station: StationKey, registry: &Registry) -> Option<Asn> {
    registry.member_of(station.vlan(), station.mac()).map(|member| member.asn)
}
