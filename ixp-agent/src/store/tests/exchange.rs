//! What was exchanged in five minutes, whatever parts its rows lie in.

use super::*;
use ixp_common::addr::{Family, VlanId};

const FIVE: i64 = 30;

fn exchange(shelf: &Shelf, number: i64) -> Option<Exchange> {
    let start = START + number * FIVE * TEN_SECONDS;
    shelf.exchange(Source::Exact, Step::FiveMinutes, start).expect("segments that are whole or put aside")
}

#[test]
fn five_minutes_are_the_sum_of_their_rows_and_none_where_nothing_was_observed() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    for number in (0..400).filter(|number| !(60..90).contains(number) && *number != 95) {
        store.append(&interval(number)).expect("a disk with room");
    }
    let check = |what: &str| {
        for number in [0, 1, 3, 5, 12] {
            let found = exchange(&store.shelf(), number).expect(what);
            let numbers = (number * FIVE..(number + 1) * FIVE).filter(|number| *number != 95);
            assert_eq!(found.observed, numbers.clone().count() as i64 * TEN_SECONDS, "{what}: {number}");
            let mut sum = Counts::default();
            found.flows.iter().for_each(|flow| sum.add(flow.counts));
            assert_eq!(sum, counted(numbers), "{what}: {number}");
            let ends: Vec<_> = found.flows.iter().map(|flow| (flow.from, flow.to)).collect();
            assert_eq!(ends, [(1, 2), (1, 3), (2, 1)], "{what}: {number}");
            let kind = (found.flows[0].vlan, found.flows[0].family);
            assert_eq!(kind, (VlanId::UNTAGGED, Family::Ipv4));
        }
        assert_eq!(
            [2, 14, 1000, -1].map(|number| exchange(&store.shelf(), number)),
            [None, None, None, None]
        );
    };
    check("of ten seconds");
    tend(&store, 400).expect("segments that are whole");
    check("summed up");
}

#[test]
fn where_rows_were_damaged_nothing_is_known() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    for number in 0..60 {
        store.append(&interval(number)).expect("a disk with room");
    }
    let catalog = store.shelf().now();
    drop(store);
    let is_it = |segment: &&Arc<Segment>| segment.kin.table == Table::Matrix && segment.span.0 == START;
    let damaged = catalog.all().find(is_it).expect("the first rows").path();
    let mut bytes = fs::read(&damaged).expect("it is there");
    bytes[10] ^= 1;
    fs::write(&damaged, bytes).expect("it is written");
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    // Else a pair that exchanged something would have a nought.
    assert_eq!(exchange(&store.shelf(), 0), None);
    assert!(exchange(&store.shelf(), 1).is_some());
}
