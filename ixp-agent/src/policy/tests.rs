//! Claims about tables: what stands in them for which policy and members.

use ixp_common::addr::{Ip6, Mac, VlanId};
use ixp_common::limit::Sweep;
use ixp_common::policy::Deployment;
use ixp_common::rules::{Rule, RuleAction, RuleSet};
use ixp_common::table::{ANY_VLAN, AddressKey, LANS, MOST_STATIONS, PROFILES, Station, UNBOUND};
use jiff::Timestamp;

use super::build::sweep_bits;
use super::*;
use crate::members::{Asn, Registry, VlanTags, parse};

const LANS_TEXT: &str = r#"
[[lan]]
name = "peering"
ipv4 = "192.0.2.0/24"
ipv6 = "2001:db8:1::/64"
[[lan]]
name = "multicast"
vlan = 7
mtu = 9000
"#;

fn members(text: &str) -> Registry {
    parse("m.toml", &format!("{LANS_TEXT}{text}"), &VlanTags::new()).expect("a good file").0
}

fn one() -> Registry {
    members(
        r#"
[[member]]
asn = 64500
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"]
ipv4 = ["192.0.2.1", "192.0.2.2"]
port = "sw1:1"
[[member.interface]]
lan = "multicast"
macs = ["02:00:00:00:00:01"]
[[member]]
asn = 64501
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:03"]
ipv6 = ["2001:db8:1::3"]
port = "sw1:2"
"#,
    )
}

fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

fn tables(policy: &Policy, registry: &Registry, ports: &[&str]) -> Tables {
    let ports = Ports::new(ports.iter().map(|name| (Deployment::Inline, Some(*name)))).expect("few");
    build(policy, registry, &ports, Timestamp::UNIX_EPOCH, 5).expect("they fit")
}

fn station(tables: &Tables, vlan: u16, last: u8) -> Station {
    tables.table.station(vlan, mac(last)).0
}

fn action(tables: &Tables, vlan: u16, last: u8, rule: Rule) -> RuleAction {
    let station = station(tables, vlan, last);
    let stranger = tables.table.lan(VlanId::from_tci(vlan)).profile();
    let profile = if station.is_registered() { station.profile() } else { stranger };
    tables.table.actions(profile).action(rule)
}

fn exempt(last: u8, rules: Option<&[Rule]>) -> Exempt {
    Exempt { name: "sponge".to_owned(), macs: [mac(last)].into(), rules: rules.map(RuleSet::of) }
}

#[test]
fn a_member_has_its_stations_and_addresses_on_each_lan() {
    let tables = tables(&Policy::default(), &one(), &[]);
    let interfaces: Vec<u16> = [(0, 1), (0, 2), (7, 1), (0, 3), (7, 3)]
        .map(|(vlan, last)| station(&tables, vlan, last).interface())
        .into();
    assert_eq!(interfaces, [1, 1, 2, 3, 0]);
    let owners: Vec<(AddressKey, u16)> = tables.owners.iter().map(|(key, owner)| (*key, *owner)).collect();
    let ipv6 = "2001:db8:1::3".parse::<std::net::Ipv6Addr>().expect("an address").octets();
    let expected = [
        (AddressKey::ipv4(5, 0, [192, 0, 2, 1]), 1),
        (AddressKey::ipv4(5, 0, [192, 0, 2, 2]), 1),
        (AddressKey::ipv6(5, 0, Ip6::new(ipv6)), 3),
    ];
    assert_eq!(owners, expected);
    assert_eq!(tables.interfaces[&2], "AS64500@multicast");
    let first = station(&tables, 0, 1);
    assert!(first.has_ipv4() && !first.has_ipv6());
    assert_eq!(tables.table.lan(VlanId::from_tci(7)).mtu(), 9000);
    assert!(tables.table.lan(VlanId::UNTAGGED).is_bound_ipv4());
    assert!(tables.table.knows_tags() && tables.table.generation() == 5);
    assert_eq!(tables.notices, Vec::<String>::new());
}

#[test]
fn the_members_action_goes_before_the_lans_and_that_before_the_general_one() {
    let rules = [(Rule::L12, RuleAction::Observe)].into();
    let policy = Policy {
        rules: [(Rule::L12, RuleAction::Alert), (Rule::I02, RuleAction::Alert)].into(),
        lans: [("multicast".to_owned(), LanPolicy { kind: LanKind::Multicast, rules })].into(),
        members: [(Asn(64500), [(Rule::L12, RuleAction::Off)].into())].into(),
        ..Policy::default()
    };
    let tables = tables(&policy, &one(), &[]);
    let cases = [
        (0, 1, Rule::L12, RuleAction::Off),
        (7, 1, Rule::L12, RuleAction::Off),
        (7, 9, Rule::L12, RuleAction::Observe),
        (0, 3, Rule::L12, RuleAction::Alert),
        (0, 9, Rule::L11, RuleAction::Drop),
        (7, 1, Rule::I02, RuleAction::Off),
        (7, 9, Rule::L09, RuleAction::Off),
        (0, 1, Rule::I02, RuleAction::Alert),
        (3, 9, Rule::L12, RuleAction::Alert),
    ];
    for (vlan, last, rule, expected) in cases {
        assert_eq!(action(&tables, vlan, last, rule), expected, "{rule} on {vlan} of {last}");
    }
}

#[test]
fn in_quarantine_nothing_drops_whatever_a_member_may() {
    let quarantine = LanPolicy { kind: LanKind::Quarantine, rules: Actions::new() };
    let policy = Policy {
        lans: [("peering".to_owned(), quarantine)].into(),
        members: [(Asn(64500), [(Rule::L12, RuleAction::Drop)].into())].into(),
        ..Policy::default()
    };
    let tables = tables(&policy, &one(), &[]);
    for last in [1, 3, 9] {
        assert!(Rule::ALL.into_iter().all(|rule| action(&tables, 0, last, rule) <= RuleAction::Alert));
        assert_eq!(action(&tables, 0, last, Rule::N10), RuleAction::Observe);
    }
    assert_eq!(action(&tables, 7, 1, Rule::L12), RuleAction::Drop);
}

#[test]
fn an_exempt_station_is_registered_on_every_lan_and_its_rules_are_off() {
    let exempt = vec![exempt(9, None), exempt(1, Some(&[Rule::A05, Rule::A10]))];
    let policy = Policy { exempt, ..Policy::default() };
    let tables = tables(&policy, &one(), &[]);
    assert_eq!([0, 7].map(|vlan| station(&tables, vlan, 9).interface()), [4, 4]);
    assert_eq!(tables.interfaces[&4], "sponge");
    assert!(Rule::ALL.into_iter().all(|rule| action(&tables, 0, 9, rule) == RuleAction::Off));
    let ones = [Rule::A05, Rule::A10, Rule::A06].map(|rule| action(&tables, 0, 1, rule));
    assert_eq!(ones, [RuleAction::Off, RuleAction::Off, RuleAction::Drop]);
    assert_eq!(station(&tables, 0, 1).interface(), 1, "a member's station stays the member's");
    assert_eq!(tables.notices, ["02:00:00:00:00:01 of AS64500@peering is exempt, as one of \"sponge\""]);
}

#[test]
fn without_members_nobody_is_a_stranger_and_exempt_stations_are_still_known() {
    let policy = Policy { exempt: vec![exempt(9, None)], ..Policy::default() };
    let tables = tables(&policy, &Registry::default(), &[]);
    for vlan in [0, 100] {
        let home = tables.table.lan(VlanId::from_tci(vlan)).vlan();
        assert!(tables.table.station(home, mac(9)).0.is_registered());
        let unknowable = [Rule::L07, Rule::L20, Rule::L21].map(|rule| action(&tables, vlan, 1, rule));
        assert_eq!(unknowable, [RuleAction::Off; 3]);
        assert_eq!(action(&tables, vlan, 1, Rule::L01), RuleAction::Drop);
    }
    assert!(!tables.table.knows_tags());
}

#[test]
fn a_route_server_may_ask_for_everybody() {
    let policy = Policy { route_servers: [Asn(64500)].into(), ..Policy::default() };
    let tables = tables(&policy, &one(), &[]);
    let rates = [Rule::A10, Rule::N11, Rule::L22].map(|rule| action(&tables, 0, 1, rule));
    assert_eq!(rates, [RuleAction::Alert; 3]);
    assert_eq!(action(&tables, 0, 3, Rule::A10), RuleAction::Limit);
}

#[test]
fn a_station_is_wired_to_its_attached_port_or_elsewhere() {
    let ports = |attached: &[&str]| {
        let tables = tables(&Policy::default(), &one(), attached);
        (
            [1, 3].map(|last| station(&tables, 0, last).port()),
            tables.table.watches_moves(),
            tables.notices.len(),
        )
    };
    assert_eq!(ports(&[]), ([0, 0], false, 0));
    assert_eq!(ports(&["sw1:2", "sw1:1"]), ([2, 1], true, 0));
    assert_eq!(ports(&["sw1:1"]), ([1, 256], false, 0));
    assert_eq!(ports(&["sw1:1", "sw1-3"]), ([1, 0], true, 1), "names may be spelt in two ways");
}

#[test]
fn a_second_mac_is_registered_until_its_change_is_over() {
    let registry = members(
        r#"
[[member]]
asn = 64500
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:01"]
change = { mac = "02:00:00:00:00:02", until = "2026-12-01T06:00:00Z" }
"#,
    );
    let until: Timestamp = "2026-12-01T06:00:00Z".parse().expect("a moment");
    let build = |now| build(&Policy::default(), &registry, &Ports::default(), now, 1).expect("they fit");
    let before = build(Timestamp::UNIX_EPOCH);
    assert_eq!([1, 2].map(|last| station(&before, 0, last).interface()), [1, 1]);
    assert_eq!(registry.next_change(Timestamp::UNIX_EPOCH), Some(until));
    let after = build(until);
    assert_eq!([1, 2].map(|last| station(&after, 0, last).interface()), [1, 0]);
    assert_eq!(registry.next_change(until), None);
    assert!(after.notices[0].contains("ended at 2026-12-01T06:00:00Z"), "{:?}", after.notices);
}

#[test]
fn an_address_without_mac_is_held_against_nobody() {
    let interface = |macs: &str, rest: &str| {
        format!("[[member.interface]]\nlan = \"peering\"\nmacs = [{macs}]\n{rest}\n")
    };
    let (first, second) = ("\"02:00:00:00:00:01\"", "\"02:00:00:00:00:02\"");
    let text = |parts: &[String]| format!("[[member]]\nasn = 64500\n{}", parts.concat());
    let apart =
        text(&[interface(first, "ipv4 = [\"192.0.2.1\"]"), interface("", "ipv6 = [\"2001:db8:1::1\"]")]);
    let joined = tables(&Policy::default(), &members(&apart), &[]);
    assert!(joined.owners.values().all(|owner| *owner == 1), "{:?}", joined.owners);
    assert!(station(&joined, 0, 1).has_ipv6());
    let open = text(&[
        interface(first, "ipv4 = [\"192.0.2.1\"]"),
        interface(second, "ipv4 = [\"192.0.2.2\"]"),
        interface("", "ipv4 = [\"192.0.2.3\"]"),
    ]);
    let open = tables(&Policy::default(), &members(&open), &[]);
    let owners: Vec<u16> = open.owners.values().copied().collect();
    assert_eq!(owners, [1, 2, UNBOUND]);
    assert!([1, 2].iter().all(|last| !station(&open, 0, *last).has_ipv4()));
}

#[test]
fn a_lan_without_tag_has_its_stations_under_any() {
    let export = r#"{"ixp_list":[{"ixp_id":1,"vlan":[{"id":1,"name":"p","ipv4":{"prefix":"192.0.2.0","mask_length":24}}]}],
        "member_list":[{"asnum":64500,"connection_list":[{"ixp_id":1,"vlan_list":[
            {"vlan_id":1,"ipv4":{"address":"192.0.2.1","mac_addresses":["02:00:00:00:00:01"]}}]}]}]}"#;
    let registry = parse("ixf.json", export, &VlanTags::new()).expect("a good export").0;
    let tables = tables(&Policy::default(), &registry, &[]);
    let lan = tables.table.lan(VlanId::from_tci(100));
    assert_eq!(lan.vlan(), ANY_VLAN);
    assert!(station(&tables, lan.vlan(), 1).is_registered());
    assert_eq!(tables.owners, [(AddressKey::ipv4(5, ANY_VLAN, [192, 0, 2, 1]), 1)].into());
}

#[test]
fn lans_that_share_a_tag_are_said() {
    let export = r#"{"ixp_list":[{"vlan":[{"id":1,"name":"a"},{"id":2,"name":"b"}]}],"member_list":[]}"#;
    let tags = [(1, VlanId::from_tci(7)), (2, VlanId::from_tci(7))].into();
    let registry = parse("ixf.json", export, &tags).expect("a good export").0;
    let said = tables(&Policy::default(), &registry, &[]).notices;
    let expected = "LANs \"a\" and \"b\" are both on VLAN 7: nothing tells their frames apart, so nothing is held \
                    against their prefixes";
    assert_eq!(said, [expected]);
}

#[test]
fn what_has_no_effect_is_said() {
    let mut policy = Policy { route_servers: [Asn(64999)].into(), ..Policy::default() };
    policy.members = [(Asn(64998), Actions::new())].into();
    let lan = LanPolicy { kind: LanKind::Multicast, rules: Actions::new() };
    policy.lans = [("peerng".to_owned(), lan)].into();
    let said = tables(&policy, &one(), &[]).notices;
    let expected = [
        "no member is AS64998: its [[policy.member]] has no effect",
        "no member is AS64999: as one of the route_servers it has no effect",
        "there is no LAN \"peerng\": its [[policy.lan]] has no effect; did you mean \"peering\"?",
    ];
    assert_eq!(said, expected);
    assert_eq!(tables(&policy, &Registry::default(), &[]).notices.len(), 1);
}

#[test]
fn a_sweep_is_more_targets_than_allowed_by_the_estimates_error() {
    let sweeps = |targets: u32, allowed: u32, trial: u64| {
        let sweep = Sweep::default();
        let hash = |target: u32| {
            let mixed = (u64::from(target) ^ trial << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93).swap_bytes()
        };
        (0..targets).filter(|target| sweep.is_over(sweep_bits(allowed), 1, hash(*target))).count() > 0
    };
    for allowed in [256, 1000, MOST_TARGETS] {
        let told = |targets| (1..=200).filter(|trial| sweeps(targets, allowed, *trial)).count();
        assert!(told(allowed) <= 4, "{} of 200 at {allowed}", told(allowed));
        assert!(told(allowed * 3 / 2) >= 196, "{} of 200 at half as many again", told(allowed * 3 / 2));
    }
    assert!((1..MOST_TARGETS).all(|targets| sweep_bits(targets) <= sweep_bits(targets + 1)));
    assert!(sweep_bits(MOST_TARGETS) < Sweep::BITS);
}

#[test]
fn what_does_not_fit_is_refused() {
    let build = |policy: &Policy, registry: &Registry| {
        build(policy, registry, &Ports::default(), Timestamp::UNIX_EPOCH, 1).map(|_| ())
    };
    let lans: String =
        (0..LANS).map(|at| format!("[[lan]]\nname = \"{at}\"\nvlan = {}\n", at + 100)).collect();
    let policy = Policy::default();
    let wanted = LANS + 2;
    assert_eq!(build(&policy, &members(&lans)), Err(Error::Lans { wanted }));
    let macs: Vec<String> =
        (0..=MOST_STATIONS).map(|at| format!("\"02:00:00:00:{:02x}:{:02x}\"", at >> 8, at & 255)).collect();
    let many = format!(
        "[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"peering\"\nmacs = [{}]\n",
        macs.join(",")
    );
    assert_eq!(build(&policy, &members(&many)), Err(Error::Stations { wanted: MOST_STATIONS + 1 }));
    let mut differing = Policy::default();
    let mut text = String::new();
    for (at, mac) in macs.iter().enumerate().take(PROFILES - 1) {
        let asn = 64500 + u32::try_from(at).expect("few");
        let rules = Rule::ALL.into_iter().zip(0..9).filter(|(_, bit)| at >> bit & 1 == 1);
        let rules = rules.map(|(rule, _)| (rule, RuleAction::Off)).collect();
        differing.members.insert(Asn(asn), rules);
        text +=
            &format!("[[member]]\nasn = {asn}\n[[member.interface]]\nlan = \"multicast\"\nmacs = [{mac}]\n");
    }
    // The set without any exception is that of strangers, but where nobody has a MAC.
    assert_eq!(build(&differing, &members(&text)), Ok(()));
    let rules = [(Rule::I13, RuleAction::Alert)].into();
    differing.lans = [("multicast".to_owned(), LanPolicy { kind: LanKind::Peering, rules })].into();
    assert_eq!(build(&differing, &members(&text)), Err(Error::Profiles));
}
