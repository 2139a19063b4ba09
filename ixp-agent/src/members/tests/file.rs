//! The TOML members file.

use super::*;
use jiff::Timestamp;

const GOOD: &str = r#"
[[lan]]
name = "peering"
vlan = 0
ipv4 = "192.0.2.0/24"
ipv6 = "2001:db8:1::/64"
mtu  = 1500

[[lan]]
name = "jumbo"
vlan = 100
ipv4 = "198.51.100.0/24"
mtu  = 9000

[[member]]
asn  = 64500
name = "Example Networks"
[[member.interface]]
lan  = "peering"
macs = ["02:00:00:00:00:01", "02-00-00-00-00-02"]
ipv4 = ["192.0.2.1"]
ipv6 = ["2001:db8:1::1"]
port = "sw1:xe-0/0/1"
facility = "Hall 1"
speed = 10_000_000_000
[[member.interface]]
lan  = "jumbo"
macs = ["02:00:00:00:00:01"]

[[member]]
asn = 64501
[[member.interface]]
lan = "peering"
"#;

/// What is said of a file that begins with the LAN "peering" (lines 1 to 4).
fn refused(text: &str) -> String {
    let lan = "[[lan]]\nname = \"peering\"\nipv4 = \"192.0.2.0/24\"\nipv6 = \"2001:db8:1::/64\"\n";
    match parse("m.toml", &format!("{lan}{text}"), &VlanTags::new()) {
        Ok((_, notices)) => format!("taken, {}", notice::lines(&notices)),
        Err(error) => error.to_string(),
    }
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(refused(text), expected.join("\n"), "of\n{text}");
}

/// The same, of one interface of AS64500 (lines 5 to 8) with this line 9.
fn check_interface(line: &str, expected: &str) {
    let text = format!("[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"peering\"\n{line}");
    assert_eq!(refused(&text).lines().next(), Some(expected), "of {line}");
}

#[test]
fn a_good_file_names_its_stations() {
    let (registry, notices) = parsed("members.toml", GOOD, &[]);
    assert_eq!(notices, "members.toml:32: an interface of AS64501 has no MAC; its traffic is not matched");
    assert_eq!(asn_of(&registry, 0, mac(2)), Some(64500));
    assert_eq!(asn_of(&registry, 100, mac(2)), None);
    let label =
        |tag| registry.interface_of(vlan(tag), mac(1)).map(|id| registry.interface(id).label.as_str());
    assert_eq!(label(0), Some("AS64500@peering"));
    assert_eq!(label(100), Some("AS64500@jumbo"));
    let first = &registry.interfaces()[0];
    assert_eq!((first.port.as_deref(), first.speed), (Some("sw1:xe-0/0/1"), Some(10_000_000_000)));
    assert_eq!((first.switch(), first.facility.as_deref()), (Some("sw1"), Some("Hall 1")));
    assert_eq!(registry.lans()[1].mtu, 9000);
}

#[test]
fn a_port_says_its_switch_before_the_first_colon() {
    let cases = [
        ("sw1:xe-0/0/1", Some("sw1")),
        ("sw1:1:2", Some("sw1")),
        ("sw1", Some("sw1")),
        ("sw1,sw2", Some("sw1,sw2")),
        ("sw1 : 7", Some("sw1")),
        (":7", None),
    ];
    for (port, switch) in cases {
        let text = format!(
            "[[lan]]\nname = \"peering\"\n[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"peering\"\nport = {port:?}\n"
        );
        assert_eq!(parsed("m.toml", &text, &[]).0.interfaces()[0].switch(), switch, "{port}");
    }
    check_interface(r#"facility = """#, "m.toml:9: a name is empty; give one or leave it out");
    check_interface(
        "facility = 7",
        r#"m.toml:9: "facility" takes a text in quotes, not a number; write it as facility = "Example DC 1""#,
    );
}

#[test]
fn a_change_is_a_second_mac_with_an_end() {
    let text = |change: &str| {
        format!(
            "[[lan]]\nname = \"peering\"\n[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"peering\"\n\
             macs = [\"02:00:00:00:00:01\"]\nchange = {change}\n"
        )
    };
    let good = text(r#"{ mac = "02:00:00:00:00:02", until = "2026-12-01T06:00:00+01:00" }"#);
    let (registry, notices) = parsed("m.toml", &good, &[]);
    assert_eq!(notices, "");
    let until = "2026-12-01T05:00:00Z".parse().unwrap();
    assert_eq!(registry.interfaces()[0].change, Some(Change { mac: mac(2), until }));
    assert_eq!(asn_of(&registry, 0, mac(2)), Some(64500));
    let cases = [
        (
            r#"{ mac = "02:00:00:00:00:01", until = "2026-12-01T06:00:00Z" }"#,
            r#"m.toml:8: 02:00:00:00:00:01 is on LAN "peering" already, at line 7; write it once"#,
        ),
        (
            r#"{ mac = "02:00:00:00:00:02", until = "tomorrow" }"#,
            r#"m.toml:8: until = "tomorrow" is no moment; write date, time and zone, as "2026-12-01T06:00:00Z""#,
        ),
        (
            r#"{ mac = "02:00:00:00:00:02" }"#,
            r#"m.toml:8: "until" is missing; write it as until = "2026-12-01T06:00:00Z""#,
        ),
        (
            r#"{ mac = "02:00:00:00:00:02", until = 2026-12-01T06:00:00Z }"#,
            r#"m.toml:8: "until" takes a text in quotes, not a date; write it as until = "2026-12-01T06:00:00Z""#,
        ),
    ];
    for (change, expected) in cases {
        let said = parse("m.toml", &text(change), &VlanTags::new()).unwrap_err().to_string();
        assert_eq!(said, expected);
    }
}

#[test]
fn entries_of_one_as_number_are_one_member() {
    let text = "[[member]]\nasn = 64500\n[[member]]\nasn = 64500\nname = \"A\"\n[[member]]\nasn = 64500\nname = \"B\"\n";
    let (registry, notices) = parsed("m.toml", text, &[]);
    assert_eq!(registry.members().len(), 1);
    assert_eq!(registry.members()[0].name, "A");
    assert!(notices.contains("m.toml:6: AS64500 is named \"A\" above; that name is kept"), "{notices}");
}

#[test]
fn an_empty_file_is_an_empty_registry() {
    let (registry, notices) = parsed("m.toml", "", &[]);
    assert_eq!((registry.members().len(), notices.as_str()), (0, ""));
}

#[test]
fn a_bad_mac_is_told_how_to_be_written() {
    let check = check_interface;
    check(
        r#"macs = ["02:00:00:00:01"]"#,
        r#"m.toml:9: "02:00:00:00:01" is not a MAC address; write six hex bytes, as 02:00:00:00:00:01"#,
    );
    check(
        r#"macs = ["01:00:5e:00:00:01"]"#,
        r#"m.toml:9: "01:00:5e:00:00:01" is a group address, which no station owns; write the router port's own MAC, its first byte even"#,
    );
    check(
        r#"macs = ["00:00:00:00:00:00"]"#,
        r#"m.toml:9: "00:00:00:00:00:00" is nobody's address; write the router port's own MAC"#,
    );
    check(
        r#"macs = ["02:00:00:00:00:01", "02:00:00:00:00:01"]"#,
        r#"m.toml:9: 02:00:00:00:00:01 is on LAN "peering" already, at line 9; write it once"#,
    );
    check(
        r#"macs = "02:00:00:00:00:01""#,
        r#"m.toml:9: "macs" takes a list, not a text; write it as macs = ["02:00:00:00:00:01"]"#,
    );
}

#[test]
fn a_bad_address_is_told_what_is_wrong() {
    let check = check_interface;
    check(
        r#"ipv4 = ["198.51.100.1"]"#,
        r#"m.toml:9: 198.51.100.1 is outside 192.0.2.0/24, the prefix of LAN "peering""#,
    );
    check(
        r#"ipv4 = ["192.0.2.0"]"#,
        "m.toml:9: 192.0.2.0 is the network address of 192.0.2.0/24; write a host's address",
    );
    check(
        r#"ipv4 = ["192.0.2.255"]"#,
        "m.toml:9: 192.0.2.255 is the broadcast address of 192.0.2.0/24; write a host's address",
    );
    check(
        r#"ipv4 = ["192.0.2.1/24"]"#,
        r#"m.toml:9: "192.0.2.1/24" is not an IPv4 address; write the address without a prefix length, as 192.0.2.1"#,
    );
    check(
        r#"ipv6 = ["2001:db8:1::"]"#,
        "m.toml:9: 2001:db8:1:: is the network address of 2001:db8:1::/64; write a host's address",
    );
    check(
        r#"ipv6 = ["fe80::1"]"#,
        r#"m.toml:9: fe80::1 is outside 2001:db8:1::/64, the prefix of LAN "peering""#,
    );
    check(
        r#"ipv4 = ["192.0.2.1", "192.0.2.1"]"#,
        "m.toml:9: 192.0.2.1 is of AS64500 already, at line 9; an address has one interface",
    );
}

#[test]
fn a_bad_key_or_number_is_told_what_to_write() {
    let check = check_interface;
    check("macz = []", r#"m.toml:9: unknown key "macz"; did you mean "macs"?"#);
    check(
        "colour = 1",
        r#"m.toml:9: unknown key "colour"; known here: change, facility, ipv4, ipv6, lan, macs, port, speed"#,
    );
    check("speed = -1", "m.toml:9: speed = -1 is no rate; write bit/s, as 10_000_000_000");
    check(
        "speed = 1.5",
        r#"m.toml:9: "speed" takes a whole number, not a fraction; write it as speed = 10000000000"#,
    );
    check("speed = 99999999999999999999", "m.toml:9: speed = 99999999999999999999 is too large");
}

#[test]
fn a_lan_is_told_from_every_other() {
    check(
        "[[lan]]\nname = \"peering\"\nvlan = 100\n",
        &[r#"m.toml:6: LAN "peering" is at line 2 already; each LAN has a name of its own"#],
    );
    check(
        "[[lan]]\nname = \"other\"\n",
        &[
            r#"m.toml:6: LANs "peering" (line 2) and "other" are both untagged (vlan = 0); nothing tells their frames apart"#,
        ],
    );
    check(
        "[[lan]]\nname = \"a\"\nvlan = 9\n[[lan]]\nname = \"b\"\nvlan = 9\n",
        &[r#"m.toml:10: LANs "a" (line 7) and "b" are both on VLAN 9; nothing tells their frames apart"#],
    );
    check(
        "[[lan]]\nvlan = 4095\nmtu = 9\nipv4 = \"192.0.2.1/24\"\n",
        &[r#"m.toml:5: "name" is missing; write it as name = "peering""#],
    );
    check(
        "[[lan]]\nname = \"a\"\nvlan = 4095\nmtu = 9\nipv4 = \"192.0.2.1/24\"\nipv6 = \"x\"\n",
        &[
            "m.toml:7: vlan = 4095 is no 802.1Q tag; write 1 to 4094, or 0 for untagged",
            "m.toml:8: mtu = 9 is no packet size; write 68 to 65535, as 1500",
            r#"m.toml:9: "192.0.2.1/24" is an address in a prefix; write the prefix, 192.0.2.0/24"#,
            r#"m.toml:10: "x" is not an IPv6 prefix; write it as 2001:db8:1::/64"#,
        ],
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    check(
        r#"[[member]]
asn = 0
nmae = "A"
[[member.interface]]
lan = "paering"
macs = ["UNKNOWN"]
[[member]]
asn = 64500
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:01"]
[[member]]
asn = 64501
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:01"]
"#,
        &[
            "m.toml:6: asn = 0 is no AS number; write 1 to 4294967295",
            r#"m.toml:7: unknown key "nmae"; did you mean "name"?"#,
            r#"m.toml:9: there is no LAN "paering"; did you mean "peering"?"#,
            r#"m.toml:10: "UNKNOWN" is not a MAC address; write six hex bytes, as 02:00:00:00:00:01"#,
            "m.toml:20: 02:00:00:00:00:01 is of AS64501 here and of AS64500 at line 15; a MAC has one member",
        ],
    );
}

#[test]
fn a_table_in_place_of_a_list_is_told_of_its_brackets() {
    check(
        "[member]\nasn = 64500\n",
        &["m.toml:5: \"member\" takes a list, not a table; double the brackets around its name"],
    );
}

#[test]
fn a_text_that_is_no_toml_is_refused_where_it_breaks() {
    let said = refused("[[member]\n");
    assert!(said.starts_with("m.toml:5: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn check_sums_a_good_file_up() {
    let checked = check::check("members.toml", GOOD, &VlanTags::new(), Timestamp::UNIX_EPOCH);
    assert!(checked.usable);
    let expected = "\
members.toml:32: an interface of AS64501 has no MAC; its traffic is not matched
members.toml: 2 LANs, 2 members, 3 interfaces, 3 MACs
  LAN      VLAN  IPv4             IPv6             members  interfaces
  peering  0     192.0.2.0/24     2001:db8:1::/64  2        2
  jumbo    100   198.51.100.0/24  -                1        1
at 1 switch: 1 of 3 interfaces
at 1 facility: 1 of 3 interfaces
members without MAC, whose traffic is not matched:
  AS64501
members.toml: usable, with 1 warning
";
    assert_eq!(checked.text, expected);
}

#[test]
fn check_refuses_a_bad_file() {
    let checked =
        check::check("m.toml", "[[lan]]\nname = \"a\"\nvlan = -1\n", &VlanTags::new(), Timestamp::UNIX_EPOCH);
    assert!(!checked.usable);
    let expected = "\
m.toml:3: vlan = -1 is no 802.1Q tag; write 1 to 4094, or 0 for untagged
m.toml: not usable
";
    assert_eq!(checked.text, expected);
}
