//! The rules of ARP: A01 to A08, A10, A11.

use super::Rule;
use super::case::{Case, SoFar};
use crate::addr::{Ip6, Mac};
use crate::bytes::FrameBytes;
use crate::counters::ClaimKey;
use crate::frame::arp::{self, Addresses};
use crate::limit::Class;
use crate::memory::Memory;

/// Operations (RFC 826).
mod operation {
    pub(super) const REQUEST: u16 = 1;
    pub(super) const REPLY: u16 = 2;
}

/// The sender of a probe (RFC 5227 §2.1.1).
const UNSPECIFIED: [u8; 4] = [0; 4];

/// Holds an ARP packet against the rules.
#[inline(always)]
pub fn judge<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    shape(case) | sender(case) | target(case)
}

/// The addresses of a well-formed packet, and whether it is a reply. RFC 826: hardware type 1, protocol type
/// 0x0800, lengths 6 and 4, operation 1 or 2.
#[inline(always)]
fn well_formed<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> Option<(Addresses, bool)> {
    let arp = arp::parse(case.frame, case.link.payload).ok()?;
    let is_reply = arp.operation == operation::REPLY;
    match arp.addresses {
        Some(addresses) if is_reply || arp.operation == operation::REQUEST => Some((addresses, is_reply)),
        Some(_) | None => None,
    }
}

/// A01, A02, A10.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn shape<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    if arp::parse(case.frame, case.link.payload).is_err() {
        return case.so_far();
    }
    let packet = well_formed(case);
    case.hard(Rule::A01, packet.is_none());
    let mut is_answered = false;
    if let Some((addresses, is_reply)) = packet {
        case.hard(Rule::A02, addresses.sender_mac != case.link.source());
        is_answered = is_reply && is_answer(case, &addresses);
    }
    case.hard(Rule::A10, !is_answered && case.is_over(Class::Arp));
    case.so_far()
}

/// Whether a reply goes to one station alone, and may well be true. How many of those a station gives is up
/// to who asks: with a limit, one neighbour that asks all the time would silence it to all others.
#[inline(always)]
fn is_answer<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, addresses: &Addresses) -> bool {
    let owner = case.owner(Ip6::mapped(addresses.sender_ip));
    !case.link.destination().is_group()
        && addresses.sender_mac == case.link.source()
        && !owner.is_certainly_not(&case.source, case.source.has_ipv4())
}

/// A03, A05, A06, A07, A08: who says so.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn sender<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let Some((addresses, is_reply)) = well_formed(case) else {
        return case.so_far();
    };
    let Addresses { sender_mac, sender_ip, target_ip, .. } = addresses;
    if !is_reply && sender_ip == UNSPECIFIED {
        return case.so_far();
    }
    case.memory.claim(&ClaimKey::ipv4(case.vlan, sender_mac, sender_ip));
    let is_gratuitous = sender_ip == target_ip;
    let is_to_all = case.link.destination() == Mac::BROADCAST;
    if !case.lan.has_ipv4() {
        case.hard(Rule::A07, is_reply && is_to_all && !is_gratuitous);
        return case.so_far();
    }
    let is_inside = case.lan.contains_ipv4(sender_ip);
    // The claim is the sender's, whoever put the frame on the wire; A02 tells the two apart.
    let claimant = match sender_mac == case.link.source() {
        true => case.source,
        false => case.table.station(case.lan.vlan(), sender_mac).0,
    };
    let owner = case.owner(Ip6::mapped(sender_ip));
    let is_own = owner.is(&claimant);
    let is_not = owner.is_not(&claimant);
    // Who is registered with an address outside the prefix has it: the prefix is then out of date.
    case.hard(Rule::A03, !is_inside && !is_own);
    let is_certain = owner.is_certainly_not(&claimant, claimant.has_ipv4());
    let is_known = case.lan.is_bound_ipv4();
    case.add(Rule::A05, is_known && is_inside && is_not, !is_certain);
    case.add(Rule::A06, is_known && is_reply && is_not, !is_certain);
    let is_own_gratuitous = is_gratuitous && (is_own || !is_certain);
    case.hard(Rule::A07, is_reply && is_to_all && !is_own_gratuitous);
    case.hard(Rule::A08, is_gratuitous && owner.is_anothers(&claimant));
    case.so_far()
}

/// A04, A11: who is asked for.
// Of its own under BPF, as the functions of `ip`.
#[cfg_attr(target_arch = "bpf", inline(never))]
fn target<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let (Some((addresses, is_reply)), true) = (well_formed(case), case.lan.has_ipv4()) else {
        return case.so_far();
    };
    let target = addresses.target_ip;
    let is_inside = case.lan.contains_ipv4(target);
    let is_host = is_inside && !case.lan.is_network(target) && !case.lan.is_broadcast(target);
    case.hard(Rule::A04, !is_host);
    if !is_reply && target != addresses.sender_ip {
        let is_unassigned =
            is_host && case.lan.is_bound_ipv4() && case.owner(Ip6::mapped(target)).is_nobody();
        let is_sweep = case.sweeps_ipv4(target);
        case.hard(Rule::A11, is_unassigned || is_sweep);
    }
    case.so_far()
}
