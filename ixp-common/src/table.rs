//! What is known of the exchange, as one value of a map: LANs by tag, registered stations by address,
//! limits. The agent writes it whole, and a frame sees one table from its start to its end.

mod fill;
mod lan;
mod owner;
mod station;

pub use self::lan::Lan;
pub use self::owner::{AddressKey, UNBOUND};
pub use self::station::{Station, station_key};

use crate::addr::{EtherType, Mac, VlanId};
use crate::limit::{Class, Limit};
use crate::policy::RuleActions;

/// LANs that a table has room for; number 0 is the absence of one.
pub const LANS: usize = 64;
/// Places for stations. A table has stations in as few of them as will do, so that they lie close together.
pub const STATION_SLOTS: usize = 8192;
const FEWEST_SLOTS: usize = 64;
/// Registered stations that a table takes: fuller ones take too long to build.
pub const MOST_STATIONS: usize = 6000;
/// Buckets of the perfect hash.
pub const DISPLACEMENTS: usize = 2048;
/// Switch ports that can be told apart.
pub const PORTS: usize = 256;
/// Sets of actions that can be told apart; number 0 is that of who is not registered.
pub const PROFILES: usize = 256;
/// Seeds that are tried: a full table takes about four.
const SEEDS: u64 = 64;
/// EtherTypes that a LAN can carry.
pub const ETHERTYPES: usize = 8;

const VLANS: usize = 4096;

/// The VLAN under which the stations and addresses of a LAN stand whose tag is not known: a number
/// that no tag can have (IEEE 802.1Q table 9-2).
pub const ANY_VLAN: u16 = 0xfff;

/// What the rules go by besides the frame.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PolicyTable {
    seed: u64,
    /// Places that stations have here, a power of two, less one.
    places: u64,
    limits: [Limit; 6],
    actions: [RuleActions; PROFILES],
    lans: [Lan; LANS],
    /// A bit per port that somebody is wired to.
    wired: [u64; PORTS / 64],
    ethertypes: [u16; ETHERTYPES],
    generation: u16,
    flags: u16,
    sweep_bits: u32,
    /// [`Mac::to_bits`] of the monitor's probes; no address if it sends none.
    probe: u64,
    /// By tag: the number of its LAN.
    lan_of: [u8; VLANS],
    /// By tag: the VLAN under which stations are looked up. That of its LAN, too; here it is found without waiting for
    /// the LAN. Set with the LANs: before, nobody is registered.
    home_of: [u16; VLANS],
    displacements: [u16; DISPLACEMENTS],
    stations: [Station; STATION_SLOTS],
}

const _: () = assert!(size_of::<PolicyTable>() == 158_896);

mod table_flag {
    /// The tags of all LANs are known.
    pub(super) const TAGS: u16 = 1;
    pub(super) const STATIONS: u16 = 1 << 1;
    pub(super) const LACP: u16 = 1 << 2;
    pub(super) const MOVES: u16 = 1 << 3;
}

/// Stations that do not fit into a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplaceable {
    /// More than [`MOST_STATIONS`].
    TooMany,
    /// The same station twice.
    Twice(u64),
    /// No arrangement was found, which does not happen below [`MOST_STATIONS`].
    NoArrangement,
}

impl PolicyTable {
    /// Nothing known, and every rule off.
    pub const EMPTY: Self = Self {
        seed: 0,
        places: 0,
        limits: [Limit::new(0, 0); 6],
        actions: [RuleActions::OFF; PROFILES],
        lans: [Lan::NONE; LANS],
        wired: [0; PORTS / 64],
        ethertypes: [0; ETHERTYPES],
        generation: 0,
        flags: 0,
        sweep_bits: 0,
        probe: u64::MAX,
        lan_of: [0; VLANS],
        home_of: [0; VLANS],
        displacements: [0; DISPLACEMENTS],
        stations: [Station::NONE; STATION_SLOTS],
    };

    /// How it lies in memory.
    #[cfg(feature = "user")]
    pub const LAYOUT: &[(&str, usize)] = layout!(
        seed places lans ethertypes flags lan_of home_of displacements stations;
        table_flag TAGS MOVES
    );

    /// The LAN of a frame with this outer tag.
    #[inline(always)]
    #[must_use]
    pub fn lan(&self, vlan: VlanId) -> &Lan {
        let number = self.lan_of[usize::from(vlan.get() & 0xfff)];
        &self.lans[usize::from(number) & (LANS - 1)]
    }

    /// The VLAN under which the stations of frames with this outer tag are looked up: its LAN's; its own if it has none,
    /// so that a frame of no LAN is held against nobody's registration.
    #[inline(always)]
    #[must_use]
    pub fn home(&self, vlan: VlanId) -> u16 {
        self.home_of[usize::from(vlan.get() & 0xfff)]
    }

    /// The station of an address, and its place; [`Station::NONE`] if it is not registered.
    #[inline(always)]
    #[must_use]
    pub fn station(&self, vlan: u16, mac: Mac) -> (Station, u32) {
        let key = station_key(vlan, mac);
        let place = self.place(hash(self.seed, key));
        let station = self.stations[place];
        #[expect(clippy::cast_possible_truncation, reason = "below STATION_SLOTS")]
        if station.key() == key { (station, place as u32) } else { (Station::NONE, 0) }
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "its low bits")]
    fn place(&self, hash: u64) -> usize {
        let displacement = u64::from(self.displacements[bucket(hash)]);
        ((hash >> PLACE_SHIFT ^ displacement) & self.places) as usize & (STATION_SLOTS - 1)
    }

    /// What is done about the rules by the profile of this number.
    #[inline(always)]
    #[must_use]
    pub fn actions(&self, profile: u16) -> &RuleActions {
        &self.actions[usize::from(profile) & (PROFILES - 1)]
    }

    /// The limit of a class.
    #[inline(always)]
    #[must_use]
    pub fn limit(&self, class: Class) -> Limit {
        self.limits[class as usize]
    }

    /// The bits of a [`Sweep`](crate::limit::Sweep) that make a sweep.
    #[inline(always)]
    #[must_use]
    pub const fn sweep_bits(&self) -> u32 {
        self.sweep_bits
    }

    /// The generation that the owners of addresses stand under.
    #[inline(always)]
    #[must_use]
    pub const fn generation(&self) -> u16 {
        self.generation
    }

    /// Whether the LANs carry this EtherType.
    #[inline(always)]
    #[must_use]
    pub fn carries(&self, ethertype: EtherType) -> bool {
        let mut is_listed = false;
        for listed in self.ethertypes {
            is_listed |= listed == ethertype.0;
        }
        is_listed
    }

    /// Whether the tags of all LANs are known, and there is one.
    #[inline(always)]
    #[must_use]
    pub const fn knows_tags(&self) -> bool {
        self.flags & table_flag::TAGS != 0
    }

    /// Whether anybody is registered.
    #[inline(always)]
    #[must_use]
    pub const fn has_stations(&self) -> bool {
        self.flags & table_flag::STATIONS != 0
    }

    /// Whether members may speak LACP to the switch.
    #[inline(always)]
    #[must_use]
    pub const fn allows_lacp(&self) -> bool {
        self.flags & table_flag::LACP != 0
    }

    /// Whether this is the address that the monitor's probes are sent from.
    #[inline(always)]
    #[must_use]
    pub const fn is_probe(&self, source: Mac) -> bool {
        self.probe == source.to_bits()
    }

    /// Whether there is more than one port for a station to move between.
    #[inline(always)]
    #[must_use]
    pub const fn watches_moves(&self) -> bool {
        self.flags & table_flag::MOVES != 0
    }

    /// Whether somebody is wired to a port.
    #[inline(always)]
    #[must_use]
    pub fn is_wired(&self, port: u16) -> bool {
        let port = usize::from(port) & (PORTS - 1);
        self.wired[port >> 6] >> (port & 63) & 1 == 1
    }
}

/// Multiply-shift (Dietzfelbinger et al. 1997): with an odd seed of chance the high bits of two keys are alike as
/// seldom as by chance, twice at most. The highest say the bucket, those below them the place.
#[inline(always)]
const fn hash(seed: u64, key: u64) -> u64 {
    key.wrapping_mul(seed)
}

#[inline(always)]
const fn bucket(hash: u64) -> usize {
    (hash >> BUCKET_SHIFT) as usize & (DISPLACEMENTS - 1)
}

const BUCKET_SHIFT: u32 = u64::BITS - DISPLACEMENTS.trailing_zeros();
const PLACE_SHIFT: u32 = BUCKET_SHIFT - STATION_SLOTS.trailing_zeros();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::Ip6;
    use proptest::prelude::*;
    use std::boxed::Box;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    fn table() -> Box<PolicyTable> {
        Box::new(PolicyTable::EMPTY)
    }

    fn mac(number: u32) -> Mac {
        let [a, b, c, d] = number.to_be_bytes();
        Mac([2, 0, a, b, c, d])
    }

    #[test]
    fn a_full_table_finds_each_of_its_stations_and_nobody_else() {
        let stations: Vec<Station> = (0..MOST_STATIONS)
            .zip(1u16..)
            .map(|(at, interface)| Station::new(7, mac(u32::try_from(at).expect("fits")), interface, 1))
            .collect();
        let mut table = table();
        table.set_stations(&mut stations.clone()).expect("they fit");
        let places: BTreeSet<u32> = stations
            .iter()
            .zip(0u32..)
            .map(|(station, at)| {
                let (found, place) = table.station(7, mac(at));
                assert_eq!(found, *station);
                place
            })
            .collect();
        assert_eq!(places.len(), MOST_STATIONS);
        assert_eq!(table.station(8, mac(0)).0, Station::NONE);
        assert!((100_000..200_000).all(|at| !table.station(7, mac(at)).0.is_registered()));
    }

    #[test]
    fn a_full_table_of_addresses_in_any_step_is_arranged() {
        const MOST: u64 = MOST_STATIONS as u64;
        let steps = (0..36).map(|bit| 1u64 << bit).chain([3, 0x1_0001]);
        let in_steps = |step: u64| (0..MOST).map(move |at| (0, 0x0200_0000_0000 + at * step)).collect();
        let vlans = (0..MOST).map(|at| (at % 60, 0x0200_5e00_0000 + at / 60)).collect();
        let vendors = (0..MOST).map(|at| (0, (at % 40) * 0x0001_3b00_0000 + at / 40)).collect();
        let all: Vec<Vec<(u64, u64)>> = steps.map(in_steps).chain([vlans, vendors]).collect();
        for stations in &all {
            let station = |(vlan, mac): &(u64, u64)| {
                let vlan = u16::try_from(*vlan).expect("a few");
                Station::new(vlan, Mac::from_bits(*mac), 1, 0)
            };
            let mut stations: Vec<Station> = stations.iter().map(station).collect();
            let first = stations[1];
            assert_eq!(table().set_stations(&mut stations), Ok(()), "{first:?}");
        }
    }

    #[test]
    fn stations_lie_in_as_few_places_as_will_do() {
        for (stations, slots) in [(1, 64), (48, 128), (750, 1024), (2_500, 4096), (6_000, 8192)] {
            let mut all: Vec<Station> = (0..stations).map(|at| Station::new(7, mac(at), 1, 1)).collect();
            let mut table = table();
            table.set_stations(&mut all).expect("they fit");
            let last = (0..stations).map(|at| table.station(7, mac(at)).1).max();
            assert!(last < Some(slots), "{stations}: {last:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let one = Station::new(0, mac(1), 1, 0);
        assert_eq!(table().set_stations(&mut [one, one]), Err(Unplaceable::Twice(one.key())));
        let mut many = std::vec![one; MOST_STATIONS + 1];
        assert_eq!(table().set_stations(&mut many), Err(Unplaceable::TooMany));
    }

    #[test]
    fn a_lan_without_a_tag_is_that_of_all_tags_that_no_other_has() {
        let tagged = Lan::new(100, 1500, 0);
        let any = Lan::new(ANY_VLAN, 1500, 0).with_ipv4([192, 0, 2, 0], 24, true);
        let mut table = table();
        table.set_lans(&[tagged, any]);
        assert_eq!(table.lan(VlanId::from_tci(100)), &tagged);
        assert_eq!(table.lan(VlanId::UNTAGGED), &any);
        assert_eq!([0, 5, 100].map(|tag| table.home(VlanId::from_tci(tag))), [ANY_VLAN, ANY_VLAN, 100]);
        assert!(!table.knows_tags());
        table.set_lans(&[any, any]);
        assert!(table.lan(VlanId::UNTAGGED).is_known());
        assert!(!table.lan(VlanId::UNTAGGED).has_ipv4(), "which of the two is not known");
    }

    #[test]
    fn a_tag_of_no_lan_has_none() {
        let mut table = table();
        table.set_lans(&[Lan::new(0, 1500, 0)]);
        assert!(table.knows_tags());
        assert!(table.lan(VlanId::UNTAGGED).is_known());
        assert_eq!(table.lan(VlanId::from_tci(5)), &Lan::NONE);
        assert_eq!((table.home(VlanId::UNTAGGED), table.home(VlanId::from_tci(5))), (0, 5));
    }

    #[test]
    fn a_prefix_has_its_addresses_and_two_ends() {
        let lan = Lan::new(0, 1500, 0).with_ipv4([192, 0, 2, 0], 23, false).with_ipv6(
            Ip6::new([0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            64,
            false,
        );
        assert!(lan.contains_ipv4([192, 0, 3, 255]) && lan.is_broadcast([192, 0, 3, 255]));
        assert!(!lan.contains_ipv4([192, 0, 4, 0]) && !lan.is_broadcast([192, 0, 2, 255]));
        assert!(lan.contains_ipv6(Ip6::new([0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9])));
        assert!(!lan.contains_ipv6(Ip6::new([0x20, 1, 0xd, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])));
        let pair = Lan::new(0, 1500, 0).with_ipv4([192, 0, 2, 0], 31, false);
        assert!(!pair.is_broadcast([192, 0, 2, 1]) && !pair.is_network([192, 0, 2, 0]));
    }

    proptest! {
        #[test]
        fn any_stations_are_found(keys in proptest::collection::btree_set((0u16..4096, any::<[u8; 6]>()), 0..500)) {
            let stations: Vec<Station> = keys.iter().map(|(vlan, mac)| Station::new(*vlan, Mac(*mac), 1, 0)).collect();
            let mut table = table();
            prop_assert_eq!(table.set_stations(&mut stations.clone()), Ok(()));
            for ((vlan, mac), station) in keys.iter().zip(&stations) {
                prop_assert_eq!(table.station(*vlan, Mac(*mac)).0, *station);
            }
        }
    }
}
