//! The maps as the memory that rules go by.

use core::cell::Cell;

use aya_ebpf::helpers::bpf_ktime_get_ns;
use ixp_common::counters::{ClaimKey, SessionKey, StationKey};
use ixp_common::limit::StationState;
use ixp_common::memory::{Memory, Seat};
use ixp_common::rules::Findings;
use ixp_common::table::{AddressKey, PolicyTable};

use crate::{claims, site, states};

/// The maps, with the table that was in force when the frame came.
pub struct Maps {
    table: &'static PolicyTable,
}

impl Maps {
    /// `None` until the agent has written a table.
    #[inline(always)]
    pub fn find() -> Option<Self> {
        site::table().map(|table| Self { table })
    }
}

impl Memory for Maps {
    #[inline(always)]
    fn table(&self) -> &PolicyTable {
        self.table
    }

    #[inline(always)]
    fn findings(&self) -> Option<&Cell<Findings>> {
        states::findings()
    }

    #[inline(always)]
    fn now(&self) -> u64 {
        // SAFETY: the helper has no preconditions.
        unsafe { bpf_ktime_get_ns() }
    }

    #[inline(always)]
    fn owner(&self, address: &AddressKey) -> u16 {
        site::owner(address)
    }

    #[inline(always)]
    fn state(&self, place: u32) -> Option<&StationState> {
        states::registered(place)
    }

    #[inline(always)]
    fn stranger(&self, station: &StationKey) -> Option<&StationState> {
        states::stranger(station)
    }

    #[inline(always)]
    fn seat(&self, place: u32) -> Option<&Seat> {
        states::seat(place)
    }

    #[inline(always)]
    fn claim(&self, claim: &ClaimKey) {
        claims::claim(claim, self.now());
    }

    #[inline(always)]
    fn session(&self, session: &SessionKey) {
        claims::session(session, self.now());
    }
}
