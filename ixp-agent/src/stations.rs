//! The stations that were seen: reports and deltas in, an inventory of bounded size out.

use std::collections::BTreeMap;

use ixp_common::counters::{Counts, PairKey, StationKey};
use jiff::Timestamp;

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

/// All stations, up to a bound.
#[derive(Debug)]
pub struct Inventory {
    stations: BTreeMap<StationKey, Station>,
    capacity: usize,
    unlisted: Counts,
}

impl Inventory {
    /// An inventory with room for `capacity` stations. The first ones keep their place: addresses
    /// forged later cannot push out a member's.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { stations: BTreeMap::new(), capacity, unlisted: Counts::default() }
    }

    /// Takes a report of a station's first frame.
    pub fn discovered(&mut self, key: StationKey, at: Timestamp, interface: Option<&str>) {
        if let Some(station) = self.place(key, at) {
            station.first_seen = station.first_seen.min(at);
            if station.interface.is_none() {
                station.interface = interface.map(str::to_owned);
            }
        }
    }

    /// Takes what pairs exchanged up to `at`.
    pub fn absorb(&mut self, at: Timestamp, pairs: &[(PairKey, Counts)]) {
        for (key, counts) in pairs {
            if !key.source().is_station() {
                continue;
            }
            match self.place(StationKey::new(key.vlan(), key.source()), at) {
                Some(station) => {
                    station.last_seen = station.last_seen.max(at);
                    station.sent.add(*counts);
                }
                None => self.unlisted.add(*counts),
            }
        }
    }

    /// The stations by VLAN and address.
    pub fn iter(&self) -> impl Iterator<Item = (&StationKey, &Station)> {
        self.stations.iter()
    }

    /// Stations listed, and how many fit.
    #[must_use]
    pub fn fill(&self) -> (usize, usize) {
        (self.stations.len(), self.capacity)
    }

    /// Frames of stations for which there was no room.
    #[must_use]
    pub fn unlisted(&self) -> Counts {
        self.unlisted
    }

    fn place(&mut self, key: StationKey, at: Timestamp) -> Option<&mut Station> {
        if self.stations.len() >= self.capacity && !self.stations.contains_key(&key) {
            return None;
        }
        let unseen = Station { first_seen: at, last_seen: at, interface: None, sent: Counts::default() };
        Some(self.stations.entry(key).or_insert(unseen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::addr::{Family, Mac, VlanId};

    fn mac(last: u8) -> Mac {
        Mac([2, 0, 0, 0, 0, last])
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn pair(source: Mac) -> (PairKey, Counts) {
        (PairKey::new(VlanId::UNTAGGED, source, Mac::BROADCAST, Family::Arp), Counts::frame(60))
    }

    #[test]
    fn a_report_that_comes_after_the_count_still_gives_the_first_moment() {
        let mut inventory = Inventory::new(4);
        inventory.absorb(at(11), &[pair(mac(1)), pair(mac(1))]);
        inventory.discovered(StationKey::new(VlanId::UNTAGGED, mac(1)), at(10), Some("eth0"));
        let stations: Vec<Station> = inventory.iter().map(|(_, station)| station.clone()).collect();
        let sent = Counts { packets: 2, bytes: 120 };
        let interface = Some("eth0".to_owned());
        assert_eq!(stations, [Station { first_seen: at(10), last_seen: at(11), interface, sent }]);
    }

    #[test]
    fn forged_addresses_take_no_place_of_those_before_and_are_counted() {
        let mut inventory = Inventory::new(2);
        inventory.absorb(at(1), &[pair(mac(1)), pair(mac(2)), pair(mac(3)), pair(mac(1))]);
        assert_eq!(inventory.fill(), (2, 2));
        assert_eq!(inventory.unlisted(), Counts::frame(60));
    }

    #[test]
    fn a_group_or_zero_source_is_no_station() {
        let mut inventory = Inventory::new(2);
        inventory.absorb(at(1), &[pair(Mac::BROADCAST), pair(Mac::ZERO)]);
        assert_eq!(inventory.fill().0, 0);
    }
}
