//! The host's stand-in for the kernel's tables: what is known, and what frames leave behind.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

use ixp_common::counters::{ClaimKey, Heard, SessionKey, StationKey};
use ixp_common::limit::StationState;
use ixp_common::memory::{Desk, Memory, Seat};
use ixp_common::names;
use ixp_common::table::{AddressKey, PolicyTable, STATION_SLOTS, station_key};

/// When a capture begins that does not say when: buckets are empty from a few nanoseconds after 0 on.
const START: u64 = 1_000;

/// Tables of one exchange, as a capture's frames see and change them.
pub struct HostMemory {
    table: Box<PolicyTable>,
    owners: BTreeMap<AddressKey, u16>,
    desk: Desk,
    now: Cell<u64>,
    states: Vec<StationState>,
    seats: Vec<Seat>,
    strangers: Vec<StationState>,
    /// Which place among `strangers` a station has; the places are given out in turn.
    places: RefCell<(BTreeMap<StationKey, usize>, usize)>,
    claims: RefCell<BTreeMap<ClaimKey, Heard>>,
    sessions: RefCell<BTreeMap<SessionKey, u64>>,
}

impl fmt::Debug for HostMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostMemory").field("owners", &self.owners.len()).finish_non_exhaustive()
    }
}

impl HostMemory {
    /// Nothing happened yet.
    #[must_use]
    pub fn new(table: Box<PolicyTable>, owners: BTreeMap<AddressKey, u16>) -> Self {
        let places = |count: usize| (0..count).map(|_| StationState::default()).collect();
        Self {
            table,
            owners,
            desk: Desk::default(),
            now: Cell::new(START),
            states: places(STATION_SLOTS),
            seats: (0..STATION_SLOTS).map(|_| Seat::default()).collect(),
            strangers: places(names::STRANGERS as usize),
            places: RefCell::default(),
            claims: RefCell::default(),
            sessions: RefCell::default(),
        }
    }

    /// Goes by other tables from the next frame on; what happened stays known.
    pub fn go_by(&mut self, table: Box<PolicyTable>, owners: BTreeMap<AddressKey, u16>) {
        (self.table, self.owners) = (table, owners);
    }

    /// Sets the time of the next frames, in nanoseconds. It never goes back.
    pub fn at(&self, now: u64) {
        self.now.set(self.now.get().max(now));
    }

    /// Who said that an address is its own, and when.
    #[must_use]
    pub fn claims(&self) -> BTreeMap<ClaimKey, Heard> {
        self.claims.borrow().clone()
    }

    /// Who speaks BGP to whom, and since when.
    #[must_use]
    pub fn sessions(&self) -> BTreeMap<SessionKey, u64> {
        self.sessions.borrow().clone()
    }
}

impl Memory for HostMemory {
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
        self.states.get(place as usize)
    }

    fn stranger(&self, station: &StationKey) -> Option<&StationState> {
        let mut places = self.places.borrow_mut();
        let (known, next) = &mut *places;
        let place = *known.entry(*station).or_insert(*next);
        if place == *next {
            *next = (*next + 1) % self.strangers.len();
            if known.len() > self.strangers.len() {
                known.retain(|other, at| *at != place || other == station);
            }
        }
        let state = self.strangers.get(place)?;
        state.belongs_to(station_key(station.vlan().get(), station.mac()));
        Some(state)
    }

    fn seat(&self, place: u32) -> Option<&Seat> {
        self.seats.get(place as usize)
    }

    fn claim(&self, claim: &ClaimKey) {
        let mut claims = self.claims.borrow_mut();
        let now = self.now();
        if let Some(heard) = claims.get_mut(claim) {
            heard.last = now;
        } else if claims.len() < names::CLAIMS_ROOM as usize {
            claims.insert(*claim, Heard { first: now, last: now });
        }
    }

    fn session(&self, session: &SessionKey) {
        let mut sessions = self.sessions.borrow_mut();
        if sessions.len() < names::SESSIONS_ROOM as usize {
            sessions.entry(*session).or_insert(self.now());
        }
    }
}
