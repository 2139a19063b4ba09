//! The rules of ARP: A01 to A08, A10, A11.

use super::facts::Facts;
use super::{Findings, Rule};
use crate::addr::Mac;
use crate::counters::ClaimKey;
use crate::frame::Link;
use crate::frame::arp::{Addresses, Arp};
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
pub fn judge<M: Memory>(link: &Link, arp: &Arp, facts: &Facts<'_, M>, findings: &mut Findings) {
    findings.hard(Rule::A10, facts.is_over(link, Class::Arp));
    let is_reply = arp.operation == operation::REPLY;
    let is_request = arp.operation == operation::REQUEST;
    let (Some(addresses), true) = (arp.addresses, is_reply || is_request) else {
        // RFC 826: hardware type 1, protocol type 0x0800, lengths 6 and 4, operation 1 or 2.
        findings.hard(Rule::A01, true);
        return;
    };
    findings.hard(Rule::A02, addresses.sender_mac != link.source);
    let is_probe = is_request && addresses.sender_ip == UNSPECIFIED;
    if !is_probe {
        facts.memory.claim(&ClaimKey::ipv4(facts.vlan, addresses.sender_mac, addresses.sender_ip));
        sender(link, &addresses, is_reply, facts, findings);
    }
    if facts.lan.has_ipv4() {
        target(link, &addresses, is_request, facts, findings);
    }
}

/// A03, A05, A06, A07, A08: who says so.
#[inline(always)]
fn sender<M: Memory>(
    link: &Link,
    addresses: &Addresses,
    is_reply: bool,
    facts: &Facts<'_, M>,
    findings: &mut Findings,
) {
    let &Addresses { sender_mac, sender_ip, target_ip, .. } = addresses;
    let is_gratuitous = sender_ip == target_ip;
    let is_to_all = link.destination == Mac::BROADCAST;
    if !facts.lan.has_ipv4() {
        findings.hard(Rule::A07, is_reply && is_to_all && !is_gratuitous);
        return;
    }
    let is_inside = facts.lan.contains_ipv4(sender_ip);
    findings.hard(Rule::A03, !is_inside);
    // The claim is the sender's, whoever put the frame on the wire; A02 tells the two apart.
    let claimant = match sender_mac == link.source {
        true => facts.source,
        false => facts.table.station(facts.lan.vlan(), sender_mac).0,
    };
    let owner = facts.owner_ipv4(sender_ip);
    let is_own = owner.is(&claimant);
    let is_certain = owner.is_certainly_not(&claimant, claimant.has_ipv4());
    let is_known = facts.lan.is_bound_ipv4();
    findings.add(Rule::A05, is_known && is_inside && !is_own, !is_certain);
    findings.add(Rule::A06, is_known && is_reply && !is_own, !is_certain);
    let is_own_gratuitous = is_gratuitous && (is_own || !is_certain);
    findings.hard(Rule::A07, is_reply && is_to_all && !is_own_gratuitous);
    findings.hard(Rule::A08, is_gratuitous && !owner.is_nobody() && !is_own);
}

/// A04, A11: who is asked for.
#[inline(always)]
fn target<M: Memory>(
    link: &Link,
    addresses: &Addresses,
    is_request: bool,
    facts: &Facts<'_, M>,
    findings: &mut Findings,
) {
    let target = addresses.target_ip;
    let is_inside = facts.lan.contains_ipv4(target);
    let is_host = is_inside && !facts.lan.is_network(target) && !facts.lan.is_broadcast(target);
    findings.hard(Rule::A04, !is_host);
    if !is_request || target == addresses.sender_ip {
        return;
    }
    let is_unassigned = is_host && facts.lan.is_bound_ipv4() && facts.owner_ipv4(target).is_nobody();
    let is_sweep = facts.sweeps_ipv4(link, target);
    findings.hard(Rule::A11, is_unassigned || is_sweep);
}
