//! What members may send passes under enforcement, whatever is missing or out of date in the registration.

use std::collections::BTreeSet;

use ixp_agent::members::{VlanTags, parse};
use ixp_agent::policy::memory::HostMemory;
use ixp_agent::policy::{Policy, Ports, build};
use ixp_common::addr::VlanId;
use ixp_common::bytes::Captured;
use ixp_common::observe::observe;
use ixp_common::policy::{Action, Deployment, PortPolicy};
use ixp_tests::sampler;
use ixp_tests::tally::Tally;
use jiff::Timestamp;

const SECOND: u64 = 1_000_000_000;
const LAN: &str = "[[lan]]\nname = \"peering\"\nipv4 = \"192.0.2.0/24\"\nipv6 = \"2001:db8:1::/64\"\n";
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// An exchange that enforces, and an interface of it.
struct Exchange {
    memory: HostMemory,
    policy: PortPolicy,
    now: u64,
}

impl Exchange {
    /// Members, the tags of an IX-F export's VLANs, the attached ports; frames come in by the first.
    fn new(members: &str, tags: &[(i64, u16)], ports: &[&str], now: Timestamp) -> Self {
        let tags: VlanTags = tags.iter().map(|(id, tag)| (*id, VlanId::from_tci(*tag))).collect();
        let registry = parse("members", members, &tags).expect("members").0;
        let ports = Ports::new(ports.iter().map(|port| (Deployment::Inline, Some(*port)))).expect("few");
        let tables = build(&Policy::default(), &registry, &ports, now, 1).expect("they fit");
        let policy = sampler::policy(Deployment::Inline, false, 0).enforcing().facing(ports.facing(0));
        Self { memory: HostMemory::new(tables.table, tables.owners), policy, now: 1_000 * SECOND }
    }

    /// The members of a file on one LAN.
    fn of(members: &str) -> Self {
        Self::new(&format!("{LAN}{members}"), &[], &[], Timestamp::UNIX_EPOCH)
    }

    fn send(&self, frame: &[u8]) -> (BTreeSet<&'static str>, Action) {
        self.memory.at(self.now);
        let mut tally = Tally::default();
        let action = observe(&Captured::whole(frame), &self.policy, Some(&self.memory), &mut tally);
        (tally.rules.keys().filter_map(|key| Some(key.rule()?.name())).collect(), action)
    }

    /// Holds what a frame breaks, and what becomes of it, against what is expected.
    fn check(&self, frame: &[u8], expected: &[&str], action: Action) {
        let (rules, found) = self.send(frame);
        assert_eq!((rules.into_iter().collect::<Vec<_>>(), found), (expected.to_vec(), action));
    }

    /// How many of as many frames as this are dropped, sent at once.
    fn dropped(&self, frame: &[u8], times: usize) -> usize {
        (0..times).filter(|_| self.send(frame).1 == Action::Drop).count()
    }
}

const fn mac(last: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, last]
}

fn member(asn: u32, rest: &str) -> String {
    format!("[[member]]\nasn = {asn}\n[[member.interface]]\nlan = \"peering\"\n{rest}\n")
}

/// A member of an IX-F export: its number, address, MAC and switches.
fn exported(asn: u32, vlan: i64, address: &str, macs: &str, switches: &[i64]) -> String {
    let links: Vec<String> = switches.iter().map(|id| format!(r#"{{"switch_id":{id}}}"#)).collect();
    let links = links.join(",");
    format!(
        r#"{{"asnum":{asn},"connection_list":[{{"if_list":[{links}],"vlan_list":[
            {{"vlan_id":{vlan},"ipv4":{{"address":"{address}","mac_addresses":[{macs}]}}}}]}}]}}"#
    )
}

/// An export of one exchange with two switches and two VLANs, 192.0.2.0/25 and 198.51.100.0/24.
fn export(members: &[String]) -> String {
    let vlan = |id: i64, net: &str, len: u8| {
        format!(r#"{{"id":{id},"name":"v{id}","ipv4":{{"prefix":"{net}","mask_length":{len}}}}}"#)
    };
    let switches = r#"{"id":1,"name":"sw1"},{"id":2,"name":"sw2"}"#;
    let vlans = [vlan(1, "192.0.2.0", 25), vlan(2, "198.51.100.0", 24)].join(",");
    let members = members.join(",");
    format!(r#"{{"ixp_list":[{{"switch":[{switches}],"vlan":[{vlans}]}}],"member_list":[{members}]}}"#)
}

fn ethernet(to: [u8; 6], from: [u8; 6], tag: u16, ethertype: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = [to, from].concat();
    if tag != 0 {
        frame.extend([0x81, 0x00]);
        frame.extend(tag.to_be_bytes());
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(packet);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// RFC 826: who has the target? or, the sender has it.
fn arp(operation: u8, to: [u8; 6], from: [u8; 6], sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    arp_on(0, operation, to, from, sender, target)
}

fn arp_on(tag: u16, operation: u8, to: [u8; 6], from: [u8; 6], sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    let packet = [&[0, 1, 8, 0, 6, 4, 0, operation][..], &from, &sender, &[0; 6], &target].concat();
    ethernet(to, from, tag, 0x0806, &packet)
}

fn ask(from: [u8; 6], sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
    arp(1, [0xff; 6], from, sender, target)
}

/// UDP from and to elsewhere.
fn transit(to: [u8; 6], from: [u8; 6], tag: u16) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 11, 0, 0, 1, 11, 0, 1, 1];
    packet.extend([0xc0, 0x01, 0xc0, 0x02, 0, 8, 0, 0]);
    ethernet(to, from, tag, 0x0800, &packet)
}

fn ip6(text: &str) -> [u8; 16] {
    text.parse::<std::net::Ipv6Addr>().expect("an address").octets()
}

/// RFC 4861 §4.3, §4.4: a message about `target`, with the sender's address as its option.
fn neighbour(kind: u8, from: [u8; 6], source: [u8; 16], target: [u8; 16]) -> Vec<u8> {
    let [.., a, b, c] = target;
    let (group, to, option) = match kind {
        NEIGHBOUR_SOLICITATION => ([0x33, 0x33, 0xff, a, b, c], ip6("ff02::1:ff00:0"), 1),
        _ => ([0x33, 0x33, 0, 0, 0, 1], ip6("ff02::1"), 2),
    };
    let mut to = to;
    if kind == NEIGHBOUR_SOLICITATION {
        to[13..].copy_from_slice(&[a, b, c]);
    }
    let mut packet = vec![0x60, 0, 0, 0, 0, 32, 58, 255];
    packet.extend([source, to].concat());
    packet.extend([kind, 0, 0, 0, 0, 0, 0, 0]);
    packet.extend(target);
    packet.extend([option, 1]);
    packet.extend(from);
    ethernet(group, from, 0, 0x86dd, &packet)
}

#[test]
fn two_members_with_one_router_both_speak_for_themselves() {
    let both = [
        exported(64500, 1, "192.0.2.1", r#""02:00:00:00:00:01""#, &[1]),
        exported(64501, 1, "192.0.2.2", r#""02:00:00:00:00:01""#, &[1]),
    ];
    let exchange = Exchange::new(&export(&both), &[(1, 0)], &[], Timestamp::UNIX_EPOCH);
    let peer = [192, 0, 2, 3];
    exchange.check(&ask(mac(1), [192, 0, 2, 1], peer), &["A11"], Action::Pass);
    exchange.check(&ask(mac(1), [192, 0, 2, 2], peer), &["A05", "A11"], Action::Pass);
    exchange.check(&arp(2, mac(9), mac(1), [192, 0, 2, 2], peer), &["A05", "A06"], Action::Pass);
    exchange.check(&ask(mac(1), [192, 0, 2, 7], peer), &["A05", "A11"], Action::Drop);
}

#[test]
fn a_member_whose_mac_is_not_known_has_its_addresses() {
    let known =
        member(64500, "macs = [\"02:00:00:00:00:01\"]\nipv4 = [\"192.0.2.1\"]\nipv6 = [\"2001:db8:1::1\"]");
    let silent = member(64501, "ipv4 = [\"192.0.2.2\"]\nipv6 = [\"2001:db8:1::2\"]");
    let exchange = Exchange::of(&(known + &silent));
    let (one, other) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    exchange.check(&ask(mac(2), other, one), &["L07"], Action::Pass);
    exchange.check(&ask(mac(2), other, other), &["L07"], Action::Pass);
    exchange.check(&arp(2, mac(1), mac(2), other, one), &["L07"], Action::Pass);
    exchange.check(&ask(mac(1), one, other), &[], Action::Pass);
    let (source, target) = (ip6("2001:db8:1::2"), ip6("2001:db8:1::1"));
    exchange.check(&neighbour(NEIGHBOUR_ADVERTISEMENT, mac(2), source, source), &["L07"], Action::Pass);
    exchange.check(&neighbour(NEIGHBOUR_ADVERTISEMENT, mac(1), target, source), &["N07"], Action::Pass);
    exchange.check(
        &neighbour(NEIGHBOUR_ADVERTISEMENT, mac(2), source, target),
        &["L07", "N07"],
        Action::Drop,
    );
}

#[test]
fn what_goes_to_a_member_whose_mac_is_not_known_is_no_unknown_unicast() {
    let known = member(64500, "macs = [\"02:00:00:00:00:01\"]\nipv4 = [\"192.0.2.1\"]");
    let silent = member(64501, "ipv4 = [\"192.0.2.2\"]");
    let frame = transit(mac(2), mac(1), 0);
    assert_eq!(Exchange::of(&(known.clone() + &silent)).dropped(&frame, 6000), 0);
    assert_eq!(Exchange::of(&known).dropped(&frame, 6000), 1000, "beyond the burst of 5,000");
}

#[test]
fn who_is_registered_without_mac_is_no_stranger_at_its_port() {
    let known = member(64500, "macs = [\"02:00:00:00:00:01\"]\nport = \"sw1:1\"");
    let silent = member(64501, "port = \"sw1:1\"");
    let at =
        |members: &str| Exchange::new(&format!("{LAN}{members}"), &[], &["sw1:1"], Timestamp::UNIX_EPOCH);
    let frame = transit(mac(1), mac(2), 0);
    at(&(known.clone() + &silent)).check(&frame, &["L06", "L07"], Action::Pass);
    at(&known).check(&frame, &["L06", "L07"], Action::Drop);
}

#[test]
fn a_lan_without_macs_has_no_strangers_though_another_has_some() {
    let text = "[[lan]]\nname = \"peering\"\n[[lan]]\nname = \"other\"\nvlan = 7\n";
    let members = member(
        64500,
        "macs = [\"02:00:00:00:00:01\"]\nport = \"sw1:1\"\n[[member.interface]]\nlan = \"other\"",
    );
    let exchange = Exchange::new(&format!("{text}{members}"), &[], &["sw1:1"], Timestamp::UNIX_EPOCH);
    let frame = transit(mac(2), mac(1), 7);
    exchange.check(&frame, &[], Action::Pass);
    assert_eq!(exchange.dropped(&frame, 6000), 0);
}

#[test]
fn on_what_is_no_lan_nobody_is_a_stranger() {
    let text = "[[lan]]\nname = \"peering\"\nvlan = 100\nipv4 = \"192.0.2.0/24\"\n";
    let members = member(64500, "macs = [\"02:00:00:00:00:01\"]\nport = \"sw1:1\"");
    let exchange = Exchange::new(&format!("{text}{members}"), &[], &["sw1:1"], Timestamp::UNIX_EPOCH);
    // The switch takes the tag away, and the members file says that there is one.
    let frame = transit(mac(2), mac(1), 0);
    exchange.check(&frame, &["L07"], Action::Pass);
    assert_eq!(exchange.dropped(&frame, 6000), 0);
    exchange.check(&transit(mac(2), mac(1), 100), &[], Action::Pass);
}

#[test]
fn prefixes_of_two_lans_with_one_tag_are_held_against_nobody() {
    let members = [
        exported(64500, 1, "192.0.2.1", r#""02:00:00:00:00:01""#, &[1]),
        exported(64501, 2, "198.51.100.1", r#""02:00:00:00:00:02""#, &[1]),
    ];
    let exchange = Exchange::new(&export(&members), &[(1, 100), (2, 100)], &[], Timestamp::UNIX_EPOCH);
    for (last, own, peer) in [(1, [192, 0, 2, 1], [192, 0, 2, 9]), (2, [198, 51, 100, 1], [198, 51, 100, 9])]
    {
        exchange.check(&arp_on(100, 1, [0xff; 6], mac(last), own, peer), &[], Action::Pass);
        exchange.check(&arp_on(100, 2, mac(9), mac(last), own, peer), &[], Action::Pass);
    }
}

#[test]
fn a_router_that_asks_for_each_neighbours_two_addresses_sweeps_nothing() {
    let members: String = (1..=300)
        .map(|number| {
            let mac = format!("02:00:00:00:{:02x}:{:02x}", number >> 8, number & 255);
            member(64500 + number, &format!("macs = [\"{mac}\"]\nipv6 = [\"2001:db8:1::{number:x}\"]"))
        })
        .collect();
    let mut exchange = Exchange::of(&members);
    exchange.now = 6_000 * SECOND;
    let mut broken = BTreeSet::new();
    for number in 1..=300 {
        for prefix in ["2001:db8:1::", "fe80::5eff:fe00:"] {
            let target = ip6(&format!("{prefix}{number:x}"));
            let solicitation = neighbour(NEIGHBOUR_SOLICITATION, mac(1), ip6("fe80::1"), target);
            broken.extend(exchange.send(&solicitation).0);
            exchange.now += SECOND / 15;
        }
    }
    assert_eq!(broken, BTreeSet::new());
    for number in 0x1000..0x1200 {
        let target = ip6(&format!("2001:db8:1::{number:x}"));
        broken.extend(exchange.send(&neighbour(NEIGHBOUR_SOLICITATION, mac(1), ip6("fe80::1"), target)).0);
        exchange.now += SECOND / 15;
    }
    assert_eq!(broken, ["N11"].into());
}

#[test]
fn who_had_a_mac_for_a_change_alone_is_held_against_nothing_after_it() {
    let text = member(
        64500,
        "change = { mac = \"02:00:00:00:00:01\", until = \"2026-12-01T06:00:00Z\" }\nipv4 = [\"192.0.2.1\"]",
    );
    let other = member(64501, "macs = [\"02:00:00:00:00:02\"]\nipv4 = [\"192.0.2.2\"]");
    let at =
        |now: &str| Exchange::new(&format!("{LAN}{text}{other}"), &[], &[], now.parse().expect("a moment"));
    let claim = ask(mac(1), [192, 0, 2, 1], [192, 0, 2, 2]);
    at("2026-12-01T05:59:59Z").check(&claim, &[], Action::Pass);
    at("2026-12-01T06:00:00Z").check(&claim, &["L07"], Action::Pass);
}

#[test]
fn who_is_wired_to_two_switches_is_at_either() {
    let members = [
        exported(64500, 1, "192.0.2.1", r#""02:00:00:00:00:01""#, &[1, 2]),
        exported(64501, 1, "192.0.2.2", r#""02:00:00:00:00:02""#, &[1]),
        exported(64502, 1, "192.0.2.3", r#""02:00:00:00:00:03""#, &[2]),
        exported(64503, 1, "192.0.2.4", r#""02:00:00:00:00:04""#, &[1]),
        exported(64503, 1, "192.0.2.5", r#""02:00:00:00:00:04""#, &[2]),
    ];
    for ports in [["sw1", "sw2"], ["sw2", "sw1"]] {
        let exchange = Exchange::new(&export(&members), &[(1, 0)], &ports, Timestamp::UNIX_EPOCH);
        let breaks = |last: u8| exchange.send(&transit(mac(9), mac(last), 0)).0.contains("L06");
        assert_eq!([1, 2, 3, 4].map(breaks), [false, ports[0] == "sw2", ports[0] == "sw1", false]);
    }
}

#[test]
fn an_address_beyond_an_exports_prefix_is_its_members() {
    let members = [
        exported(64500, 1, "192.0.2.1", r#""02:00:00:00:00:01""#, &[1]),
        exported(64501, 1, "192.0.2.200", r#""02:00:00:00:00:02""#, &[1]),
    ];
    let exchange = Exchange::new(&export(&members), &[(1, 0)], &[], Timestamp::UNIX_EPOCH);
    let (inside, outside) = ([192, 0, 2, 1], [192, 0, 2, 200]);
    exchange.check(&ask(mac(2), outside, inside), &[], Action::Pass);
    exchange.check(&arp(2, mac(1), mac(2), outside, inside), &[], Action::Pass);
    exchange.check(&ask(mac(2), [192, 0, 2, 7], inside), &["A05"], Action::Pass);
    exchange.check(&ask(mac(1), outside, outside), &["A03", "A04", "A08"], Action::Drop);
    exchange.check(&ask(mac(1), [192, 0, 2, 201], inside), &["A03"], Action::Drop);
}

#[test]
fn answers_to_who_asks_are_not_limited_and_questions_are() {
    let exchange = Exchange::of(&member(64500, "macs = [\"02:00:00:00:00:01\"]\nipv4 = [\"192.0.2.1\"]"));
    let (own, peer) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    assert_eq!(exchange.dropped(&arp(2, mac(2), mac(1), own, peer), 1000), 0);
    assert_eq!(exchange.dropped(&ask(mac(1), own, peer), 1000), 900, "beyond the burst of 100");
    let exchange = Exchange::of(&member(64500, "macs = [\"02:00:00:00:00:01\"]\nipv4 = [\"192.0.2.1\"]"));
    assert_eq!(exchange.dropped(&arp(2, [0xff; 6], mac(1), own, own), 1000), 900, "to everybody");
}
