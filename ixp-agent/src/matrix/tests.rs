//! Claims about folds: what is added up, what stays apart, in which order.

use std::collections::BTreeSet;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use proptest::prelude::*;

use super::*;
use crate::members::{Asn, Interface, Lan, Member, MemberId};
use crate::snapshot::Estimate;

mod place;

pub(crate) fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

/// AS64501 with two ports (stations 1 and 2, 3), AS64500 with one (4), on an untagged LAN; AS64500
/// also on a LAN with tag 100 (station 1 there), of which the switch is not known.
pub(crate) fn registry() -> Registry {
    let lan = |name: &str, vlan| Lan {
        name: name.to_owned(),
        vlan: VlanId::configured(vlan),
        ipv4: None,
        ipv6: None,
        mtu: 1500,
    };
    let member = |asn, name: &str| Member { asn: Asn(asn), name: name.to_owned() };
    let interface = |member, lan, macs: &[u8], port: Option<&str>, facility: Option<&str>| Interface {
        member: MemberId(member),
        lan,
        label: String::new(),
        macs: macs.iter().map(|last| mac(*last)).collect(),
        change: None,
        ipv4: Vec::new(),
        ipv6: Vec::new(),
        port: port.map(str::to_owned),
        facility: facility.map(str::to_owned),
        speed: None,
    };
    Registry::new(
        vec![lan("peering", 0), lan("private", 100)],
        vec![member(64501, "Example Networks"), member(64500, "Sample Transit of the Seven Seas")],
        vec![
            interface(0, 0, &[1, 2], Some("sw2:1"), Some("Hall A")),
            interface(0, 0, &[3], Some("sw1:7"), Some("Hall A")),
            interface(1, 0, &[4], Some("sw1:8"), Some("Hall B")),
            interface(1, 1, &[1], None, Some("Hall B")),
        ],
    )
}

fn pair(vlan: u16, source: u8, destination: Mac, family: Family, packets: u64) -> (PairKey, Counts) {
    let key = PairKey::new(VlanId::from_tci(vlan), mac(source), destination, family);
    let bytes = packets * 100;
    (key, Counts { packets, bytes })
}

/// Each cell as `vlan source>destination family packets`.
fn check(pairs: &[(PairKey, Counts)], by: By, filter: Filter, expected: &[&str]) {
    let registry = registry();
    let name = |end: &End<'_>| {
        end.mac()
            .map(|mac| mac.0[5].to_string())
            .or_else(|| end.interface().map(str::to_owned))
            .or_else(|| end.asn().map(|asn| asn.to_string()))
            .or_else(|| end.place().map(str::to_owned))
            .or_else(|| end.group().map(|group| group.name().to_owned()))
            .unwrap_or_else(|| "?".to_owned())
    };
    let cells: Vec<String> = fold(pairs, &registry, by, &filter)
        .iter()
        .map(|cell| {
            let vlan = cell.vlan.map_or("-".to_owned(), |vlan| vlan.to_string());
            let (source, destination) = (name(&cell.source), name(&cell.destination));
            let (family, packets) = (cell.family.name(), cell.counts.packets);
            format!("{vlan} {source}>{destination} {family} {packets}")
        })
        .collect();
    assert_eq!(cells, expected);
}

const IPV6_ALL_NODES: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);
const STP: Mac = Mac([0x01, 0x80, 0xc2, 0, 0, 0]);

pub(crate) fn mixed() -> Vec<(PairKey, Counts)> {
    vec![
        pair(0, 9, mac(1), Family::Ipv4, 1),
        pair(0, 1, Mac::BROADCAST, Family::Arp, 2),
        pair(0, 1, IPV6_ALL_NODES, Family::Ipv6, 3),
        pair(0, 1, STP, Family::Other, 4),
        pair(0, 1, mac(9), Family::Ipv4, 5),
        pair(0, 2, mac(4), Family::Ipv6, 6),
        pair(0, 2, mac(4), Family::Ipv4, 7),
        pair(0, 3, mac(4), Family::Ipv4, 8),
        pair(100, 1, mac(3), Family::Ipv4, 9),
        pair(0, 4, mac(1), Family::Ipv4, 10),
        pair(0, 4, mac(1), Family::Ipv4, 11),
    ]
}

#[test]
fn by_mac_each_pair_is_a_cell_and_groups_keep_their_address() {
    check(
        &mixed(),
        By::Mac,
        Filter::default(),
        &[
            "0 1>9 ipv4 5",
            "0 1>0 other 4",
            "0 1>1 ipv6 3",
            "0 1>255 arp 2",
            "0 2>4 ipv4 7",
            "0 2>4 ipv6 6",
            "0 3>4 ipv4 8",
            "0 4>1 ipv4 21",
            "0 9>1 ipv4 1",
            "100 1>3 ipv4 9",
        ],
    );
}

#[test]
fn by_interface_a_ports_stations_are_one_and_the_unknown_come_last() {
    check(
        &mixed(),
        By::Interface,
        Filter::default(),
        &[
            "0 AS64500@peering>AS64501@peering ipv4 21",
            "0 AS64501@peering>AS64500@peering ipv4 7",
            "0 AS64501@peering>AS64500@peering ipv6 6",
            "0 AS64501@peering>? ipv4 5",
            "0 AS64501@peering>broadcast arp 2",
            "0 AS64501@peering>multicast ipv6 3",
            "0 AS64501@peering>multicast other 4",
            "0 AS64501@peering#2>AS64500@peering ipv4 8",
            "0 ?>AS64501@peering ipv4 1",
            "100 AS64500@private>? ipv4 9",
        ],
    );
}

#[test]
fn by_asn_a_members_ports_and_vlans_are_one() {
    check(
        &mixed(),
        By::Asn,
        Filter::default(),
        &[
            "- AS64500>AS64501 ipv4 21",
            "- AS64500>? ipv4 9",
            "- AS64501>AS64500 ipv4 15",
            "- AS64501>AS64500 ipv6 6",
            "- AS64501>? ipv4 5",
            "- AS64501>broadcast arp 2",
            "- AS64501>multicast ipv6 3",
            "- AS64501>multicast other 4",
            "- ?>AS64501 ipv4 1",
        ],
    );
}

#[test]
fn a_filter_holds_for_pairs_on_either_side() {
    let filter = Filter { asn: Some(Asn(64500)), family: Some(Family::Ipv4), vlan: None };
    let of_as64500 = ["- AS64500>AS64501 ipv4 21", "- AS64500>? ipv4 9", "- AS64501>AS64500 ipv4 15"];
    check(&mixed(), By::Asn, filter, &of_as64500);
    let filter = Filter { vlan: VlanId::configured(100), ..Filter::default() };
    check(&mixed(), By::Asn, filter, &["- AS64500>? ipv4 9"]);
    let filter = Filter { asn: Some(Asn(64500)), ..Filter::default() };
    check(
        &mixed(),
        By::Lan,
        filter,
        &["0 peering>peering ipv4 36", "0 peering>peering ipv6 6", "100 private>private ipv4 9"],
    );
    check(
        &mixed(),
        By::Facility,
        filter,
        &[
            "- Hall A>Hall B ipv4 15",
            "- Hall A>Hall B ipv6 6",
            "- Hall B>Hall A ipv4 21",
            "- Hall B>? ipv4 9",
        ],
    );
}

#[test]
fn a_filter_leaves_the_totals() {
    let registry = registry();
    let delta = Delta { pairs: mixed(), unattributed: Counts::frame(60), ..Delta::default() };
    let filter = Filter { family: Some(Family::Arp), ..Filter::default() };
    let matrix = Matrix::new(&delta, &registry, By::Mac, filter, Span::default());
    assert_eq!(matrix.attributed().counts.packets, 2);
    assert_eq!(matrix.frames.seen.counts.packets, 67);
}

#[test]
fn cells_together_are_as_sure_as_their_samples_together() {
    let pairs: Vec<(PairKey, Estimate)> = (1..=4)
        .flat_map(|source| (0..u32::from(source) * 10).map(move |at| (source, at)))
        .map(|(source, at)| {
            (pair(0, source, mac(9), Family::Ipv4, 1).0, Estimate::sample(u64::from(source) * 100, 60 + at))
        })
        .collect();
    let registry = registry();
    let delta = Delta { pairs, ..Delta::default() };
    let of = |by| Matrix::new(&delta, &registry, by, Filter::default(), Span::default());
    let all = of(By::Mac).frames.seen;
    for by in By::ALL {
        let sum = of(by).attributed();
        let (of, sampled) = (all.sampled.expect("samples"), sum.sampled.expect("samples"));
        assert_eq!((sum.counts, sampled.samples), (all.counts, of.samples));
        let near = |left: f64, right: f64| (left - right).abs() < 1e-9;
        assert!(near(sampled.relative_error, of.relative_error), "{sampled:?} {of:?}");
        assert!(near(sampled.bytes_relative_error, of.bytes_relative_error), "{sampled:?} {of:?}");
    }
}

pub(crate) fn any_pair() -> impl Strategy<Value = (PairKey, Counts)> {
    let end = prop_oneof![(1u8..6).prop_map(mac), Just(Mac::BROADCAST), Just(STP)];
    (0u16..3, 1u8..6, end, 0usize..4, 0u64..1000, 0u64..100_000).prop_map(
        |(vlan, source, destination, family, packets, bytes)| {
            let vlan = VlanId::from_tci(vlan * 50);
            let key = PairKey::new(vlan, mac(source), destination, Family::ALL[family]);
            (key, Counts { packets, bytes })
        },
    )
}

/// Tags, ports and facilities that are there or not, and MACs on as many interfaces as chance will have.
pub(crate) fn any_registry() -> impl Strategy<Value = Registry> {
    let tag = prop_oneof![Just(None), Just(Some(0)), Just(Some(50)), Just(Some(100))];
    let port = proptest::sample::select(vec!["", ":1", "sw1", "sw1:1", "sw1:2", "sw2:1", "sw1,sw2"]);
    let facility = proptest::sample::select(vec!["", "Hall A", "Hall B"]);
    let interface = (0u32..4, 0usize..3, proptest::collection::vec(1u8..6, 0..3), port, facility);
    let interfaces = proptest::collection::vec(interface, 0..8);
    (proptest::array::uniform3(tag), interfaces).prop_map(|(tags, interfaces)| {
        let lan = |(at, tag): (usize, Option<u16>)| Lan {
            name: format!("lan {at}"),
            vlan: tag.and_then(VlanId::configured),
            ..registry().lans()[0].clone()
        };
        let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        let interface = |(member, lan, macs, port, facility): (u32, usize, Vec<u8>, &str, &str)| Interface {
            member: MemberId(member),
            lan,
            macs: macs.into_iter().map(mac).collect(),
            port: named(port),
            facility: named(facility),
            ..registry().interfaces()[0].clone()
        };
        let members = (0..4).map(|at| Member { asn: Asn(64510 - at), name: String::new() });
        let lans = tags.into_iter().enumerate().map(lan).collect();
        Registry::new(lans, members.collect(), interfaces.into_iter().map(interface).collect())
    })
}

proptest! {
    #[test]
    fn every_fold_adds_up_and_order_of_pairs_does_not_matter(
        pairs in proptest::collection::vec(any_pair(), 0..60),
        registry in any_registry(),
    ) {
        let mut turned = pairs.clone();
        turned.reverse();
        for by in By::ALL {
            let cells = fold(&pairs, &registry, by, &Filter::default());
            let all = Figure::sum(pairs.iter().map(|(_, counts)| Figure::of(counts)));
            prop_assert_eq!(Figure::sum(cells.iter().map(Cell::figure)), all);
            let key = |cell: &Cell<'_>| format!("{:?}", (cell.vlan, cell.source, cell.destination, cell.family));
            let keys: BTreeSet<String> = cells.iter().map(key).collect();
            prop_assert_eq!(keys.len(), cells.len(), "a cell stands once");
            prop_assert_eq!(cells, fold(&turned, &registry, by, &Filter::default()));
        }
    }
}
