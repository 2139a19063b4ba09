//! The matrix's cells of all pairs that have none in [`cells`](crate::cells): to groups, and of stations without a
//! number. Pairs that forged addresses can make have a table of their own.

use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::macros::map;
use aya_ebpf::maps::PerCpuHashMap;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey, PortCounters};
use ixp_common::frame::Link;
use ixp_common::names;

use crate::{ports, stations};

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

/// Counts a frame by its addresses; whether it is the first of its CPU and slot that finds no room.
#[inline(always)]
pub fn count(link: &Link, table: Table, slot: u32, bytes: u32) -> bool {
    let (source, destination) = (link.source().to_bits(), link.destination().to_bits());
    let network = u32::from(link.vlan().get()) << 16 | (link.family() as u32) << 8 | table as u32;
    ixp_count_pair(source, destination, network, slot, bytes) != 0
}

/// A global function of numbers, which the verifier looks at once, and which most frames do not come to.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_count_pair(source: u64, destination: u64, network: u32, slot: u32, bytes: u32) -> u64 {
    let Some(counters) = ports::counters(slot) else {
        return 0;
    };
    let [vlan @ .., family, table] = network.to_be_bytes();
    let (vlan, family) = (VlanId::from_tci(u16::from_be_bytes(vlan)), Family::from_number(family));
    let table = if table == Table::Members as u8 { Table::Members } else { Table::Strangers };
    let key = PairKey::new(vlan, Mac::from_bits(source), Mac::from_bits(destination), family);
    match record(&key, table, bytes) {
        Recorded::Known => 0,
        Recorded::New => {
            stations::discover(&key, slot, counters);
            0
        }
        Recorded::Missed => u64::from(missed(counters, bytes)),
    }
}

/// Counts a frame that finds no room; whether it is the first.
#[inline(always)]
pub fn missed(counters: &mut PortCounters, bytes: u32) -> bool {
    let is_first = counters.unattributed.packets == 0;
    counters.unattributed.add_frame(bytes);
    is_first
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
