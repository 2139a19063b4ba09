//! Counts by pair in, cells out: pairs that are one cell by now are added up, and put in order.

use std::collections::{BTreeSet, HashMap};

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::PairKey;

use super::{By, Cell, End, Filter, Group, Owner};
use crate::members::{Interface, InterfaceId, Registry};
use crate::snapshot::Measure;

/// Adds up what the filter admits. The order is VLAN, source, destination, family: stations by
/// address, interfaces by ASN and place in the file, members by ASN, LANs, switches and facilities by name; then
/// what is unknown, then group destinations. The same pair may come more than once.
#[must_use]
pub fn fold<'r, M: Measure>(
    pairs: &[(PairKey, M)],
    registry: &'r Registry,
    by: By,
    filter: &Filter,
) -> Vec<Cell<'r>> {
    let places = Places::of(registry, by);
    let mut ranked: Vec<(Rank, usize)> = Vec::with_capacity(pairs.len());
    for (at, (key, _)) in pairs.iter().enumerate() {
        if filter.admits(key, registry) {
            ranked.push((places.rank(key), at));
        }
    }
    ranked.sort_unstable();
    let runs = || ranked.chunk_by(|(left, _), (right, _)| left == right);
    let mut cells = Vec::with_capacity(runs().count());
    for run in runs() {
        let mut amount = M::default();
        for (_, at) in run {
            amount.join(&pairs[*at].1);
        }
        cells.push(cell(&pairs[run[0].1].0, registry, by, &amount));
    }
    cells
}

/// A cell's place in the order, in 16 bytes: pairs of the same rank are one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// VLAN in 16 bits, source in 48.
    source: u64,
    /// Kind of destination in 8 bits, destination in 48, family in 8.
    destination: u64,
}

/// Behind every MAC, ASN, interface and place that a source can be: group addresses are no station's.
const UNKNOWN: u64 = (1 << 48) - 1;

mod kind {
    pub(super) const STATION: u64 = 0;
    pub(super) const UNKNOWN: u64 = 1;
    pub(super) const GROUP: u64 = 2;
}

/// Where ends stand in the order.
struct Places<'r> {
    registry: &'r Registry,
    by: By,
    /// By index of an interface, or by LAN of a LAN, its place among all; `None` if it has no name.
    known: Vec<Option<u64>>,
}

impl<'r> Places<'r> {
    fn of(registry: &'r Registry, by: By) -> Self {
        let interfaces = registry.interfaces().iter();
        let known = match by {
            By::Mac => Vec::new(),
            By::Interface => by_asn(registry),
            By::Asn => {
                interfaces.map(|interface| Some(registry.member(interface.member).asn.0.into())).collect()
            }
            By::Lan => by_name(registry.lans().iter().map(|lan| Some(lan.name.as_str()))),
            By::Switch => by_name(interfaces.map(Interface::switch)),
            By::Facility => by_name(interfaces.map(|interface| interface.facility.as_deref())),
        };
        Self { registry, by, known }
    }

    fn rank(&self, key: &PairKey) -> Rank {
        let vlan = if self.by.has_vlan() { u64::from(key.vlan().get()) } else { 0 };
        let (source, (kind, destination)) = match self.by {
            By::Lan => {
                let lan = lan_of(key, self.registry).and_then(|lan| self.known[lan]);
                (lan, (kind::STATION, 0))
            }
            By::Mac | By::Interface | By::Asn | By::Switch | By::Facility => {
                (self.station(key.vlan(), key.source()), self.destination(key))
            }
        };
        let source = source.unwrap_or(UNKNOWN);
        Rank { source: vlan << 48 | source, destination: kind << 56 | destination << 8 | key.family() as u64 }
    }

    fn destination(&self, key: &PairKey) -> (u64, u64) {
        match (Group::of(key.destination()), self.by) {
            (Some(_), By::Mac) => (kind::GROUP, number(key.destination())),
            (Some(group), _) => (kind::GROUP, group as u64),
            (None, _) => match self.station(key.vlan(), key.destination()) {
                Some(place) => (kind::STATION, place),
                None => (kind::UNKNOWN, 0),
            },
        }
    }

    fn station(&self, vlan: VlanId, mac: Mac) -> Option<u64> {
        match self.by {
            By::Mac => Some(number(mac)),
            By::Interface | By::Asn | By::Switch | By::Facility => {
                let id = self.registry.interface_of(vlan, mac)?;
                self.known[id.0 as usize]
            }
            By::Lan => None,
        }
    }
}

/// By index of an interface its place by ASN and then place in the file.
fn by_asn(registry: &Registry) -> Vec<Option<u64>> {
    let all = registry.interfaces();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|at| registry.member(all[*at].member).asn);
    let mut places = vec![None; all.len()];
    for (place, at) in (0..).zip(order) {
        places[at] = Some(place);
    }
    places
}

/// The place of each name among all that there are: the same names have the same.
fn by_name<'n>(names: impl Iterator<Item = Option<&'n str>>) -> Vec<Option<u64>> {
    let names: Vec<_> = names.collect();
    let all: BTreeSet<&str> = names.iter().copied().flatten().collect();
    let places: HashMap<&str, u64> = all.into_iter().zip(0..).collect();
    names.into_iter().map(|name| places.get(name?).copied()).collect()
}

fn number(mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

fn lan_of(key: &PairKey, registry: &Registry) -> Option<usize> {
    let ends = [key.source(), key.destination()].map(|mac| registry.interface_of(key.vlan(), mac));
    registry.lan_of(key.vlan(), ends)
}

fn cell<'r>(key: &PairKey, registry: &'r Registry, by: By, amount: &impl Measure) -> Cell<'r> {
    let end = |mac| end(registry.interface_of(key.vlan(), mac), mac, registry, by);
    let (source, destination) = match (by, Group::of(key.destination())) {
        (By::Lan, _) => {
            let lan = lan_of(key, registry);
            let lan = lan.map_or(End::Unknown, |lan| End::Place(&registry.lans()[lan].name));
            (lan, lan)
        }
        (By::Mac, Some(_)) => (end(key.source()), End::Station { mac: key.destination(), owner: None }),
        (_, Some(group)) => (end(key.source()), End::Group(group)),
        (_, None) => (end(key.source()), end(key.destination())),
    };
    Cell {
        vlan: by.has_vlan().then(|| key.vlan()),
        source,
        destination,
        family: key.family(),
        counts: amount.plain(),
        sampled: amount.sampled(),
    }
}

fn end(interface: Option<InterfaceId>, mac: Mac, registry: &Registry, by: By) -> End<'_> {
    let owner = interface.map(|id| Owner::of(registry, id));
    match by {
        By::Mac => End::Station { mac, owner },
        By::Interface | By::Asn | By::Lan | By::Switch | By::Facility => {
            owner.and_then(|owner| owner.end(by)).unwrap_or(End::Unknown)
        }
    }
}
