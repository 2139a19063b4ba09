//! Claims about datagrams: what their samples stand for, and what of them is not taken.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use jiff::Timestamp;

use super::*;
use crate::matrix::tests::{mac, registry};
use crate::policy::{Policy, Ports, build};
use crate::sflow::encode::Encoder;
use crate::sflow::{Flow, FlowRecord, Header, PROTOCOL_ETHERNET, Port, Source, Switch};
use crate::snapshot::{Amount as _, Delta, Estimate};

const SWITCH: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const ROOM: Room = Room { members: 100, strangers: 10 };

fn facts() -> Facts {
    let registry = registry();
    let tables = build(&Policy::default(), &registry, &Ports::default(), Timestamp::UNIX_EPOCH, 0);
    Facts::new(tables.expect("it fits"), &registry)
}

/// A UDP packet in IPv4 between two stations, 60 bytes.
fn frame(from: Mac, to: Mac) -> Vec<u8> {
    let mut ipv4 = vec![0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 11, 0, 0, 1, 12, 0, 0, 7];
    let sum: u32 = ipv4.as_chunks::<2>().0.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum();
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).expect("folded");
    ipv4[10..12].copy_from_slice(&sum.to_be_bytes());
    [&to.0[..], &from.0, &[8, 0], &ipv4, &[0; 26]].concat()
}

/// What a datagram is made of.
struct Said {
    sequence: u32,
    uptime_ms: u32,
    flows: Vec<Flow>,
}

fn flow(sequence: u32, rate: u32) -> Flow {
    Flow { sequence, source: Source::interface(5), rate, ..Flow::default() }
}

fn said(sequence: u32, flows: Vec<Flow>) -> Said {
    Said { sequence, uptime_ms: sequence * 100, flows }
}

fn datagram(said: &Said, records: &[FlowRecord<'_>]) -> Vec<u8> {
    let mut encoder = Encoder::new(SWITCH, 0, 9000);
    for flow in &said.flows {
        encoder.flow(flow, records).expect("it fits");
    }
    encoder.sealed(said.sequence, said.uptime_ms).to_vec()
}

fn header(bytes: &[u8]) -> FlowRecord<'_> {
    let frame_length = u32::try_from(bytes.len()).expect("short") + 4;
    FlowRecord::Header(Header { protocol: PROTOCOL_ETHERNET, frame_length, stripped: 4, bytes })
}

fn moment(seconds: u64) -> Moment {
    Moment { at: Timestamp::UNIX_EPOCH, since_start: Duration::from_secs(seconds) }
}

/// An exporter, and what was taken from it.
struct Heard {
    exporter: Exporter,
    facts: Facts,
    tally: Tally,
}

impl Heard {
    fn new(directions: Option<Directions>) -> Self {
        let exporter = Exporter::new(SWITCH, None, directions);
        Self { exporter, facts: facts(), tally: Tally::new(ROOM) }
    }

    fn hear(&mut self, bytes: &[u8], seconds: u64) {
        self.exporter.hear(bytes, moment(seconds), &self.facts, &mut self.tally);
    }

    /// Hears frames from station 1 to station 4, all within a second.
    fn say(&mut self, all: &[Said]) {
        let frame = frame(mac(1), mac(4));
        all.iter().for_each(|said| self.hear(&datagram(said, &[header(&frame)]), 1));
    }

    fn delta(&mut self) -> Delta<PairKey, Estimate> {
        let mut delta = Delta::default();
        self.tally.take(&mut delta);
        delta
    }

    /// Frames that what was heard stands for.
    fn frames(&mut self) -> u64 {
        self.delta().seen.plain().packets
    }

    fn refused(&self) -> Vec<(Reason, u64)> {
        self.exporter.health().refused().filter(|(_, times)| *times > 0).collect()
    }
}

#[test]
fn a_sample_stands_for_as_many_frames_as_its_rate_says_without_fcs() {
    let mut heard = Heard::new(None);
    heard.say(&[said(1, vec![flow(1, 1000), flow(2, 500)])]);
    let delta = heard.delta();
    let key = PairKey::new(VlanId::UNTAGGED, mac(1), mac(4), Family::Ipv4);
    let [(pair, amount)] = delta.pairs[..] else { panic!("{:?}", delta.pairs) };
    assert_eq!((pair, amount.plain()), (key, Counts { packets: 1500, bytes: 1500 * 60 }));
    assert_eq!(amount.sampled().map(|sampled| sampled.samples), Some(2));
    assert_eq!(delta.seen, delta.accounted());
    assert!(delta.rules.is_empty(), "{:?}", delta.rules);
    assert!(heard.delta().pairs.is_empty(), "it was taken");
}

#[test]
fn an_untagged_header_has_the_tag_that_its_switch_says_where_a_lan_has_it() {
    let mut heard = Heard::new(None);
    let switch = |tag| FlowRecord::Switch(Switch { source_vlan: tag, ..Switch::default() });
    let bytes = frame(mac(1), mac(4));
    for (sequence, tag) in [(1, 100), (2, 7), (3, 0)] {
        let said = said(sequence, vec![flow(sequence, 10)]);
        heard.hear(&datagram(&said, &[switch(tag), header(&bytes)]), 1);
    }
    let mut delta = heard.delta();
    delta.pairs.sort_by_key(|(key, _)| *key);
    let vlans: Vec<(u16, Counts)> =
        delta.pairs.iter().map(|(key, amount)| (key.vlan().get(), amount.plain())).collect();
    let frames = |packets| Counts { packets, bytes: packets * 60 };
    assert_eq!(vlans, [(0, frames(20)), (100, frames(10))], "7 is no LAN's tag");
}

#[test]
fn later_samples_stand_for_those_that_were_lost_on_the_way() {
    let mut heard = Heard::new(None);
    heard.say(&[said(1, vec![flow(1, 10), flow(2, 10)]), said(3, vec![flow(5, 10)])]);
    heard.say(&(4..40).map(|number| said(number, vec![flow(number + 2, 10)])).collect::<Vec<_>>());
    assert_eq!(heard.frames(), 410, "41 samples were taken and 2 of them lost");
    let health = heard.exporter.health();
    assert_eq!((health.lost, health.samples_lost, health.samples_unexplained), (1, 2, 0));
}

#[test]
fn numbers_that_jump_while_no_datagram_is_lost_are_shown_and_not_made_up_for() {
    let mut heard = Heard::new(None);
    heard.say(&[said(1, vec![flow(1, 10)]), said(2, vec![flow(9, 10)])]);
    assert_eq!((heard.frames(), heard.exporter.health().samples_unexplained), (20, 7));
}

#[test]
fn what_the_exporter_dropped_is_made_up_for() {
    let mut heard = Heard::new(None);
    let dropped = |sequence, drops| Flow { drops, ..flow(sequence, 10) };
    heard.say(&[said(1, vec![dropped(1, 100), dropped(2, 102), dropped(3, 102), dropped(4, 102)])]);
    assert_eq!((heard.frames(), heard.exporter.health().samples_dropped), (60, 2));
}

#[test]
fn a_datagram_twice_counts_once_and_a_late_one_takes_its_own_place() {
    let mut heard = Heard::new(None);
    let numbered = |number| said(number, vec![flow(2 * number, 10), flow(2 * number + 1, 10)]);
    heard.say(&[numbered(1), numbered(2), numbered(2), numbered(4), numbered(3), numbered(5), numbered(6)]);
    assert_eq!(heard.frames(), 120);
    let health = heard.exporter.health();
    assert_eq!((health.lost, health.late, health.samples_lost), (0, 1, 2), "others stand for them");
    assert_eq!(heard.refused(), [(Reason::Twice, 1), (Reason::MadeUpFor, 2)]);
}

#[test]
fn what_was_overtaken_by_the_first_datagram_counts_and_is_no_restart() {
    let mut heard = Heard::new(None);
    let numbered = |number| said(number, vec![flow(2 * number, 10), flow(2 * number + 1, 10)]);
    heard.say(&[numbered(8), numbered(7), numbered(9), numbered(6), numbered(7), numbered(10)]);
    assert_eq!((heard.frames(), heard.refused()), (100, vec![(Reason::Twice, 1)]));
    let health = heard.exporter.health();
    assert_eq!((health.restarts, health.lost, health.late, health.samples_unexplained), (0, 0, 0, 0));
}

#[test]
fn an_exporter_that_begins_anew_has_lost_nothing() {
    let mut heard = Heard::new(None);
    heard.say(&[said(900, vec![flow(5000, 10)]), said(901, vec![flow(5001, 10)])]);
    heard.say(&[said(1, vec![flow(1, 10)]), said(2, vec![flow(2, 10)])]);
    let health = heard.exporter.health();
    assert_eq!((health.restarts, health.lost, health.samples_lost), (1, 0, 0));
    assert_eq!(heard.frames(), 40);
}

#[test]
fn a_clock_that_runs_as_ours_is_not_ahead_however_often_it_is_looked_at() {
    let mut heard = Heard::new(None);
    // A datagram each 1.5 ms, whose uptime is in whole ones; in the end its clock is a second ahead.
    for number in 1..=2000 {
        let uptime_ms = if number == 2000 { 4000 } else { number * 3 / 2 };
        let bytes = datagram(&Said { sequence: number, uptime_ms, flows: Vec::new() }, &[]);
        let since_start = Duration::from_micros(u64::from(number) * 1500);
        let now = Moment { at: Timestamp::UNIX_EPOCH, since_start };
        heard.exporter.hear(&bytes, now, &heard.facts, &mut heard.tally);
        let ahead = heard.exporter.health().ahead_ms;
        assert!(if number == 2000 { (999..=1001).contains(&ahead) } else { ahead.abs() <= 1 }, "{ahead}");
    }
    assert_eq!(heard.exporter.health().uptime_ms, Some(4000));
}

#[test]
fn what_was_lost_in_a_long_silence_is_counted_and_not_made_up_for() {
    let mut heard = Heard::new(None);
    let frame = frame(mac(1), mac(4));
    for (seconds, number) in [(1, 1), (60, 500), (61, 501), (62, 502)] {
        heard.hear(&datagram(&said(number, vec![flow(number, 10)]), &[header(&frame)]), seconds);
    }
    assert_eq!((heard.frames(), heard.exporter.health().lost), (40, 498));
}

#[test]
fn a_frame_that_has_two_chances_is_counted_where_it_came_in() {
    let ways = |first| {
        let port = Port::interface(5);
        let ingress = Flow { input: port, output: Port::interface(6), ..flow(first, 10) };
        let egress = Flow { input: Port::interface(4), output: port, ..flow(first + 1, 10) };
        said(first, vec![ingress, egress])
    };
    for (directions, frames, may_count_twice) in
        [(None, 20, true), (Some(Directions::One), 20, false), (Some(Directions::Both), 10, false)]
    {
        let mut heard = Heard::new(directions);
        heard.say(&[ways(1)]);
        assert_eq!(heard.frames(), frames, "{directions:?}");
        let health = heard.exporter.health();
        assert_eq!((health.ingress, health.egress, health.may_count_twice()), (1, 1, may_count_twice));
    }
}

#[test]
fn rules_that_a_header_decides_are_counted_by_what_it_stands_for() {
    let mut heard = Heard::new(None);
    let stp = [&[1, 0x80, 0xc2, 0, 0, 0][..], &mac(1).0, &[0, 38, 0x42, 0x42, 3], &[0; 43]].concat();
    let unknown = frame(mac(77), mac(1));
    for (number, frame) in [(1, &stp), (2, &unknown)] {
        heard.hear(&datagram(&said(number, vec![flow(number, 10)]), &[header(frame)]), 1);
    }
    let delta = heard.delta();
    let rules: Vec<(String, u64, u64)> = delta
        .rules
        .iter()
        .filter_map(|(key, amount)| Some((key.rule()?, amount.plain())))
        .map(|(rule, counts)| (rule.to_string(), counts.broken.packets, counts.would_drop))
        .collect();
    assert!(rules.contains(&("L02".to_owned(), 10, 10)), "{rules:?}");
    assert!(rules.contains(&("L07".to_owned(), 10, 0)), "{rules:?}");
    assert_eq!(delta.seen, delta.accounted());
}

#[test]
fn frames_without_visible_addresses_are_in_no_cell_and_said_to_be() {
    let mut heard = Heard::new(None);
    let bytes = frame(mac(1), mac(4));
    let FlowRecord::Header(ethernet) = header(&bytes) else { unreachable!("it is one") };
    let ppp = FlowRecord::Header(Header { protocol: 7, ..ethernet });
    heard.hear(&datagram(&said(1, vec![flow(1, 10)]), &[ppp]), 1);
    heard.hear(&datagram(&said(2, vec![flow(2, 10)]), &[]), 1);
    heard.hear(&datagram(&said(3, vec![flow(3, 0)]), &[header(&bytes)]), 1);
    let delta = heard.delta();
    let long = FlowRecord::Header(Header { frame_length: u32::MAX, ..ethernet });
    heard.hear(&datagram(&said(4, vec![flow(4, u32::MAX)]), &[header(&bytes)]), 1);
    heard.hear(&datagram(&said(5, vec![flow(5, 10)]), &[long]), 1);
    let after = heard.delta();
    assert_eq!(delta.unattributed.plain(), Counts { packets: 20, bytes: 600 });
    assert_eq!(after.unattributed.plain(), Counts { packets: 10, bytes: 0 });
    assert_eq!((delta.seen, after.seen), (delta.accounted(), after.accounted()));
    assert_eq!(
        heard.refused(),
        [(Reason::Rate, 2), (Reason::Protocol, 1), (Reason::NoHeader, 1), (Reason::Length, 1)]
    );
}

#[test]
fn forged_addresses_take_no_room_of_members() {
    let mut heard = Heard::new(None);
    for number in 0..30 {
        let frame = frame(Mac([2, 0, 0, 9, 9, number]), mac(1));
        let number = u32::from(number) + 1;
        heard.hear(&datagram(&said(number, vec![flow(number, 10)]), &[header(&frame)]), 1);
    }
    heard.say(&[said(31, vec![flow(31, 10)])]);
    let delta = heard.delta();
    assert_eq!((delta.pairs.len(), delta.unattributed.plain().packets), (ROOM.strangers + 1, 200));
    assert_eq!(delta.seen, delta.accounted());
}

#[test]
fn who_is_not_allowed_leaves_a_count_and_an_address() {
    let exporters = Exporters::new([Exporter::new(SWITCH, None, None)]);
    let (facts, mut tally) = (facts(), Tally::new(ROOM));
    let other = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
    let bytes = datagram(&said(1, vec![flow(1, 10)]), &[header(&frame(mac(1), mac(4)))]);
    let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    for from in [other, mapped, other] {
        exporters.hear(from, &bytes, moment(1), &facts, &mut tally);
    }
    assert_eq!(exporters.strangers(), (2, Some(other)));
    assert_eq!(exporters.health()[0].datagrams, 1);
    let mut delta = Delta::default();
    tally.take(&mut delta);
    assert_eq!(delta.seen.plain().packets, 10);
}

#[test]
fn parts_and_sources_have_their_bounds() {
    let mut heard = Heard::new(None);
    let bytes = frame(mac(1), mac(4));
    let part = |sub_agent| {
        let mut encoder = Encoder::new(SWITCH, sub_agent, 9000);
        encoder.flow(&flow(1, 10), &[header(&bytes)]).expect("it fits");
        encoder.sealed(1, 0).to_vec()
    };
    (0..70).for_each(|sub_agent| heard.hear(&part(sub_agent), 1));
    assert_eq!(heard.refused(), [(Reason::Agents, 6)]);
    heard.hear(&part(70), 2000);
    assert_eq!((heard.refused(), heard.exporter.health().agents), (vec![(Reason::Agents, 6)], 64));
    let mut heard = Heard::new(None);
    for number in 1..=5000 {
        let of = Flow { source: Source::interface(number), ..flow(1, 10) };
        heard.hear(&datagram(&said(number, vec![of]), &[header(&bytes)]), 1);
    }
    assert_eq!((heard.refused(), heard.frames()), (vec![(Reason::Sources, 904)], 50_000));
}

#[test]
fn reasons_have_their_places_and_names_of_their_own() {
    let mut health = Health::new(SWITCH, None, None);
    for (at, reason) in Reason::ALL.into_iter().enumerate() {
        (0..=at).for_each(|_| health.refuse(reason));
    }
    let counted: Vec<u64> = health.refused().map(|(_, times)| times).collect();
    assert_eq!(counted, (1..=Reason::ALL.len() as u64).collect::<Vec<_>>());
    let names: std::collections::BTreeSet<&str> = Reason::ALL.into_iter().map(Reason::name).collect();
    assert_eq!(names.len(), Reason::ALL.len());
}
