//! Any text is answered, and what a registry says can be written and read again.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;
use jiff::Timestamp;

/// A LAN's port: member, last bytes of its MACs, last byte of its addresses.
type Port = (u32, BTreeSet<u8>, u8);

fn ports() -> impl Strategy<Value = Vec<Port>> {
    let port = (64496u32..64512, proptest::collection::btree_set(1u8..255, 0..3), 1u8..255);
    proptest::collection::vec(port, 0..12)
}

/// A registry in which MACs and addresses stand once: the first port keeps them.
fn registry(ports: &[Port]) -> Registry {
    let lan = Lan {
        name: "a \"quoted\" lan".to_owned(),
        vlan: Some(vlan(7)),
        ipv4: Some("192.0.2.0/24".parse().unwrap()),
        ipv6: Some("2001:db8:1::/64".parse().unwrap()),
        mtu: 9000,
    };
    let (mut members, mut interfaces) = (Vec::<Member>::new(), Vec::new());
    let (mut macs, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (asn, stations, host) in ports {
        let at = members.iter().position(|member| member.asn.0 == *asn).unwrap_or_else(|| {
            members.push(Member { asn: Asn(*asn), name: format!("Net {asn}") });
            members.len() - 1
        });
        let macs = stations.iter().filter(|last| macs.insert(**last)).map(|last| mac(*last)).collect();
        let host = addresses.insert(*host).then_some(*host);
        interfaces.push(interface(MemberId(u32::try_from(at).unwrap()), macs, host));
    }
    Registry::new(vec![lan], members, interfaces)
}

fn interface(member: MemberId, macs: Vec<Mac>, host: Option<u8>) -> Interface {
    let ipv6 = |host| Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, u16::from(host));
    Interface {
        member,
        lan: 0,
        label: String::new(),
        macs,
        change: None,
        ipv4: host.map(|host| Ipv4Addr::new(192, 0, 2, host)).into_iter().collect(),
        ipv6: host.map(ipv6).into_iter().collect(),
        port: host.map(|host| format!("sw1:{host}")),
        facility: host.map(|host| format!("hall {}", host % 3)),
        speed: host.map(|host| u64::from(host) * 1_000_000_000),
    }
}

fn quoted<T: ToString>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{:?}", value.to_string())).collect();
    format!("[{}]", values.join(", "))
}

fn written(registry: &Registry) -> String {
    let mut text = String::new();
    for lan in registry.lans() {
        let (ipv4, ipv6) = (lan.ipv4.unwrap(), lan.ipv6.unwrap());
        let (name, tag, mtu) = (&lan.name, lan.vlan.unwrap(), lan.mtu);
        writeln!(text, "[[lan]]\nname = {name:?}\nvlan = {tag}\nmtu = {mtu}").unwrap();
        writeln!(text, "ipv4 = \"{ipv4}\"\nipv6 = \"{ipv6}\"").unwrap();
    }
    for interface in registry.interfaces() {
        let member = registry.member(interface.member);
        writeln!(text, "[[member]]\nasn = {}\nname = {:?}", member.asn.0, member.name).unwrap();
        writeln!(text, "[[member.interface]]\nlan = {:?}", registry.lans()[interface.lan].name).unwrap();
        let (macs, ipv4, ipv6) = (quoted(&interface.macs), quoted(&interface.ipv4), quoted(&interface.ipv6));
        writeln!(text, "macs = {macs}\nipv4 = {ipv4}\nipv6 = {ipv6}").unwrap();
        if let Some((port, speed)) = interface.port.as_ref().zip(interface.speed) {
            writeln!(text, "port = {port:?}\nspeed = {speed}").unwrap();
        }
        if let Some(facility) = &interface.facility {
            writeln!(text, "facility = {facility:?}").unwrap();
        }
    }
    text
}

/// Words of both formats in any order: nearer to the code's branches than any text.
fn salad() -> impl Strategy<Value = String> {
    let words = [
        "[[lan]]\n",
        "[[member]]\n",
        "[[member.interface]]\n",
        "name = \"a\"\n",
        "lan = \"a\"\n",
        "asn = 1\n",
        "asn = -1\n",
        "vlan = 7\n",
        "macs = [\"02:00:00:00:00:01\", 1]\n",
        "ipv4 = \"192.0.2.0/24\"\n",
        "ipv4 = [\"192.0.2.1\"]\n",
        "speed = 1e9\n",
        "member = 1\n",
        "lan = []\n",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"member_list\"",
        "\"asnum\"",
        "\"connection_list\"",
        "\"vlan_list\"",
        "\"ipv4\"",
        "null",
        "1",
        "\"x\"",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..20)
        .prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_text_is_answered_without_a_panic(text in ".{0,200}") {
        let _: bool = check::check("m", &text, &VlanTags::new(), Timestamp::UNIX_EPOCH).usable;
        let _: bool = check::check("m", &format!("{{{text}"), &VlanTags::new(), Timestamp::UNIX_EPOCH).usable;
    }

    #[test]
    fn any_salad_of_the_formats_words_is_answered_without_a_panic(text in salad()) {
        let _: bool = check::check("m", &text, &VlanTags::new(), Timestamp::UNIX_EPOCH).usable;
    }

    #[test]
    fn a_registry_survives_its_text(ports in ports()) {
        let before = registry(&ports);
        let (after, _) = parsed("m.toml", &written(&before), &[]);
        prop_assert_eq!(before.lans(), after.lans());
        prop_assert_eq!(before.members(), after.members());
        prop_assert_eq!(before.interfaces(), after.interfaces());
    }
}
