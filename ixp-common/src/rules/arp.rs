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
// Of its own, so that the stacks of the groups of rules lie over each other: BPF has 512 bytes.
#[cfg_attr(target_arch = "bpf", inline(never))]
pub fn judge<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>) -> SoFar {
    let Ok(arp) = arp::parse(case.frame, case.link.payload) else {
        return case.so_far();
    };
    let is_reply = arp.operation == operation::REPLY;
    let is_answer = is_reply && arp.addresses.is_some_and(|addresses| is_answer(case, &addresses));
    case.hard(Rule::A10, !is_answer && case.is_over(Class::Arp));
    let is_request = arp.operation == operation::REQUEST;
    let (Some(addresses), true) = (arp.addresses, is_reply || is_request) else {
        // RFC 826: hardware type 1, protocol type 0x0800, lengths 6 and 4, operation 1 or 2.
        case.hard(Rule::A01, true);
        return case.so_far();
    };
    case.hard(Rule::A02, addresses.sender_mac != case.link.source);
    let is_probe = is_request && addresses.sender_ip == UNSPECIFIED;
    if !is_probe {
        case.memory.claim(&ClaimKey::ipv4(case.vlan, addresses.sender_mac, addresses.sender_ip));
        sender(case, &addresses, is_reply);
    }
    if case.lan.has_ipv4() {
        target(case, &addresses, is_request);
    }
    case.so_far()
}

/// Whether a reply goes to one station alone, and may well be true. How many of those a station gives is up
/// to who asks: with a limit, one neighbour that asks all the time would silence it to all others.
#[inline(always)]
fn is_answer<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, addresses: &Addresses) -> bool {
    let owner = case.owner(Ip6::mapped(addresses.sender_ip));
    !case.link.destination.is_group()
        && addresses.sender_mac == case.link.source
        && !owner.is_certainly_not(&case.source, case.source.has_ipv4())
}

/// A03, A05, A06, A07, A08: who says so.
#[inline(always)]
fn sender<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, addresses: &Addresses, is_reply: bool) {
    let &Addresses { sender_mac, sender_ip, target_ip, .. } = addresses;
    let is_gratuitous = sender_ip == target_ip;
    let is_to_all = case.link.destination == Mac::BROADCAST;
    if !case.lan.has_ipv4() {
        case.hard(Rule::A07, is_reply && is_to_all && !is_gratuitous);
        return;
    }
    let is_inside = case.lan.contains_ipv4(sender_ip);
    // The claim is the sender's, whoever put the frame on the wire; A02 tells the two apart.
    let claimant = match sender_mac == case.link.source {
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
}

/// A04, A11: who is asked for.
#[inline(always)]
fn target<F: FrameBytes, M: Memory>(case: &Case<'_, F, M>, addresses: &Addresses, is_request: bool) {
    let target = addresses.target_ip;
    let is_inside = case.lan.contains_ipv4(target);
    let is_host = is_inside && !case.lan.is_network(target) && !case.lan.is_broadcast(target);
    case.hard(Rule::A04, !is_host);
    if !is_request || target == addresses.sender_ip {
        return;
    }
    let is_unassigned = is_host && case.lan.is_bound_ipv4() && case.owner(Ip6::mapped(target)).is_nobody();
    let is_sweep = case.sweeps_ipv4(target);
    case.hard(Rule::A11, is_unassigned || is_sweep);
}
