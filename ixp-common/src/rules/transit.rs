//! A frame in; whether it is transit against which no rule has anything to say, by few compares: what most
//! frames of an exchange are.

use super::judge::Kind;
use super::scene::Scene;
use super::scope::{FIRST_GROUP, is_link_local_ipv4};
use super::{bogon, layer2};
use crate::addr::Ip6;
use crate::bytes::FrameBytes;
use crate::frame::{Link, ipv4, ipv6};
use crate::memory::Memory;
use crate::policy::PortPolicy;
use crate::table::Lan;

/// Whether a counted frame is a packet from and to elsewhere, between two registered stations that are where
/// they should be. [`judge`](super::judge) would find nothing broken and remember nothing of it. `false` says
/// nothing: such a frame is judged.
#[inline(always)]
pub fn is_transit<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    scene: &Scene<'_>,
    kind: Kind,
    port: &PortPolicy,
    memory: &M,
) -> bool {
    if !has_clean_link(link, scene, port, memory) {
        return false;
    }
    match kind {
        Kind::Ipv4 => is_elsewhere_ipv4(frame, link.payload, scene.lan),
        Kind::Ipv6 => is_elsewhere_ipv6(frame, link.payload, scene.lan),
        Kind::Arp | Kind::Other | Kind::CutIpv6 => false,
    }
}

/// No rule of the link layer but L20.
#[inline(always)]
fn has_clean_link<M: Memory>(link: &Link, scene: &Scene<'_>, port: &PortPolicy, memory: &M) -> bool {
    let Scene { lan, source, place, destination, .. } = scene;
    let table = memory.table();
    if !source.is_registered() || !destination.is_registered() || link.destination().is_group() {
        return false;
    }
    // L04, L05 and L14; L07 and L21 by the registrations.
    let is_tagged_right = !layer2::has_wrong_tag(link, lan, table);
    let is_usual = link.source().is_station() && !layer2::is_extremes(link.destination());
    if !is_tagged_right || !is_usual || !table.carries(link.ethertype) {
        return false;
    }
    // L06 and L08.
    let is_wired_here = port.port() == 0 || source.port() == 0 || source.port() == port.port();
    let is_at_home = || memory.seat(*place).is_some_and(|seat| seat.is_at(source, port.seat()));
    is_wired_here && (!table.watches_moves() || is_at_home())
}

/// From and to addresses that are neither of the LAN nor special; small enough (L20).
#[inline(always)]
fn is_elsewhere_ipv4<F: FrameBytes>(frame: &F, payload: usize, lan: &Lan) -> bool {
    let Some((len, source, destination)) = ipv4::outline(frame, payload) else {
        return false;
    };
    !layer2::is_over_mtu(lan, u32::from(len))
        && !bogon::is_ipv4(source)
        && !lan.contains_ipv4(source)
        && destination[0] < FIRST_GROUP
        && !is_link_local_ipv4(destination)
        && !lan.contains_ipv4(destination)
}

/// As [`is_elsewhere_ipv4`]. A packet without a length of its own is not looked at (RFC 2675).
#[inline(always)]
fn is_elsewhere_ipv6<F: FrameBytes>(frame: &F, payload: usize, lan: &Lan) -> bool {
    let Some((len, source, destination)) = ipv6::outline(frame, payload) else {
        return false;
    };
    len != 0
        && !layer2::is_over_mtu(lan, u32::from(len) + ipv6::FIXED_LEN)
        && is_global(source)
        && !bogon::is_ipv6(source)
        && !lan.contains_ipv6(source)
        && is_global(destination)
        && !lan.contains_ipv6(destination)
}

/// 2000::/3 (RFC 4291 §2.4).
#[inline(always)]
fn is_global(address: Ip6) -> bool {
    address.halves()[0] >> 61 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::{EtherType, Mac};
    use crate::bytes::Captured;
    use crate::frame;
    use crate::limit::{Class, Limit};
    use crate::memory::known::Known;
    use crate::policy::{Deployment, RuleActions};
    use crate::rules::{RuleSet, judge};
    use crate::table::{AddressKey, PolicyTable, Station};
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::boxed::Box;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    const HOST: Mac = Mac([2, 0, 0, 0, 0, 0x99]);
    const EDP: Mac = Mac([0, 0xe0, 0x2b, 0, 0, 0]);

    fn member(number: u8) -> Mac {
        Mac([2, 0, 0, 0, 0, number])
    }

    fn ip6(text: &str) -> Ip6 {
        text.parse::<core::net::Ipv6Addr>().expect("an address").into()
    }

    /// Members 1 to 3 on an untagged LAN and on one with tag 7, wired to ports 1 and 2 and to none.
    fn known(watches_moves: bool) -> Known {
        let mut table = Box::new(PolicyTable::EMPTY);
        let lan = |vlan| {
            let lan = Lan::new(vlan, 1500, 0).with_ipv4([192, 0, 2, 0], 24, true);
            lan.with_ipv6(ip6("2001:7f8:1::"), 64, true)
        };
        table.set_lans(&[lan(0), lan(7)]);
        table.set_actions(0, RuleActions::usual());
        table.set_limit(Class::UnknownUnicast, Limit::new(1, 1));
        let none = EtherType(0);
        table.set_ethertypes([EtherType::IPV4, EtherType::IPV6, none, none, none, none, none, none]);
        let mut stations: Vec<Station> = [0, 7]
            .into_iter()
            .flat_map(|vlan| [(1, 1), (2, 2), (3, 0)].map(|(number, port)| (vlan, number, port)))
            .map(|(vlan, number, port)| {
                let station = Station::new(vlan, member(number), u16::from(number), 0);
                station.with_addresses(true, true).wired_to(port)
            })
            .collect();
        table.set_stations(&mut stations).expect("they fit");
        if watches_moves {
            table.watch_moves();
        }
        let owner = |number: u8| (AddressKey::ipv4(0, 0, [192, 0, 2, number]), u16::from(number));
        Known::new(table, BTreeMap::from([1, 2, 3].map(owner)))
    }

    /// Mostly transit, and whatever may make it something else.
    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let source = select(std::vec![1, 1, 1, 2, 3, 0x99, 9].into_iter().map(member).collect::<Vec<_>>());
        let to = [member(2), member(2), member(3), member(9), HOST, EDP, Mac::BROADCAST, Mac([0x33; 6])];
        let tags: [&[u8]; 4] = [&[], &[0x81, 0, 0, 7], &[0x81, 0, 0, 8], &[0x81, 0, 0, 7, 0x81, 0, 0, 7]];
        let link = (select(to.to_vec()), source, select(tags.to_vec()));
        (link, prop_oneof![ipv4_packets(), ipv6_packets()])
            .prop_map(|((to, from, tags), packet)| [&to.0[..], &from.0[..], tags, &packet[..]].concat())
    }

    fn ipv4_packets() -> impl Strategy<Value = Vec<u8>> {
        let special =
            [[192, 0, 2, 7], [192, 0, 2, 255], [224, 0, 0, 5], [255; 4], [169, 254, 1, 1], [10, 1, 1, 1]];
        let address = || {
            let special = select(special.to_vec());
            prop_oneof![4 => Just([8, 8, 8, 8]), 1 => special, 1 => any::<[u8; 4]>()]
        };
        let len = prop_oneof![4 => Just(40u16), 1 => 20u16..80, 1 => 1490u16..1510];
        let rest = (any::<u8>(), select(std::vec![0u16, 0x2000, 0x0010]), any::<[u8; 60]>());
        (address(), address(), len, rest).prop_map(|(from, to, len, (protocol, fragment, body))| {
            let [l0, l1] = len.to_be_bytes();
            let [f0, f1] = fragment.to_be_bytes();
            let head = [0x08, 0, 0x45, 0, l0, l1, 0, 0, f0, f1, 64, protocol, 0, 0];
            [&head[..], &from[..], &to[..], &body[..]].concat()
        })
    }

    fn ipv6_packets() -> impl Strategy<Value = Vec<u8>> {
        let special = ["2001:7f8:1::7", "fe80::1", "fec0::1", "ff02::1", "::", "fd00::1", "2001:db8::1"];
        let special = special.map(ip6).to_vec();
        let global = ip6("2606:4700::1");
        let address = move || prop_oneof![4 => Just(global), 1 => select(special.clone())];
        let len = prop_oneof![4 => Just(40u16), 1 => Just(0u16), 1 => 0u16..60, 1 => 1450u16..1470];
        let next = prop_oneof![select(std::vec![0u8, 43, 44, 58, 60, 6, 17]), any::<u8>()];
        (address(), address(), len, next, any::<[u8; 60]>()).prop_map(|(from, to, len, next, body)| {
            let [l0, l1] = len.to_be_bytes();
            let head = [0x86, 0xdd, 0x60, 0, 0, 0, l0, l1, next, 255];
            [&head[..], &from.octets()[..], &to.octets()[..], &body[..]].concat()
        })
    }

    /// Whether the frame is waved through; if so, no rule may have anything to say of it.
    fn check(bytes: &[u8], memory: &Known, port: &PortPolicy) -> bool {
        let captured = Captured::new(bytes, 1600);
        let Ok(link) = frame::link(&captured) else { return false };
        if frame::network(&captured, &link).is_err() {
            return false;
        }
        let kind = Kind::of(link.ethertype);
        let is_waved = is_transit(&captured, &link, &Scene::of(&link, memory.table()), kind, port, memory);
        let judged = judge(&captured, &link, kind, port, memory);
        if is_waved {
            let found = memory.desk().expect("there is one").findings.get().broken;
            assert_eq!(found, RuleSet::EMPTY, "{:?}", found.iter().collect::<Vec<_>>());
            assert!(judged.verdict.counted.is_empty());
            assert!(memory.claims.borrow().is_empty() && memory.sessions.borrow().is_empty());
        }
        is_waved
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn no_rule_has_anything_to_say_of_transit(
            bytes in frames(), port in 0u16..4, before in 0u16..4, watches_moves in any::<bool>()
        ) {
            let memory = known(watches_moves);
            let facing = |port| PortPolicy::new(1, Deployment::Inline, HOST, false, 0).facing(port);
            check(&bytes, &memory, &facing(before));
            memory.claims.borrow_mut().clear();
            memory.sessions.borrow_mut().clear();
            check(&bytes, &memory, &facing(port));
        }
    }

    #[test]
    fn transit_is_waved_through_and_a_station_elsewhere_is_not() {
        let ipv4 = [&[8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 8, 8, 8, 8, 9, 9, 9, 9][..], &[0; 40]];
        let bytes = [&member(2).0[..], &member(1).0[..], &ipv4.concat()].concat();
        let memory = known(true);
        let facing = |port| PortPolicy::new(1, Deployment::Inline, HOST, false, 0).facing(port);
        let cases = [(1, false), (1, true), (2, false), (1, false), (1, true)];
        for (at, (port, expected)) in cases.into_iter().enumerate() {
            let captured = Captured::whole(&bytes);
            let link = frame::link(&captured).expect("it is sound");
            let scene = Scene::of(&link, memory.table());
            let is_waved = is_transit(&captured, &link, &scene, Kind::Ipv4, &facing(port), &memory);
            assert_eq!(is_waved, expected, "step {at}");
            let _moves = judge(&captured, &link, Kind::Ipv4, &facing(port), &memory);
        }
    }
}
