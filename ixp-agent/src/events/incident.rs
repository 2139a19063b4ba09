//! What is told and counted in, incidents out: what belongs together is one, with those who take part.

mod duplicate;
mod moves;
mod silent;
mod store;
mod storm;
mod sweep;

use std::collections::BTreeMap;
use std::sync::Arc;

use ixp_common::addr::{Ip6, Mac, VlanId};
use ixp_common::counters::{ClaimKey, Heard, RuleCounts, RuleKey, SessionKey, StationKey};
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

use super::log::Query;
use super::{Breach, Settings, Severity};
use crate::members::{Asn, Registry};
use crate::pairs::PairId;
use crate::sides::Sides;
use crate::snapshot::Delta;
use crate::stations::Inventory;

use self::duplicate::Duplicates;
use self::moves::Moves;
use self::silent::Silent;
use self::store::Store;
use self::storm::Storms;
use self::sweep::Sweeps;

/// What kind of incident it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Router advertisements that a router solicitation called forth.
    RaStorm,
    /// A station that is seen here and there.
    MacMove,
    /// Frames that come back.
    Loop,
    /// An address that several stations claim.
    DuplicateAddress,
    /// A station that asks for many addresses.
    Sweep,
    /// Members that exchange traffic without BGP.
    NoBgp,
}

impl Kind {
    /// The name in JSON and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RaStorm => "ra-storm",
            Self::MacMove => "mac-move",
            Self::Loop => "loop",
            Self::DuplicateAddress => "duplicate-address",
            Self::Sweep => "sweep",
            Self::NoBgp => "no-bgp",
        }
    }
}

/// What part a station has in an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It called the others forth.
    Trigger,
    /// It answered.
    Responder,
    /// It says an address is its own.
    Claimant,
    /// It sent.
    Source,
}

impl Role {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Responder => "responder",
            Self::Claimant => "claimant",
            Self::Source => "source",
        }
    }
}

/// Who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Culprit {
    /// The station.
    pub station: StationKey,
    /// The member that it belonged to then.
    pub asn: Option<Asn>,
    /// That member's name.
    pub member: Option<String>,
    /// Its part.
    pub role: Role,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Grows with each incident.
    pub id: u64,
    /// Its kind.
    pub kind: Kind,
    /// The rule that it breaks.
    pub rule: Rule,
    /// How much it matters.
    pub severity: Severity,
    /// The first sign of it.
    pub start: Timestamp,
    /// The last sign of it, once it is quiet.
    pub end: Option<Timestamp>,
    /// Where.
    pub vlan: VlanId,
    /// Who takes part, in order of coming.
    pub culprits: Vec<Culprit>,
    /// Others that take part.
    pub more_culprits: u64,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// Further lines that were not kept.
    pub more_evidence: u64,
    /// What happens, in words.
    pub summary: String,
}

impl Incident {
    fn is_asked_for(&self, query: &Query) -> bool {
        let is_of = |asn| self.culprits.iter().any(|culprit| culprit.asn == Some(asn));
        query.rule.is_none_or(|rule| rule == self.rule)
            && query.member.is_none_or(is_of)
            && query.since.is_none_or(|since| self.end.is_none_or(|end| end >= since))
    }
}

/// What makes a sign belong to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Subject {
    /// Answers to this station's solicitation.
    Storm(StationKey),
    /// This station's moves between ports.
    Move(StationKey),
    /// This station's address on several VLANs.
    Roaming(Mac),
    /// Frames that come back on this VLAN.
    Loop(VlanId),
    /// This station's claims of others' addresses.
    Intruder(StationKey),
    /// This address, which nobody is registered with.
    Address(VlanId, Ip6),
    /// This station's requests.
    Sweep(StationKey, Rule),
    /// What these two exchange.
    Silent(SessionKey),
}

/// A sign of an incident.
#[derive(Debug)]
struct Sign {
    subject: Subject,
    kind: Kind,
    rule: Rule,
    at: Timestamp,
    vlan: VlanId,
    culprits: Vec<(StationKey, Role)>,
    /// One line.
    evidence: String,
    summary: String,
}

/// Without a sign for this long, an incident is over.
const QUIET: SignedDuration = SignedDuration::from_mins(5);

/// The incidents, and what it takes to find them.
#[derive(Debug, Default)]
pub struct Incidents {
    store: Store,
    storms: Storms,
    moves: Moves,
    duplicates: Duplicates,
    sweeps: Sweeps,
    silent: Silent,
    counts: BTreeMap<RuleKey, RuleCounts>,
}

impl Incidents {
    /// All incidents, in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.store.iter()
    }

    /// The incidents that are asked for, the newest up to the limit, in order of their ids.
    #[must_use]
    pub fn query(&self, query: &Query) -> Vec<Arc<Incident>> {
        let all = self.iter().filter(|incident| incident.is_asked_for(query));
        let mut found: Vec<Arc<Incident>> = all.cloned().collect();
        let more = found.len().saturating_sub(query.limit.unwrap_or(usize::MAX));
        found.drain(..more);
        found
    }

    /// Incidents that have no end.
    #[must_use]
    pub fn open(&self) -> usize {
        self.store.open()
    }

    /// Incidents for which there was no room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.store.lost()
    }

    pub(super) fn breach(&mut self, breach: &Breach<'_>, registry: &Registry) {
        let sign = match breach.rule {
            Rule::N01 => self.storms.advertised(breach, registry),
            Rule::N02 => {
                self.storms.solicited(breach);
                None
            }
            Rule::L08 => self.moves.moved(breach, registry, &mut self.store),
            Rule::A11 | Rule::N11 => {
                self.sweeps.told(breach);
                None
            }
            _ => None,
        };
        if let Some(sign) = sign {
            self.store.note(sign, registry);
        }
    }

    pub(super) fn counted(
        &mut self,
        at: Timestamp,
        delta: &Delta<PairId>,
        sides: &Sides,
        registry: &Registry,
        settings: &Settings,
    ) {
        for sign in self.sweeps.counted(at, &delta.rules, registry) {
            self.store.note(sign, registry);
        }
        let silent = &mut self.silent;
        silent.exchanged(at, &delta.pairs, sides, settings);
        for sign in silent.signs(at, registry, settings, &mut self.counts) {
            self.store.note(sign, registry);
        }
    }

    pub(super) fn claimed(
        &mut self,
        now: (Timestamp, u64),
        claims: &BTreeMap<ClaimKey, Heard>,
        registry: &Registry,
        settings: &Settings,
    ) {
        for sign in self.duplicates.look(now, claims, registry, settings, &mut self.counts) {
            self.store.note(sign, registry);
        }
    }

    pub(super) fn speaking(&mut self, sessions: &[SessionKey], registry: &Registry) {
        self.silent.speaking(sessions, registry);
    }

    pub(super) fn roaming(
        &mut self,
        at: Timestamp,
        stations: &Inventory,
        registry: &Registry,
        settings: &Settings,
    ) {
        for sign in moves::roaming(at, stations, registry, settings) {
            self.store.note(sign, registry);
        }
    }

    pub(super) fn tick(&mut self, at: Timestamp) {
        self.storms.forget(at);
        self.moves.forget(at);
        self.sweeps.forget(at);
        self.silent.forget(at);
        self.store.close_quiet(at);
    }

    pub(super) fn take_changed(&mut self) -> Vec<Arc<Incident>> {
        self.store.take_changed()
    }

    pub(super) fn take_counts(&mut self) -> BTreeMap<RuleKey, RuleCounts> {
        std::mem::take(&mut self.counts)
    }
}

#[cfg(test)]
mod tests;
