//! The maps as the memory that rules go by.

use aya_ebpf::helpers::bpf_ktime_get_ns;
use ixp_common::counters::{ClaimKey, SessionKey, StationKey};
use ixp_common::limit::{Class, StationState};
use ixp_common::memory::{self, Desk, Memory, Seat, Who};
use ixp_common::table::{AddressKey, PolicyTable};

use crate::{claims, site, states};

/// The maps, with the table that was in force when the frame came.
pub struct Maps {
    table: &'static PolicyTable,
}

impl Maps {
    /// `None` never: the verifier does not know that.
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
    fn desk(&self) -> Option<&Desk> {
        states::desk()
    }

    #[inline(always)]
    fn now(&self) -> u64 {
        now()
    }

    #[inline(always)]
    fn owner(&self, address: &AddressKey) -> u16 {
        let [high, low, rest] = address.to_words();
        #[expect(clippy::cast_possible_truncation, reason = "the number of an interface")]
        let owner = ixp_owner(high, low, rest) as u16;
        owner
    }

    #[inline(always)]
    fn is_over(&self, who: Who, class: Class) -> bool {
        ixp_is_over(who.key, who.place, class as u32) != 0
    }

    #[inline(always)]
    fn sweeps(&self, who: Who, class: Class, hash: u64) -> bool {
        ixp_sweeps(who.key, who.place, class as u32, hash) != 0
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
        let [high, low, station] = claim.to_words();
        ixp_claim(high, low, station);
    }

    #[inline(always)]
    fn session(&self, session: &SessionKey) {
        let [lower, higher] = session.to_words();
        ixp_session(lower, higher);
    }
}

// Global functions take numbers alone, and the verifier looks at each of them once, instead of following every
// state of a frame through every look-up.

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_owner(high: u64, low: u64, rest: u64) -> u64 {
    u64::from(site::owner(&AddressKey::from_words([high, low, rest])))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_is_over(key: u64, place: u32, class: u32) -> u64 {
    let is_over = |memory| memory::is_over(&memory, Who { key, place }, Class::from_number(class));
    u64::from(Maps::find().is_some_and(is_over))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_sweeps(key: u64, place: u32, class: u32, hash: u64) -> u64 {
    let sweeps = |memory| memory::sweeps(&memory, Who { key, place }, Class::from_number(class), hash);
    u64::from(Maps::find().is_some_and(sweeps))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_claim(high: u64, low: u64, station: u64) -> u64 {
    claims::claim(&ClaimKey::from_words([high, low, station]), now());
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_session(lower: u64, higher: u64) -> u64 {
    claims::session(&SessionKey::from_words([lower, higher]), now());
    0
}

#[inline(always)]
fn now() -> u64 {
    // SAFETY: the helper has no preconditions.
    unsafe { bpf_ktime_get_ns() }
}
