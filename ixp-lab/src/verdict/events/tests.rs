//! Each culprit has its event: rule, member, port, outcome; and nobody else has one.

use super::*;
use crate::station::Station;
use crate::verdict::tests::whole::whole;

#[track_caller]
fn check(policy: Policy, spoil: impl FnOnce(&mut Vec<Event>), expected: &str) {
    let mut evidence = whole(policy);
    spoil(&mut evidence.news.events);
    assert_eq!(failures(&evidence).join("; "), expected);
}

fn of(events: &mut [Event], rule: Rule, number: u8) -> &mut Event {
    let mac = Station { number }.mac();
    events.iter_mut().find(|event| (event.rule, event.mac) == (rule, mac)).unwrap()
}

#[test]
fn events_that_name_every_culprit_pass() {
    check(Policy::Enforce, |_| {}, "");
    check(Policy::Monitor, |_| {}, "");
}

#[test]
fn a_missing_event_fails() {
    let missing = |events: &mut Vec<Event>| events.retain(|event| event.rule != Rule::L12);
    check(Policy::Enforce, missing, "LLDP of AS65009: no event says L12, AS65009, p9, dropped");
}

#[test]
fn an_event_of_another_port_or_member_fails() {
    check(
        Policy::Enforce,
        |events| of(events, Rule::N02, 6).port = Some("p7".to_owned()),
        "RS of AS65006: no event says N02, AS65006, p6, dropped, but one that says AS65006, p7, dropped",
    );
    check(
        Policy::Enforce,
        |events| of(events, Rule::N02, 6).asn = None,
        "RS of AS65006: no event says N02, AS65006, p6, dropped, but one that says no member, p6, dropped",
    );
}

#[test]
fn an_event_of_another_outcome_fails() {
    check(
        Policy::Monitor,
        |events| of(events, Rule::A06, 3).outcome = "passed".to_owned(),
        "proxy ARP of AS65003: no event says A06, AS65003, p3, would-drop, but one that says AS65003, p3, passed",
    );
}

#[test]
fn the_owner_of_a_stolen_address_may_be_the_one_that_moves() {
    check(Policy::Enforce, |events| of(events, Rule::L08, 21).port = Some("p21".to_owned()), "");
    check(
        Policy::Enforce,
        |events| of(events, Rule::L06, 21).port = Some("p21".to_owned()),
        "MAC move of AS65020: no event says L06, AS65021, p20, dropped, but one that says AS65021, p21, dropped",
    );
}

#[test]
fn an_event_that_names_an_innocent_fails() {
    let innocent = |events: &mut Vec<Event>| {
        let event = events[0].clone();
        events.push(Event { mac: Station { number: 2 }.mac(), ..event });
    };
    check(Policy::Enforce, innocent, "an event says that 02:00:00:00:00:02 breaks A05");
}

#[test]
fn on_a_tap_the_port_is_that_of_the_members_file_and_strangers_have_none() {
    let mut evidence = whole(Policy::Monitor);
    evidence.mode = Mode::Tap;
    let flood = evidence.deeds.iter().find(|deed| deed.sin.name == "MAC flood").unwrap();
    assert!(due(&evidence, flood).iter().all(|due| due.ports.is_empty()));
    let ra = evidence.deeds.iter().find(|deed| deed.sin.name == "RA").unwrap();
    assert!(due(&evidence, ra).iter().all(|due| due.ports == ["p5"]));
}
