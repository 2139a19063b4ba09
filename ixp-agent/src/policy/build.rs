//! Settings and members in, the table that rules go by and the owners of addresses out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use ixp_common::addr::{EtherType, Mac, VlanId};
use ixp_common::limit::{Class, Sweep};
use ixp_common::names::OWNERS_ROOM;
use ixp_common::rules::{Rule, RuleSet};
use ixp_common::table::{
    ANY_VLAN, AddressKey, ETHERTYPES, LANS, Lan, PolicyTable, Station, UNBOUND, Unplaceable, station_key,
};
use jiff::Timestamp;

use super::bindings::{Binding, bindings};
use super::profiles::Profiles;
use super::{Error, MOST_TARGETS, Policy, Ports};
use crate::members::{self, Interface, Registry};

/// Targets that are no sweep, however small the LAN.
const LEAST_TARGETS: u32 = 256;

/// What kernel and host go by.
#[derive(Debug, Clone)]
pub struct Tables {
    /// LANs, stations, actions, limits.
    pub table: Box<PolicyTable>,
    /// The number of the interface that an address belongs to; [`UNBOUND`] if its stations are not known.
    pub owners: BTreeMap<AddressKey, u16>,
    /// What the numbers stand for: `AS64500@peering`, or the name of an exempt station.
    pub interfaces: BTreeMap<u16, String>,
    /// What is odd about policy and members together; nothing that keeps the tables from being used.
    pub notices: Vec<String>,
}

/// The tables as they are to be at `now`. `generation` keeps the owners apart from those of the tables
/// before.
///
/// # Errors
/// [`Error`] if something does not fit.
pub fn build(
    policy: &Policy,
    registry: &Registry,
    ports: &Ports,
    now: Timestamp,
    generation: u16,
) -> Result<Tables, Error> {
    limits_of(registry, policy)?;
    let bindings = bindings(registry, now);
    let mut building = Building {
        policy,
        registry,
        ports,
        now,
        generation,
        profiles: Profiles::new(policy, registry, &bindings)?,
        bindings,
        owners: BTreeMap::new(),
        interfaces: BTreeMap::new(),
        notices: super::notices::notices(policy, registry, ports, now),
    };
    let lans = building.lans()?;
    building.owners()?;
    let mut stations = building.stations()?;
    let mut table = Box::new(PolicyTable::EMPTY);
    table.set_lans(&lans);
    settings(&mut table, policy, ports);
    table.set_generation(generation);
    table.set_sweep_bits(building.sweep_bits());
    let placed = table.set_stations(&mut stations);
    placed.map_err(|error| unplaceable(error, stations.len()))?;
    let Building { profiles, owners, interfaces, notices, .. } = building;
    for (number, actions) in profiles.into_list().into_iter().enumerate() {
        table.set_actions(number, actions);
    }
    Ok(Tables { table, owners, interfaces, notices })
}

fn limits_of(registry: &Registry, policy: &Policy) -> Result<(), Error> {
    let lans = registry.lans().len();
    if lans >= LANS {
        return Err(Error::Lans { wanted: lans });
    }
    let interfaces = registry.interfaces().len() + policy.exempt.len();
    // The last number is that of no interface.
    if interfaces >= usize::from(UNBOUND) {
        return Err(Error::Interfaces { wanted: interfaces });
    }
    Ok(())
}

fn unplaceable(error: Unplaceable, stations: usize) -> Error {
    match error {
        Unplaceable::TooMany => Error::Stations { wanted: stations },
        Unplaceable::Twice(_) | Unplaceable::NoArrangement => Error::Arrangement { stations },
    }
}

fn settings(table: &mut PolicyTable, policy: &Policy, ports: &Ports) {
    let mut ethertypes = [EtherType(0); ETHERTYPES];
    for (place, ethertype) in ethertypes.iter_mut().zip(&policy.ethertypes) {
        *place = *ethertype;
    }
    table.set_ethertypes(ethertypes);
    for class in Class::ALL {
        table.set_limit(class, policy.limits.of(class).into());
    }
    if policy.allow_lacp {
        table.allow_lacp();
    }
    if ports.can_tell_moves() {
        table.watch_moves();
    }
    if let Some(source) = ports.probe() {
        table.set_probe(source);
    }
}

struct Building<'b> {
    policy: &'b Policy,
    registry: &'b Registry,
    ports: &'b Ports,
    now: Timestamp,
    generation: u16,
    bindings: Vec<Binding>,
    profiles: Profiles<'b>,
    owners: BTreeMap<AddressKey, u16>,
    interfaces: BTreeMap<u16, String>,
    notices: Vec<String>,
}

impl Building<'_> {
    /// The LANs of the registry; if it has none, one of all tags, so that exempt stations have a place.
    fn lans(&mut self) -> Result<Vec<Lan>, Error> {
        if self.registry.lans().is_empty() {
            return Ok(vec![Lan::new(ANY_VLAN, u16::MAX, self.profiles.number(None, None, RuleSet::EMPTY)?)]);
        }
        let mut lans = Vec::new();
        for (at, lan) in self.registry.lans().iter().enumerate() {
            let profile = self.profiles.number(Some(&lan.name), None, RuleSet::EMPTY)?;
            let here = || {
                let all = self.registry.interfaces().iter().zip(&self.bindings);
                all.filter(move |(interface, binding)| interface.lan == at && binding.is_bound)
            };
            let mut entry = Lan::new(tag(lan), lan.mtu, profile);
            if let Some(net) = lan.ipv4 {
                let is_bound = here().any(|(interface, _)| !interface.ipv4.is_empty());
                entry = entry.with_ipv4(net.network().octets(), net.prefix_len(), is_bound);
            }
            if let Some(net) = lan.ipv6 {
                let is_bound = here().any(|(interface, _)| !interface.ipv6.is_empty());
                entry = entry.with_ipv6(net.network().into(), net.prefix_len(), is_bound);
            }
            lans.push(entry);
        }
        Ok(lans)
    }

    fn owners(&mut self) -> Result<(), Error> {
        for (interface, binding) in self.registry.interfaces().iter().zip(&self.bindings) {
            self.interfaces.entry(binding.number).or_insert_with(|| interface.label.clone());
            let owner = if binding.is_bound { binding.number } else { UNBOUND };
            let vlan = tag(&self.registry.lans()[interface.lan]);
            let ipv4 = |address: &Ipv4Addr| AddressKey::ipv4(self.generation, vlan, address.octets());
            let ipv6 = |address: &Ipv6Addr| AddressKey::ipv6(self.generation, vlan, (*address).into());
            for key in interface.ipv4.iter().map(ipv4).chain(interface.ipv6.iter().map(ipv6)) {
                self.owners.entry(key).or_insert(owner);
            }
        }
        // Two generations are there while one takes over from the other.
        let room = OWNERS_ROOM as usize / 2;
        match self.owners.len() {
            wanted if wanted > room => Err(Error::Addresses { wanted, room }),
            _ => Ok(()),
        }
    }

    /// Members' stations, and exempt ones that are no member's.
    fn stations(&mut self) -> Result<Vec<Station>, Error> {
        let mut stations = Vec::new();
        let mut taken: BTreeSet<u64> = BTreeSet::new();
        let knows_ports = self.knows_ports();
        for (at, interface) in self.registry.interfaces().iter().enumerate() {
            let port = self.ports.number(interface.port.as_deref(), knows_ports);
            for mac in interface.macs_at(self.now) {
                let station = self.station(at, interface, mac)?.wired_to(port);
                if taken.insert(station.key()) {
                    stations.push(station);
                }
            }
        }
        let first_free = self.registry.interfaces().len() + 1;
        for (number, exempt) in (first_free..).zip(&self.policy.exempt) {
            let number = u16::try_from(number).map_err(|_| Error::Interfaces { wanted: number })?;
            self.interfaces.insert(number, exempt.name.clone());
            for (vlan, lan) in self.homes() {
                for mac in &exempt.macs {
                    let profile = self.profiles.number(lan.as_deref(), None, self.exempted(*mac))?;
                    if taken.insert(station_key(vlan, *mac)) {
                        stations.push(Station::new(vlan, *mac, number, profile));
                    }
                }
            }
        }
        Ok(stations)
    }

    fn station(&mut self, at: usize, interface: &Interface, mac: Mac) -> Result<Station, Error> {
        let lan = &self.registry.lans()[interface.lan];
        let asn = self.registry.member(interface.member).asn;
        let profile = self.profiles.number(Some(&lan.name), Some(asn), self.exempted(mac))?;
        let binding = self.bindings[at];
        let station = Station::new(tag(lan), mac, binding.number, profile);
        Ok(station.with_addresses(binding.has_ipv4, binding.has_ipv6))
    }

    /// The rules that are off for a station.
    fn exempted(&self, mac: Mac) -> RuleSet {
        let entries = self.policy.exempt.iter().filter(|exempt| exempt.macs.contains(&mac));
        let rules = entries.map(|exempt| exempt.rules.unwrap_or_else(|| Rule::ALL.into_iter().collect()));
        rules.fold(RuleSet::EMPTY, RuleSet::or)
    }

    /// Where exempt stations are looked up: on each LAN, by its tag, once.
    fn homes(&self) -> BTreeMap<u16, Option<String>> {
        let mut homes = BTreeMap::new();
        for lan in self.registry.lans() {
            homes.entry(tag(lan)).or_insert_with(|| Some(lan.name.clone()));
        }
        if homes.is_empty() {
            homes.insert(ANY_VLAN, None);
        }
        homes
    }

    /// Whether each attached port is some interface's: if not, names are spelt in two ways, and a name
    /// that is not attached says nothing.
    fn knows_ports(&self) -> bool {
        let is_known = |name: &String| {
            let mut interfaces = self.registry.interfaces().iter();
            interfaces.any(|interface| interface.port.as_ref() == Some(name))
        };
        !self.ports.names().is_empty() && self.ports.names().iter().all(is_known)
    }

    fn sweep_bits(&self) -> u32 {
        match self.policy.sweep_targets {
            Some(targets) => sweep_bits(targets),
            None => match assigned(self.registry).max(LEAST_TARGETS) {
                // Who asks for everybody cannot be told from who asks for more.
                targets if targets > MOST_TARGETS => 0,
                targets => sweep_bits(targets),
            },
        }
    }
}

/// The addresses of the family and LAN that have the most.
pub(super) fn assigned(registry: &Registry) -> u32 {
    let mut counts = vec![(0u32, 0u32); registry.lans().len()];
    for interface in registry.interfaces() {
        let (ipv4, ipv6) = &mut counts[interface.lan];
        *ipv4 = ipv4.saturating_add(u32::try_from(interface.ipv4.len()).unwrap_or(u32::MAX));
        *ipv6 = ipv6.saturating_add(u32::try_from(interface.ipv6.len()).unwrap_or(u32::MAX));
    }
    counts.into_iter().map(|(ipv4, ipv6)| ipv4.max(ipv6)).max().unwrap_or(0)
}

/// The bits that so many distinct targets set, and three standard deviations more, so that who asks
/// for no more than that is not told (linear counting, Whang et al. 1990, theorem A.1).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to Sweep::BITS")]
pub(super) fn sweep_bits(targets: u32) -> u32 {
    let places = f64::from(Sweep::BITS);
    let load = f64::from(targets) / places;
    let empty = (-load).exp();
    let set = places * (1.0 - empty);
    let variance = places * empty * (1.0 - (1.0 + load) * empty);
    (set + 3.0 * variance.max(0.0).sqrt()).ceil().min(places) as u32
}

/// The VLAN that a LAN's stations and addresses are looked up under.
pub(super) fn tag(lan: &members::Lan) -> u16 {
    lan.vlan.map_or(ANY_VLAN, VlanId::get)
}
