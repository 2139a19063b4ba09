//! The matrix's cells: frames and bytes per pair. Pairs that forged addresses can make have cells of their own.

use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuHashMap;
use ixp_common::counters::{Counts, PairKey, StationKey};
use ixp_common::names;
use ixp_common::table::PolicyTable;

use crate::site;

#[map]
static PAIRS: PerCpuHashMap<PairKey, Counts> = PerCpuHashMap::with_max_entries(names::DEFAULT_PAIRS, 0);

#[map]
static STRANGER_PAIRS: PerCpuHashMap<PairKey, Counts> =
    PerCpuHashMap::with_max_entries(names::DEFAULT_PAIRS / names::STRANGER_PAIRS_PART, 0);

/// What became of a frame's count.
pub enum Recorded {
    /// Added to a cell that was there.
    Known,
    /// The first of its cell.
    New,
    /// No room for its cell.
    Missed,
}

/// Counts a frame in its cell.
#[inline(always)]
pub fn record(key: &PairKey, bytes: u32) -> Recorded {
    if add(key, bytes) {
        return Recorded::Known;
    }
    let table = if is_of_members(key) { &PAIRS } else { &STRANGER_PAIRS };
    if table.insert(key, Counts::frame(bytes), u64::from(BPF_NOEXIST)).is_ok() {
        return Recorded::New;
    }
    // Another CPU may have made the cell in between.
    if add(key, bytes) { Recorded::Known } else { Recorded::Missed }
}

/// Adds to the cell that there is: a pair whose ends were registered later keeps the one that it had.
#[inline(always)]
fn add(key: &PairKey, bytes: u32) -> bool {
    let Some(counts) = PAIRS.get_ptr_mut(key).or_else(|| STRANGER_PAIRS.get_ptr_mut(key)) else {
        return false;
    };
    // SAFETY: this CPU's value, which no other CPU writes; cells are never removed.
    unsafe { &mut *counts }.add_frame(bytes);
    true
}

#[inline(always)]
fn is_of_members(key: &PairKey) -> bool {
    let [source, destination] = [key.source(), key.destination()].map(|mac| StationKey::new(key.vlan(), mac));
    ixp_is_of_members(source.to_bits(), destination.to_bits()) != 0
}

/// A global function of numbers, which the verifier looks at once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_is_of_members(source: u64, destination: u64) -> u64 {
    let (source, destination) = (StationKey::from_bits(source), StationKey::from_bits(destination));
    let is_of_members =
        |table: &PolicyTable| table.is_of_members(source.vlan(), source.mac(), destination.mac());
    u64::from(site::table().is_none_or(is_of_members))
}
