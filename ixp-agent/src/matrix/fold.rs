//! Counts by pair in, cells out: pairs that are one cell by now are added up, and put in order.

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::PairKey;

use super::{By, Cell, End, Filter, Group, Owner};
use crate::members::{InterfaceId, Registry};
use crate::snapshot::Measure;

/// Adds up what the filter admits. The order is VLAN, source, destination, family: stations by
/// address, interfaces by ASN and place in the file, members by ASN; then what is unknown, then group
/// destinations. The same pair may come more than once.
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

/// Behind every MAC, ASN and interface that a source can be: group addresses are no station's.
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
    /// By interface index: its place among all, by ASN and then place in the file.
    interfaces: Vec<u64>,
}

impl<'r> Places<'r> {
    fn of(registry: &'r Registry, by: By) -> Self {
        let all = registry.interfaces();
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|at| registry.member(all[*at].member).asn);
        let mut interfaces = vec![0; all.len()];
        for (place, at) in (0u64..).zip(order) {
            interfaces[at] = place;
        }
        Self { registry, by, interfaces }
    }

    fn rank(&self, key: &PairKey) -> Rank {
        let vlan = match self.by {
            By::Mac | By::Interface => u64::from(key.vlan().get()),
            By::Asn => 0,
        };
        let source = self.station(key.vlan(), key.source()).unwrap_or(UNKNOWN);
        let (kind, destination) = self.destination(key);
        Rank { source: vlan << 48 | source, destination: kind << 56 | destination << 8 | key.family() as u64 }
    }

    fn destination(&self, key: &PairKey) -> (u64, u64) {
        match (Group::of(key.destination()), self.by) {
            (Some(_), By::Mac) => (kind::GROUP, number(key.destination())),
            (Some(group), By::Interface | By::Asn) => (kind::GROUP, group as u64),
            (None, _) => match self.station(key.vlan(), key.destination()) {
                Some(place) => (kind::STATION, place),
                None => (kind::UNKNOWN, 0),
            },
        }
    }

    fn station(&self, vlan: VlanId, mac: Mac) -> Option<u64> {
        match self.by {
            By::Mac => Some(number(mac)),
            By::Interface => {
                let id = self.registry.interface_of(vlan, mac)?;
                Some(self.interfaces[id.0 as usize])
            }
            By::Asn => Some(u64::from(self.registry.member_of(vlan, mac)?.asn.0)),
        }
    }
}

fn number(mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

fn cell<'r>(key: &PairKey, registry: &'r Registry, by: By, amount: &impl Measure) -> Cell<'r> {
    let end = |mac| end(registry.interface_of(key.vlan(), mac), mac, registry, by);
    let destination = match (Group::of(key.destination()), by) {
        (Some(_), By::Mac) => End::Station { mac: key.destination(), owner: None },
        (Some(group), By::Interface | By::Asn) => End::Group(group),
        (None, _) => end(key.destination()),
    };
    Cell {
        vlan: match by {
            By::Mac | By::Interface => Some(key.vlan()),
            By::Asn => None,
        },
        source: end(key.source()),
        destination,
        family: key.family(),
        counts: amount.plain(),
        sampled: amount.sampled(),
    }
}

fn end(interface: Option<InterfaceId>, mac: Mac, registry: &Registry, by: By) -> End<'_> {
    let owner = interface.map(|id| Owner::of(registry, id));
    match (by, owner) {
        (By::Mac, owner) => End::Station { mac, owner },
        (By::Interface, Some(owner)) => End::Interface(owner),
        (By::Asn, Some(owner)) => End::Member(owner.member),
        (By::Interface | By::Asn, None) => End::Unknown,
    }
}
