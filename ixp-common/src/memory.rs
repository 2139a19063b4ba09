//! What rules go by besides the frame itself: who has which address, and what stations did before.

use core::cell::Cell;

use crate::counters::{ClaimKey, SessionKey, StationKey};
use crate::limit::StationState;
use crate::rules::Findings;
use crate::table::{AddressKey, PolicyTable, Station};

/// The tables that the agent writes and those that frames leave their marks in: maps, or vectors.
pub trait Memory {
    /// What is known of the exchange; the same for the whole of a frame.
    fn table(&self) -> &PolicyTable;
    /// Where the findings on the frame at hand are written down. In a map, because the verifier follows
    /// each value that lies on the stack, and there are more sets of broken rules than it has patience.
    fn findings(&self) -> Option<&Cell<Findings>>;
    /// Nanoseconds of a clock that only goes forward, at which the frame came.
    fn now(&self) -> u64;
    /// The number of the interface that an address belongs to; 0 if it is nobody's.
    fn owner(&self, address: &AddressKey) -> u16;
    /// What is remembered of a registered station, by its place.
    fn state(&self, place: u32) -> Option<&StationState>;
    /// What is remembered of a station that is not registered. Its place may be taken from it by
    /// others, and then it starts anew.
    fn stranger(&self, station: &StationKey) -> Option<&StationState>;
    /// Where a registered station was last seen, by its place.
    fn seat(&self, place: u32) -> Option<&Seat>;
    /// Notes that a station says an address is its own.
    fn claim(&self, claim: &ClaimKey);
    /// Notes that two stations speak BGP.
    fn session(&self, session: &SessionKey);
}

/// Where a station was last seen.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Seat {
    station: Cell<u64>,
    port: Cell<u64>,
}

const _: () = assert!(size_of::<Seat>() == 16);

impl Seat {
    /// Notes that a station is at a port; whether it was at another before.
    #[inline(always)]
    pub fn has_moved(&self, station: &Station, port: u32) -> bool {
        let is_another = self.station.get() != station.key();
        if is_another {
            self.station.set(station.key());
        }
        let port = u64::from(port);
        let before = self.port.get();
        if before != port || is_another {
            self.port.set(port);
        }
        !is_another && before != port
    }
}

#[cfg(test)]
pub mod known {
    //! A memory for tests.

    use super::*;
    use std::boxed::Box;
    use std::cell::{Cell, RefCell};
    use std::collections::{BTreeMap, BTreeSet};

    /// What a test says is known. Strangers' states live as long as the test does.
    pub struct Known {
        pub table: Box<PolicyTable>,
        pub owners: BTreeMap<AddressKey, u16>,
        pub now: Cell<u64>,
        pub claims: RefCell<BTreeSet<ClaimKey>>,
        pub sessions: RefCell<BTreeSet<SessionKey>>,
        findings: Cell<Findings>,
        states: RefCell<BTreeMap<u64, &'static StationState>>,
        seats: RefCell<BTreeMap<u32, &'static Seat>>,
    }

    impl Known {
        pub fn new(table: Box<PolicyTable>, owners: BTreeMap<AddressKey, u16>) -> Self {
            Self {
                table,
                owners,
                now: Cell::new(1),
                claims: RefCell::default(),
                sessions: RefCell::default(),
                findings: Cell::default(),
                states: RefCell::default(),
                seats: RefCell::default(),
            }
        }

        fn remembered(&self, key: u64) -> Option<&StationState> {
            Some(self.states.borrow_mut().entry(key).or_insert_with(|| Box::leak(Box::default())))
        }
    }

    impl Memory for Known {
        fn table(&self) -> &PolicyTable {
            &self.table
        }
        fn findings(&self) -> Option<&Cell<Findings>> {
            Some(&self.findings)
        }
        fn now(&self) -> u64 {
            self.now.get()
        }
        fn owner(&self, address: &AddressKey) -> u16 {
            self.owners.get(address).copied().unwrap_or(0)
        }
        fn state(&self, place: u32) -> Option<&StationState> {
            self.remembered(u64::from(place))
        }
        fn stranger(&self, station: &StationKey) -> Option<&StationState> {
            self.remembered(1 << 63 | station.mac().to_bits())
        }
        fn seat(&self, place: u32) -> Option<&Seat> {
            Some(self.seats.borrow_mut().entry(place).or_insert_with(|| Box::leak(Box::default())))
        }
        fn claim(&self, claim: &ClaimKey) {
            self.claims.borrow_mut().insert(*claim);
        }
        fn session(&self, session: &SessionKey) {
            self.sessions.borrow_mut().insert(*session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::Mac;

    #[test]
    fn a_station_moves_when_its_port_changes_and_not_when_its_place_was_anothers() {
        let seat = Seat::default();
        let [one, other] = [1, 2].map(|last| Station::new(0, Mac([2, 0, 0, 0, 0, last]), 1, 0));
        let ports = [(&one, 4), (&one, 4), (&one, 5), (&other, 7), (&other, 4)];
        let moved = ports.map(|(station, port)| seat.has_moved(station, port));
        assert_eq!(moved, [false, false, true, false, true]);
    }
}
