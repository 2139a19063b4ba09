//! What rules go by besides the frame itself: who has which address, and what stations did before.

use core::cell::Cell;

use crate::counters::{ClaimKey, SessionKey, StationKey};
use crate::frame::noted::{Addresses, Chain};
use crate::limit::{Class, StationState};
use crate::rules::{Findings, Scope};
use crate::table::{AddressKey, PolicyTable, Station};

/// The tables that the agent writes and those that frames leave their marks in: maps, or vectors.
pub trait Memory {
    /// What is known of the exchange; the same for the whole of a frame.
    fn table(&self) -> &PolicyTable;
    /// Where what is found of the frame at hand is written down.
    fn desk(&self) -> Option<&Desk>;
    /// Nanoseconds of a clock that only goes forward, at which the frame came.
    fn now(&self) -> u64;
    /// The number of the interface that an address belongs to; 0 if it is nobody's.
    fn owner(&self, address: &AddressKey) -> u16;
    /// What is remembered of a registered station, by its place.
    fn state(&self, place: u32) -> Option<&StationState>;
    /// What is remembered of a station that is not registered. Its place may be taken from it by
    /// others, and then it starts anew.
    fn stranger(&self, station: &StationKey) -> Option<&StationState>;
    /// Whether a frame of a class goes over its sender's limit. Who cannot be remembered is never over.
    #[inline(always)]
    fn is_over(&self, who: Who, class: Class) -> bool {
        is_over(self, who, class)
    }
    /// Whether a sender asks for too many addresses, by ARP or ND; `hash` is that of the address.
    #[inline(always)]
    fn sweeps(&self, who: Who, class: Class, hash: u64) -> bool {
        sweeps(self, who, class, hash)
    }
    /// Where a registered station was last seen, by its place.
    fn seat(&self, place: u32) -> Option<&Seat>;
    /// Notes that a station says an address is its own.
    fn claim(&self, claim: &ClaimKey);
    /// Notes that two stations speak BGP.
    fn session(&self, session: &SessionKey);
}

/// A frame's sender, as its state is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// A registered station's key, or [`StationKey::to_bits`].
    pub key: u64,
    /// A registered station's place, or [`Who::STRANGER`].
    pub place: u32,
}

impl Who {
    /// The place of who is not registered.
    pub const STRANGER: u32 = u32::MAX;

    #[inline(always)]
    fn state<M: Memory + ?Sized>(self, memory: &M) -> Option<&StationState> {
        if self.place == Self::STRANGER {
            return memory.stranger(&StationKey::from_bits(self.key));
        }
        let state = memory.state(self.place)?;
        state.belongs_to(self.key);
        Some(state)
    }
}

/// As [`Memory::is_over`].
#[inline(always)]
pub fn is_over<M: Memory + ?Sized>(memory: &M, who: Who, class: Class) -> bool {
    let limit = memory.table().limit(class);
    who.state(memory).is_some_and(|state| state.is_over(class, limit, memory.now()))
}

/// As [`Memory::sweeps`].
#[inline(always)]
pub fn sweeps<M: Memory + ?Sized>(memory: &M, who: Who, class: Class, hash: u64) -> bool {
    let most = memory.table().sweep_bits();
    who.state(memory).is_some_and(|state| state.sweep(class).is_over(most, memory.now(), hash))
}

/// What is found of the frame at hand. In a map, because the verifier follows each value that lies on the
/// stack, and there are more sets of broken rules and chains of headers than it has patience for.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Desk {
    /// What stands against it.
    pub findings: Cell<Findings>,
    /// The addresses of its IP packet.
    pub addresses: Cell<Addresses>,
    /// The rest of its IP packet.
    pub chain: Cell<Chain>,
    /// Whom its IP packet is for.
    pub scope: Cell<Scope>,
    /// 1 if its source is the monitor itself.
    pub is_own: Cell<u32>,
}

const _: () = assert!(size_of::<Desk>() == 72);

/// Where a station was last seen.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Seat {
    station: Cell<u64>,
    port: Cell<u64>,
}

const _: () = assert!(size_of::<Seat>() == 16);

impl Seat {
    /// Whether a station was last seen at a port.
    #[inline(always)]
    #[must_use]
    pub fn is_at(&self, station: &Station, port: u32) -> bool {
        self.station.get() == station.key() && self.port.get() == u64::from(port)
    }

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
#[expect(missing_docs, reason = "for tests")]
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
        desk: Desk,
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
                desk: Desk::default(),
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
        fn desk(&self) -> Option<&Desk> {
            Some(&self.desk)
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
