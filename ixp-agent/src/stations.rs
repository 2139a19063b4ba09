//! The stations that were seen: reports and counts in, an inventory of bounded size out.

use std::collections::{BTreeMap, BTreeSet};

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::{Counts, StationKey};
use jiff::Timestamp;

use crate::members::Registry;

/// What is known of one station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// When its first frame came.
    pub first_seen: Timestamp,
    /// The last reading that found frames of it.
    pub last_seen: Timestamp,
    /// The interface by which its first frame came; unknown if that report was suppressed.
    pub interface: Option<String>,
    /// What it sent since its first frame.
    pub sent: Counts,
}

/// All stations, up to a bound. When it is full, a registered station takes the place of the one that is
/// nobody's and was not seen for longest, and so does another that is nobody's: forged addresses push out
/// each other and no member.
#[derive(Debug)]
pub struct Inventory {
    stations: BTreeMap<StationKey, Station>,
    /// Those that were nobody's when they were last seen, in the order in which they would go.
    strangers: BTreeSet<(Timestamp, StationKey)>,
    /// On which VLANs each address is.
    vlans: BTreeSet<(Mac, VlanId)>,
    capacity: usize,
    unlisted: Counts,
    evicted: u64,
}

impl Inventory {
    /// An inventory with room for `capacity` stations.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            stations: BTreeMap::new(),
            strangers: BTreeSet::new(),
            vlans: BTreeSet::new(),
            capacity,
            unlisted: Counts::default(),
            evicted: 0,
        }
    }

    /// Takes a report of a station's first frame.
    pub fn discovered(
        &mut self,
        key: StationKey,
        at: Timestamp,
        interface: Option<&str>,
        registry: &Registry,
    ) {
        if let Some(station) = self.place(key, at, registry) {
            station.first_seen = station.first_seen.min(at);
            if station.interface.is_none() {
                station.interface = interface.map(str::to_owned);
            }
        }
    }

    /// Takes what a source sent up to `at`.
    pub fn sent(&mut self, key: StationKey, at: Timestamp, counts: Counts, registry: &Registry) {
        if !key.mac().is_station() {
            return;
        }
        match self.place(key, at, registry) {
            Some(station) => station.sent.add(counts),
            None => self.unlisted.add(counts),
        }
    }

    /// The stations by VLAN and address.
    pub fn iter(&self) -> impl Iterator<Item = (&StationKey, &Station)> {
        self.stations.iter()
    }

    /// Addresses that are on several VLANs, with when each was last seen there.
    pub fn on_several_vlans(&self) -> impl Iterator<Item = (Mac, Vec<(VlanId, Timestamp)>)> {
        let all: Vec<(Mac, VlanId)> = self.vlans.iter().copied().collect();
        let last = |(mac, vlan): &(Mac, VlanId)| {
            let station = self.stations.get(&StationKey::new(*vlan, *mac))?;
            Some((*vlan, station.last_seen))
        };
        let several: Vec<(Mac, Vec<(VlanId, Timestamp)>)> = all
            .chunk_by(|(left, _), (right, _)| left == right)
            .filter(|chunk| chunk.len() > 1)
            .map(|chunk| (chunk[0].0, chunk.iter().filter_map(last).collect()))
            .collect();
        several.into_iter()
    }

    /// Stations listed, and how many fit.
    #[must_use]
    pub fn fill(&self) -> (usize, usize) {
        (self.stations.len(), self.capacity)
    }

    /// Frames of stations that are not listed: there was no room, or they had to go.
    #[must_use]
    pub fn unlisted(&self) -> Counts {
        self.unlisted
    }

    /// Stations that had to go.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The place of a station that is seen at `at`.
    fn place(&mut self, key: StationKey, at: Timestamp, registry: &Registry) -> Option<&mut Station> {
        let is_registered = registry.interface_of(key.vlan(), key.mac()).is_some();
        let is_listed = self.stations.contains_key(&key);
        if !is_listed && self.stations.len() >= self.capacity && !self.evict(registry) {
            return None;
        }
        let unseen = Station { first_seen: at, last_seen: at, interface: None, sent: Counts::default() };
        let station = self.stations.entry(key).or_insert(unseen);
        let last = station.last_seen.max(at);
        if !is_listed {
            self.vlans.insert((key.mac(), key.vlan()));
        }
        if is_registered {
            self.strangers.remove(&(station.last_seen, key));
        } else if !is_listed || last != station.last_seen {
            self.strangers.remove(&(station.last_seen, key));
            self.strangers.insert((last, key));
        }
        station.last_seen = last;
        Some(station)
    }

    /// Makes room; `false` if all who are listed are registered.
    fn evict(&mut self, registry: &Registry) -> bool {
        while let Some((_, key)) = self.strangers.pop_first() {
            // Who was registered since then stays.
            if registry.interface_of(key.vlan(), key.mac()).is_some() {
                continue;
            }
            if let Some(gone) = self.stations.remove(&key) {
                self.vlans.remove(&(key.mac(), key.vlan()));
                self.unlisted.add(gone.sent);
                self.evicted += 1;
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::{VlanTags, parse};
    use proptest::prelude::*;

    fn mac(last: u8) -> Mac {
        Mac([2, 0, 0, 0, 0, last])
    }

    fn key(last: u8) -> StationKey {
        StationKey::new(VlanId::UNTAGGED, mac(last))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    /// A frame of each source.
    fn send(inventory: &mut Inventory, second: i64, sources: &[Mac], registry: &Registry) {
        for source in sources {
            let key = StationKey::new(VlanId::UNTAGGED, *source);
            inventory.sent(key, at(second), Counts::frame(60), registry);
        }
    }

    /// A member with the address 02:00:00:00:00:01.
    fn registry() -> Registry {
        let text = "[[lan]]\nname = \"a\"\n[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"a\"\n\
                    macs = [\"02:00:00:00:00:01\"]\n";
        parse("members.toml", text, &VlanTags::new()).expect("sound").0
    }

    fn listed(inventory: &Inventory) -> Vec<Mac> {
        inventory.iter().map(|(key, _)| key.mac()).collect()
    }

    #[test]
    fn a_report_that_comes_after_the_count_still_gives_the_first_moment() {
        let (mut inventory, registry) = (Inventory::new(4), registry());
        send(&mut inventory, 11, &[mac(1), mac(1)], &registry);
        inventory.discovered(key(1), at(10), Some("eth0"), &registry);
        let stations: Vec<Station> = inventory.iter().map(|(_, station)| station.clone()).collect();
        let sent = Counts { packets: 2, bytes: 120 };
        let interface = Some("eth0".to_owned());
        assert_eq!(stations, [Station { first_seen: at(10), last_seen: at(11), interface, sent }]);
    }

    #[test]
    fn forged_addresses_push_out_each_other_and_no_member() {
        let (mut inventory, registry) = (Inventory::new(3), registry());
        for (second, last) in [(1, 1), (2, 2), (3, 3), (4, 2), (5, 4), (6, 5)] {
            send(&mut inventory, second, &[mac(last)], &registry);
        }
        assert_eq!(listed(&inventory), [mac(1), mac(4), mac(5)]);
        assert_eq!((inventory.evicted(), inventory.unlisted().packets), (2, 3));
    }

    #[test]
    fn a_member_takes_the_place_of_a_stranger_and_of_no_other_member() {
        let (mut inventory, registry) = (Inventory::new(1), registry());
        send(&mut inventory, 1, &[mac(2), mac(1), mac(3)], &registry);
        assert_eq!(listed(&inventory), [mac(1)]);
        assert_eq!((inventory.evicted(), inventory.unlisted().packets), (1, 2));
    }

    #[test]
    fn who_is_registered_after_being_seen_stays() {
        let mut inventory = Inventory::new(2);
        send(&mut inventory, 1, &[mac(1), mac(2)], &Registry::default());
        send(&mut inventory, 2, &[mac(3)], &registry());
        assert_eq!(listed(&inventory), [mac(1), mac(3)]);
    }

    #[test]
    fn a_group_or_zero_source_is_no_station() {
        let mut inventory = Inventory::new(2);
        send(&mut inventory, 1, &[Mac::BROADCAST, Mac::ZERO], &registry());
        assert_eq!(inventory.fill().0, 0);
    }

    #[test]
    fn an_address_on_two_vlans_is_told_with_its_moments() {
        let (mut inventory, registry) = (Inventory::new(9), registry());
        let tagged = VlanId::from_tci(7);
        inventory.discovered(key(2), at(1), None, &registry);
        inventory.discovered(StationKey::new(tagged, mac(2)), at(2), None, &registry);
        inventory.discovered(key(3), at(3), None, &registry);
        let several: Vec<_> = inventory.on_several_vlans().collect();
        assert_eq!(several, [(mac(2), vec![(VlanId::UNTAGGED, at(1)), (tagged, at(2))])]);
    }

    proptest! {
        #[test]
        fn each_frame_is_listed_or_unlisted_and_the_bound_holds(
            frames in proptest::collection::vec((1u8..30, 0i64..3), 0..200), capacity in 1usize..8,
        ) {
            let (mut inventory, registry, mut clock) = (Inventory::new(capacity), registry(), 0);
            for (last, ahead) in &frames {
                clock += ahead;
                send(&mut inventory, clock, &[mac(*last)], &registry);
                prop_assert!(inventory.fill().0 <= capacity);
                prop_assert_eq!(inventory.vlans.len(), inventory.fill().0);
            }
            let listed: u64 = inventory.iter().map(|(_, station)| station.sent.packets).sum();
            prop_assert_eq!(listed + inventory.unlisted().packets, frames.len() as u64);
            if let Some(first) = frames.iter().position(|(last, _)| *last == 1) {
                prop_assert!(inventory.stations.contains_key(&key(1)), "seen at {}", first);
            }
        }
    }
}
