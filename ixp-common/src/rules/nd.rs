//! The rules of neighbour discovery: N01 to N08, N10, N11, on the LAN itself.

use super::case::{Case, SoFar};
use super::{Rule, layer2};
use crate::addr::{Ip6, Mac};
use crate::bytes::FrameBytes;
use crate::counters::ClaimKey;
use crate::frame::l4::{self, protocol};
use crate::frame::noted::Noted;
use crate::limit::Class;
use crate::memory::Memory;

/// ICMPv6 types (RFC 4861 §4, RFC 2710 §3, RFC 3810 §5.2, RFC 4286 §3).
pub mod kind {
    pub const MLD_QUERY: u8 = 130;
    pub const MLD_REPORT: u8 = 131;
    pub const MLD_DONE: u8 = 132;
    pub const ROUTER_SOLICITATION: u8 = 133;
    pub const ROUTER_ADVERTISEMENT: u8 = 134;
    pub const NEIGHBOUR_SOLICITATION: u8 = 135;
    pub const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
    pub const REDIRECT: u8 = 137;
    pub const MLD2_REPORT: u8 = 143;
}

/// Options (RFC 4861 §4.6.1).
mod option {
    pub(super) const SOURCE_LINK_LAYER: u8 = 1;
    pub(super) const TARGET_LINK_LAYER: u8 = 2;
}

mod field {
    /// The destination in an IPv6 header.
    pub(super) const DESTINATION: usize = 24;
    /// The target of an NS or NA.
    pub(super) const TARGET: usize = 8;
    /// The options behind it.
    pub(super) const OPTIONS: usize = 24;
    /// The options of a router solicitation.
    pub(super) const RS_OPTIONS: usize = 8;
    /// The options of a router advertisement.
    pub(super) const RA_OPTIONS: usize = 16;
}

/// Options that are looked at.
const MOST_OPTIONS: usize = 4;

/// Whether the packet is an NS or NA.
#[inline(always)]
fn is_neighbour(packet: &Noted) -> bool {
    let neighbour = kind::NEIGHBOUR_SOLICITATION..=kind::NEIGHBOUR_ADVERTISEMENT;
    packet.icmp(protocol::ICMPV6).is_some_and(|(kind, _)| neighbour.contains(&kind))
}

/// N04: extension headers that the packet, or its first fragment, cuts off, on the LAN itself. The
/// frame is malformed, and for neighbour discovery undecidable counts as broken.
#[inline(always)]
pub fn cut_chain<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let Some(to) = case.frame.load::<16>(case.link.payload + field::DESTINATION) else {
        return case.so_far();
    };
    let to = Ip6::new(to);
    let is_to_many = case.link.destination().is_group() || to.is_multicast();
    case.hard(Rule::N04, is_to_many || to.is_link_local() || case.lan.contains_ipv6(to));
    case.so_far()
}

/// Holds an IPv6 packet that lies on the desk against the rules.
#[inline(always)]
pub fn judge<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    source(case) | message(case) | options(case) | target(case)
}

/// Type and code of a message of link scope; none otherwise.
#[inline(always)]
fn message_of<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> Option<(u8, u8)> {
    if !case.scope().is_link() {
        return None;
    }
    case.packet().icmp(protocol::ICMPV6)
}

/// N01 to N04, N10: what a packet of link scope is.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn message<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let packet = case.packet();
    let Some((kind, code)) = message_of(case) else {
        case.hard(Rule::N04, case.scope().is_link() && hides_icmp(&packet));
        return case.so_far();
    };
    let is_mld = matches!(kind, kind::MLD_QUERY | kind::MLD_REPORT | kind::MLD_DONE | kind::MLD2_REPORT);
    case.hard(Rule::N10, is_mld);
    case.hard(Rule::N01, kind == kind::ROUTER_ADVERTISEMENT);
    case.hard(Rule::N02, kind == kind::ROUTER_SOLICITATION);
    case.hard(Rule::N03, kind == kind::REDIRECT);
    let is_discovery = (kind::ROUTER_SOLICITATION..=kind::REDIRECT).contains(&kind);
    // RFC 4861 §6.1, §7.1, §8.1: hop limit 255, code 0. RFC 6980 §5: no fragment header.
    let is_unsound = packet.hop_limit() != 255 || code != 0 || packet.has_fragment_header();
    case.hard(Rule::N04, is_discovery && is_unsound);
    case.so_far()
}

/// N06: whose address the options say.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn options<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (options, wanted) = match message_of(case) {
        Some((kind::ROUTER_SOLICITATION, _)) => (field::RS_OPTIONS, option::SOURCE_LINK_LAYER),
        Some((kind::ROUTER_ADVERTISEMENT, _)) => (field::RA_OPTIONS, option::SOURCE_LINK_LAYER),
        Some((kind::NEIGHBOUR_SOLICITATION, _)) => (field::OPTIONS, option::SOURCE_LINK_LAYER),
        Some((kind::NEIGHBOUR_ADVERTISEMENT, _)) => (field::OPTIONS, option::TARGET_LINK_LAYER),
        // A redirect's option is the address of the better router, not of its sender.
        Some(_) | None => return case.so_far(),
    };
    let packet = case.packet();
    let end = case.link.payload + packet.total_len() as usize;
    case.hard(Rule::N06, has_foreign_address(case, packet.transport_at() + options, end, wanted));
    case.so_far()
}

/// N05, N07, N11: whom a solicitation asks for, and of whom an advertisement tells.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn target<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let packet = case.packet();
    let Some(target) = case.frame.load::<16>(packet.transport_at() + field::TARGET) else {
        return case.so_far();
    };
    match message_of(case) {
        Some((kind::NEIGHBOUR_SOLICITATION, _)) => solicitation(case, &packet, Ip6::new(target)),
        Some((kind::NEIGHBOUR_ADVERTISEMENT, _)) => advertisement(case, Ip6::new(target)),
        Some(_) | None => {}
    }
    case.so_far()
}

/// N04: headers that go on beyond what is looked at, or, in a fragment, beyond its end (RFC 7112 §5), or
/// a later fragment of ICMPv6 to many.
#[inline(always)]
fn hides_icmp(packet: &Noted) -> bool {
    let is_icmp = packet.protocol() == protocol::ICMPV6;
    let is_undecided = packet.is_undecided() && !l4::has_ports(packet.protocol());
    let is_later_to_many = packet.is_later() && packet.destination().is_multicast();
    is_undecided || (is_icmp && (packet.is_truncated() || is_later_to_many))
}

/// N05, N11, and the claim that a sender makes.
#[inline(always)]
fn solicitation<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, packet: &Noted, target: Ip6) {
    let is_over = case.is_over(Class::Nd);
    // Nobody finds neighbours by link-local addresses, and a router asks for each neighbour's beside the
    // one that is assigned: those are the targets of a sweep.
    let is_sweep = !target.is_link_local() && case.sweeps_ipv6(target);
    case.hard(Rule::N11, is_over || is_sweep);
    let is_near = target.is_link_local() || case.lan.contains_ipv6(target);
    let is_wrong_target = case.lan.has_ipv6() && !is_near;
    let is_right_group =
        !packet.destination().is_multicast() || packet.destination() == target.solicited_node();
    case.hard(Rule::N05, is_wrong_target || !is_right_group);
    if packet.source() != Ip6::UNSPECIFIED {
        case.memory.claim(&ClaimKey::ipv6(case.vlan, case.link.source(), packet.source()));
    }
}

/// N07, and the claim that it is.
#[inline(always)]
fn advertisement<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, target: Ip6) {
    case.memory.claim(&ClaimKey::ipv6(case.vlan, case.link.source(), target));
    if case.lan.is_bound_ipv6() && case.lan.contains_ipv6(target) {
        let owner = case.owner(target);
        // RFC 6620 §3: an address is bound to who has it. One that nobody has may be nobody's yet, or be
        // that of a station that is not registered.
        case.add(Rule::N07, owner.is_not(&case.source), !owner.is_anothers(&case.source));
    }
}

/// N08: an unspecified source outside of duplicate address detection (RFC 4862 §5.4.2), or an address
/// of the LAN that nobody has.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn source<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (packet, scope) = (case.packet(), case.scope());
    layer2::multicast_ipv6(case, is_neighbour(&packet));
    let kind = packet.icmp(protocol::ICMPV6).map_or(0, |(kind, _)| kind);
    let is_detection = kind == kind::NEIGHBOUR_SOLICITATION && packet.destination().is_solicited_node();
    let is_unspecified = packet.source() == Ip6::UNSPECIFIED;
    case.add(Rule::N08, is_unspecified && !is_detection, !scope.is_link());
    if scope.is_from_lan() && scope.is_bound() {
        let owner = case.owner(packet.source());
        let is_certain = scope.is_link() && case.source.is_registered() && case.source.has_ipv6();
        case.add(Rule::N08, owner.is_nobody(), !is_certain);
        case.add(Rule::I09, owner.is_anothers(&case.source), !scope.is_link());
    }
    case.so_far()
}

/// Whether an option of the kind `wanted` has another link-layer address than the frame. The options end
/// with the packet: what is behind it is padding.
#[inline(always)]
fn has_foreign_address<F: FrameBytes, M: Memory>(
    case: &Case<'_, F, M>,
    options: usize,
    end: usize,
    wanted: u8,
) -> bool {
    let mut at = options;
    for _ in 0..MOST_OPTIONS {
        if at + 8 > end {
            return false;
        }
        let Some([kind, len, a, b, c, d, e, f]) = case.frame.load::<8>(at) else {
            return false;
        };
        if kind == wanted && Mac([a, b, c, d, e, f]) != case.link.source() {
            return true;
        }
        // RFC 4861 §4.6: a length of 0 is not allowed, and the walk would not end.
        if len == 0 {
            return false;
        }
        at += usize::from(len) * 8;
    }
    false
}
