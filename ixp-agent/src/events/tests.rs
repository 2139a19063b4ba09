//! What tests of events share, and the claims about all of them together.

use std::fmt::Write as _;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, Outcome, PairKey, RuleCounts, RuleKey, StationKey};
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::*;
use crate::members::{VlanTags, parse};
use crate::pairs::PairBook;

/// Twenty members: AS64501 has 02:…:01, 192.0.2.1 and 2001:db8:1::1, and so on.
pub(crate) fn registry() -> Registry {
    let mut text = String::from(
        "[[lan]]\nname = \"peering\"\nvlan = 0\nipv4 = \"192.0.2.0/24\"\nipv6 = \"2001:db8:1::/64\"\n",
    );
    for number in 1..=20 {
        write!(
            text,
            "[[member]]\nasn = {}\nname = \"Example {number}\"\n[[member.interface]]\nlan = \"peering\"\n\
             macs = [\"02:00:00:00:00:{number:02x}\"]\nipv4 = [\"192.0.2.{number}\"]\nipv6 = [\"2001:db8:1::{number:x}\"]\n",
            64500 + number,
        )
        .expect("a string takes it");
    }
    parse("members.toml", &text, &VlanTags::new()).expect("sound").0
}

pub(crate) fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

pub(crate) fn station(last: u8) -> StationKey {
    StationKey::new(VlanId::UNTAGGED, mac(last))
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

pub(crate) fn breach(rule: Rule, station_last: u8, second: i64) -> Breach<'static> {
    Breach {
        at: at(second),
        rule,
        outcome: Outcome::Passed,
        station: station(station_last),
        suppressed: 0,
        interface: Some("eth1"),
        port: None,
        is_own: false,
        frame: &[],
        wire_len: 60,
    }
}

pub(crate) fn arp_frame(operation: u8, sender: u8, sender_ip: [u8; 4], target_ip: [u8; 4]) -> Vec<u8> {
    let mut frame = [[0xff; 6], mac(sender).0].concat();
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation]);
    frame.extend(mac(sender).0);
    frame.extend(sender_ip);
    frame.extend([0; 6]);
    frame.extend(target_ip);
    frame
}

/// A message of neighbour discovery about 2001:db8:1::7.
pub(crate) fn neighbour_frame(kind: u8, sender: u8) -> Vec<u8> {
    let mut frame = [[0x33, 0x33, 0, 0, 0, 1], mac(sender).0].concat();
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 58, 255]);
    frame.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, sender]);
    frame.extend([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    frame.extend([kind, 0, 0, 0, 0, 0, 0, 0]);
    frame.extend([0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
    frame
}

/// What was counted, by pairs with these sides.
pub(crate) fn counted(pairs: &[(PairKey, Counts)], registry: &Registry) -> (Delta<PairId>, Sides) {
    let mut book = PairBook::default();
    let pairs = pairs.iter().map(|(key, counts)| (book.id(key), *counts)).collect();
    let mut sides = Sides::default();
    sides.follow(&book, registry);
    (Delta { pairs, ..Delta::default() }, sides)
}

/// What a station sent to another.
pub(crate) fn sent(from: u8, to: u8, packets: u64) -> (PairKey, Counts) {
    sent_to(from, mac(to), packets)
}

/// What a station sent to an address.
pub(crate) fn sent_to(from: u8, to: Mac, packets: u64) -> (PairKey, Counts) {
    let key = PairKey::new(VlanId::UNTAGGED, mac(from), to, Family::Ipv4);
    (key, Counts { packets, bytes: packets * 100 })
}

/// Frames of a station that broke a rule.
pub(crate) fn broken(rule: Rule, by: u8, packets: u64) -> (RuleKey, RuleCounts) {
    let broken = Counts { packets, bytes: packets * 60 };
    (RuleKey::new(station(by), rule as u8), RuleCounts { broken, ..RuleCounts::default() })
}

#[test]
fn a_storm_is_one_event_per_station_and_one_incident() {
    let (mut events, registry) = (Events::default(), registry());
    events.breach(&breach(Rule::N02, 1, 100), &registry);
    for responder in 2..=17 {
        for _ in 0..10 {
            events.breach(&breach(Rule::N01, responder, 100), &registry);
        }
    }
    events.tick(at(101), &registry);
    let news = events.take_news();
    let told = news.iter().filter(|news| matches!(news, News::Event(_))).count();
    assert_eq!(told, 17);
    assert_eq!(events.incidents().iter().count(), 1);
    assert!(news.len() < 25, "{}", news.len());
}

#[test]
fn nobody_is_forgotten_who_breaks_a_rule_once() {
    let (mut events, registry) = (Events::default(), registry());
    for rule in Rule::ALL {
        events.breach(&breach(rule, 3, 5), &registry);
    }
    let ids: Vec<u64> = events.log().query(&Query::default()).iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=58).collect::<Vec<u64>>());
    assert_eq!(events.lost(), 0);
}
