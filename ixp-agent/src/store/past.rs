//! Who had which number when in, the members as they were at a time out.

use std::collections::BTreeMap;

use ixp_common::addr::VlanId;

use super::ends::{BROADCAST, EndId, Entry, Kind, MULTICAST, Who};
use crate::matrix::{By, End, Group, Owner};
use crate::members::{Asn, Interface, InterfaceId, Lan, Member, MemberId, Registry};

/// The members as they were at a time, by the numbers that rows have.
#[derive(Debug)]
pub struct Past {
    pub(super) registry: Registry,
    pub(super) interfaces: BTreeMap<EndId, InterfaceId>,
}

impl Past {
    /// Who had each number last before `at`, milliseconds since 1970, or first behind it.
    pub(super) fn new(entries: &[Entry], at: i64) -> Self {
        let mut known: BTreeMap<EndId, &Entry> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.who.kind == Kind::Interface) {
            let best = known.entry(entry.id).or_insert(entry);
            let is_later = entry.from >= best.from;
            if (best.from >= at && !is_later) || (entry.from < at && is_later) {
                *best = entry;
            }
        }
        let (mut lans, mut members, mut interfaces) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids = BTreeMap::new();
        // In the order of labels, so that a member's ports have theirs again.
        let mut sorted: Vec<(&EndId, &&Entry)> = known.iter().collect();
        sorted.sort_by_key(|(id, entry)| (entry.who.asn, &entry.who.label, **id));
        for (id, entry) in sorted {
            let who = &entry.who;
            let lan = place(&mut lans, |lan: &Lan| lan.name == who.lan, || lan(who));
            let asn = Asn(who.asn.unwrap_or(0));
            let member = place(
                &mut members,
                |member: &Member| member.asn == asn,
                || Member { asn, name: who.name.clone() },
            );
            let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            ids.insert(*id, InterfaceId(number(interfaces.len())));
            interfaces.push(interface(who, MemberId(number(member)), lan));
        }
        Self { registry: Registry::new(lans, members, interfaces), interfaces: ids }
    }

    /// Who an end is.
    pub(super) fn end(&self, id: EndId, by: By) -> End<'_> {
        match (id, self.interfaces.get(&id)) {
            (BROADCAST, _) => End::Group(Group::Broadcast),
            (MULTICAST, _) => End::Group(Group::Multicast),
            (_, None) => End::Unknown,
            (_, Some(id)) => {
                let owner = Owner::of(&self.registry, *id);
                match by {
                    By::Mac | By::Interface => End::Interface(owner),
                    By::Asn => End::Member(owner.member),
                }
            }
        }
    }
}

/// The place of what is sought; it is made if it is not there.
fn place<T>(all: &mut Vec<T>, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    all.iter().position(is_it).unwrap_or_else(|| {
        all.push(make());
        all.len() - 1
    })
}

fn lan(who: &Who) -> Lan {
    Lan { name: who.lan.clone(), vlan: who.vlan.map(VlanId::from_tci), ipv4: None, ipv6: None, mtu: 1500 }
}

fn interface(who: &Who, member: MemberId, lan: usize) -> Interface {
    Interface {
        member,
        lan,
        label: who.label.clone(),
        macs: Vec::new(),
        change: None,
        ipv4: Vec::new(),
        ipv6: Vec::new(),
        port: known(&who.port),
        facility: known(&who.facility),
        speed: who.speed,
    }
}

fn known(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}
