//! Who had which number when in, the members as they were at a time out.

use std::cmp::Reverse;
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
        let mut lans = lans(known.values().copied(), at);
        let (mut members, mut interfaces) = (Vec::new(), Vec::new());
        let mut ids = BTreeMap::new();
        // In the order of labels, so that a member's ports have theirs again.
        let mut sorted: Vec<(&EndId, &&Entry)> = known.iter().collect();
        // `#10` stands behind `#2`.
        sorted.sort_by_key(|(id, entry)| (entry.who.asn, entry.who.label.len(), &entry.who.label, **id));
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

    /// The same, with LANs of another time: no member was on those at this one, so nothing else has their names.
    #[must_use]
    pub fn with_lans(self, lans: &[Lan]) -> Self {
        Self { registry: self.registry.with_lans(lans), ..self }
    }

    /// They themselves. Their MACs and addresses are left out.
    #[must_use]
    pub fn into_registry(self) -> Registry {
        self.registry
    }

    /// Who an end is.
    pub(super) fn end(&self, id: EndId, by: By) -> End<'_> {
        match id {
            BROADCAST => End::Group(Group::Broadcast),
            MULTICAST => End::Group(Group::Multicast),
            _ => self.owner(id).and_then(|owner| owner.end(by)).unwrap_or(End::Unknown),
        }
    }

    /// The interface that has a number, and its member.
    pub(super) fn owner(&self, id: EndId) -> Option<Owner<'_>> {
        self.interfaces.get(&id).map(|id| Owner::of(&self.registry, *id))
    }

    /// The LAN on which ends exchanged something.
    pub(super) fn lan(&self, vlan: VlanId, ends: [EndId; 2]) -> End<'_> {
        let lan = self.registry.lan_of(vlan, ends.map(|id| self.interfaces.get(&id).copied()));
        lan.map_or(End::Unknown, |lan| End::Place(&self.registry.lans()[lan].name))
    }
}

/// The LANs of interfaces, with the tag that each had last: first of those that were there at a time.
fn lans<'e>(entries: impl Iterator<Item = &'e Entry>, at: i64) -> Vec<Lan> {
    let mut entries: Vec<&Entry> = entries.collect();
    let is_over = |entry: &Entry| entry.to.is_some_and(|to| to < at);
    entries.sort_by_key(|entry| (is_over(entry), Reverse(entry.from), &entry.who.lan));
    let mut lans = Vec::new();
    for entry in entries {
        place(&mut lans, |lan: &Lan| lan.name == entry.who.lan, || lan(&entry.who));
    }
    lans
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
