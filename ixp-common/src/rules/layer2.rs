//! The rules of the link layer: L01 to L22 but those that look into IP.

use super::Rule;
use super::case::{Case, SoFar};
use crate::addr::{EtherType, Mac};
use crate::bytes::FrameBytes;
use crate::frame::Link;
use crate::frame::eth::FIRST_ETHERTYPE;
use crate::frame::llc::{self, Llc};
use crate::limit::Class;
use crate::memory::Memory;
use crate::table::{Lan, PolicyTable};

/// EtherTypes with a rule of their own.
mod ethertype {
    /// LACP, marker, OAM (IEEE 802.3 §57A.4).
    pub(super) const SLOW: u16 = 0x8809;
    /// LLDP (IEEE 802.1AB §7.4).
    pub(super) const LLDP: u16 = 0x88cc;
    /// RoMON (MikroTik).
    pub(super) const ROMON: u16 = 0x88bf;
    /// Ethernet configuration testing protocol (Ethernet V2.0 §8), the keepalive of switches.
    pub(super) const LOOPBACK: u16 = 0x9000;
    /// DEC MOP dump and load, remote console (DNA MOP V3.0).
    pub(super) const MOP: [u16; 2] = [0x6001, 0x6002];
    /// MPLS unicast, multicast (RFC 3032 §5, RFC 5332 §4).
    pub(super) const MPLS: [u16; 2] = [0x8847, 0x8848];
}

/// Destinations with a rule of their own.
mod destination {
    use crate::addr::Mac;

    /// Slow protocols (IEEE 802.3 annex 57A.3).
    pub(super) const SLOW: Mac = Mac([0x01, 0x80, 0xc2, 0, 0, 0x02]);
    /// CDP, VTP, DTP, UDLD (Cisco).
    pub(super) const CDP: Mac = Mac([0x01, 0, 0x0c, 0xcc, 0xcc, 0xcc]);
    /// PVST+ (Cisco).
    pub(super) const PVST: Mac = Mac([0x01, 0, 0x0c, 0xcc, 0xcc, 0xcd]);
    /// EDP (Extreme).
    pub(super) const EDP: Mac = Mac([0x00, 0xe0, 0x2b, 0, 0, 0]);
    /// FDP (Foundry).
    pub(super) const FDP: Mac = Mac([0x01, 0xe0, 0x52, 0xcc, 0xcc, 0xcc]);
    /// All IPv6 nodes (RFC 2464 §7, RFC 4291 §2.7.1).
    pub(super) const ALL_NODES: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);
}

/// Holds a frame against the rules of the link layer.
#[inline(always)]
pub fn judge<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    note_source(case) | source(case) | addressed(case)
}

/// L04, L14, L21, and for what goes to many or is neither IP nor ARP all others.
#[inline(always)]
fn addressed<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    case.hard(Rule::L04, has_wrong_tag(case.link, case.lan, case.table));
    let is_usual = matches!(case.link.ethertype, EtherType::IPV4 | EtherType::IPV6 | EtherType::ARP);
    if !case.link.destination().is_group() && is_usual && case.table.carries(case.link.ethertype) {
        // All that follows but this is about other EtherTypes and group destinations.
        unicast(case);
        case.hard(Rule::L14, is_extremes(case.link.destination()));
        return case.so_far();
    }
    unusual(case)
}

/// What goes to many, or is neither IP nor ARP.
// Of its own, so that the stacks of the groups of rules lie over each other: BPF has 512 bytes.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn unusual<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    if !is_allowed_lacp(case) {
        ethertype(case);
        group(case);
    }
    case.so_far()
}

/// L05, and whether the frame is the monitor's own, which is put onto the desk.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn note_source<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let source = case.link.source();
    // IEEE 802.3 §3.2.5: a source is an individual address; nobody's is zero.
    case.hard(Rule::L05, !source.is_station());
    let is_own = source == case.port.host_mac() || case.table.is_probe(source);
    case.desk.is_own.set(u32::from(is_own));
    case.so_far()
}

/// L06, L07, L08.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn source<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (port, source) = (case.port.port(), case.source);
    if source.is_registered() {
        case.hard(Rule::L06, port != 0 && source.port() != 0 && source.port() != port);
        if case.table.watches_moves() {
            let moved =
                case.memory.seat(case.place).is_some_and(|at| at.has_moved(&source, case.port.seat()));
            case.hard(Rule::L08, moved);
        }
        return case.so_far();
    }
    if !case.link.source().is_station() {
        return case.so_far();
    }
    if case.desk.is_own.get() != 0 {
        // The host's own frame, or its probe, came back.
        case.hard(Rule::L08, true);
        return case.so_far();
    }
    case.hard(Rule::L07, case.table.has_stations());
    // On what is none of the LANs nobody can be registered.
    case.hard(Rule::L06, case.lan.is_known() && port != 0 && case.table.is_wired(port));
    case.so_far()
}

/// L04. An unknown outer tag, or any inner one.
#[inline(always)]
pub const fn has_wrong_tag(link: &Link, lan: &Lan, table: &PolicyTable) -> bool {
    link.tags.outer.is_some()
        && table.knows_tags()
        && (!lan.is_known() || link.tags.inner.is_some() || link.ethertype.is_tag())
}

/// L14, by the destination of EDP, which is no group.
#[inline(always)]
pub fn is_extremes(to: Mac) -> bool {
    to == destination::EDP
}

/// LACP and marker frames (subtypes 1 and 2) to the slow protocols' address, where members may speak
/// LACP to the switch.
#[inline(always)]
fn is_allowed_lacp<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> bool {
    case.table.allows_lacp()
        && case.link.ethertype.0 == ethertype::SLOW
        && case.link.destination() == destination::SLOW
        && !case.link.tags.outer.is_some()
        && case.frame.load::<2>(case.link.payload).is_some_and(|[subtype, _]| matches!(subtype, 1 | 2))
}

/// L01, L02, L03, L11 to L19 by what the frame carries, or by whom it addresses.
#[inline(always)]
fn ethertype<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) {
    let EtherType(number) = case.link.ethertype;
    let to = case.link.destination();
    let is_length = number < FIRST_ETHERTYPE;
    case.hard(Rule::L01, !is_length && !case.table.carries(case.link.ethertype));
    case.hard(Rule::L02, is_length);
    case.hard(Rule::L03, number == ethertype::SLOW);
    case.hard(Rule::L12, number == ethertype::LLDP);
    case.hard(Rule::L15, number == ethertype::ROMON);
    case.hard(Rule::L16, number == ethertype::LOOPBACK);
    case.hard(Rule::L17, number == ethertype::MOP[0] || number == ethertype::MOP[1]);
    case.hard(Rule::L18, number == ethertype::MPLS[0] || number == ethertype::MPLS[1]);
    case.hard(Rule::L11, to == destination::PVST);
    case.hard(Rule::L13, to == destination::CDP);
    case.hard(Rule::L14, is_extremes(to) || to == destination::FDP);
    // ISO 10589 §8.4.8: all L1 and all L2 intermediate systems.
    case.hard(Rule::L19, matches!(to, Mac([0x01, 0x80, 0xc2, 0, 0, 0x14 | 0x15])));
    if is_length && let Ok(llc) = llc::parse(case.frame, case.link.payload, number) {
        service(case, &llc);
    }
}

/// L11, L13, L14, L19 by LLC and SNAP.
#[inline(always)]
fn service<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, llc: &Llc) {
    // IEEE 802.1D §7.12.3: BPDUs use LLC 42-42-03.
    let is_stp = (llc.dsap, llc.ssap, llc.control) == (0x42, 0x42, 0x03);
    case.hard(Rule::L11, is_stp || is_pvst(llc));
    case.hard(Rule::L13, is_cisco(llc));
    case.hard(Rule::L14, is_extreme_or_foundry(llc));
    // ISO 10589 §8.4.8: LLC FE-FE-03.
    case.hard(Rule::L19, (llc.dsap, llc.ssap, llc.control) == (0xfe, 0xfe, 0x03));
}

/// SNAP 00-00-0c, 0x010b.
#[inline(always)]
fn is_pvst(llc: &Llc) -> bool {
    llc.snap.is_some_and(|snap| snap.oui == [0, 0, 0x0c] && snap.pid == 0x010b)
}

/// SNAP 00-00-0c: CDP, VTP, DTP, UDLD.
#[inline(always)]
fn is_cisco(llc: &Llc) -> bool {
    let is_listed = |pid| matches!(pid, 0x2000 | 0x2003 | 0x2004 | 0x0111);
    llc.snap.is_some_and(|snap| snap.oui == [0, 0, 0x0c] && is_listed(snap.pid))
}

/// SNAP 00-e0-2b, 0x00bb: EDP. SNAP 00-e0-52, 0x2000: FDP.
#[inline(always)]
fn is_extreme_or_foundry(llc: &Llc) -> bool {
    llc.snap.is_some_and(|snap| {
        (snap.oui == [0, 0xe0, 0x2b] && snap.pid == 0x00bb)
            || (snap.oui == [0, 0xe0, 0x52] && snap.pid == 0x2000)
    })
}

/// L21: what a switch floods, since nobody has the address.
#[inline(always)]
fn unicast<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) {
    let is_for_host = case.link.destination() == case.port.host_mac();
    let has_stations = case.lan.is_known() && case.table.has_stations();
    let is_unknown = has_stations && !case.destination.is_registered() && !is_for_host;
    case.hard(Rule::L21, is_unknown && case.is_over(Class::UnknownUnicast));
}

/// L09, L10, L22: what goes to many.
#[inline(always)]
fn group<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) {
    let to = case.link.destination();
    if !to.is_group() {
        unicast(case);
        return;
    }
    let is_arp = case.link.ethertype == EtherType::ARP && to == Mac::BROADCAST;
    // With IPv6 it depends on the message: `multicast_ipv6`.
    case.hard(Rule::L09, !is_arp && case.link.ethertype != EtherType::IPV6);
    // IEEE 802.1Q table 8-1: reserved addresses; 802.1Q §10.5: group registration.
    let is_bridges = matches!(to, Mac([0x01, 0x80, 0xc2, 0, 0, 0..=0x0f | 0x20..=0x2f]));
    case.hard(Rule::L10, is_bridges);
    let class = if to == Mac::BROADCAST { Class::Broadcast } else { Class::Multicast };
    case.hard(Rule::L22, case.is_over(class));
}

/// L09 for an IPv6 packet: a group is for neighbour solicitations and advertisements.
#[inline(always)]
pub fn multicast_ipv6<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, is_neighbour: bool) {
    let to = case.link.destination();
    let is_group = to == destination::ALL_NODES || matches!(to, Mac([0x33, 0x33, 0xff, ..]));
    case.hard(Rule::L09, to.is_group() && !(is_neighbour && is_group));
}

/// L20: a packet of `len` bytes, by its own account, is over the LAN's MTU.
#[inline(always)]
pub fn size<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, len: u32) {
    case.hard(Rule::L20, is_over_mtu(case.lan, len));
}

/// Whether a packet of `len` bytes is over the MTU of a LAN.
#[inline(always)]
pub const fn is_over_mtu(lan: &Lan, len: u32) -> bool {
    lan.is_known() && len > lan.mtu() as u32
}
