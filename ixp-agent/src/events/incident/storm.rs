//! Router solicitations and advertisements in, signs of storms out: what one station calls forth from many.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::StationKey;
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

use super::{Breach, Kind, Role, Sign, Subject};
use crate::events::who;
use crate::members::Registry;

/// An answer comes within half a second (RFC 4861 §6.2.6), a rate-limited one within three.
const WINDOW: SignedDuration = SignedDuration::from_secs(10);
/// Answers of as many stations make a storm.
const LEAST: usize = 2;
/// Solicitations that are remembered per VLAN; the newest is the one that is answered.
const SOLICITATIONS: usize = 16;
/// Responders that are remembered per solicitation.
const RESPONDERS: usize = 256;

#[derive(Debug)]
struct Solicitation {
    at: Timestamp,
    by: Mac,
    responders: BTreeSet<Mac>,
}

/// Who asked for routers lately, and who answered.
#[derive(Debug, Default)]
pub(super) struct Storms {
    recent: BTreeMap<VlanId, VecDeque<Solicitation>>,
}

impl Storms {
    /// Takes a router solicitation.
    pub(super) fn solicited(&mut self, breach: &Breach<'_>) {
        let recent = self.recent.entry(breach.station.vlan()).or_default();
        let by = breach.station.mac();
        // A station repeats its solicitation; the answers are to one and the same.
        let before = recent.iter().position(|solicitation| solicitation.by == by);
        let responders = before.and_then(|at| recent.remove(at)).map(|known| known.responders);
        if recent.len() == SOLICITATIONS {
            recent.pop_front();
        }
        recent.push_back(Solicitation { at: breach.at, by, responders: responders.unwrap_or_default() });
    }

    /// Takes a router advertisement. One that nobody asked for is no sign of a storm.
    pub(super) fn advertised(&mut self, breach: &Breach<'_>, registry: &Registry) -> Option<Sign> {
        let (vlan, responder) = (breach.station.vlan(), breach.station.mac());
        let is_asked = |asked: &&mut Solicitation| {
            asked.by != responder && breach.at.duration_since(asked.at).abs() <= WINDOW
        };
        let asked = self.recent.get_mut(&vlan)?.iter_mut().rev().find(is_asked)?;
        if asked.responders.len() < RESPONDERS {
            asked.responders.insert(responder);
        }
        if asked.responders.len() < LEAST {
            return None;
        }
        let trigger = StationKey::new(vlan, asked.by);
        let count = asked.responders.len();
        let responders = asked.responders.iter().map(|mac| (StationKey::new(vlan, *mac), Role::Responder));
        let mut culprits = vec![(trigger, Role::Trigger)];
        culprits.extend(responders);
        let (who_asked, who_says) =
            (who::station(trigger, registry), who::addressed(breach.station, registry));
        Some(Sign {
            subject: Subject::Storm(trigger),
            kind: Kind::RaStorm,
            rule: Rule::N01,
            at: breach.at,
            vlan,
            culprits,
            evidence: format!("router advertisement of {who_says}, after the solicitation of {}", asked.by),
            summary: format!(
                "a router solicitation of {who_asked} makes {count} stations send router advertisements"
            ),
        })
    }

    pub(super) fn forget(&mut self, at: Timestamp) {
        self.recent.retain(|_, recent| {
            recent.retain(|asked| at.duration_since(asked.at).abs() <= WINDOW);
            !recent.is_empty()
        });
    }
}
