//! The members, checked: which interface and which member a station's address belongs to.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use foldhash::fast::RandomState;
use ipnet::{Ipv4Net, Ipv6Net};
use ixp_common::addr::{Mac, VlanId};
use jiff::Timestamp;
use serde::Serialize;

/// An autonomous system number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Asn(pub u32);

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AS{}", self.0)
    }
}

/// Index of a member in its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub u32);

/// Index of an interface in its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId(pub u32);

/// A peering LAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lan {
    /// Unique name.
    pub name: String,
    /// The outer tag on the wire; `None` if it is not known (IX-F has none), then any tag matches.
    pub vlan: Option<VlanId>,
    /// IPv4 prefix.
    pub ipv4: Option<Ipv4Net>,
    /// IPv6 prefix.
    pub ipv6: Option<Ipv6Net>,
    /// Largest L3 packet in bytes.
    pub mtu: u16,
}

/// A network that is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its AS number. One per member: entries of the same number are one member.
    pub asn: Asn,
    /// Its name; may be empty.
    pub name: String,
}

/// A member's router port on one LAN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Whose it is.
    pub member: MemberId,
    /// Index of its LAN in [`Registry::lans`].
    pub lan: usize,
    /// Its name in matrices: `AS64500@peering`, with `#2` for a member's second port on that LAN.
    pub label: String,
    /// Its stations' addresses.
    pub macs: Vec<Mac>,
    /// The address of another router that takes over, and how long it may.
    pub change: Option<Change>,
    /// Its IPv4 addresses.
    pub ipv4: Vec<Ipv4Addr>,
    /// Its IPv6 addresses.
    pub ipv6: Vec<Ipv6Addr>,
    /// The switch port, as `sw1:xe-0/0/1`; of an IX-F export the switch alone, or those of a LAG, as `sw1,sw2`.
    pub port: Option<String>,
    /// Where that switch is.
    pub facility: Option<String>,
    /// bit/s, a LAG's members added up.
    pub speed: Option<u64>,
}

/// A second MAC while routers are exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The other station.
    pub mac: Mac,
    /// When it is no longer one of the interface's, unless it stands among the MACs by then.
    pub until: Timestamp,
}

impl Interface {
    /// The switch that it is at: what stands in its port before the first colon, or all of it. A LAG over two
    /// switches is at `sw1,sw2`, which is neither.
    #[must_use]
    pub fn switch(&self) -> Option<&str> {
        let port = self.port.as_deref()?;
        let switch = port.split_once(':').map_or(port, |(switch, _)| switch).trim();
        Some(switch).filter(|switch| !switch.is_empty())
    }

    /// Its stations' addresses at a time.
    pub fn macs_at(&self, now: Timestamp) -> impl Iterator<Item = Mac> {
        let change = self.change.filter(|change| now < change.until).map(|change| change.mac);
        self.macs.iter().copied().chain(change)
    }
}

/// All members, looked up by station.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    lans: Vec<Lan>,
    members: Vec<Member>,
    interfaces: Vec<Interface>,
    by_tag: HashMap<VlanId, usize, RandomState>,
    by_station: HashMap<(Option<VlanId>, Mac), InterfaceId, RandomState>,
    route_servers: BTreeSet<Asn>,
}

impl Registry {
    /// A registry of checked entries: each MAC stands once per LAN. `interfaces` point into
    /// `members` and `lans`; their labels are made here.
    #[must_use]
    pub fn new(lans: Vec<Lan>, members: Vec<Member>, mut interfaces: Vec<Interface>) -> Self {
        let mut by_tag = HashMap::default();
        for (at, lan) in lans.iter().enumerate() {
            if let Some(vlan) = lan.vlan {
                by_tag.entry(vlan).or_insert(at);
            }
        }
        let mut by_station = HashMap::default();
        let mut ports_of: HashMap<(MemberId, usize), u32> = HashMap::new();
        for (at, interface) in interfaces.iter_mut().enumerate() {
            let count = ports_of.entry((interface.member, interface.lan)).or_default();
            *count += 1;
            let asn = members[interface.member.0 as usize].asn;
            let lan = &lans[interface.lan];
            interface.label = match *count {
                1 => format!("{asn}@{}", lan.name),
                nth => format!("{asn}@{}#{nth}", lan.name),
            };
            let id = InterfaceId(u32::try_from(at).expect("fewer than 2³² interfaces"));
            let change = interface.change.map(|change| change.mac);
            for mac in interface.macs.iter().copied().chain(change) {
                by_station.insert((lan.vlan, mac), id);
            }
        }
        Self { lans, members, interfaces, by_tag, by_station, route_servers: BTreeSet::new() }
    }

    /// The same, with the members that are known to be route servers.
    #[must_use]
    pub fn with_route_servers(mut self, route_servers: BTreeSet<Asn>) -> Self {
        self.route_servers = route_servers;
        self
    }

    /// The same, with those of other LANs whose name and tag none of its own has.
    #[must_use]
    pub fn with_lans(mut self, others: &[Lan]) -> Self {
        for lan in others {
            let has_tag = lan.vlan.is_some_and(|vlan| self.by_tag.contains_key(&vlan));
            if !has_tag && self.lans.iter().all(|own| own.name != lan.name) {
                self.by_tag.extend(lan.vlan.map(|vlan| (vlan, self.lans.len())));
                self.lans.push(lan.clone());
            }
        }
        self
    }

    /// Whether a member is known to be a route server.
    #[must_use]
    pub fn is_route_server(&self, asn: Asn) -> bool {
        self.route_servers.contains(&asn)
    }

    /// The members that are known to be route servers.
    #[must_use]
    pub fn route_servers(&self) -> &BTreeSet<Asn> {
        &self.route_servers
    }

    /// The next moment after `now` at which a MAC is no longer registered.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let changes = self.interfaces.iter().filter_map(|interface| interface.change);
        changes.map(|change| change.until).filter(|until| *until > now).min()
    }

    /// The second MACs that are no longer registered, a line each.
    pub fn past_changes(&self, now: Timestamp) -> impl Iterator<Item = String> {
        self.interfaces.iter().filter_map(move |interface| {
            let Change { mac, until } = interface.change.filter(|change| change.until <= now)?;
            let label = &interface.label;
            Some(format!(
                "the change of {label} to {mac} ended at {until}: that MAC is not registered any more; \
                 write it under macs, or leave the change out"
            ))
        })
    }

    /// The interface that a station on a VLAN belongs to.
    #[must_use]
    pub fn interface_of(&self, vlan: VlanId, mac: Mac) -> Option<InterfaceId> {
        let any_tag = || self.by_station.get(&(None, mac));
        self.by_station.get(&(Some(vlan), mac)).or_else(any_tag).copied()
    }

    /// The member that a station on a VLAN belongs to.
    #[must_use]
    pub fn member_of(&self, vlan: VlanId, mac: Mac) -> Option<&Member> {
        self.interface_of(vlan, mac).map(|id| self.member(self.interface(id).member))
    }

    /// The LAN that a frame between these ends was on, as its place in [`lans`](Self::lans): that of an end on a LAN
    /// with a tag, which is the frame's, or was when the end was looked up; else the first with the frame's tag; else
    /// that of an end on a LAN without.
    #[must_use]
    pub fn lan_of(&self, vlan: VlanId, ends: [Option<InterfaceId>; 2]) -> Option<usize> {
        let mut theirs = ends.into_iter().flatten().map(|id| self.interface(id).lan);
        let tagged = theirs.clone().find(|lan| self.lans[*lan].vlan.is_some());
        tagged.or_else(|| self.by_tag.get(&vlan).copied()).or_else(|| theirs.next())
    }

    /// An interface by its index.
    #[must_use]
    pub fn interface(&self, id: InterfaceId) -> &Interface {
        &self.interfaces[id.0 as usize]
    }

    /// The interfaces of a member, in order of the file.
    pub fn interfaces_of(&self, asn: Asn) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().filter(move |interface| self.member(interface.member).asn == asn)
    }

    /// A member by its index.
    #[must_use]
    pub fn member(&self, id: MemberId) -> &Member {
        &self.members[id.0 as usize]
    }

    /// The LANs, in order of the file.
    #[must_use]
    pub fn lans(&self) -> &[Lan] {
        &self.lans
    }

    /// The members, in order of the file.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The interfaces, in order of the file.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }
}
