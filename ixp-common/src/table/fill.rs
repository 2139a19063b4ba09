//! What the agent writes into a table: settings, LANs, and stations as a perfect hash.

use super::{
    ANY_VLAN, DISPLACEMENTS, ETHERTYPES, FEWEST_SLOTS, LANS, Lan, MOST_STATIONS, PORTS, PolicyTable, SEEDS,
    STATION_SLOTS, Station, Unplaceable, VLANS, bucket, hash, table_flag,
};
use crate::addr::{EtherType, Mac, VlanId};
use crate::limit::{Class, Limit};
use crate::policy::RuleActions;

impl PolicyTable {
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

    /// Has each station counted under the number of its address, below
    /// [`STATION_NUMBERS`](crate::cells::STATION_NUMBERS); 0 is none.
    pub fn number_stations(&mut self, mut number: impl FnMut(Mac) -> u16) {
        for station in &mut self.stations {
            if station.is_registered() {
                *station = station.numbered(number(station.mac()));
            }
        }
    }

    /// Lets members speak LACP to the switch.
    pub fn allow_lacp(&mut self) {
        self.flags |= table_flag::LACP;
    }

    /// Sets the address that the monitor's probes are sent from.
    pub fn set_probe(&mut self, source: Mac) {
        self.probe = source.to_bits();
    }

    /// Looks whether stations move between ports.
    pub fn watch_moves(&mut self) {
        self.flags |= table_flag::MOVES;
    }

    /// Sets the LANs, fewer than [`LANS`]. One whose tag is not known is that of all tags that no other
    /// has. The prefixes of two LANs with the same tag, or without, cannot be told apart, so then neither is
    /// known.
    pub fn set_lans(&mut self, lans: &[Lan]) {
        self.lans = [Lan::NONE; LANS];
        let any = lans.iter().zip(1u8..).find(|(lan, _)| lan.vlan() == ANY_VLAN);
        self.lan_of = [any.map_or(0, |(_, number)| number); VLANS];
        if any.is_none() && !lans.is_empty() {
            self.flags |= table_flag::TAGS;
        }
        for (lan, number) in lans.iter().zip(1u8..) {
            let place = usize::from(number) & (LANS - 1);
            let alike = || lans.iter().zip(1u8..).filter(|(other, _)| other.vlan() == lan.vlan());
            let first = alike().next().map_or(number, |(_, first)| first);
            self.lans[place] = match alike().count() {
                1 => *lan,
                _ => Lan::new(lan.vlan(), u16::MAX, lan.profile()),
            };
            if lan.vlan() != ANY_VLAN {
                self.lan_of[usize::from(lan.vlan() & 0xfff)] = first;
            }
        }
        for (vlan, home) in (0..).map(VlanId::from_tci).zip(&mut self.home_of) {
            let lan = &self.lans[usize::from(self.lan_of[usize::from(vlan.get())])];
            *home = if lan.is_known() { lan.vlan() } else { vlan.get() };
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
        stations.sort_unstable_by_key(Station::key);
        if let Some(pair) = stations.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            return Err(Unplaceable::Twice(pair[0].key()));
        }
        for station in stations.iter().filter(|station| station.port() != 0) {
            let port = usize::from(station.port()) & (PORTS - 1);
            self.wired[port >> 6] |= 1 << (port & 63);
        }
        if !stations.is_empty() {
            self.flags |= table_flag::STATIONS;
        }
        let slots = (stations.len() * STATION_SLOTS).div_ceil(MOST_STATIONS).next_power_of_two();
        self.places = slots.max(FEWEST_SLOTS) as u64 - 1;
        let placed = (1..=SEEDS).any(|nth| self.arrange(seed(nth), stations));
        if placed { Ok(()) } else { Err(Unplaceable::NoArrangement) }
    }

    /// The largest buckets first, while there is room to choose from.
    fn arrange(&mut self, seed: u64, stations: &mut [Station]) -> bool {
        let bucket_of = |station: &Station| bucket(hash(seed, station.key()));
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
        let bucket = bucket(hash(self.seed, stations[0].key()));
        (0..=self.places).any(|displacement| {
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
        let place = self.place(hash(self.seed, station.key()));
        let is_free = !self.stations[place].is_registered();
        if is_free {
            self.stations[place] = *station;
        }
        is_free
    }

    fn take_back(&mut self, station: &Station) {
        let place = self.place(hash(self.seed, station.key()));
        self.stations[place] = Station::NONE;
    }
}

/// An odd seed; two of them have nothing in common (SplitMix64, Steele et al. 2014).
const fn seed(nth: u64) -> u64 {
    let mixed = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ mixed >> 31) | 1
}
