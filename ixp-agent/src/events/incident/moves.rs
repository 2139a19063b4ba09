//! Stations that turn up elsewhere in, signs of moves and loops out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::StationKey;
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

use super::store::Store;
use super::{Breach, Kind, QUIET, Role, Sign, Subject};
use crate::events::{Settings, who};
use crate::members::Registry;
use crate::stations::Inventory;

/// Moves that come this close to each other have one cause.
const WINDOW: SignedDuration = SignedDuration::from_secs(10);
/// As many stations that move at once make a loop.
const MANY: usize = 4;
/// Moves that are remembered per VLAN.
const MOVES: usize = 256;

/// Who moved lately.
#[derive(Debug, Default)]
pub(super) struct Moves {
    recent: BTreeMap<VlanId, VecDeque<(Timestamp, Mac)>>,
    /// How often each station moved since its incident began.
    counts: BTreeMap<StationKey, u64>,
}

impl Moves {
    /// Takes a station's frame from another port than its last one, or the host's own that came back.
    pub(super) fn moved(
        &mut self,
        breach: &Breach<'_>,
        registry: &Registry,
        store: &mut Store,
    ) -> Option<Sign> {
        let station = breach.station;
        let place = breach.port.or(breach.interface).unwrap_or("an interface that is gone");
        if breach.is_own {
            let summary = format!("frames of the monitor itself ({}) come back on {place}", station.mac());
            let evidence = format!("{} came back on {place}", station.mac());
            return Some(looping(breach, vec![(station, Role::Source)], evidence, summary));
        }
        let who = who::addressed(station, registry);
        let evidence = format!("{who} is seen on {place}");
        let movers = self.movers(breach);
        if movers.len() >= MANY || store.is_open(&Subject::Loop(station.vlan())) {
            let stations: Vec<StationKey> =
                movers.iter().map(|mac| StationKey::new(station.vlan(), *mac)).collect();
            for mover in &stations {
                store.merge(&Subject::Move(*mover), "others move with it: it is part of a loop");
            }
            let summary = format!("{} stations move between ports at once: a loop", movers.len().max(MANY));
            let culprits = stations.into_iter().map(|mover| (mover, Role::Source)).collect();
            return Some(looping(breach, culprits, evidence, summary));
        }
        if !store.is_open(&Subject::Move(station)) {
            self.counts.remove(&station);
        }
        let count = self.counts.entry(station).or_default();
        *count += breach.suppressed.saturating_add(1);
        Some(Sign {
            subject: Subject::Move(station),
            kind: Kind::MacMove,
            rule: Rule::L08,
            at: breach.at,
            vlan: station.vlan(),
            culprits: vec![(station, Role::Source)],
            evidence,
            summary: match *count {
                1 => format!("{who} has moved to {place}"),
                count => format!("{who} has moved {count} times, last to {place}"),
            },
        })
    }

    pub(super) fn forget(&mut self, at: Timestamp) {
        self.recent.retain(|_, recent| {
            recent.retain(|(moved, _)| at.duration_since(*moved).abs() <= WINDOW);
            !recent.is_empty()
        });
        // Counts matter while an incident is open, and only registered stations move.
        if self.counts.len() > MOVES * MANY {
            self.counts.clear();
        }
    }

    /// The stations that moved at this time.
    fn movers(&mut self, breach: &Breach<'_>) -> BTreeSet<Mac> {
        let recent = self.recent.entry(breach.station.vlan()).or_default();
        if recent.len() == MOVES {
            recent.pop_front();
        }
        recent.push_back((breach.at, breach.station.mac()));
        let is_near = |moved: Timestamp| breach.at.duration_since(moved).abs() <= WINDOW;
        recent.iter().filter(|(moved, _)| is_near(*moved)).map(|(_, mac)| *mac).collect()
    }
}

fn looping(
    breach: &Breach<'_>,
    culprits: Vec<(StationKey, Role)>,
    evidence: String,
    summary: String,
) -> Sign {
    Sign {
        subject: Subject::Loop(breach.station.vlan()),
        kind: Kind::Loop,
        rule: Rule::L08,
        at: breach.at,
        vlan: breach.station.vlan(),
        culprits,
        evidence,
        summary,
    }
}

/// Stations that are on several VLANs and registered on one of them at most.
pub(super) fn roaming(
    at: Timestamp,
    stations: &Inventory,
    registry: &Registry,
    settings: &Settings,
) -> Vec<Sign> {
    if registry.interfaces().is_empty() {
        return Vec::new();
    }
    let mut signs = Vec::new();
    for (mac, seen) in stations.on_several_vlans() {
        let is_registered = |vlan: &VlanId| registry.interface_of(*vlan, mac).is_some();
        let registered = seen.iter().filter(|(vlan, _)| is_registered(vlan)).count();
        let holds = seen.iter().all(|(vlan, _)| settings.holds(Rule::L08, StationKey::new(*vlan, mac)));
        // It is on two only as long as the second of them goes on.
        let mut moments: Vec<Timestamp> = seen.iter().map(|(_, last)| *last).collect();
        moments.sort_unstable_by(|left, right| right.cmp(left));
        let Some(&second) = moments.get(1) else { continue };
        if registered > 1 || !holds || at.duration_since(second) >= QUIET {
            continue;
        }
        signs.push(roams(mac, &seen, second, registry));
    }
    signs
}

fn roams(mac: Mac, seen: &[(VlanId, Timestamp)], at: Timestamp, registry: &Registry) -> Sign {
    let home = seen.iter().find(|(vlan, _)| registry.interface_of(*vlan, mac).is_some());
    let vlan = home.or(seen.first()).map_or(VlanId::UNTAGGED, |(vlan, _)| *vlan);
    let station = StationKey::new(vlan, mac);
    let names: Vec<String> = seen.iter().take(8).map(|(vlan, _)| vlan.to_string()).collect();
    let who = who::addressed(station, registry);
    Sign {
        subject: Subject::Roaming(mac),
        kind: Kind::MacMove,
        rule: Rule::L08,
        at,
        vlan,
        culprits: vec![(station, Role::Source)],
        evidence: format!("frames of {mac} on VLANs {}", names.join(", ")),
        summary: format!("{who} is on {} VLANs: {}", seen.len(), names.join(", ")),
    }
}
