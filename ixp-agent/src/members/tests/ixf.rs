//! IX-F member exports.

use super::*;

const V1_0: &str = include_str!("../fixtures/ixf-1.0.json");
const V0_7: &str = include_str!("../fixtures/ixf-0.7.json");
const V0_6: &str = include_str!("../fixtures/ixf-0.6.json");

fn refused(text: &str) -> String {
    match parse("ixf.json", text, &VlanTags::new()) {
        Ok(_) => "taken".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// What is said of one member's first connection to a LAN of 192.0.2.0/24.
fn check_vlan(entry: &str, expected: &str) {
    let text = format!(
        r#"{{"ixp_list": [{{"vlan": [{{"id": 1, "name": "a", "ipv4": {{"prefix": "192.0.2.0", "mask_length": 24}}}}]}}],
        "member_list": [{{"asnum": 64500, "connection_list": [{{"vlan_list": [{entry}]}}]}}]}}"#
    );
    let at = "ixf.json: member_list[0].connection_list[0].vlan_list[0]";
    assert_eq!(parsed("ixf.json", &text, &[]).1, format!("{at}{expected}"), "of {entry}");
}

#[test]
fn version_1_0_is_read_with_what_each_entry_lacks() {
    let (registry, notices) = parsed("ixf.json", V1_0, &[(1, 100), (2, 200)]);
    assert_eq!(
        notices,
        r#"ixf.json: member_list[1].connection_list[0].vlan_list[0].ipv4.mac_addresses[0]: "UNKNOWN" is not a MAC address; write six hex bytes, as 02:00:00:00:00:01"#
    );
    assert_eq!(asn_of(&registry, 100, mac(2)), Some(64500));
    assert_eq!(asn_of(&registry, 200, mac(1)), Some(64500));
    assert_eq!(asn_of(&registry, 200, mac(2)), None);
    assert_eq!(asn_of(&registry, 100, mac(3)), Some(64501));
    let first = &registry.interfaces()[0];
    assert_eq!(first.label, "AS64500@Peering LAN");
    assert_eq!(first.macs, [mac(1), mac(2)]);
    assert_eq!((first.port.as_deref(), first.speed), (Some("sw1"), Some(20_000_000_000)));
    assert_eq!((first.switch(), first.facility.as_deref()), (Some("sw1"), Some("Example DC")));
    assert_eq!(registry.lans()[0].ipv6, "2001:db8:1::/64".parse().ok());
}

/// Switch and facility of a connection over these switches of four.
fn check_links(switches: &[i64], switch: Option<&str>, facility: Option<&str>) {
    let links: Vec<String> = switches.iter().map(|id| format!(r#"{{"switch_id": {id}}}"#)).collect();
    let text = format!(
        r#"{{"ixp_list": [{{"switch": [
            {{"id": 1, "name": "sw1", "colo": "Hall A, Exampleton", "pdb_facility_id": 7, "city": "Exampleton"}},
            {{"id": 2, "name": "sw2", "colo": "", "pdb_facility_id": "8", "city": "Exampleton"}},
            {{"id": 3, "name": "sw3", "colo": null, "pdb_facility_id": 0, "city": "Exampleton"}},
            {{"id": 4, "name": ""}}]}}],
        "member_list": [{{"asnum": 64500, "connection_list": [{{"if_list": [{}],
            "vlan_list": [{{"ipv4": {{"mac_addresses": ["02:00:00:00:00:01"]}}}}]}}]}}]}}"#,
        links.join(", ")
    );
    let (registry, notices) = parsed("ixf.json", &text, &[]);
    let found = &registry.interfaces()[0];
    let expected = (switch, facility, "");
    assert_eq!((found.switch(), found.facility.as_deref(), notices.as_str()), expected, "{switches:?}");
}

#[test]
fn a_connection_is_at_its_switches_and_where_those_are() {
    check_links(&[1], Some("sw1"), Some("Hall A, Exampleton"));
    check_links(&[2], Some("sw2"), Some("PeeringDB facility 8"));
    check_links(&[3], Some("sw3"), Some("Exampleton"));
    check_links(&[4], None, None);
    check_links(&[5], None, None);
    check_links(&[], None, None);
    // A LAG is at the same place whichever of its links comes first.
    for links in [[1, 3, 1], [3, 1, 3]] {
        check_links(&links, Some("sw1,sw3"), Some("Exampleton + Hall A, Exampleton"));
    }
    check_links(&[2, 4], Some("sw2"), Some("PeeringDB facility 8"));
}

#[test]
fn a_mac_of_two_connections_is_where_both_are() {
    let text = |second: i64| {
        let connection = |switch: i64| {
            format!(
                r#"{{"if_list": [{{"switch_id": {switch}}}], "vlan_list": [{{"vlan_id": 1, "ipv4": {{"mac_addresses": ["02:00:00:00:00:01"]}}}}]}}"#
            )
        };
        format!(
            r#"{{"ixp_list": [{{"switch": [{{"id": 1, "name": "sw1", "colo": "A"}}, {{"id": 2, "name": "sw2", "colo": "A"}},
            {{"id": 3, "name": "sw3", "colo": "B"}}]}}],
            "member_list": [{{"asnum": 64500, "connection_list": [{}, {}]}}]}}"#,
            connection(1),
            connection(second)
        )
    };
    for (second, switch, facility) in
        [(1, Some("sw1"), Some("A")), (2, None, Some("A")), (3, None, None), (4, None, None)]
    {
        let (registry, _) = parsed("ixf.json", &text(second), &[]);
        let first = &registry.interfaces()[0];
        assert_eq!((first.switch(), first.facility.as_deref()), (switch, facility), "{second}");
    }
}

#[test]
fn without_a_map_of_tags_a_mac_counts_on_any_vlan() {
    let (registry, notices) = parsed("ixf.json", V1_0, &[]);
    for tag in [0, 100, 4094] {
        assert_eq!(asn_of(&registry, tag, mac(1)), Some(64500), "vlan {tag}");
    }
    let said = "ixf.json: MACs on more than one LAN while nothing says the LANs' tags: 1; they count for the first; \
                map the ids of the VLANs to tags in [members.vlan_tags]";
    assert_eq!(notices.lines().last(), Some(said));
    let id = registry.interface_of(vlan(5), mac(1)).unwrap();
    assert_eq!(registry.interface(id).label, "AS64500@Peering LAN");
}

#[test]
fn version_0_7_with_a_repeated_member_and_clashes_keeps_the_first() {
    let (registry, notices) = parsed("ixf.json", V0_7, &[(5, 0)]);
    assert_eq!(registry.members().len(), 2);
    assert_eq!(registry.members()[0].name, "Example Networks");
    assert_eq!(registry.interfaces()[1].label, "AS64500@Peering LAN#2");
    assert_eq!(asn_of(&registry, 0, mac(1)), Some(64500));
    let first = "member_list[0].connection_list[0].vlan_list[0].ipv4";
    let third = "ixf.json: member_list[2].connection_list[0].vlan_list[0]";
    let expected = [
        format!("{third}.ipv4.address: 192.0.2.1 stands at {first}.address already, which keeps it"),
        format!(
            "{third}.ipv6.address: 2001:db8:2::1 is outside 2001:db8:1::/64, the prefix of LAN \"Peering LAN\"; \
             the address is taken all the same"
        ),
        format!(
            "{third}.ipv4.mac_addresses[0]: 02:00:00:00:00:01 is of AS64501 here and of AS64500 at {first}.mac_addresses[0], which keeps it"
        ),
    ];
    assert_eq!(notices, expected.join("\n"));
}

#[test]
fn version_0_6_with_numbers_in_quotes_and_most_fields_left_out_is_read() {
    let (registry, notices) = parsed("ixf.json", V0_6, &[(1, 7)]);
    assert_eq!(notices, "");
    assert_eq!(asn_of(&registry, 7, mac(1)), Some(64500));
    assert_eq!(asn_of(&registry, 7, mac(3)), Some(64502));
    assert_eq!(registry.interfaces()[0].speed, Some(10_000_000_000));
    assert_eq!(registry.interfaces()[1].speed, None);
    assert_eq!(registry.lans()[0].name, "vlan-id-1");
}

#[test]
fn version_0_3_has_its_one_exchange_in_an_object() {
    let text = r#"{"ixp_info": {"vlan": [{"id": 1, "name": "a"}]}, "member_list": [
        {"asnum": 64500, "connection_list": [{"vlan_list": [{"vlan_id": 1, "ipv4": {"mac_addresses": ["02:00:00:00:00:01"]}}]}]}]}"#;
    let (registry, notices) = parsed("ixf.json", text, &[]);
    assert_eq!((registry.lans().len(), notices.as_str()), (1, ""));
    assert_eq!(registry.interfaces()[0].label, "AS64500@a");
}

#[test]
fn a_lan_that_is_not_described_has_a_name_of_its_id() {
    let text = r#"{"member_list": [{"asnum": 64500, "connection_list": [
        {"vlan_list": [{"vlan_id": 9, "ipv4": {"mac_addresses": ["02:00:00:00:00:01"]}}]}]}]}"#;
    let (registry, _) = parsed("ixf.json", text, &[(9, 100)]);
    assert_eq!(registry.interfaces()[0].label, "AS64500@vlan-id-9");
    assert_eq!(asn_of(&registry, 100, mac(1)), Some(64500));
}

#[test]
fn what_cannot_be_used_is_said_and_left_out() {
    check_vlan(r#"{"vlan_id": 1}"#, ": AS64500 has no MAC here; its traffic is not matched");
    check_vlan(
        r#"{"ipv4": {"mac_addresses": [7]}}"#,
        ".ipv4.mac_addresses[0]: 7 is not a MAC address in a text",
    );
    check_vlan(
        r#"{"ipv4": {"address": "192.0.2.0", "mac_addresses": ["02:00:00:00:00:01"]}}"#,
        ".ipv4.address: 192.0.2.0 is the network address of 192.0.2.0/24; write a host's address",
    );
    let text = r#"{"member_list": [{}, {"asnum": -1}, {"asnum": 64500}, 7]}"#;
    let expected = "\
ixf.json: member_list[0]: no \"asnum\"; the member is left out
ixf.json: member_list[1].asnum: -1 is no AS number; the member is left out
ixf.json: member_list[2]: AS64500 has no \"connection_list\"; its traffic is not matched
ixf.json: member_list[3]: no \"asnum\"; the member is left out";
    assert_eq!(parsed("ixf.json", text, &[]).1, expected);
}

#[test]
fn what_is_no_export_is_refused_with_one_error() {
    assert_eq!(
        refused("{\"member_list\":\n  [}"),
        "ixf.json:2:4: not JSON: expected value; an IX-F member export is a JSON object"
    );
    assert_eq!(
        refused("{}"),
        "ixf.json:1:1: no list \"member_list\", so this is no IX-F member export; its JSON has one at the top"
    );
}

#[test]
fn a_route_server_is_who_offers_the_service_and_not_who_uses_it() {
    let member = |asn: u32, family: &str| {
        format!(
            r#"{{"asnum":{asn},"connection_list":[{{"vlan_list":[{{"vlan_id":1,"ipv4":{{"mac_addresses":["02:00:00:00:00:{:02x}"],{family}}}}}]}}]}}"#,
            asn % 100
        )
    };
    let services = member(64501, r#""services":[{"type":"ixroutecollector"},{"type":"ixrouteserver"}]"#);
    let uses = member(64502, r#""routeserver":true"#);
    let (registry, _) = parsed("ixf.json", &format!(r#"{{"member_list":[{services},{uses}]}}"#), &[]);
    let known = [64501, 64502].map(|asn| registry.is_route_server(Asn(asn)));
    assert_eq!(known, [true, false]);
}
