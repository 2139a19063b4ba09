//! A policy and the members in, what of it has no effect out: nothing that keeps it from being used.

use std::collections::BTreeSet;

use ixp_common::addr::Mac;
use jiff::Timestamp;

use super::build::assigned;
use super::{MOST_TARGETS, Policy, Ports};
use crate::members::{Asn, Registry};
use crate::notice::suggest::did_you_mean;

/// What is odd about policy, members and attached ports together, a line each.
#[must_use]
pub fn notices(policy: &Policy, registry: &Registry, ports: &Ports, now: Timestamp) -> Vec<String> {
    let mut notices = Vec::new();
    if registry.members().is_empty() && registry.lans().is_empty() {
        let is_about_them =
            !(policy.members.is_empty() && policy.lans.is_empty() && policy.route_servers.is_empty());
        if is_about_them {
            let text = "no member is known, so what [policy] says of members and LANs has no effect";
            notices.push(text.to_owned());
        }
        return notices;
    }
    unknown_members(policy, registry, &mut notices);
    unknown_lans(policy, registry, &mut notices);
    shared_tags(registry, &mut notices);
    exempt_members(policy, registry, &mut notices);
    unknown_ports(ports, registry, &mut notices);
    notices.extend(registry.past_changes(now));
    let assigned = assigned(registry);
    if policy.sweep_targets.is_none() && assigned > MOST_TARGETS {
        notices.push(format!(
            "{assigned} addresses are assigned on one LAN, and up to {MOST_TARGETS} targets can be told from \
             more: sweeps are not told; set sweep_targets in [policy.limits] to have them told all the same"
        ));
    }
    notices
}

fn unknown_members(policy: &Policy, registry: &Registry, notices: &mut Vec<String>) {
    let known: BTreeSet<Asn> = registry.members().iter().map(|member| member.asn).collect();
    for asn in policy.members.keys().filter(|asn| !known.contains(asn)) {
        notices.push(format!("no member is {asn}: its [[policy.member]] has no effect"));
    }
    for asn in policy.route_servers.iter().filter(|asn| !known.contains(asn)) {
        notices.push(format!("no member is {asn}: as one of the route_servers it has no effect"));
    }
}

fn unknown_lans(policy: &Policy, registry: &Registry, notices: &mut Vec<String>) {
    let known = || registry.lans().iter().map(|lan| lan.name.as_str());
    for name in policy.lans.keys().filter(|name| known().all(|known| known != name.as_str())) {
        let near = did_you_mean(name, known()).unwrap_or_default();
        notices.push(format!("there is no LAN {name:?}: its [[policy.lan]] has no effect{near}"));
    }
}

fn shared_tags(registry: &Registry, notices: &mut Vec<String>) {
    for (at, lan) in registry.lans().iter().enumerate() {
        let Some(vlan) = lan.vlan else { continue };
        if let Some(first) = registry.lans()[..at].iter().find(|first| first.vlan == lan.vlan) {
            let (first, name) = (&first.name, &lan.name);
            notices.push(format!(
                "LANs {first:?} and {name:?} are both on VLAN {vlan}: nothing tells their frames apart, so \
                 nothing is held against their prefixes"
            ));
        }
    }
}

fn exempt_members(policy: &Policy, registry: &Registry, notices: &mut Vec<String>) {
    let owner = |mac: &Mac| registry.interfaces().iter().find(|interface| interface.macs.contains(mac));
    for exempt in &policy.exempt {
        for (mac, interface) in exempt.macs.iter().filter_map(|mac| Some((mac, owner(mac)?))) {
            let (label, name) = (&interface.label, &exempt.name);
            notices.push(format!("{mac} of {label} is exempt, as one of {name:?}"));
        }
    }
}

fn unknown_ports(ports: &Ports, registry: &Registry, notices: &mut Vec<String>) {
    let known = || registry.interfaces().iter().filter_map(|interface| interface.port.as_deref());
    if known().next().is_none() {
        return;
    }
    for name in ports.names().iter().filter(|name| known().all(|known| known != name.as_str())) {
        let near = did_you_mean(name, known()).unwrap_or_default();
        notices.push(format!(
            "no member's interface has port {name:?}, which is attached: whether a MAC is at a port that is \
             not its own is told among attached ports alone{near}"
        ));
    }
}
