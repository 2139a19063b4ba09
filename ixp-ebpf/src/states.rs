//! What is remembered of stations between their frames: rates, targets, and where they are.

use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, LruHashMap, PerCpuArray};
use ixp_common::counters::StationKey;
use ixp_common::limit::StationState;
use ixp_common::memory::{Desk, Seat};
use ixp_common::names;
use ixp_common::table::STATION_SLOTS;

#[expect(clippy::cast_possible_truncation, reason = "a few thousand")]
const PLACES: u32 = STATION_SLOTS as u32;

/// A [`StationState`] as a map holds it: its cells cannot be shared, as Rust sees it.
type StateWords = [u64; size_of::<StationState>() / 8];
/// The same of a [`Seat`].
type SeatWords = [u64; size_of::<Seat>() / 8];
/// The same of a [`Desk`].
type DeskWords = [u64; size_of::<Desk>() / 8];

#[map]
static STATION_STATES: Array<StateWords> = Array::with_max_entries(PLACES, 0);

#[map]
static STRANGER_STATES: LruHashMap<StationKey, StateWords> =
    LruHashMap::with_max_entries(names::STRANGERS, 0);

#[map]
static SEATS: Array<SeatWords> = Array::with_max_entries(PLACES, 0);

#[map]
static DESK: PerCpuArray<DeskWords> = PerCpuArray::with_max_entries(1, 0);

/// What a new stranger starts with: too large for the stack.
#[map]
static BLANK_STATE: Array<StateWords> = Array::with_max_entries(1, 0);

/// The state of a registered station.
#[inline(always)]
pub fn registered(place: u32) -> Option<&'static StationState> {
    // SAFETY: the words of a map's entry, which stays where it is. CPUs that write at the same moment
    // write whole words, either of which is right.
    STATION_STATES.get_ptr_mut(place).map(|words| unsafe { &*words.cast() })
}

/// The state of a station that is not registered.
#[inline(always)]
pub fn stranger(station: &StationKey) -> Option<&'static StationState> {
    if let Some(words) = STRANGER_STATES.get_ptr_mut(station) {
        // SAFETY: the entry's memory stays the table's own; an entry that is evicted while it is used
        // is another station's, which costs either of them a token and nothing else.
        return Some(unsafe { &*words.cast() });
    }
    let blank = BLANK_STATE.get(0)?;
    // Another CPU may have been faster, or there is no room: the look-up tells.
    let _made = STRANGER_STATES.insert(station, blank, u64::from(BPF_NOEXIST));
    // SAFETY: as above.
    STRANGER_STATES.get_ptr_mut(station).map(|words| unsafe { &*words.cast() })
}

/// Where a registered station was last seen.
#[inline(always)]
pub fn seat(place: u32) -> Option<&'static Seat> {
    // SAFETY: as above.
    SEATS.get_ptr_mut(place).map(|words| unsafe { &*words.cast() })
}

/// What is found of the frame at hand.
#[inline(always)]
pub fn desk() -> Option<&'static Desk> {
    // SAFETY: this CPU's entry, which no other CPU uses; XDP does not nest on one CPU.
    DESK.get_ptr_mut(0).map(|words| unsafe { &*words.cast() })
}
