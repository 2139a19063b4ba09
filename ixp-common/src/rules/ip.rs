//! The rules of IP: I01 to I11, I13, N09, and those of the link layer that look into UDP.

use super::case::{Case, SoFar};
use super::scope::{FIRST_GROUP, Scope};
use super::{Rule, bogon, layer2, nd};
use crate::addr::Ip6;
use crate::bytes::FrameBytes;
use crate::counters::SessionKey;
use crate::frame::l4::protocol;
use crate::frame::noted::{Addresses, Chain};
use crate::frame::{ipv4, ipv6};
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
const ALL_ROUTERS_IPV4: Ip6 = Ip6::mapped([224, 0, 0, 2]);
const ALL_ROUTERS_IPV6: Ip6 = Ip6::of(0xff02 << 48, 2);

// The functions below that are not inline under BPF read the packet from the desk, each anew: what the verifier
// has learnt of it in one it forgets in the next, and else it follows each combination of answers to the end.
// Their stacks lie over each other, too.

/// Holds an IPv4 packet against the rules.
#[inline(always)]
pub fn judge_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    if note_ipv4(case) == 0 || place_ipv4(case) == 0 {
        return case.so_far();
    }
    source_ipv4(case) | protocols_ipv4(case) | ports_ipv4(case) | bindings(case)
}

/// Holds an IPv6 packet against the rules, those of neighbour discovery among them.
#[inline(always)]
pub fn judge_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    if note_ipv6(case) == 0 || place_ipv6(case) == 0 {
        return case.so_far();
    }
    protocols_ipv6(case) | ports_ipv6(case) | bindings(case) | nd::judge(case)
}

/// Puts an IPv4 packet onto the desk; gives its length in bytes, 0 if it cannot be read.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn note_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> u32 {
    let Ok(packet) = ipv4::parse(case.frame, case.link.payload) else {
        return 0;
    };
    case.desk.chain.set(Chain::ipv4(&packet, case.link.payload));
    u32::from(packet.total_len)
}

/// As [`note_ipv4`].
#[cfg_attr(target_arch = "bpf", inline(never))]
fn note_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> u32 {
    let Ok(packet) = ipv6::parse(case.frame, case.link.payload) else {
        return 0;
    };
    case.desk.chain.set(Chain::ipv6(&packet));
    packet.total_len
}

/// Puts the addresses of an IPv4 packet and its scope onto the desk, and holds them against the rules; 0 if they
/// are not visible.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn place_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> u32 {
    let Some((len, from, to)) = ipv4::outline(case.frame, case.link.payload) else {
        return 0;
    };
    case.desk.addresses.set(Addresses::of(Ip6::mapped(from), Ip6::mapped(to)));
    case.desk.scope.set(Scope::ipv4(case.link, case.lan, from, to));
    layer2::size(case, u32::from(len));
    case.add(Rule::I13, !case.lan.contains_ipv4(from) && bogon::is_ipv4(from), true);
    case.hard(Rule::I01, to == [0xff; 4] || case.lan.is_broadcast(to));
    case.hard(Rule::I02, to[0] & 0xf0 == FIRST_GROUP);
    1
}

/// As [`place_ipv4`].
#[cfg_attr(target_arch = "bpf", inline(never))]
fn place_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> u32 {
    let Some((_, from, to)) = ipv6::outline(case.frame, case.link.payload) else {
        return 0;
    };
    let scope = Scope::ipv6(case.link, case.lan, from, to);
    case.desk.addresses.set(Addresses::of(from, to));
    case.desk.scope.set(scope);
    layer2::size(case, case.desk.chain.get().total_len());
    case.add(Rule::I13, !scope.is_from_lan() && bogon::is_ipv6(from), true);
    case.add(Rule::N09, from.is_site_local() || to.is_site_local(), !scope.is_link());
    1
}

/// I09.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn source_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (packet, scope) = (case.packet(), case.scope());
    if scope.is_from_lan() && scope.is_bound() {
        let owner = case.owner(packet.source());
        let is_certain = owner.is_certainly_not(&case.source, case.source.has_ipv4());
        case.add(Rule::I09, owner.is_not(&case.source), !(scope.is_link() && is_certain));
    }
    case.so_far()
}

/// I03, I05, I06, I07 by the protocol of an IPv4 packet.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn protocols_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let packet = case.packet();
    if !case.scope().is_link() {
        return case.so_far();
    }
    case.hard(Rule::I05, packet.protocol() == number::IGRP);
    if let Some((kind, _)) = packet.icmp(protocol::ICMP) {
        let is_routers =
            matches!(kind, icmp::REDIRECT | icmp::ROUTER_ADVERTISEMENT | icmp::ROUTER_SOLICITATION);
        case.hard(Rule::I03, is_routers);
    }
    protocols(case, packet.protocol());
    case.so_far()
}

/// I05, I06, I07 by the protocol of an IPv6 packet.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn protocols_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    if case.scope().is_link() {
        protocols(case, case.packet().protocol());
    }
    case.so_far()
}

#[inline(always)]
fn protocols<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, protocol: u8) {
    case.hard(Rule::I05, matches!(protocol, number::EIGRP | number::OSPF));
    case.hard(Rule::I06, protocol == number::PIM);
    case.hard(Rule::I07, protocol == number::VRRP);
}

/// I04, I05, I07, I08, L15, L18 by the ports of an IPv4 packet.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn ports_ipv4<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (packet, scope) = (case.packet(), case.scope());
    let Some((_, destination)) = packet.ports() else {
        return case.so_far();
    };
    case.hard(Rule::L18, packet.destination() == ALL_ROUTERS_IPV4 && destination == port::LDP);
    if packet.protocol() == protocol::UDP && scope.is_local() {
        udp(case, destination, scope);
        case.hard(Rule::I04, matches!(destination, 67 | 68));
        case.hard(Rule::I05, destination == port::RIP);
        case.hard(Rule::I07, matches!(destination, 1985 | 2029));
        case.hard(Rule::I08, matches!(destination, 137 | 138));
    }
    case.so_far()
}

/// As [`ports_ipv4`], of an IPv6 packet.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn ports_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (packet, scope) = (case.packet(), case.scope());
    let Some((_, destination)) = packet.ports() else {
        return case.so_far();
    };
    case.hard(Rule::L18, packet.destination() == ALL_ROUTERS_IPV6 && destination == port::LDP);
    if packet.protocol() == protocol::UDP && scope.is_local() {
        udp(case, destination, scope);
        case.hard(Rule::I04, matches!(destination, 546 | 547));
        case.hard(Rule::I05, destination == port::RIPNG);
        case.hard(Rule::I07, destination == 2029);
    }
    case.so_far()
}

/// I08 and L15, by port.
#[inline(always)]
fn udp<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, destination: u16, scope: Scope) {
    let is_service = matches!(destination, port::DNS | port::NTP | 161 | 162);
    let is_discovery = matches!(destination, port::MDNS | port::LLMNR | port::SSDP);
    case.hard(Rule::I08, is_discovery || (is_service && scope.is_to_many()));
    case.hard(Rule::L15, matches!(destination, port::MNDP | port::MAC_WINBOX));
}

/// I10 and I11, and who speaks BGP to whom (I12).
#[cfg_attr(target_arch = "bpf", inline(never))]
fn bindings<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (packet, scope) = (case.packet(), case.scope());
    if !scope.is_link() {
        return case.so_far();
    }
    let is_bound = scope.is_to_lan() && scope.is_bound();
    if let Some((source, destination)) = packet.ports()
        && packet.protocol() == protocol::TCP
        && (destination == port::BGP || source == port::BGP)
    {
        bgp(case);
        let is_open = destination == port::BGP && is_syn(case.frame, packet.transport_at());
        case.hard(Rule::I11, is_open && is_bound && case.owner(packet.destination()).is_nobody());
    }
    if is_bound && !scope.is_to_many() {
        let owner = case.owner(packet.destination());
        case.hard(Rule::I10, owner.is_anothers(&case.destination));
    }
    case.so_far()
}

/// Remembers who speaks BGP to whom.
#[inline(always)]
fn bgp<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) {
    if case.source.is_registered() && case.destination.is_registered() {
        case.memory.session(&SessionKey::new(case.vlan, case.link.source(), case.link.destination()));
    }
}

/// Whether a TCP header opens a connection: SYN without ACK (RFC 9293 §3.1).
#[inline(always)]
fn is_syn<F: FrameBytes>(frame: &F, at: usize) -> bool {
    frame.load::<2>(at + 12).is_some_and(|[_, flags]| flags & 0x12 == 0x02)
}
