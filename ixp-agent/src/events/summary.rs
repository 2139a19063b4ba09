//! A frame that breaks a rule in, what happened in words out: who says what to whom, and whose the address is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ixp_common::addr::Mac;
use ixp_common::bytes::{Captured, FrameBytes as _};
use ixp_common::frame::arp::{Addresses, Arp};
use ixp_common::frame::ipv6::Ipv6;
use ixp_common::frame::l4::{Transport, protocol};
use ixp_common::frame::llc::Llc;
use ixp_common::frame::{self, Link, Network};
use ixp_common::rules::Rule;

use super::{Breach, who};
use crate::members::Registry;

/// What happened, as one line.
#[must_use]
pub fn summary(breach: &Breach<'_>, registry: &Registry) -> String {
    let who = who::station(breach.station, registry);
    let Some((said, subject)) = said(breach) else {
        return format!("{who} sends a frame of {} bytes: {}", breach.wire_len, breach.rule.title());
    };
    match (is_of_an_address(breach.rule), subject) {
        (true, Some(address)) => {
            let owner = who::owner(breach.station.vlan(), address, registry);
            format!("{who} {said}; {owner}")
        }
        (true, None) | (false, _) => format!("{who} {said}: {}", breach.rule.title()),
    }
}

/// What a frame is about: the address that an ARP or ND message asks for, as the bytes of claims.
#[must_use]
pub fn target(breach: &Breach<'_>) -> Option<IpAddr> {
    let frame = Captured::new(breach.frame, breach.wire_len);
    let link = frame::link(&frame).ok()?;
    match frame::network(&frame, &link).ok()? {
        Network::Arp(Arp { addresses: Some(addresses), .. }) => Some(IpAddr::V4(addresses.target_ip.into())),
        Network::Ipv6(packet) => neighbour_target(&frame, &packet),
        Network::Arp(_) | Network::Ipv4(_) | Network::Llc(_) | Network::Other => None,
    }
}

/// Rules about who has an address: the owner says more than the rule's title.
const fn is_of_an_address(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::A05 | Rule::A06 | Rule::A08 | Rule::N07 | Rule::N08 | Rule::I09 | Rule::I10 | Rule::I11
    )
}

/// What the frame says, and the address that it is about.
fn said(breach: &Breach<'_>) -> Option<(String, Option<IpAddr>)> {
    let frame = Captured::new(breach.frame, breach.wire_len);
    let link = frame::link(&frame).ok()?;
    let is_to = matches!(breach.rule, Rule::I10 | Rule::I11);
    Some(match frame::network(&frame, &link) {
        Ok(Network::Arp(packet)) => arp(&packet),
        Ok(Network::Ipv4(packet)) => {
            let ends = (Ipv4Addr::from(packet.source).into(), Ipv4Addr::from(packet.destination).into());
            ip(ends, packet.protocol, packet.transport, is_to)
        }
        Ok(Network::Ipv6(packet)) => ipv6(&frame, &packet, is_to),
        Ok(Network::Llc(llc)) => (format!("sends 802.3 with {} to {}", llc_name(&llc), to(&link)), None),
        Ok(Network::Other) | Err(_) => {
            (format!("sends EtherType 0x{:04x} to {}", link.ethertype.0, to(&link)), None)
        }
    })
}

fn arp(packet: &Arp) -> (String, Option<IpAddr>) {
    let Some(Addresses { sender_mac, sender_ip, target_ip, .. }) = packet.addresses else {
        let (operation, hardware) = (packet.operation, packet.hardware);
        return (format!("sends ARP of operation {operation} and hardware type {hardware}"), None);
    };
    let (sender, target) = (Ipv4Addr::from(sender_ip), Ipv4Addr::from(target_ip));
    let said = match packet.operation {
        _ if sender == target => format!("says by gratuitous ARP that {sender} is at {sender_mac}"),
        2 => format!("says by ARP that {sender} is at {sender_mac}"),
        1 if sender.is_unspecified() => format!("probes by ARP for {target}"),
        1 => format!("asks by ARP for {target} as {sender} at {sender_mac}"),
        other => format!("sends ARP of operation {other}"),
    };
    (said, Some(sender.into()))
}

fn ipv6(frame: &Captured<'_>, packet: &Ipv6, is_to: bool) -> (String, Option<IpAddr>) {
    let (source, destination) =
        (Ipv6Addr::from(packet.source.octets()), Ipv6Addr::from(packet.destination.octets()));
    let target = neighbour_target(frame, packet);
    let Some(message) = neighbour_message(packet) else {
        return ip((source.into(), destination.into()), packet.protocol, packet.transport, is_to);
    };
    match (message, target) {
        ("neighbour advertisement", Some(target)) => {
            (format!("says by neighbour advertisement that {target} is its own"), Some(target))
        }
        ("neighbour solicitation", Some(target)) => {
            (format!("asks by neighbour solicitation for {target} as {source}"), Some(source.into()))
        }
        (message, _) => (format!("sends a {message} from {source} to {destination}"), Some(source.into())),
    }
}

/// RFC 4861 §4, RFC 2710 §3, RFC 3810 §5.2.
fn neighbour_message(packet: &Ipv6) -> Option<&'static str> {
    let Transport::Icmp { kind, .. } = packet.transport else {
        return None;
    };
    match (packet.protocol, kind) {
        (protocol::ICMPV6, 130..=132 | 143) => Some("multicast listener message"),
        (protocol::ICMPV6, 133) => Some("router solicitation"),
        (protocol::ICMPV6, 134) => Some("router advertisement"),
        (protocol::ICMPV6, 135) => Some("neighbour solicitation"),
        (protocol::ICMPV6, 136) => Some("neighbour advertisement"),
        (protocol::ICMPV6, 137) => Some("redirect"),
        _ => None,
    }
}

fn neighbour_target(frame: &Captured<'_>, packet: &Ipv6) -> Option<IpAddr> {
    match (packet.protocol, packet.transport) {
        (protocol::ICMPV6, Transport::Icmp { kind: 135 | 136, .. }) => {
            let target = frame.load::<16>(usize::from(packet.transport_at) + 8)?;
            Some(IpAddr::V6(target.into()))
        }
        _ => None,
    }
}

fn ip(
    (source, destination): (IpAddr, IpAddr),
    number: u8,
    transport: Transport,
    is_to: bool,
) -> (String, Option<IpAddr>) {
    let what = match (number, transport) {
        (protocol::TCP, Transport::Ports { source: from, destination: to }) => {
            format!("TCP from {source} port {from} to {destination} port {to}")
        }
        (protocol::UDP, Transport::Ports { source: from, destination: to }) => {
            format!("UDP from {source} port {from} to {destination} port {to}")
        }
        (_, Transport::Icmp { kind, code }) => {
            format!("ICMP type {kind} code {code} from {source} to {destination}")
        }
        (number, _) => format!("IP protocol {number} from {source} to {destination}"),
    };
    (format!("sends {what}"), Some(if is_to { destination } else { source }))
}

fn llc_name(llc: &Llc) -> String {
    let name = format!("LLC {:02x}-{:02x}-{:02x}", llc.dsap, llc.ssap, llc.control);
    match llc.snap {
        Some(snap) => {
            let [a, b, c] = snap.oui;
            format!("{name}, SNAP {a:02x}-{b:02x}-{c:02x} 0x{:04x}", snap.pid)
        }
        None => name,
    }
}

fn to(link: &Link) -> String {
    match link.destination() {
        Mac::BROADCAST => "everybody".to_owned(),
        mac => mac.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::{arp_frame, breach, neighbour_frame, registry};

    fn check(rule: Rule, frame: &[u8], expected: &str) {
        let breach = Breach { frame, ..breach(rule, 3, 0) };
        assert_eq!(summary(&breach, &registry()), expected);
    }

    #[test]
    fn a_spoof_names_the_owner() {
        check(
            Rule::A06,
            &arp_frame(2, 3, [192, 0, 2, 7], [192, 0, 2, 1]),
            "AS64503 (Example 3) says by ARP that 192.0.2.7 is at 02:00:00:00:00:03; it belongs to AS64507 (Example 7)",
        );
        check(
            Rule::A05,
            &arp_frame(1, 3, [192, 0, 2, 99], [192, 0, 2, 1]),
            "AS64503 (Example 3) asks by ARP for 192.0.2.1 as 192.0.2.99 at 02:00:00:00:00:03; no member has it",
        );
    }

    #[test]
    fn neighbour_discovery_is_named() {
        check(
            Rule::N01,
            &neighbour_frame(134, 3),
            "AS64503 (Example 3) sends a router advertisement from fe80::3 to ff02::1: router advertisement",
        );
        check(
            Rule::N07,
            &neighbour_frame(136, 3),
            "AS64503 (Example 3) says by neighbour advertisement that 2001:db8:1::7 is its own; it belongs to AS64507 (Example 7)",
        );
    }

    #[test]
    fn a_frame_that_cannot_be_read_still_has_a_line() {
        check(Rule::L20, &[], "AS64503 (Example 3) sends a frame of 60 bytes: packet over the LAN's MTU");
        let mut slow = [0u8; 60];
        slow[..6].copy_from_slice(&[0x01, 0x80, 0xc2, 0, 0, 2]);
        slow[12..14].copy_from_slice(&[0x88, 0x09]);
        check(
            Rule::L03,
            &slow,
            "AS64503 (Example 3) sends EtherType 0x8809 to 01:80:c2:00:00:02: slow protocol (LACP, OAM) across the fabric",
        );
    }
}
