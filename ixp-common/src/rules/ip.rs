//! The rules of IP: I01 to I11, I13, N09, and those of the link layer that look into UDP.

use super::facts::Facts;
use super::nd::is_link_local;
use super::{Findings, Rule, bogon};
use crate::bytes::FrameBytes;
use crate::counters::SessionKey;
use crate::frame::Link;
use crate::frame::ipv4::Ipv4;
use crate::frame::ipv6::Ipv6;
use crate::frame::l4::{Transport, protocol};
use crate::memory::Memory;

/// Protocol numbers with a rule of their own (IANA).
mod number {
    /// IGRP.
    pub(super) const IGRP: u8 = 9;
    /// EIGRP (RFC 7868 §6.2).
    pub(super) const EIGRP: u8 = 88;
    /// OSPF (RFC 2328 §A.1).
    pub(super) const OSPF: u8 = 89;
    /// PIM (RFC 7761 §4.9).
    pub(super) const PIM: u8 = 103;
    /// VRRP (RFC 9568 §5.1.1.4).
    pub(super) const VRRP: u8 = 112;
}

/// Ports with a rule of their own (IANA).
mod port {
    pub(super) const DNS: u16 = 53;
    pub(super) const NTP: u16 = 123;
    pub(super) const BGP: u16 = 179;
    pub(super) const RIP: u16 = 520;
    pub(super) const RIPNG: u16 = 521;
    pub(super) const LDP: u16 = 646;
    pub(super) const SSDP: u16 = 1900;
    pub(super) const MDNS: u16 = 5353;
    pub(super) const LLMNR: u16 = 5355;
    /// MikroTik neighbour discovery.
    pub(super) const MNDP: u16 = 5678;
    /// MAC-Telnet and MAC-WinBox.
    pub(super) const MAC_WINBOX: u16 = 20561;
}

/// ICMP types (RFC 792, RFC 1256).
mod icmp {
    pub(super) const REDIRECT: u8 = 5;
    pub(super) const ROUTER_ADVERTISEMENT: u8 = 9;
    pub(super) const ROUTER_SOLICITATION: u8 = 10;
}

/// All routers (RFC 1112 §4, RFC 4291 §2.7.1): where LDP says hello (RFC 5036 §2.4.1, RFC 7552 §5.1).
const ALL_ROUTERS_IPV4: [u8; 4] = [224, 0, 0, 2];
const ALL_ROUTERS_IPV6: [u8; 16] = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

/// Whom a packet is for (ground rule 1).
#[derive(Clone, Copy)]
pub struct Scope {
    /// It ends on this LAN: for many, for the link, or for an address of the LAN. All else is transit.
    pub is_link: bool,
    /// It ends on this LAN and started here, too. Ports tell what it is only then: an answer from
    /// elsewhere to a router of the LAN may have any.
    pub is_local: bool,
    /// It is for many.
    pub is_to_many: bool,
}

/// The scope of an IPv4 packet.
#[inline(always)]
pub fn scope_ipv4<M: Memory>(link: &Link, packet: &Ipv4, facts: &Facts<'_, M>) -> Scope {
    let to = packet.destination;
    let is_to_many =
        link.destination.is_group() || to[0] & 0xf0 == 0xe0 || to == [0xff; 4] || facts.lan.is_broadcast(to);
    let is_link = is_to_many || is_link_local_ipv4(to) || facts.lan.contains_ipv4(to);
    let from = packet.source;
    let is_from_here = from == [0; 4] || is_link_local_ipv4(from) || facts.lan.contains_ipv4(from);
    Scope { is_link, is_local: is_link && (is_to_many || is_from_here), is_to_many }
}

/// The scope of an IPv6 packet.
#[inline(always)]
pub fn scope_ipv6<M: Memory>(link: &Link, packet: &Ipv6, facts: &Facts<'_, M>) -> Scope {
    let to = &packet.destination;
    let is_to_many = link.destination.is_group() || to[0] == 0xff;
    let is_link = is_to_many || is_link_local(to) || facts.lan.contains_ipv6(*to);
    let from = &packet.source;
    let is_from_here = *from == [0; 16] || is_link_local(from) || facts.lan.contains_ipv6(*from);
    Scope { is_link, is_local: is_link && (is_to_many || is_from_here), is_to_many }
}

/// Holds an IPv4 packet against the rules.
#[inline(always)]
pub fn judge_ipv4<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    packet: &Ipv4,
    facts: &Facts<'_, M>,
    findings: &mut Findings,
) {
    let scope = scope_ipv4(link, packet, facts);
    let is_inside = facts.lan.contains_ipv4(packet.source);
    findings.add(Rule::I13, !is_inside && bogon::is_ipv4(packet.source), true);
    if is_inside && facts.lan.is_bound_ipv4() {
        let owner = facts.owner_ipv4(packet.source);
        let is_certain = owner.is_certainly_not(&facts.source, facts.source.has_ipv4());
        findings.add(Rule::I09, !owner.is(&facts.source), !(scope.is_link && is_certain));
    }
    if !scope.is_link {
        return;
    }
    let to = packet.destination;
    let is_broadcast = to == [0xff; 4] || facts.lan.is_broadcast(to);
    findings.hard(Rule::I01, is_broadcast);
    findings.hard(Rule::I02, to[0] & 0xf0 == 0xe0);
    findings.hard(Rule::I05, matches!(packet.protocol, number::IGRP | number::EIGRP | number::OSPF));
    findings.hard(Rule::I06, packet.protocol == number::PIM);
    findings.hard(Rule::I07, packet.protocol == number::VRRP);
    if let Transport::Icmp { kind, .. } = packet.transport {
        let is_routers =
            matches!(kind, icmp::REDIRECT | icmp::ROUTER_ADVERTISEMENT | icmp::ROUTER_SOLICITATION);
        findings.hard(Rule::I03, packet.protocol == protocol::ICMP && is_routers);
    }
    if let Transport::Ports { source, destination } = packet.transport {
        let is_udp = packet.protocol == protocol::UDP;
        if is_udp && scope.is_local {
            udp(destination, scope, findings);
            findings.hard(Rule::I04, matches!(destination, 67 | 68));
            findings.hard(Rule::I05, destination == port::RIP);
            findings.hard(Rule::I07, matches!(destination, 1985 | 2029));
            findings.hard(Rule::I08, matches!(destination, 137 | 138));
        }
        findings.hard(Rule::L18, to == ALL_ROUTERS_IPV4 && destination == port::LDP);
        if packet.protocol == protocol::TCP && (destination == port::BGP || source == port::BGP) {
            bgp(link, facts);
            let at = link.payload + usize::from(packet.header_len);
            let is_open = destination == port::BGP && is_syn(frame, at);
            if is_open && facts.lan.contains_ipv4(to) && facts.lan.is_bound_ipv4() {
                findings.hard(Rule::I11, facts.owner_ipv4(to).is_nobody());
            }
        }
    }
    if !scope.is_to_many && facts.lan.contains_ipv4(to) && facts.lan.is_bound_ipv4() {
        let owner = facts.owner_ipv4(to);
        findings.hard(Rule::I10, !owner.is_nobody() && !owner.is(&facts.destination));
    }
}

/// Holds an IPv6 packet against the rules but those of neighbour discovery.
#[inline(always)]
pub fn judge_ipv6<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    packet: &Ipv6,
    facts: &Facts<'_, M>,
    scope: Scope,
    findings: &mut Findings,
) {
    let is_inside = facts.lan.contains_ipv6(packet.source);
    findings.add(Rule::I13, !is_inside && bogon::is_ipv6(&packet.source), true);
    let is_site_local = is_site_local(&packet.source) || is_site_local(&packet.destination);
    findings.add(Rule::N09, is_site_local, !scope.is_link);
    if !scope.is_link {
        return;
    }
    let to = packet.destination;
    findings.hard(Rule::I05, matches!(packet.protocol, number::EIGRP | number::OSPF));
    findings.hard(Rule::I06, packet.protocol == number::PIM);
    findings.hard(Rule::I07, packet.protocol == number::VRRP);
    if let Transport::Ports { source, destination } = packet.transport {
        let is_udp = packet.protocol == protocol::UDP;
        if is_udp && scope.is_local {
            udp(destination, scope, findings);
            findings.hard(Rule::I04, matches!(destination, 546 | 547));
            findings.hard(Rule::I05, destination == port::RIPNG);
            findings.hard(Rule::I07, destination == 2029);
        }
        findings.hard(Rule::L18, to == ALL_ROUTERS_IPV6 && destination == port::LDP);
        if packet.protocol == protocol::TCP && (destination == port::BGP || source == port::BGP) {
            bgp(link, facts);
            let is_open = destination == port::BGP && is_syn(frame, usize::from(packet.transport_at));
            if is_open && facts.lan.contains_ipv6(to) && facts.lan.is_bound_ipv6() {
                findings.hard(Rule::I11, facts.owner_ipv6(to).is_nobody());
            }
        }
    }
    if !scope.is_to_many && facts.lan.contains_ipv6(to) && facts.lan.is_bound_ipv6() {
        let owner = facts.owner_ipv6(to);
        findings.hard(Rule::I10, !owner.is_nobody() && !owner.is(&facts.destination));
    }
}

/// I08 and L15, by port.
#[inline(always)]
fn udp(destination: u16, scope: Scope, findings: &mut Findings) {
    let is_service = matches!(destination, port::DNS | port::NTP | 161 | 162);
    let is_discovery = matches!(destination, port::MDNS | port::LLMNR | port::SSDP);
    findings.hard(Rule::I08, is_discovery || (is_service && scope.is_to_many));
    findings.hard(Rule::L15, matches!(destination, port::MNDP | port::MAC_WINBOX));
}

/// Remembers who speaks BGP to whom (I12).
#[inline(always)]
fn bgp<M: Memory>(link: &Link, facts: &Facts<'_, M>) {
    if facts.source.is_registered() && facts.destination.is_registered() {
        facts.memory.session(&SessionKey::new(facts.vlan, link.source, link.destination));
    }
}

/// Whether a TCP header opens a connection: SYN without ACK (RFC 9293 §3.1).
#[inline(always)]
fn is_syn<F: FrameBytes>(frame: &F, at: usize) -> bool {
    frame.load::<2>(at + 12).is_some_and(|[_, flags]| flags & 0x12 == 0x02)
}

/// 169.254.0.0/16 (RFC 3927).
#[inline(always)]
fn is_link_local_ipv4(address: [u8; 4]) -> bool {
    matches!(address, [169, 254, ..])
}

/// fec0::/10 (RFC 3879).
#[inline(always)]
fn is_site_local(address: &[u8; 16]) -> bool {
    address[0] == 0xfe && address[1] & 0xc0 == 0xc0
}
