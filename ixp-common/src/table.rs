//! What is known of the exchange, as one value of a map: LANs by tag, registered stations by address,
//! limits. The agent writes it whole, and a frame sees one table from its start to its end.

use crate::addr::{EtherType, Ip6, Mac, VlanId};
use crate::limit::{Class, Limit};
use crate::policy::RuleActions;

/// LANs that a table has room for; number 0 is the absence of one.
pub const LANS: usize = 64;
/// Places for stations.
pub const STATION_SLOTS: usize = 8192;
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

/// The VLAN under which the stations and addresses of a LAN stand whose tag is not known: a number
/// that no tag can have (IEEE 802.1Q table 9-2).
pub const ANY_VLAN: u16 = 0xfff;

/// A peering LAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Lan {
    ipv6: [u64; 2],
    ipv6_mask: [u64; 2],
    ipv4: u32,
    ipv4_mask: u32,
    vlan: u16,
    mtu: u16,
    profile: u16,
    flags: u16,
}

const _: () = assert!(size_of::<Lan>() == 48);

/// What is known of a LAN beyond its numbers.
mod lan_flag {
    pub(super) const KNOWN: u16 = 1;
    pub(super) const IPV4: u16 = 1 << 1;
    pub(super) const IPV6: u16 = 1 << 2;
    /// The prefix has a network and a broadcast address of its own (not /31 or /32, RFC 3021).
    pub(super) const BROADCAST: u16 = 1 << 3;
    /// Somebody has a registered IPv4 address here.
    pub(super) const BOUND_IPV4: u16 = 1 << 4;
    /// Somebody has a registered IPv6 address here.
    pub(super) const BOUND_IPV6: u16 = 1 << 5;
}

impl Lan {
    /// No LAN.
    pub const NONE: Self = Self {
        ipv6: [0; 2],
        ipv6_mask: [0; 2],
        ipv4: 0,
        ipv4_mask: 0,
        vlan: 0,
        mtu: 0,
        profile: 0,
        flags: 0,
    };

    /// The LAN of a tag; [`ANY_VLAN`] if its tag is not known. `mtu` is the largest L3 packet in bytes,
    /// `profile` the number of the actions for who is not registered.
    #[must_use]
    pub const fn new(vlan: u16, mtu: u16, profile: u16) -> Self {
        Self { vlan, mtu, profile, flags: lan_flag::KNOWN, ..Self::NONE }
    }

    /// The same with an IPv4 prefix; `is_bound` if somebody has a registered address in it.
    #[must_use]
    pub const fn with_ipv4(mut self, network: [u8; 4], prefix_len: u8, is_bound: bool) -> Self {
        self.ipv4_mask = if prefix_len == 0 { 0 } else { u32::MAX << (32 - prefix_len) };
        self.ipv4 = u32::from_be_bytes(network) & self.ipv4_mask;
        self.flags |= lan_flag::IPV4;
        if prefix_len < 31 {
            self.flags |= lan_flag::BROADCAST;
        }
        if is_bound {
            self.flags |= lan_flag::BOUND_IPV4;
        }
        self
    }

    /// The same with an IPv6 prefix; `is_bound` if somebody has a registered address in it.
    #[must_use]
    pub const fn with_ipv6(mut self, network: Ip6, prefix_len: u8, is_bound: bool) -> Self {
        let mask = if prefix_len == 0 { 0 } else { u128::MAX << (128 - prefix_len) };
        self.ipv6_mask = halves(mask);
        let [high, low] = network.halves();
        self.ipv6 = [high & self.ipv6_mask[0], low & self.ipv6_mask[1]];
        self.flags |= lan_flag::IPV6;
        if is_bound {
            self.flags |= lan_flag::BOUND_IPV6;
        }
        self
    }

    /// The VLAN under which its stations and addresses are looked up.
    #[inline(always)]
    #[must_use]
    pub const fn vlan(&self) -> u16 {
        self.vlan
    }

    /// The largest L3 packet, in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn mtu(&self) -> u16 {
        self.mtu
    }

    /// The number of the actions for who is not registered.
    #[inline(always)]
    #[must_use]
    pub const fn profile(&self) -> u16 {
        self.profile
    }

    /// Whether there is such a LAN.
    #[inline(always)]
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.flags & lan_flag::KNOWN != 0
    }

    /// Whether its IPv4 prefix is known.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv4(&self) -> bool {
        self.flags & lan_flag::IPV4 != 0
    }

    /// Whether its IPv6 prefix is known.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv6(&self) -> bool {
        self.flags & lan_flag::IPV6 != 0
    }

    /// Whether anybody has a registered IPv4 address.
    #[inline(always)]
    #[must_use]
    pub const fn is_bound_ipv4(&self) -> bool {
        self.flags & lan_flag::BOUND_IPV4 != 0
    }

    /// Whether anybody has a registered IPv6 address.
    #[inline(always)]
    #[must_use]
    pub const fn is_bound_ipv6(&self) -> bool {
        self.flags & lan_flag::BOUND_IPV6 != 0
    }

    /// Whether an IPv4 address lies in the prefix.
    #[inline(always)]
    #[must_use]
    pub const fn contains_ipv4(&self, address: [u8; 4]) -> bool {
        self.has_ipv4() && u32::from_be_bytes(address) & self.ipv4_mask == self.ipv4
    }

    /// Whether an IPv6 address lies in the prefix.
    #[inline(always)]
    #[must_use]
    pub const fn contains_ipv6(&self, address: Ip6) -> bool {
        let [high, low] = address.halves();
        self.has_ipv6() && high & self.ipv6_mask[0] == self.ipv6[0] && low & self.ipv6_mask[1] == self.ipv6[1]
    }

    /// Whether this is the prefix's broadcast address.
    #[inline(always)]
    #[must_use]
    pub const fn is_broadcast(&self, address: [u8; 4]) -> bool {
        self.flags & lan_flag::BROADCAST != 0 && u32::from_be_bytes(address) == self.ipv4 | !self.ipv4_mask
    }

    /// Whether this is the prefix's own address.
    #[inline(always)]
    #[must_use]
    pub const fn is_network(&self, address: [u8; 4]) -> bool {
        self.flags & lan_flag::BROADCAST != 0 && u32::from_be_bytes(address) == self.ipv4
    }
}

/// An IPv4 address as IPv6 maps it.
pub(crate) const fn mapped([a, b, c, d]: [u8; 4]) -> [u64; 2] {
    [0, u64::from_be_bytes([0, 0, 0xff, 0xff, a, b, c, d])]
}

/// A mask as two numbers.
#[expect(clippy::cast_possible_truncation, reason = "the halves")]
const fn halves(bits: u128) -> [u64; 2] {
    [(bits >> 64) as u64, bits as u64]
}

/// A registered station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Station {
    key: u64,
    interface: u16,
    profile: u16,
    port: u16,
    flags: u16,
}

const _: () = assert!(size_of::<Station>() == 16);

mod station_flag {
    pub(super) const IPV4: u16 = 1;
    pub(super) const IPV6: u16 = 1 << 1;
}

impl Station {
    /// Not registered.
    pub const NONE: Self = Self { key: 0, interface: 0, profile: 0, port: 0, flags: 0 };

    /// The station `mac` on the LAN that is looked up under `vlan`. It belongs to the interface of this
    /// number, not 0, and the actions of `profile` hold for it.
    #[must_use]
    pub const fn new(vlan: u16, mac: Mac, interface: u16, profile: u16) -> Self {
        Self { key: station_key(vlan, mac), interface, profile, port: 0, flags: 0 }
    }

    /// The same, wired to a switch port; 0 is a port that is not known.
    #[must_use]
    pub const fn wired_to(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The same; whether its interface has registered addresses.
    #[must_use]
    pub const fn with_addresses(mut self, ipv4: bool, ipv6: bool) -> Self {
        self.flags = ipv4 as u16 * station_flag::IPV4 | ipv6 as u16 * station_flag::IPV6;
        self
    }

    /// What it is looked up by.
    #[must_use]
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// Whether it is registered.
    #[inline(always)]
    #[must_use]
    pub const fn is_registered(&self) -> bool {
        self.interface != 0
    }

    /// The number of its interface; 0 if it is not registered.
    #[inline(always)]
    #[must_use]
    pub const fn interface(&self) -> u16 {
        self.interface
    }

    /// The number of the actions that hold for it.
    #[inline(always)]
    #[must_use]
    pub const fn profile(&self) -> u16 {
        self.profile
    }

    /// The switch port that it is wired to; 0 if that is not known.
    #[inline(always)]
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether its interface has a registered IPv4 address.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv4(&self) -> bool {
        self.flags & station_flag::IPV4 != 0
    }

    /// Whether its interface has a registered IPv6 address.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv6(&self) -> bool {
        self.flags & station_flag::IPV6 != 0
    }
}

/// What a station is looked up by: 12 bits of VLAN over 48 bits of address, and a bit so that it is
/// never 0.
#[inline(always)]
#[must_use]
pub const fn station_key(vlan: u16, mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    1 << 63 | (vlan as u64) << 48 | u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// Who has an address: the key of the table of owners. `generation` is that of the table that the
/// entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct AddressKey {
    address: [u64; 2],
    vlan: u16,
    generation: u16,
    zero: u32,
}

const _: () = assert!(size_of::<AddressKey>() == 24);

impl AddressKey {
    /// An IPv4 address on a LAN, as IPv6 maps it (RFC 4291 §2.5.5.2).
    #[inline(always)]
    #[must_use]
    pub const fn ipv4(generation: u16, vlan: u16, address: [u8; 4]) -> Self {
        Self { address: mapped(address), vlan, generation, zero: 0 }
    }

    /// An IPv6 address on a LAN.
    #[inline(always)]
    #[must_use]
    pub const fn ipv6(generation: u16, vlan: u16, address: Ip6) -> Self {
        Self { address: address.halves(), vlan, generation, zero: 0 }
    }

    /// As numbers that a function takes under BPF.
    #[inline(always)]
    #[must_use]
    pub const fn to_words(&self) -> [u64; 3] {
        [self.address[0], self.address[1], (self.vlan as u64) << 16 | self.generation as u64]
    }

    /// What [`to_words`](Self::to_words) gave.
    #[inline(always)]
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "packed from 16 bits each")]
    pub const fn from_words([high, low, rest]: [u64; 3]) -> Self {
        Self { address: [high, low], vlan: (rest >> 16) as u16, generation: rest as u16, zero: 0 }
    }

    /// The table that it belongs to.
    #[must_use]
    pub const fn generation(&self) -> u16 {
        self.generation
    }
}

/// What the rules go by besides the frame.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PolicyTable {
    seed: u64,
    limits: [Limit; 6],
    actions: [RuleActions; PROFILES],
    lans: [Lan; LANS],
    /// A bit per port that somebody is wired to.
    wired: [u64; PORTS / 64],
    ethertypes: [u16; ETHERTYPES],
    generation: u16,
    flags: u16,
    sweep_bits: u32,
    lan_of: [u8; 4096],
    displacements: [u16; DISPLACEMENTS],
    stations: [Station; STATION_SLOTS],
}

const _: () = assert!(size_of::<PolicyTable>() == 150_688);

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
        limits: [Limit::new(0, 0); 6],
        actions: [RuleActions::OFF; PROFILES],
        lans: [Lan::NONE; LANS],
        wired: [0; PORTS / 64],
        ethertypes: [0; ETHERTYPES],
        generation: 0,
        flags: 0,
        sweep_bits: 0,
        lan_of: [0; 4096],
        displacements: [0; DISPLACEMENTS],
        stations: [Station::NONE; STATION_SLOTS],
    };

    /// The LAN of a frame with this outer tag.
    #[inline(always)]
    #[must_use]
    pub fn lan(&self, vlan: VlanId) -> &Lan {
        let number = self.lan_of[usize::from(vlan.get() & 0xfff)];
        &self.lans[usize::from(number) & (LANS - 1)]
    }

    /// The station of an address, and its place; [`Station::NONE`] if it is not registered.
    #[inline(always)]
    #[must_use]
    pub fn station(&self, vlan: u16, mac: Mac) -> (Station, u32) {
        let key = station_key(vlan, mac);
        let place = self.place(hash(self.seed, key));
        let station = self.stations[place];
        #[expect(clippy::cast_possible_truncation, reason = "below STATION_SLOTS")]
        if station.key == key { (station, place as u32) } else { (Station::NONE, 0) }
    }

    #[inline(always)]
    fn place(&self, hash: u64) -> usize {
        let displacement = self.displacements[bucket(hash)];
        (hash as usize ^ usize::from(displacement)) & (STATION_SLOTS - 1)
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

    /// Sets what is done by the profile of this number, below [`PROFILES`].
    pub fn set_actions(&mut self, profile: usize, actions: RuleActions) {
        self.actions[profile] = actions;
    }

    /// Sets the limit of a class.
    pub fn set_limit(&mut self, class: Class, limit: Limit) {
        self.limits[class as usize] = limit;
    }

    /// Sets the EtherTypes that LANs carry.
    pub fn set_ethertypes(&mut self, ethertypes: [EtherType; ETHERTYPES]) {
        self.ethertypes = ethertypes.map(|ethertype| ethertype.0);
    }

    /// Sets the bits of a sweep that are too many; 0 is never.
    pub fn set_sweep_bits(&mut self, bits: u32) {
        self.sweep_bits = bits;
    }

    /// Sets the generation that the owners of addresses stand under.
    pub fn set_generation(&mut self, generation: u16) {
        self.generation = generation;
    }

    /// Lets members speak LACP to the switch.
    pub fn allow_lacp(&mut self) {
        self.flags |= table_flag::LACP;
    }

    /// Looks whether stations move between ports.
    pub fn watch_moves(&mut self) {
        self.flags |= table_flag::MOVES;
    }

    /// Sets the LANs, fewer than [`LANS`]. One whose tag is not known is that of all tags that no other
    /// has; the prefixes of two of those cannot be told apart, so then neither is known.
    pub fn set_lans(&mut self, lans: &[Lan]) {
        self.lans = [Lan::NONE; LANS];
        self.lan_of = [0; 4096];
        let mut tagless = lans.iter().zip(1u8..).filter(|(lan, _)| lan.vlan == ANY_VLAN);
        match (tagless.next(), tagless.next()) {
            (Some((_, number)), None) => self.lan_of = [number; 4096],
            (Some((lan, number)), Some(_)) => {
                self.lan_of = [number; 4096];
                self.lans[usize::from(number)] = Lan::new(ANY_VLAN, u16::MAX, lan.profile);
            }
            (None, _) if lans.is_empty() => {}
            (None, _) => self.flags |= table_flag::TAGS,
        }
        for (lan, number) in lans.iter().zip(1u8..) {
            let place = &mut self.lans[usize::from(number) & (LANS - 1)];
            if !place.is_known() {
                *place = *lan;
            }
            if lan.vlan != ANY_VLAN {
                self.lan_of[usize::from(lan.vlan & 0xfff)] = number;
            }
        }
    }

    /// Arranges the stations as a perfect hash: compress, hash, displace (Belazzougui, Botelho and
    /// Dietzfelbinger 2009). Leaves them in another order.
    ///
    /// # Errors
    /// [`Unplaceable`]; the table is then not to be used.
    pub fn set_stations(&mut self, stations: &mut [Station]) -> Result<(), Unplaceable> {
        if stations.len() > MOST_STATIONS {
            return Err(Unplaceable::TooMany);
        }
        stations.sort_unstable_by_key(|station| station.key);
        if let Some(pair) = stations.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(Unplaceable::Twice(pair[0].key));
        }
        for station in stations.iter().filter(|station| station.port != 0) {
            let port = usize::from(station.port) & (PORTS - 1);
            self.wired[port >> 6] |= 1 << (port & 63);
        }
        if !stations.is_empty() {
            self.flags |= table_flag::STATIONS;
        }
        let placed = (1..=SEEDS).any(|nth| self.arrange(nth.wrapping_mul(0xa24b_aed4_963e_e407), stations));
        if placed { Ok(()) } else { Err(Unplaceable::NoArrangement) }
    }

    /// The largest buckets first, while there is room to choose from.
    fn arrange(&mut self, seed: u64, stations: &mut [Station]) -> bool {
        let bucket_of = |station: &Station| bucket(hash(seed, station.key));
        stations.sort_unstable_by_key(bucket_of);
        self.seed = seed;
        self.stations = [Station::NONE; STATION_SLOTS];
        self.displacements = [0; DISPLACEMENTS];
        let buckets = || stations.chunk_by(|one, other| bucket_of(one) == bucket_of(other));
        let largest = buckets().map(<[Station]>::len).max().unwrap_or(0);
        let by_size =
            (1..=largest).rev().flat_map(|size| buckets().filter(move |bucket| bucket.len() == size));
        by_size.into_iter().all(|bucket| self.displace(bucket))
    }

    /// Finds the displacement that gives each station of a bucket a place of its own.
    fn displace(&mut self, stations: &[Station]) -> bool {
        let bucket = bucket(hash(self.seed, stations[0].key));
        (0..STATION_SLOTS).any(|displacement| {
            #[expect(clippy::cast_possible_truncation, reason = "below STATION_SLOTS")]
            let displacement = displacement as u16;
            self.displacements[bucket] = displacement;
            let placed = stations.iter().take_while(|station| self.put(station)).count();
            if placed < stations.len() {
                stations[..placed].iter().for_each(|station| self.take_back(station));
            }
            placed == stations.len()
        })
    }

    fn put(&mut self, station: &Station) -> bool {
        let place = self.place(hash(self.seed, station.key));
        let is_free = !self.stations[place].is_registered();
        if is_free {
            self.stations[place] = *station;
        }
        is_free
    }

    fn take_back(&mut self, station: &Station) {
        let place = self.place(hash(self.seed, station.key));
        self.stations[place] = Station::NONE;
    }
}

/// Two rounds of multiply and shift, so that all bits of a key reach both the bucket and the place.
#[inline(always)]
const fn hash(seed: u64, key: u64) -> u64 {
    let mixed = (key ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the highest 11 bits")]
const fn bucket(hash: u64) -> usize {
    (hash >> 53) as usize & (DISPLACEMENTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
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
