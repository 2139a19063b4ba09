//! What belongs together is one incident, and nothing else is in it.

use ixp_common::addr::Mac;

use super::*;
use crate::events::tests::{arp_frame, at, breach, broken, counted, mac, registry, sent, sent_to, station};
use crate::events::{Events, Role};

const SECOND: u64 = 1_000_000_000;

fn events() -> (Events, Registry) {
    (Events::default(), registry())
}

fn kinds(events: &Events) -> Vec<Kind> {
    events.incidents().iter().map(|incident| incident.kind).collect()
}

fn roles(events: &Events, of: usize) -> Vec<(u32, Role)> {
    let incident = events.incidents().iter().nth(of).expect("as many");
    incident.culprits.iter().map(|culprit| (culprit.asn.map_or(0, |asn| asn.0), culprit.role)).collect()
}

fn claim(last: u8, address: [u8; 4]) -> ClaimKey {
    ClaimKey::ipv4(VlanId::UNTAGGED, mac(last), address)
}

fn heard(second: u64) -> Heard {
    Heard { first: 1, last: second * SECOND }
}

fn look(events: &mut Events, second: u64, claims: &[(ClaimKey, Heard)], registry: &Registry) {
    let claims = claims.iter().copied().collect();
    let now = (at(i64::try_from(second).expect("small")), second * SECOND);
    events.looked(now, &claims, &[], &Inventory::new(10), registry);
}

#[test]
fn a_storm_names_its_trigger_and_all_that_answer() {
    let (mut events, registry) = events();
    events.breach(&breach(Rule::N02, 1, 10), &registry);
    for responder in 2..=17 {
        events.breach(&breach(Rule::N01, responder, 11), &registry);
    }
    let mut expected = vec![(64501, Role::Trigger)];
    expected.extend((64502..=64517).map(|asn| (asn, Role::Responder)));
    assert_eq!((kinds(&events), roles(&events, 0)), (vec![Kind::RaStorm], expected));
    let incident = events.incidents().iter().next().expect("one");
    assert_eq!(
        incident.summary,
        "a router solicitation of AS64501 (Example 1) makes 16 stations send router advertisements"
    );
}

#[test]
fn advertisements_that_nobody_asked_for_are_no_storm() {
    let (mut events, registry) = events();
    for responder in 2..=5 {
        events.breach(&breach(Rule::N01, responder, 1), &registry);
    }
    events.breach(&breach(Rule::N02, 1, 10), &registry);
    events.breach(&breach(Rule::N01, 1, 11), &registry);
    events.breach(&breach(Rule::N01, 2, 11), &registry);
    events.breach(&breach(Rule::N01, 3, 21), &registry);
    assert_eq!(kinds(&events), []);
}

#[test]
fn a_station_that_flaps_is_one_incident_with_its_places() {
    let (mut events, registry) = events();
    for (second, port) in [(1, "sw1:1"), (30, "sw2:7"), (60, "sw1:1")] {
        events.breach(&Breach { port: Some(port), ..breach(Rule::L08, 3, second) }, &registry);
    }
    assert_eq!((kinds(&events), roles(&events, 0)), (vec![Kind::MacMove], vec![(64503, Role::Source)]));
    let incident = events.incidents().iter().next().expect("one");
    assert_eq!(incident.summary, "AS64503 (Example 3) at 02:00:00:00:00:03 has moved 3 times, last to sw1:1");
    assert_eq!(incident.evidence.len(), 2);
}

#[test]
fn many_that_move_at_once_are_one_loop() {
    let (mut events, registry) = events();
    for station in 1..=8 {
        events.breach(&breach(Rule::L08, station, 5), &registry);
    }
    let open: Vec<Kind> = events
        .incidents()
        .iter()
        .filter(|incident| incident.end.is_none())
        .map(|incident| incident.kind)
        .collect();
    assert_eq!(open, [Kind::Loop]);
    assert_eq!(roles(&events, 3).len(), 8);
}

#[test]
fn the_monitors_own_frame_that_comes_back_is_a_loop() {
    let (mut events, registry) = events();
    events.breach(&Breach { is_own: true, ..breach(Rule::L08, 99, 5) }, &registry);
    assert_eq!(kinds(&events), [Kind::Loop]);
}

#[test]
fn a_station_on_two_vlans_and_registered_on_one_has_moved() {
    let (mut events, registry) = events();
    let mut stations = Inventory::new(10);
    let tagged = VlanId::from_tci(7);
    for (vlan, last) in [(VlanId::UNTAGGED, 1), (tagged, 1), (VlanId::UNTAGGED, 2)] {
        stations.discovered(StationKey::new(vlan, mac(last)), at(10), None, &registry);
    }
    events.looked((at(20), 0), &BTreeMap::new(), &[], &stations, &registry);
    events.looked((at(25), 0), &BTreeMap::new(), &[], &stations, &registry);
    assert_eq!((kinds(&events), roles(&events, 0)), (vec![Kind::MacMove], vec![(64501, Role::Source)]));
}

#[test]
fn two_that_claim_one_address_are_an_incident_and_count() {
    let (mut events, registry) = events();
    let both =
        |second| [(claim(50, [192, 0, 2, 99]), heard(second)), (claim(51, [192, 0, 2, 99]), heard(100))];
    look(&mut events, 100, &both(100), &registry);
    look(&mut events, 105, &both(100), &registry);
    look(&mut events, 110, &both(110), &registry);
    assert_eq!((kinds(&events), roles(&events, 0).len()), (vec![Kind::DuplicateAddress], 2));
    let counted: u64 = events.agent_counts().values().map(|counts| counts.broken.packets).sum();
    assert_eq!(counted, 3);
}

#[test]
fn whoever_claims_what_belongs_to_others_is_one_incident_for_all_of_it() {
    let (mut events, registry) = events();
    let claims: Vec<(ClaimKey, Heard)> = (1..=9)
        .flat_map(|last| {
            [(claim(last, [192, 0, 2, last]), heard(9)), (claim(20, [192, 0, 2, last]), heard(9))]
        })
        .collect();
    look(&mut events, 10, &claims, &registry);
    assert_eq!(
        (kinds(&events), roles(&events, 0)),
        (vec![Kind::DuplicateAddress], vec![(64520, Role::Claimant)])
    );
    let counts = events.agent_counts();
    assert_eq!(counts.len(), 1);
    assert_eq!(counts.values().next().map(|counts| counts.broken.packets), Some(9));
}

#[test]
fn a_claim_that_is_over_and_one_of_the_sponge_contradict_nobody() {
    let (mut events, registry) = events();
    let address = [192, 0, 2, 99];
    look(&mut events, 400, &[(claim(50, address), heard(200)), (claim(51, address), heard(400))], &registry);
    assert_eq!(kinds(&events), []);
    let sponge = [(mac(51), [Rule::A09].into_iter().collect())].into();
    events.set(Settings { exempt: sponge, ..Settings::default() });
    look(&mut events, 405, &[(claim(50, address), heard(400)), (claim(51, address), heard(400))], &registry);
    assert_eq!(kinds(&events), []);
}

#[test]
fn a_dead_peer_is_no_sweep_and_many_targets_are() {
    let (mut events, registry) = events();
    let ask = |events: &mut Events, second, target| {
        let frame = arp_frame(1, 3, [192, 0, 2, 3], [192, 0, 2, target]);
        events.breach(&Breach { frame: &frame, ..breach(Rule::A11, 3, second) }, &registry);
        let delta = Delta { rules: [broken(Rule::A11, 3, 1)].into(), ..Delta::default() };
        events.counted(at(second), &delta, &Sides::default(), &registry);
    };
    for second in 0..50 {
        ask(&mut events, second, 200);
    }
    assert_eq!(kinds(&events), []);
    for second in 50..58 {
        ask(&mut events, second, 200 + u8::try_from(second - 50).expect("small"));
    }
    assert_eq!((kinds(&events), roles(&events, 0)), (vec![Kind::Sweep], vec![(64503, Role::Source)]));
}

#[test]
fn a_sweep_faster_than_events_is_found_by_its_count() {
    let (mut events, registry) = events();
    events.breach(&breach(Rule::A11, 3, 1), &registry);
    let delta = Delta { rules: [broken(Rule::A11, 3, 250)].into(), ..Delta::default() };
    events.counted(at(1), &delta, &Sides::default(), &registry);
    assert_eq!(kinds(&events), [Kind::Sweep]);
}

#[test]
fn traffic_without_bgp_is_told_after_ten_minutes_and_counted() {
    let (mut events, registry) = events();
    let (delta, sides) = counted(&[sent(1, 2, 150), sent(2, 1, 50), sent(3, 4, 500)], &registry);
    let session = [SessionKey::new(VlanId::UNTAGGED, mac(3), mac(4))];
    let speak = |events: &mut Events, second| {
        events.looked((at(second), 0), &BTreeMap::new(), &session, &Inventory::new(1), &registry);
    };
    speak(&mut events, 1);
    for second in [2, 601] {
        events.counted(at(second), &delta, &sides, &registry);
        assert_eq!(kinds(&events), []);
    }
    events.counted(at(602), &delta, &sides, &registry);
    assert_eq!(roles(&events, 0), [(64501, Role::Source), (64502, Role::Source)]);
    let counts = events.agent_counts();
    let of = |last| counts[&RuleKey::new(station(last), Rule::I12 as u8)].broken.packets;
    assert_eq!((counts.len(), of(1), of(2)), (2, 450, 150));
    events.tick(at(1000), &registry);
    assert_eq!(events.incidents().iter().next().and_then(|incident| incident.end), Some(at(602)));
}

#[test]
fn a_session_that_is_read_of_after_its_first_traffic_is_no_silence() {
    let (mut events, registry) = events();
    let (delta, sides) = counted(&[sent(1, 2, 500)], &registry);
    events.counted(at(10_000), &delta, &sides, &registry);
    let session = [SessionKey::new(VlanId::UNTAGGED, mac(1), mac(2))];
    events.looked((at(10_003), 0), &BTreeMap::new(), &session, &Inventory::new(1), &registry);
    events.counted(at(10_700), &delta, &sides, &registry);
    assert_eq!((kinds(&events), events.agent_counts()), (Vec::new(), BTreeMap::new()));
}

#[test]
fn a_common_route_server_stands_for_a_session() {
    let (mut events, registry) = events();
    events.set(Settings { route_servers: [Asn(64520)].into(), ..Settings::default() });
    let session = |last| SessionKey::new(VlanId::UNTAGGED, mac(last), mac(20));
    events.looked((at(1), 0), &BTreeMap::new(), &[session(1), session(2)], &Inventory::new(1), &registry);
    let (delta, sides) = counted(&[sent(1, 2, 500), sent(1, 3, 500), sent(1, 20, 500)], &registry);
    events.counted(at(2), &delta, &sides, &registry);
    events.counted(at(700), &delta, &sides, &registry);
    assert_eq!(roles(&events, 0), [(64501, Role::Source), (64503, Role::Source)]);
    assert_eq!(kinds(&events).len(), 1);
}

#[test]
fn what_goes_to_groups_or_to_no_member_needs_no_bgp() {
    let (mut events, registry) = events();
    let (delta, sides) = counted(&[sent_to(1, Mac::BROADCAST, 500), sent(1, 99, 500)], &registry);
    events.counted(at(2), &delta, &sides, &registry);
    events.counted(at(700), &delta, &sides, &registry);
    assert_eq!(kinds(&events), []);
}

#[test]
fn a_query_finds_the_incidents_of_a_member() {
    let (mut events, registry) = events();
    events.breach(&breach(Rule::L08, 3, 1), &registry);
    events.breach(&breach(Rule::L08, 4, 100), &registry);
    let ids = |query| events.incidents().query(&query).iter().map(|incident| incident.id).collect::<Vec<_>>();
    assert_eq!(ids(Query { member: Some(Asn(64504)), ..Query::default() }), [2]);
    assert!(ids(Query { rule: Some(Rule::A09), ..Query::default() }).is_empty());
    assert_eq!(ids(Query { limit: Some(1), ..Query::default() }), [2]);
}
