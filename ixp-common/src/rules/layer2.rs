//! The rules of the link layer: L01 to L22 but those that look into IP.

use super::facts::Facts;
use super::{Findings, Rule};
use crate::addr::{EtherType, Mac};
use crate::bytes::FrameBytes;
use crate::frame::eth::FIRST_ETHERTYPE;
use crate::frame::llc::Llc;
use crate::frame::{Link, Network};
use crate::limit::Class;
use crate::memory::Memory;

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

/// Holds a frame against the rules of the link layer. `is_neighbour` if it is an NS or NA.
#[inline(always)]
pub fn judge<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    network: &Network,
    facts: &Facts<'_, M>,
    is_neighbour: bool,
    findings: &mut Findings,
) {
    source(link, facts, findings);
    findings.hard(Rule::L04, has_wrong_tag(link, facts));
    let is_usual = matches!(link.ethertype, EtherType::IPV4 | EtherType::IPV6 | EtherType::ARP);
    if !link.destination.is_group() && is_usual && facts.table.carries(link.ethertype) {
        // All that follows but this is about other EtherTypes and group destinations.
        unicast(link, facts, findings);
        findings.hard(Rule::L14, link.destination == destination::EDP);
        return;
    }
    if is_allowed_lacp(frame, link, facts) {
        return;
    }
    ethertype(link, network, facts, findings);
    group(link, facts, is_neighbour, findings);
}

/// L05, L06, L07, L08.
#[inline(always)]
fn source<M: Memory>(link: &Link, facts: &Facts<'_, M>, findings: &mut Findings) {
    // IEEE 802.3 §3.2.5: a source is an individual address; nobody's is zero.
    let is_station = link.source.is_station();
    findings.hard(Rule::L05, !is_station);
    let (port, source) = (facts.port.port(), &facts.source);
    if source.is_registered() {
        findings.hard(Rule::L06, port != 0 && source.port() != 0 && source.port() != port);
        if facts.table.watches_moves() {
            let seat = if port != 0 { u32::from(port) } else { 1 << 16 | facts.port.slot() };
            let moved = facts.memory.seat(facts.place).is_some_and(|at| at.has_moved(source, seat));
            findings.hard(Rule::L08, moved);
        }
        return;
    }
    let is_own = link.source == facts.port.host_mac();
    // The host's own frame came back.
    findings.hard(Rule::L08, is_own && is_station);
    findings.hard(Rule::L07, is_station && !is_own && facts.table.has_stations());
    findings.hard(Rule::L06, is_station && !is_own && port != 0 && facts.table.is_wired(port));
}

/// L04. An unknown outer tag, or any inner one.
#[inline(always)]
fn has_wrong_tag<M: Memory>(link: &Link, facts: &Facts<'_, M>) -> bool {
    link.tags.outer.is_some()
        && facts.table.knows_tags()
        && (!facts.lan.is_known() || link.tags.inner.is_some() || link.ethertype.is_tag())
}

/// LACP and marker frames (subtypes 1 and 2) to the slow protocols' address, where members may speak
/// LACP to the switch.
#[inline(always)]
fn is_allowed_lacp<F: FrameBytes, M: Memory>(frame: &F, link: &Link, facts: &Facts<'_, M>) -> bool {
    facts.table.allows_lacp()
        && link.ethertype.0 == ethertype::SLOW
        && link.destination == destination::SLOW
        && link.tags.outer.is_none()
        && frame.load::<2>(link.payload).is_some_and(|[subtype, _]| matches!(subtype, 1 | 2))
}

/// L01, L02, L03, L11 to L19 by what the frame carries, or by whom it addresses.
#[inline(always)]
fn ethertype<M: Memory>(link: &Link, network: &Network, facts: &Facts<'_, M>, findings: &mut Findings) {
    let EtherType(number) = link.ethertype;
    let to = link.destination;
    let is_length = number < FIRST_ETHERTYPE;
    findings.hard(Rule::L01, !is_length && !facts.table.carries(link.ethertype));
    findings.hard(Rule::L02, is_length);
    findings.hard(Rule::L03, number == ethertype::SLOW);
    findings.hard(Rule::L12, number == ethertype::LLDP);
    findings.hard(Rule::L15, number == ethertype::ROMON);
    findings.hard(Rule::L16, number == ethertype::LOOPBACK);
    findings.hard(Rule::L17, number == ethertype::MOP[0] || number == ethertype::MOP[1]);
    findings.hard(Rule::L18, number == ethertype::MPLS[0] || number == ethertype::MPLS[1]);
    let llc = match network {
        Network::Llc(llc) => *llc,
        _ => Llc { dsap: 0, ssap: 0, control: 0, snap: None },
    };
    let service = (llc.dsap, llc.ssap, llc.control);
    // IEEE 802.1D §7.12.3: BPDUs use LLC 42-42-03.
    findings.hard(Rule::L11, service == (0x42, 0x42, 0x03) || to == destination::PVST || is_pvst(&llc));
    findings.hard(Rule::L13, to == destination::CDP || is_cisco(&llc));
    findings.hard(Rule::L14, to == destination::EDP || to == destination::FDP || is_extreme_or_foundry(&llc));
    // ISO 10589 §8.4.8: LLC FE-FE-03, all L1 and all L2 intermediate systems.
    let is_isis = matches!(to, Mac([0x01, 0x80, 0xc2, 0, 0, 0x14 | 0x15]));
    findings.hard(Rule::L19, service == (0xfe, 0xfe, 0x03) || is_isis);
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
fn unicast<M: Memory>(link: &Link, facts: &Facts<'_, M>, findings: &mut Findings) {
    let is_for_host = link.destination == facts.port.host_mac();
    let is_unknown = facts.table.has_stations() && !facts.destination.is_registered() && !is_for_host;
    findings.hard(Rule::L21, is_unknown && facts.is_over(link, Class::UnknownUnicast));
}

/// L09, L10, L22: what goes to many.
#[inline(always)]
fn group<M: Memory>(link: &Link, facts: &Facts<'_, M>, is_neighbour: bool, findings: &mut Findings) {
    let to = link.destination;
    if !to.is_group() {
        unicast(link, facts, findings);
        return;
    }
    let is_arp = link.ethertype == EtherType::ARP && to == Mac::BROADCAST;
    let is_nd = is_neighbour && (to == destination::ALL_NODES || matches!(to, Mac([0x33, 0x33, 0xff, ..])));
    findings.hard(Rule::L09, !is_arp && !is_nd);
    // IEEE 802.1Q table 8-1: reserved addresses; 802.1Q §10.5: group registration.
    let is_bridges = matches!(to, Mac([0x01, 0x80, 0xc2, 0, 0, 0..=0x0f | 0x20..=0x2f]));
    findings.hard(Rule::L10, is_bridges);
    let class = if to == Mac::BROADCAST { Class::Broadcast } else { Class::Multicast };
    findings.hard(Rule::L22, facts.is_over(link, class));
}

/// L20: the packet, by its own length, is over the LAN's MTU.
#[inline(always)]
pub fn size<M: Memory>(network: &Network, facts: &Facts<'_, M>, findings: &mut Findings) {
    let len = match network {
        Network::Ipv4(packet) => u32::from(packet.total_len),
        Network::Ipv6(packet) => packet.total_len,
        Network::Arp(_) | Network::Llc(_) | Network::Other => return,
    };
    findings.add(Rule::L20, facts.lan.is_known() && len > u32::from(facts.lan.mtu()), false);
}
