//! Folds by LAN, switch and facility.

use super::*;

#[test]
fn by_switch_ports_are_one_and_those_at_none_are_unknown() {
    check(
        &mixed(),
        By::Switch,
        Filter::default(),
        &[
            "- sw1>sw1 ipv4 8",
            "- sw1>sw2 ipv4 21",
            "- sw2>sw1 ipv4 7",
            "- sw2>sw1 ipv6 6",
            "- sw2>? ipv4 5",
            "- sw2>broadcast arp 2",
            "- sw2>multicast ipv6 3",
            "- sw2>multicast other 4",
            "- ?>sw2 ipv4 1",
            "- ?>? ipv4 9",
        ],
    );
}

#[test]
fn by_facility_switches_are_one() {
    check(
        &mixed(),
        By::Facility,
        Filter::default(),
        &[
            "- Hall A>Hall B ipv4 15",
            "- Hall A>Hall B ipv6 6",
            "- Hall A>? ipv4 5",
            "- Hall A>broadcast arp 2",
            "- Hall A>multicast ipv6 3",
            "- Hall A>multicast other 4",
            "- Hall B>Hall A ipv4 21",
            "- Hall B>? ipv4 9",
            "- ?>Hall A ipv4 1",
        ],
    );
}

#[test]
fn by_lan_all_of_a_vlan_is_one_and_vlans_of_no_lan_stay_apart() {
    let mut pairs = mixed();
    pairs.extend([pair(7, 8, mac(9), Family::Ipv4, 12), pair(9, 1, Mac::BROADCAST, Family::Ipv4, 13)]);
    check(
        &pairs,
        By::Lan,
        Filter::default(),
        &[
            "0 peering>peering ipv4 42",
            "0 peering>peering ipv6 9",
            "0 peering>peering arp 2",
            "0 peering>peering other 4",
            "7 ?>? ipv4 12",
            "9 ?>? ipv4 13",
            "100 private>private ipv4 9",
        ],
    );
}

#[test]
fn a_lan_without_a_tag_is_told_by_the_stations_that_are_on_it() {
    let lan = |name: &str, vlan| Lan { name: name.to_owned(), vlan, ipv4: None, ipv6: None, mtu: 1500 };
    let tagged = VlanId::configured(100);
    let any = registry();
    let interfaces = any.interfaces().iter().cloned();
    let interfaces =
        interfaces.map(|interface| Interface { lan: (interface.lan + 1) % 3, ..interface }).collect();
    let lans = vec![lan("second", tagged), lan("first", None), lan("other", tagged)];
    let registry = Registry::new(lans, any.members().to_vec(), interfaces);
    let lan = |vlan, source, destination| {
        let pairs = [pair(vlan, source, destination, Family::Ipv4, 1)];
        let cells = fold(&pairs, &registry, By::Lan, &Filter::default());
        cells[0].source.place().unwrap_or("?").to_owned()
    };
    // Its source is known there, or its destination.
    assert_eq!(lan(5, 2, Mac::BROADCAST), "first");
    assert_eq!(lan(5, 9, mac(4)), "first");
    assert_eq!(lan(5, 9, mac(8)), "?");
    // Of two LANs with one tag the one that a station is on, else the first; a tag says more than a station without.
    assert_eq!(lan(100, 1, mac(9)), "other");
    assert_eq!(lan(100, 9, mac(8)), "second");
    assert_eq!(lan(100, 4, mac(8)), "second");
}
