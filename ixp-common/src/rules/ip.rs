//! The rules of IP: I01 to I11, I13, N09, and those of the link layer that look into UDP.

use super::case::{Case, SoFar};
use super::{Rule, bogon, layer2, nd};
use crate::addr::Ip6;
use crate::bytes::FrameBytes;
use crate::counters::SessionKey;
use crate::frame::ipv4::{self, Ipv4};
use crate::frame::ipv6::{self, Noted};
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
const ALL_ROUTERS_IPV6: Ip6 = Ip6::of(0xff02 << 48, 2);

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
fn scope_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, packet: &Ipv4) -> Scope {
    let to = packet.destination;
    let is_to_many = case.link.destination.is_group()
        || to[0] & 0xf0 == 0xe0
        || to == [0xff; 4]
        || case.lan.is_broadcast(to);
    let is_link = is_to_many || is_link_local_ipv4(to) || case.lan.contains_ipv4(to);
    let from = packet.source;
    let is_from_here = from == [0; 4] || is_link_local_ipv4(from) || case.lan.contains_ipv4(from);
    Scope { is_link, is_local: is_link && (is_to_many || is_from_here), is_to_many }
}

/// The scope of an IPv6 packet.
#[inline(always)]
pub fn scope_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, packet: &Noted) -> Scope {
    let to = packet.destination();
    let is_to_many = case.link.destination.is_group() || to.is_multicast();
    let is_link = is_to_many || to.is_link_local() || case.lan.contains_ipv6(to);
    let from = packet.source();
    let is_from_here = from == Ip6::UNSPECIFIED || from.is_link_local() || case.lan.contains_ipv6(from);
    Scope { is_link, is_local: is_link && (is_to_many || is_from_here), is_to_many }
}

/// Holds an IPv4 packet against the rules.
// Of its own, so that the stacks of the groups of rules lie over each other: BPF has 512 bytes.
#[cfg_attr(target_arch = "bpf", inline(never))]
pub fn judge_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let Ok(packet) = ipv4::parse(case.frame, case.link.payload) else {
        return case.so_far();
    };
    layer2::size(case, u32::from(packet.total_len));
    let scope = scope_ipv4(case, &packet);
    let is_inside = case.lan.contains_ipv4(packet.source);
    case.add(Rule::I13, !is_inside && bogon::is_ipv4(packet.source), true);
    if is_inside && case.lan.is_bound_ipv4() {
        let owner = case.owner_ipv4(packet.source);
        let is_certain = owner.is_certainly_not(&case.source, case.source.has_ipv4());
        case.add(Rule::I09, !owner.is(&case.source), !(scope.is_link && is_certain));
    }
    if !scope.is_link {
        return case.so_far();
    }
    let to = packet.destination;
    let is_broadcast = to == [0xff; 4] || case.lan.is_broadcast(to);
    case.hard(Rule::I01, is_broadcast);
    case.hard(Rule::I02, to[0] & 0xf0 == 0xe0);
    case.hard(Rule::I05, matches!(packet.protocol, number::IGRP | number::EIGRP | number::OSPF));
    case.hard(Rule::I06, packet.protocol == number::PIM);
    case.hard(Rule::I07, packet.protocol == number::VRRP);
    if let Transport::Icmp { kind, .. } = packet.transport {
        let is_routers =
            matches!(kind, icmp::REDIRECT | icmp::ROUTER_ADVERTISEMENT | icmp::ROUTER_SOLICITATION);
        case.hard(Rule::I03, packet.protocol == protocol::ICMP && is_routers);
    }
    if let Transport::Ports { source, destination } = packet.transport {
        let is_udp = packet.protocol == protocol::UDP;
        if is_udp && scope.is_local {
            udp(case, destination, scope);
            case.hard(Rule::I04, matches!(destination, 67 | 68));
            case.hard(Rule::I05, destination == port::RIP);
            case.hard(Rule::I07, matches!(destination, 1985 | 2029));
            case.hard(Rule::I08, matches!(destination, 137 | 138));
        }
        case.hard(Rule::L18, to == ALL_ROUTERS_IPV4 && destination == port::LDP);
        if packet.protocol == protocol::TCP && (destination == port::BGP || source == port::BGP) {
            bgp(case);
            let at = case.link.payload + usize::from(packet.header_len);
            let is_open = destination == port::BGP && is_syn(case.frame, at);
            if is_open && case.lan.contains_ipv4(to) && case.lan.is_bound_ipv4() {
                case.hard(Rule::I11, case.owner_ipv4(to).is_nobody());
            }
        }
    }
    if !scope.is_to_many && case.lan.contains_ipv4(to) && case.lan.is_bound_ipv4() {
        let owner = case.owner_ipv4(to);
        case.hard(Rule::I10, !owner.is_nobody() && !owner.is(&case.destination));
    }
    case.so_far()
}

/// Reads an IPv6 packet onto the desk, and holds it against the rules, those of neighbour discovery among
/// them.
#[inline(always)]
pub fn judge_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    match note_addresses(case) != 0 && note_chain(case) != 0 {
        true => judge_noted(case) | nd::judge_noted(case),
        false => case.so_far(),
    }
}

/// Puts the addresses of an IPv6 packet onto the desk; 0 if they are not visible.
// Of its own, as the groups of rules.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn note_addresses<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> u32 {
    let Some(addresses) = ipv6::Addresses::read(case.frame, case.link.payload) else {
        return 0;
    };
    case.desk.addresses.set(addresses);
    1
}

/// Puts the rest of an IPv6 packet onto the desk; gives its length in bytes, 0 if it cannot be read.
// Of its own, as the groups of rules.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn note_chain<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> u32 {
    let Ok(packet) = ipv6::parse(case.frame, case.link.payload) else {
        return 0;
    };
    case.desk.chain.set(packet.chain());
    packet.total_len
}

// Of its own, so that the stacks of the groups of rules lie over each other: BPF has 512 bytes.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn judge_noted<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let packet = Noted::new(case.desk.addresses.get(), case.desk.chain.get());
    layer2::size(case, packet.total_len());
    let scope = scope_ipv6(case, &packet);
    let is_inside = case.lan.contains_ipv6(packet.source());
    case.add(Rule::I13, !is_inside && bogon::is_ipv6(packet.source()), true);
    let is_site_local = packet.source().is_site_local() || packet.destination().is_site_local();
    case.add(Rule::N09, is_site_local, !scope.is_link);
    if !scope.is_link {
        return case.so_far();
    }
    let to = packet.destination();
    case.hard(Rule::I05, matches!(packet.protocol(), number::EIGRP | number::OSPF));
    case.hard(Rule::I06, packet.protocol() == number::PIM);
    case.hard(Rule::I07, packet.protocol() == number::VRRP);
    if let Some((source, destination)) = packet.ports() {
        let is_udp = packet.protocol() == protocol::UDP;
        if is_udp && scope.is_local {
            udp(case, destination, scope);
            case.hard(Rule::I04, matches!(destination, 546 | 547));
            case.hard(Rule::I05, destination == port::RIPNG);
            case.hard(Rule::I07, destination == 2029);
        }
        case.hard(Rule::L18, to == ALL_ROUTERS_IPV6 && destination == port::LDP);
        if packet.protocol() == protocol::TCP && (destination == port::BGP || source == port::BGP) {
            bgp(case);
            let is_open = destination == port::BGP && is_syn(case.frame, packet.transport_at());
            if is_open && case.lan.contains_ipv6(to) && case.lan.is_bound_ipv6() {
                case.hard(Rule::I11, case.owner_ipv6(to).is_nobody());
            }
        }
    }
    if !scope.is_to_many && case.lan.contains_ipv6(to) && case.lan.is_bound_ipv6() {
        let owner = case.owner_ipv6(to);
        case.hard(Rule::I10, !owner.is_nobody() && !owner.is(&case.destination));
    }
    case.so_far()
}

/// I08 and L15, by port.
#[inline(always)]
fn udp<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, destination: u16, scope: Scope) {
    let is_service = matches!(destination, port::DNS | port::NTP | 161 | 162);
    let is_discovery = matches!(destination, port::MDNS | port::LLMNR | port::SSDP);
    case.hard(Rule::I08, is_discovery || (is_service && scope.is_to_many));
    case.hard(Rule::L15, matches!(destination, port::MNDP | port::MAC_WINBOX));
}

/// Remembers who speaks BGP to whom (I12).
#[inline(always)]
fn bgp<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) {
    if case.source.is_registered() && case.destination.is_registered() {
        case.memory.session(&SessionKey::new(case.vlan, case.link.source, case.link.destination));
    }
}

/// Whether a TCP header opens a connection: SYN without ACK (RFC 9293 §3.1).
#[inline(always)]
fn is_syn<F: FrameBytes>(frame: &F, at: usize) -> bool {
    frame.load::<2>(at + 12).is_some_and(|[_, flags]| flags & 0x12 == 0x02)
}

/// The first byte of the first group address, 224.0.0.0 (RFC 5771), above which there are no hosts.
pub const FIRST_GROUP: u8 = 0xe0;

/// 169.254.0.0/16 (RFC 3927).
#[inline(always)]
pub const fn is_link_local_ipv4(address: [u8; 4]) -> bool {
    matches!(address, [169, 254, ..])
}
