//! The members in, their MACs as other tools take them out: one line each.

use std::collections::HashSet;

use clap::ValueEnum;
use ixp_common::addr::VlanId;
use jiff::Timestamp;

use super::{Interface, Registry};

/// Who is to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// `/etc/ethers`, for tcpdump and Wireshark: a MAC and the name of its interface
    Ethers,
    /// pmacct's peers.map (`bgp_peer_src_as_map`): the AS number of a source MAC
    PeersMap,
    /// An AS number and a MAC, as 64500-02:00:00:00:00:01
    AsnMac,
}

/// A line for each MAC that is registered at a time, in order of the file. An address that stands on several LANs has the
/// first of its names, and in a map one line for each; those with a tag come first there, since pmacct takes the first
/// that fits.
#[must_use]
pub fn export(registry: &Registry, format: Format, now: Timestamp) -> String {
    let interfaces = registry.interfaces().iter();
    let stations = interfaces.flat_map(|interface| interface.macs_at(now).map(move |mac| (interface, mac)));
    let asn = |interface: &Interface| registry.member(interface.member).asn.0;
    let mut lines: Vec<(Option<VlanId>, String)> = Vec::new();
    let mut said = HashSet::new();
    for (interface, mac) in stations {
        let tag = registry.lans()[interface.lan].vlan.filter(|vlan| *vlan != VlanId::UNTAGGED);
        let line = match (format, tag) {
            (Format::Ethers, _) => format!("{mac} {}", name(interface)),
            (Format::PeersMap, None) => format!("id={} ip=0.0.0.0/0 src_mac={mac}", asn(interface)),
            (Format::PeersMap, Some(tag)) => {
                format!("id={} ip=0.0.0.0/0 vlan={} src_mac={mac}", asn(interface), tag.get())
            }
            (Format::AsnMac, _) => format!("{}-{mac}", asn(interface)),
        };
        let what = if format == Format::Ethers { mac.to_string() } else { line.clone() };
        if said.insert(what) {
            lines.push((tag, line));
        }
    }
    if format == Format::PeersMap {
        lines.sort_by_key(|(tag, _)| tag.is_none());
    }
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

/// A label without what ends a name in `/etc/ethers`: a blank, which a LAN's may have, and what begins a comment.
fn name(interface: &Interface) -> String {
    interface.label.replace(|letter: char| letter.is_whitespace() || letter == '#', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::{VlanTags, parse};

    const MEMBERS: &str = r#"
[[lan]]
name = "peering lan"
vlan = 0
[[lan]]
name = "second"
vlan = 100
[[member]]
asn = 64500
[[member.interface]]
lan = "peering lan"
macs = ["02:00:00:00:00:01", "02:00:00:00:00:0a"]
[[member.interface]]
lan = "second"
macs = ["02:00:00:00:00:01"]
[[member]]
asn = 64501
[[member.interface]]
lan = "peering lan"
macs = ["02:00:00:00:00:02"]
change = { mac = "02:00:00:00:00:03", until = "2026-12-01T00:00:00Z" }
[[member.interface]]
lan = "peering lan"
macs = ["02:00:00:00:00:0b"]
"#;

    fn check(format: Format, now: &str, expected: &[&str]) {
        let (registry, _) = parse("members.toml", MEMBERS, &VlanTags::new()).expect("sound");
        let text = export(&registry, format, now.parse().expect("a time"));
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn an_address_has_the_first_of_its_names_without_what_would_end_it() {
        check(
            Format::Ethers,
            "2026-12-02T00:00:00Z",
            &[
                "02:00:00:00:00:01 AS64500@peering_lan",
                "02:00:00:00:00:0a AS64500@peering_lan",
                "02:00:00:00:00:02 AS64501@peering_lan",
                "02:00:00:00:00:0b AS64501@peering_lan_2",
            ],
        );
    }

    #[test]
    fn a_source_has_its_number_on_each_lan_and_a_second_one_until_its_time_is_over() {
        check(
            Format::PeersMap,
            "2026-11-30T00:00:00Z",
            &[
                "id=64500 ip=0.0.0.0/0 vlan=100 src_mac=02:00:00:00:00:01",
                "id=64500 ip=0.0.0.0/0 src_mac=02:00:00:00:00:01",
                "id=64500 ip=0.0.0.0/0 src_mac=02:00:00:00:00:0a",
                "id=64501 ip=0.0.0.0/0 src_mac=02:00:00:00:00:02",
                "id=64501 ip=0.0.0.0/0 src_mac=02:00:00:00:00:03",
                "id=64501 ip=0.0.0.0/0 src_mac=02:00:00:00:00:0b",
            ],
        );
    }

    #[test]
    fn a_number_and_an_address_stand_together_once() {
        check(
            Format::AsnMac,
            "2026-12-02T00:00:00Z",
            &[
                "64500-02:00:00:00:00:01",
                "64500-02:00:00:00:00:0a",
                "64501-02:00:00:00:00:02",
                "64501-02:00:00:00:00:0b",
            ],
        );
    }
}
