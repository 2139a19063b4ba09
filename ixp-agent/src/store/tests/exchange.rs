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

/// A store of ten minutes whose first rows something has happened to.
fn after(happened: impl Fn(&Path)) -> (Bench, Store) {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    for number in 0..60 {
        store.append(&interval(number)).expect("a disk with room");
    }
    let catalog = store.shelf().now();
    drop(store);
    let is_it = |segment: &&Arc<Segment>| segment.kin.table == Table::Matrix && segment.span.0 == START;
    happened(&catalog.all().find(is_it).expect("the first rows").path());
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    (bench, store)
}

#[test]
fn what_was_damaged_was_not_observed() {
    let (_bench, store) = after(|path| {
        let mut bytes = fs::read(path).expect("it is there");
        bytes[10] ^= 1;
        fs::write(path, bytes).expect("it is written");
    });
    let exchange = exchange(&store.shelf(), 0).expect("the rest was");
    let mut sum = Counts::default();
    exchange.flows.iter().for_each(|flow| sum.add(flow.counts));
    assert_eq!((exchange.observed, sum), (290_000, counted(1..FIVE)));
    // And so it is when they are summed up, and told by others.
    tend(&store, 400).expect("segments that are whole");
    let observed = all(&store, Table::Intervals, Step::Hour)[0].0[1];
    let packets = all(&store, Table::Matrix, Step::Hour).iter().map(|row| row.0[5]).sum::<i64>();
    assert_eq!((observed, u64::try_from(packets).ok()), (590_000, Some(counted(1..60).packets)));
}

#[test]
fn where_rows_are_missing_nothing_is_known() {
    let (_bench, store) = after(|path| fs::remove_file(path).expect("it is there"));
    // Else a pair that exchanged something would have a nought.
    assert_eq!(exchange(&store.shelf(), 0), None);
    assert!(exchange(&store.shelf(), 1).is_some());
}
