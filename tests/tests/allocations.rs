//! Taking a reading in allocates nothing per pair, and a sample of a switch nothing at all: what they take is kept from
//! one to the next.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use ixp_agent::intake::{Exporter as Switch, Facts, Moment, Room, Tally};
use ixp_agent::live::{Live, Roster};
use ixp_agent::matrix::Window;
use ixp_agent::members::{VlanTags, parse};
use ixp_agent::pairs::PairBook;
use ixp_agent::policy::{Policy, Ports, build};
use ixp_agent::snapshot::{Delta, Snapshot};
use ixp_agent::stations::Inventory;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::exporter::Exporter;
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

#[test]
fn a_sample_of_a_known_pair_allocates_nothing() {
    let (registry, _) = parse("members.toml", MEMBERS, &VlanTags::new()).expect("sound");
    let tables = build(&Policy::default(), &registry, &Ports::default(), Timestamp::UNIX_EPOCH, 0);
    let facts = Facts::new(tables.expect("they fit"), &registry);
    let mut tally = Tally::new(Room { members: 100, strangers: 100 });
    let mut switch = Switch::new(IpAddr::V4(Ipv4Addr::LOCALHOST), None, None);
    let mut exporter = Exporter::open("127.0.0.1", "127.0.0.1:6343").expect("a port");
    let frames = [(FIRST, SECOND), (SECOND, FIRST), (STRANGER, FIRST)]
        .map(|(from, to)| Frame::new(from, to, Family::Ipv4, 100).bytes);
    let frames = frames.each_ref().map(Vec::as_slice);
    let datagrams: Vec<Vec<u8>> =
        (0..1000).map(|_| exporter.datagram(10, &frames).expect("they fit")).collect();
    let mut hear = |datagrams: &[Vec<u8>]| {
        let before = ALLOCATIONS.get();
        for datagram in datagrams {
            let now = Moment { at: Timestamp::UNIX_EPOCH, since_start: Duration::ZERO };
            switch.hear(datagram, now, &facts, &mut tally);
        }
        ALLOCATIONS.get() - before
    };
    // Frames go into their pairs many at a time.
    let (first, rest) = datagrams.split_at(100);
    assert!(hear(first) > 0, "pairs that are met take memory, and it is counted");
    assert_eq!(hear(rest), 0);
    assert_eq!((switch.health().samples, switch.health().lost), (3000, 0));
}
