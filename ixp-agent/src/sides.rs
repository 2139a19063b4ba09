//! Pairs by their numbers in, who is on either side of each out: a station with a family, and the member it
//! belongs to.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{PairKey, StationKey};

use crate::members::{Asn, Registry};
use crate::pairs::{PairBook, PairId};

/// A side's number: dense from 0 on, and the same side's as long as the agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideId(u32);

impl SideId {
    /// As an index into what is held per side.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A station as the source or the destination of frames of a family. A group's address is a side, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// The VLAN and the address.
    pub station: StationKey,
    /// The family of the frames.
    pub family: Family,
    /// The member that the station belongs to.
    pub owner: Option<Asn>,
}

/// The pairs that were met and their sides. There are far fewer sides than pairs, and at most two per pair;
/// when members change, only sides are looked up anew.
#[derive(Debug, Default)]
pub struct Sides {
    keys: Vec<PairKey>,
    /// By pair: source and destination.
    of: Vec<(SideId, SideId)>,
    sides: Vec<Side>,
    by_station: HashMap<(StationKey, Family), SideId, RandomState>,
    registered: u64,
}

impl Sides {
    /// Takes the pairs that were met since the last call.
    pub fn follow(&mut self, book: &PairBook, registry: &Registry) {
        for key in &book.keys()[self.keys.len()..] {
            let source = self.side(key.vlan(), key.source(), key.family(), registry);
            let destination = self.side(key.vlan(), key.destination(), key.family(), registry);
            self.keys.push(*key);
            self.of.push((source, destination));
        }
    }

    /// Looks up the owner of each side anew: the members have changed.
    pub fn register(&mut self, registry: &Registry) {
        for side in &mut self.sides {
            side.owner = owner(side.station, registry);
        }
        self.registered += 1;
    }

    /// How often owners were looked up anew; what was concluded from them holds until then.
    #[must_use]
    pub fn registered(&self) -> u64 {
        self.registered
    }

    /// The pairs in the order of their numbers.
    #[must_use]
    pub fn keys(&self) -> &[PairKey] {
        &self.keys
    }

    /// By pair: source and destination.
    #[must_use]
    pub fn of(&self) -> &[(SideId, SideId)] {
        &self.of
    }

    /// The sides in the order of their numbers.
    #[must_use]
    pub fn sides(&self) -> &[Side] {
        &self.sides
    }

    /// Source and destination of a pair.
    #[must_use]
    pub fn both(&self, id: PairId) -> (&Side, &Side) {
        let (source, destination) = self.of[id.index()];
        (&self.sides[source.index()], &self.sides[destination.index()])
    }

    fn side(&mut self, vlan: VlanId, mac: Mac, family: Family, registry: &Registry) -> SideId {
        let station = StationKey::new(vlan, mac);
        *self.by_station.entry((station, family)).or_insert_with(|| {
            let id = u32::try_from(self.sides.len()).expect("the kernel's tables have fewer than 2³¹ cells");
            self.sides.push(Side { station, family, owner: owner(station, registry) });
            SideId(id)
        })
    }
}

fn owner(station: StationKey, registry: &Registry) -> Option<Asn> {
    registry.member_of(station.vlan(), station.mac()).map(|member| member.asn)
}
