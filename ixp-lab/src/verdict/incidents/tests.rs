//! Each incident that the sins make is told of once, with all who take part and nobody else.

use super::*;
use crate::exchange::Policy;
use crate::station::Station;
use crate::verdict::tests::whole::whole;

#[track_caller]
fn check(policy: Policy, spoil: impl FnOnce(&mut Vec<news::Incident>), expected: &str) {
    let mut evidence = whole(policy);
    spoil(&mut evidence.news.incidents);
    assert_eq!(failures(&evidence).join("; "), expected);
}

fn of<'a>(incidents: &'a mut [news::Incident], kind: &str) -> &'a mut news::Incident {
    incidents.iter_mut().find(|incident| incident.kind == kind).unwrap()
}

fn innocent(role: &str) -> news::Culprit {
    let station = Station { number: 2 };
    news::Culprit { mac: station.mac(), asn: Some(station.asn()), role: role.to_owned() }
}

#[test]
fn incidents_that_name_all_who_take_part_pass() {
    check(Policy::Enforce, |_| {}, "");
    check(Policy::Monitor, |_| {}, "");
}

#[test]
fn a_missing_incident_fails() {
    let kinds = [
        ("mac-move", "mac-move (L08)"),
        ("duplicate-address", "duplicate-address (A09)"),
        ("no-bgp", "no-bgp (I12)"),
    ];
    for (kind, name) in kinds {
        let missing = |incidents: &mut Vec<news::Incident>| incidents.retain(|told| told.kind != kind);
        check(Policy::Enforce, missing, &format!("no incident {name}"));
    }
    let sweep =
        |incidents: &mut Vec<news::Incident>| incidents.retain(|told| told.rule != Incident::NsSweep.rule());
    check(Policy::Enforce, sweep, "no incident sweep (N11)");
    let storm = |incidents: &mut Vec<news::Incident>| incidents.retain(|told| told.kind != "ra-storm");
    check(Policy::Monitor, storm, "no incident ra-storm (N01)");
}

#[test]
fn an_innocent_that_is_named_fails() {
    check(
        Policy::Enforce,
        |incidents| of(incidents, "no-bgp").culprits.push(innocent("source")),
        "incident no-bgp (I12) names AS65002 as source, who has no such part",
    );
}

#[test]
fn an_incident_that_nobody_made_fails() {
    let storm = |incidents: &mut Vec<news::Incident>| {
        let mut invented = incidents[0].clone();
        (invented.kind, invented.rule) = ("loop".to_owned(), Incident::MacMove.rule());
        invented.culprits = vec![innocent("source")];
        incidents.push(invented);
    };
    check(Policy::Enforce, storm, "an incident loop (L08) of AS65002 as source that nobody made");
}

#[test]
fn a_storm_names_its_trigger_and_each_that_answers() {
    check(
        Policy::Monitor,
        |incidents| of(incidents, "ra-storm").culprits.retain(|culprit| culprit.role != "trigger"),
        "incident ra-storm (N01) does not name AS65006 as trigger",
    );
    check(
        Policy::Monitor,
        |incidents| of(incidents, "ra-storm").culprits.retain(|culprit| culprit.asn != Some(65018)),
        "incident ra-storm (N01) does not name AS65018 as responder",
    );
    // Who advertises unasked may be taken for one that answers, or not.
    check(
        Policy::Monitor,
        |incidents| of(incidents, "ra-storm").culprits.retain(|culprit| culprit.asn != Some(65005)),
        "",
    );
}

#[test]
fn a_solicitation_that_is_dropped_makes_no_storm() {
    let evidence = whole(Policy::Enforce);
    assert!(!due(&evidence).contains_key(&Incident::RaStorm));
    assert!(due(&whole(Policy::Monitor)).contains_key(&Incident::RaStorm));
}

#[test]
fn one_incident_is_not_told_of_twice() {
    let twice = |incidents: &mut Vec<news::Incident>| {
        let again = of(incidents, "mac-move").clone();
        incidents.push(again);
    };
    check(Policy::Enforce, twice, "2 incidents mac-move (L08) instead of one");
}

#[test]
fn an_incident_has_evidence_and_ends_after_it_begins() {
    check(
        Policy::Enforce,
        |incidents| of(incidents, "no-bgp").evidence.clear(),
        "incident no-bgp (I12) has no evidence",
    );
    check(
        Policy::Enforce,
        |incidents| of(incidents, "no-bgp").end = Some("2026-11-25T09:59:59Z".to_owned()),
        "incident no-bgp (I12) ends before it begins",
    );
    check(
        Policy::Enforce,
        |incidents| of(incidents, "mac-move").evidence = vec!["10:00:00Z it is seen on p200".to_owned()],
        "incident mac-move (L08) has no evidence of port p20",
    );
}

#[test]
fn a_row_has_the_trigger_first_and_where_a_stolen_address_was_seen() {
    let evidence = whole(Policy::Monitor);
    let line =
        "ra-storm           N01   10:00:00  trigger AS65006, responder AS65005 AS65017 AS65018 AS65019";
    assert!(table(&evidence).lines().any(|text| text == line), "{}", table(&evidence));
    let line = "mac-move           L08   10:00:00  source AS65021, seen on p20";
    assert!(table(&evidence).lines().any(|text| text == line), "{}", table(&evidence));
}
