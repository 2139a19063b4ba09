//! The matrix's cells of all pairs that have none in [`cells`](crate::cells): to groups, and of stations without a
//! number. Pairs that forged addresses can make have a table of their own.

use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuHashMap;
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names;

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

/// Which table a new pair belongs to.
#[derive(Clone, Copy)]
pub enum Table {
    Members,
    Strangers,
}

/// Counts a frame in its cell.
#[inline(always)]
pub fn record(key: &PairKey, table: Table, bytes: u32) -> Recorded {
    if add(key, bytes) {
        return Recorded::Known;
    }
    let table = match table {
        Table::Members => &PAIRS,
        Table::Strangers => &STRANGER_PAIRS,
    };
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
