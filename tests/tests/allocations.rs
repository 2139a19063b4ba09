//! Taking a reading in allocates nothing per pair: what that takes is kept from one to the next.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use ixp_agent::live::{Live, Roster};
use ixp_agent::matrix::Window;
use ixp_agent::pairs::PairBook;
use ixp_agent::snapshot::{Delta, Snapshot};
use ixp_agent::stations::Inventory;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use jiff::{SignedDuration, Timestamp};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, and how often this thread asked it for memory.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: each call is handed on as it came; `realloc` and `alloc_zeroed` come here by way of these.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise about the layout is the one that is asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block came from `alloc`, and so from the system.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Allocations of the third reading of one step, of pairs between some hundred stations.
fn allocations(pairs: u32) -> u64 {
    let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), usize::MAX);
    let mut live = Live::new(Timestamp::UNIX_EPOCH, window, Inventory::new(1000));
    let (mut book, roster) = (PairBook::default(), Arc::<Roster>::default());
    let mac = |number: u32| Mac([2, 0, 0, 0, number.to_be_bytes()[2], number.to_be_bytes()[3]]);
    let key =
        |pair: u32| PairKey::new(VlanId::UNTAGGED, mac(pair % 100), mac(1000 + pair / 100), Family::Ipv4);
    let grown = (0..pairs).map(|pair| (book.id(&key(pair)), Counts::frame(60))).collect();
    let delta = Delta { pairs: grown, ..Delta::default() };
    let mut read = |second| {
        let before = ALLOCATIONS.get();
        let at = Timestamp::from_second(second).expect("in range");
        live.absorb(at, &delta, &book, &Snapshot::default(), &roster);
        ALLOCATIONS.get() - before
    };
    assert!(read(1) > 10, "pairs that are met take memory, and it is counted");
    read(2);
    read(3)
}

#[test]
fn a_reading_of_many_pairs_allocates_no_more_than_one_of_few() {
    let (few, many) = (allocations(1_000), allocations(50_000));
    assert!(many <= few && few < 20, "{few}, {many}");
}
