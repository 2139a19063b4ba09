//! What members exchange and who speaks BGP in, signs of traffic without BGP out (I12).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::RandomState;
use ixp_common::addr::Family;
use ixp_common::counters::{Counts, PairKey, RuleCounts, RuleKey, SessionKey, StationKey};
use ixp_common::names::SESSIONS_ROOM;
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::{Kind, QUIET, Role, Sign, Subject};
use crate::events::{Settings, who};
use crate::members::{Asn, Registry};
use crate::pairs::PairId;
use crate::sides::Sides;

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
    /// By source, the lower address first; what has not been counted under the rule yet.
    waiting: [Counts; 2],
    packets: u64,
    /// Since signs were last looked for.
    is_touched: bool,
}

/// What is known of a pair of stations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Not looked at.
    Unknown,
    /// They may exchange what they like.
    Clear,
    /// They are two members' that have no session.
    Suspect,
}

/// Who exchanges what, and who speaks BGP.
#[derive(Debug, Default)]
pub(super) struct Silent {
    pairs: HashMap<SessionKey, Exchanged, RandomState>,
    touched: Vec<SessionKey>,
    /// Members with a session, in either order.
    sessions: HashSet<(Asn, Asn), RandomState>,
    is_full: bool,
    /// By pair; all that is concluded from members and settings, which seldom change.
    verdicts: Vec<Verdict>,
    judged_by: (u64, Settings),
}

impl Silent {
    /// Takes all sessions that were ever seen. A member may send to another router of its peer than the
    /// one it speaks to, so sessions are those of members.
    pub(super) fn speaking(&mut self, sessions: &[SessionKey], registry: &Registry) {
        // Beyond a full table there may be sessions that nobody knows of.
        self.is_full = sessions.len() >= SESSIONS_ROOM as usize;
        let asn = |station: StationKey| Some(registry.member_of(station.vlan(), station.mac())?.asn);
        let both = sessions.iter().map(SessionKey::stations);
        let speaking = both.filter_map(|(one, other)| Some((asn(one)?, asn(other)?)));
        let speaking = speaking.flat_map(|(one, other)| [(one, other), (other, one)]).collect();
        let known = std::mem::replace(&mut self.sessions, speaking);
        if self.sessions == known {
            return;
        }
        // Whom another session clears was cleared before.
        let has_lost = !self.sessions.is_superset(&known);
        for verdict in &mut self.verdicts {
            if has_lost || *verdict == Verdict::Suspect {
                *verdict = Verdict::Unknown;
            }
        }
    }

    /// Takes what was exchanged up to `at`.
    pub(super) fn exchanged(
        &mut self,
        at: Timestamp,
        pairs: &[(PairId, Counts)],
        sides: &Sides,
        settings: &Settings,
    ) {
        self.renew(sides, settings);
        for (id, counts) in pairs {
            let known = self.verdicts[id.index()];
            let verdict = if known == Verdict::Unknown { self.judge(*id, sides, settings) } else { known };
            self.verdicts[id.index()] = verdict;
            if verdict == Verdict::Suspect {
                self.add(at, &sides.keys()[id.index()], *counts);
            }
        }
    }

    /// The pairs that exchanged anything since the last call and are silent for long.
    pub(super) fn signs(
        &mut self,
        at: Timestamp,
        registry: &Registry,
        settings: &Settings,
        counts: &mut BTreeMap<RuleKey, RuleCounts>,
    ) -> Vec<Sign> {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        let signs = touched.drain(..).filter_map(|pair| {
            let exchanged = self.pairs.get_mut(&pair)?;
            exchanged.is_touched = false;
            let is_silent = at.duration_since(exchanged.first) >= settings.bgp_silence;
            let is_told = is_silent && !self.is_full && exchanged.packets >= LEAST;
            is_told.then(|| exchanged.sign(at, pair, registry, counts))
        });
        let signs = signs.collect();
        self.touched = touched;
        signs
    }

    pub(super) fn forget(&mut self, at: Timestamp) {
        self.pairs.retain(|_, exchanged| at.duration_since(exchanged.last).abs() < QUIET);
    }

    /// Makes room for the verdicts of all pairs, and forgets those that members or settings of before led to.
    fn renew(&mut self, sides: &Sides, settings: &Settings) {
        if self.judged_by.0 != sides.registered() || self.judged_by.1 != *settings {
            self.verdicts.clear();
            self.judged_by = (sides.registered(), settings.clone());
        }
        self.verdicts.resize(sides.keys().len(), Verdict::Unknown);
    }

    fn judge(&self, id: PairId, sides: &Sides, settings: &Settings) -> Verdict {
        let (source, destination) = sides.both(id);
        let is_ip = matches!(source.family, Family::Ipv4 | Family::Ipv6);
        let (true, false, Some(one), Some(other)) =
            (is_ip, destination.station.mac().is_group(), source.owner, destination.owner)
        else {
            return Verdict::Clear;
        };
        let holds =
            settings.holds(Rule::I12, source.station) && settings.holds(Rule::I12, destination.station);
        match holds && one != other && !self.speak(one, other, settings) {
            true => Verdict::Suspect,
            false => Verdict::Clear,
        }
    }

    fn speak(&self, one: Asn, other: Asn, settings: &Settings) -> bool {
        let servers = &settings.route_servers;
        let is_server = servers.contains(&one) || servers.contains(&other);
        let has_common = |server: &Asn| {
            self.sessions.contains(&(one, *server)) && self.sessions.contains(&(other, *server))
        };
        is_server || self.sessions.contains(&(one, other)) || servers.iter().any(has_common)
    }

    fn add(&mut self, at: Timestamp, key: &PairKey, counts: Counts) {
        let pair = SessionKey::new(key.vlan(), key.source(), key.destination());
        let has_room = self.pairs.len() < PAIRS;
        let exchanged = match self.pairs.entry(pair) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(another) if has_room => another.insert(Exchanged::since(at)),
            Entry::Vacant(_) => return,
        };
        exchanged.last = at;
        exchanged.packets = exchanged.packets.saturating_add(counts.packets);
        exchanged.waiting[usize::from(pair.stations().0.mac() != key.source())].add(counts);
        if !exchanged.is_touched {
            exchanged.is_touched = true;
            self.touched.push(pair);
        }
    }
}

impl Exchanged {
    const fn since(at: Timestamp) -> Self {
        Self {
            first: at,
            last: at,
            waiting: [Counts { packets: 0, bytes: 0 }; 2],
            packets: 0,
            is_touched: false,
        }
    }

    /// What it has exchanged is counted under the rule.
    fn sign(
        &mut self,
        at: Timestamp,
        pair: SessionKey,
        registry: &Registry,
        counts: &mut BTreeMap<RuleKey, RuleCounts>,
    ) -> Sign {
        let (one, other) = pair.stations();
        for (station, waiting) in [one, other].into_iter().zip(std::mem::take(&mut self.waiting)) {
            if !waiting.is_zero() {
                counts.entry(RuleKey::new(station, Rule::I12 as u8)).or_default().broken.add(waiting);
            }
        }
        let names = (who::addressed(one, registry), who::addressed(other, registry));
        Sign {
            subject: Subject::Silent(pair),
            kind: Kind::NoBgp,
            rule: Rule::I12,
            at,
            vlan: one.vlan(),
            culprits: vec![(one, Role::Source), (other, Role::Source)],
            evidence: format!("unicast IP between {} and {}, and no TCP port 179", names.0, names.1),
            summary: format!(
                "{} and {} exchange traffic without BGP: {} frames so far",
                names.0, names.1, self.packets
            ),
        }
    }
}
