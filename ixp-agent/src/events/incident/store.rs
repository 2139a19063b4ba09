//! Signs in, incidents out: opened, added to, closed; never more than there is room for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Culprit, Incident, QUIET, Sign, Subject};
use crate::events::Severity;
use crate::members::Registry;

/// Incidents that are kept, closed ones among them.
const INCIDENTS: usize = 1000;
/// Those of them in which no member takes part, while they are open.
const STRANGERS: usize = 250;
/// Lines of evidence of one incident.
const EVIDENCE: usize = 20;
/// Stations of one incident.
const CULPRITS: usize = 64;
/// An incident that grows is told again after this long.
const AGAIN: SignedDuration = SignedDuration::from_secs(10);

/// An incident that has no end.
#[derive(Debug)]
struct Open {
    id: u64,
    last: Timestamp,
    /// When it was told of, and whether more is known since.
    told: Timestamp,
    has_grown: bool,
    is_members: bool,
}

/// All incidents.
#[derive(Debug, Default)]
pub(super) struct Store {
    incidents: BTreeMap<u64, Arc<Incident>>,
    open: BTreeMap<Subject, Open>,
    changed: BTreeSet<u64>,
    made: u64,
    lost: u64,
}

impl Store {
    /// Takes a sign: of an incident that is open, or of one that begins.
    pub(super) fn note(&mut self, sign: Sign, registry: &Registry) {
        let is_new = !self.open.contains_key(&sign.subject);
        if is_new && !self.begin(&sign, registry) {
            self.lost += 1;
            return;
        }
        let Some(open) = self.open.get_mut(&sign.subject) else { return };
        let Some(incident) = self.incidents.get_mut(&open.id) else { return };
        let incident = Arc::make_mut(incident);
        open.last = open.last.max(sign.at);
        incident.summary = sign.summary;
        for (station, role) in sign.culprits {
            // With whom it begins it is told of at once.
            open.has_grown |= add_culprit(incident, culprit(station, role, registry)) && !is_new;
        }
        add_evidence(incident, sign.at, &sign.evidence);
    }

    /// Whether an incident of a subject is open.
    pub(super) fn is_open(&self, subject: &Subject) -> bool {
        self.open.contains_key(subject)
    }

    /// Closes the incident of a subject, if one is open: it has become part of another.
    pub(super) fn merge(&mut self, subject: &Subject, into: &str) {
        let Some(open) = self.open.remove(subject) else { return };
        if let Some(incident) = self.incidents.get_mut(&open.id) {
            add_evidence(Arc::make_mut(incident), open.last, into);
        }
        self.end(&open);
    }

    /// Closes what is quiet, and tells again of what has grown.
    pub(super) fn close_quiet(&mut self, at: Timestamp) {
        let quiet = |open: &Open| at.duration_since(open.last) >= QUIET;
        let over: Vec<Subject> =
            self.open.iter().filter(|(_, open)| quiet(open)).map(|(subject, _)| *subject).collect();
        for open in over.iter().filter_map(|subject| self.open.remove(subject)).collect::<Vec<_>>() {
            self.end(&open);
        }
        for open in self.open.values_mut() {
            // A clock that was put back starts the wait anew.
            open.last = open.last.min(at);
            if open.has_grown && at.duration_since(open.told).abs() >= AGAIN {
                (open.has_grown, open.told) = (false, at);
                self.changed.insert(open.id);
            }
        }
    }

    /// The incidents that began, grew or ended since the last call.
    pub(super) fn take_changed(&mut self) -> Vec<Arc<Incident>> {
        let changed = std::mem::take(&mut self.changed);
        changed.iter().filter_map(|id| self.incidents.get(id)).cloned().collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.incidents.values()
    }

    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    fn begin(&mut self, sign: &Sign, registry: &Registry) -> bool {
        let is_member =
            |station: &super::StationKey| registry.member_of(station.vlan(), station.mac()).is_some();
        let is_members = sign.culprits.iter().any(|(station, _)| is_member(station));
        if !self.make_room(is_members) {
            return false;
        }
        self.made += 1;
        let incident = Incident {
            id: self.made,
            kind: sign.kind,
            rule: sign.rule,
            severity: Severity::of(sign.rule),
            start: sign.at,
            end: None,
            vlan: sign.vlan,
            culprits: Vec::new(),
            more_culprits: 0,
            evidence: Vec::new(),
            more_evidence: 0,
            summary: String::new(),
        };
        let open = Open { id: self.made, last: sign.at, told: sign.at, has_grown: false, is_members };
        self.incidents.insert(self.made, Arc::new(incident));
        self.changed.insert(self.made);
        self.open.insert(sign.subject, open);
        true
    }

    /// The oldest that is over goes first; then, for a member's, the oldest in which no member has a part.
    fn make_room(&mut self, is_members: bool) -> bool {
        let strangers = || self.open.iter().filter(|(_, open)| !open.is_members);
        if !is_members && strangers().count() >= STRANGERS {
            return false;
        }
        if self.incidents.len() < INCIDENTS {
            return true;
        }
        let over =
            self.incidents.values().find(|incident| incident.end.is_some()).map(|incident| incident.id);
        if let Some(id) = over {
            return self.incidents.remove(&id).is_some();
        }
        let oldest = strangers().min_by_key(|(_, open)| open.last).map(|(subject, _)| *subject);
        match oldest.filter(|_| is_members).and_then(|subject| self.open.remove(&subject)) {
            Some(open) => {
                self.lost += 1;
                self.incidents.remove(&open.id).is_some()
            }
            None => false,
        }
    }

    fn end(&mut self, open: &Open) {
        if let Some(incident) = self.incidents.get_mut(&open.id) {
            Arc::make_mut(incident).end = Some(open.last);
            self.changed.insert(open.id);
        }
    }
}

fn culprit(station: super::StationKey, role: super::Role, registry: &Registry) -> Culprit {
    let member = registry.member_of(station.vlan(), station.mac());
    let (asn, name) = (member.map(|member| member.asn), member.map(|member| member.name.clone()));
    Culprit { station, asn, member: name, role }
}

/// Whether it was not known before.
fn add_culprit(incident: &mut Incident, culprit: Culprit) -> bool {
    let is_known = |known: &Culprit| (known.station, known.role) == (culprit.station, culprit.role);
    if incident.culprits.iter().any(is_known) {
        return false;
    }
    if incident.culprits.len() == CULPRITS {
        incident.more_culprits += 1;
        return false;
    }
    incident.culprits.push(culprit);
    true
}

/// What was seen before is not said again.
fn add_evidence(incident: &mut Incident, at: Timestamp, line: &str) {
    if incident.evidence.iter().any(|known| known.ends_with(line)) {
        return;
    }
    let line = format!("{} {line}", at.strftime("%H:%M:%SZ"));
    if incident.evidence.len() < EVIDENCE {
        incident.evidence.push(line);
    } else {
        incident.more_evidence += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::incident::{Kind, Role};
    use crate::events::tests::{at, registry, station};
    use ixp_common::addr::{Mac, VlanId};
    use ixp_common::counters::StationKey;
    use ixp_common::rules::Rule;

    fn sign(station: StationKey, second: i64) -> Sign {
        Sign {
            subject: Subject::Sweep(station, Rule::A11),
            kind: Kind::Sweep,
            rule: Rule::A11,
            at: at(second),
            vlan: VlanId::UNTAGGED,
            culprits: vec![(station, Role::Source)],
            evidence: format!("it asks at {second}"),
            summary: "a sweep".to_owned(),
        }
    }

    fn forged(number: u16) -> StationKey {
        let [high, low] = number.to_be_bytes();
        StationKey::new(VlanId::UNTAGGED, Mac([2, 0, 0, 9, high, low]))
    }

    #[test]
    fn an_incident_ends_with_its_last_sign_and_another_begins_after_it() {
        let (mut store, registry) = (Store::default(), registry());
        for second in [0, 100, 399] {
            store.note(sign(station(1), second), &registry);
            store.close_quiet(at(second));
        }
        assert_eq!(store.take_changed().len(), 1);
        store.close_quiet(at(399 + 300));
        let changed = store.take_changed();
        assert_eq!((changed[0].start, changed[0].end), (at(0), Some(at(399))));
        assert_eq!((changed[0].evidence.len(), store.open()), (3, 0));
        store.note(sign(station(1), 700), &registry);
        assert_eq!(store.iter().map(|incident| incident.id).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn an_incident_is_told_again_if_others_take_part_and_not_else() {
        let (mut store, registry) = (Store::default(), registry());
        let told = |store: &mut Store, second| {
            store.close_quiet(at(second));
            store.take_changed().len()
        };
        store.note(sign(station(1), 0), &registry);
        assert_eq!([0, 11, 30].map(|second| told(&mut store, second)), [1, 0, 0]);
        let more = Sign { culprits: vec![(station(2), Role::Source)], ..sign(station(1), 40) };
        store.note(more, &registry);
        assert_eq!([41, 60].map(|second| told(&mut store, second)), [1, 0]);
    }

    #[test]
    fn evidence_is_bounded_and_counts_what_it_leaves_out() {
        let (mut store, registry) = (Store::default(), registry());
        for second in 0..50 {
            store.note(sign(station(1), second), &registry);
            store.note(sign(station(1), 1), &registry);
        }
        let incident = store.iter().next().expect("one");
        assert_eq!((incident.evidence.len(), incident.more_evidence), (20, 30));
        assert_eq!(incident.evidence[1], "00:00:01Z it asks at 1");
        assert_eq!(incident.culprits.len(), 1);
    }

    #[test]
    fn forged_stations_leave_room_for_members() {
        let (mut store, registry) = (Store::default(), registry());
        for number in 0..2000 {
            store.note(sign(forged(number), 0), &registry);
        }
        assert_eq!((store.open(), store.lost()), (STRANGERS, 2000 - STRANGERS as u64));
        store.note(sign(station(1), 0), &registry);
        assert!(store.is_open(&Subject::Sweep(station(1), Rule::A11)));
    }

    #[test]
    fn never_more_than_there_is_room_for_and_what_is_over_goes_first() {
        let (mut store, registry) = (Store::default(), registry());
        store.note(sign(station(1), 0), &registry);
        for round in 0..10u16 {
            for number in 0..200 {
                store.note(sign(forged(round * 200 + number), i64::from(round) * 1000), &registry);
            }
            store.note(sign(station(1), i64::from(round) * 1000), &registry);
            store.open.values_mut().for_each(|open| open.is_members = open.id == 1);
            let over = i64::from(round) * 1000 + 400;
            store.note(sign(station(1), over), &registry);
            store.close_quiet(at(over));
        }
        assert_eq!(store.incidents.len(), INCIDENTS);
        assert!(store.is_open(&Subject::Sweep(station(1), Rule::A11)));
    }
}
