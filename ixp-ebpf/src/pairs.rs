//! The matrix's cells: frames and bytes per pair.

use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuHashMap;
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names;

#[map]
static PAIRS: PerCpuHashMap<PairKey, Counts> = PerCpuHashMap::with_max_entries(names::DEFAULT_PAIRS, 0);

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
    if PAIRS.insert(key, Counts::frame(bytes), u64::from(BPF_NOEXIST)).is_ok() {
        return Recorded::New;
    }
    // Another CPU may have made the cell in between.
    if add(key, bytes) { Recorded::Known } else { Recorded::Missed }
}

#[inline(always)]
fn add(key: &PairKey, bytes: u32) -> bool {
    let Some(counts) = PAIRS.get_ptr_mut(key) else {
        return false;
    };
    // SAFETY: this CPU's value, which no other CPU writes; cells are never removed.
    unsafe { &mut *counts }.add_frame(bytes);
    true
}
