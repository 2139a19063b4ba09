//! The same steps in memory and on a disk: a matrix of either is the other's.

use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::PairKey;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::matrix::tests::{any_pair, any_registry};
use crate::matrix::{Matrix, Window, csv};
use crate::members::{Asn, Registry};
use crate::pairs::PairBook;
use crate::snapshot::Delta;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).expect("a time")
}

/// Pairs that were exchanged in three intervals, as the agent takes them in.
fn counted(pairs: &[(PairKey, Counts)]) -> (Window, PairBook) {
    let (mut window, mut book) = (
        Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), 10_000),
        PairBook::default(),
    );
    window.hand_over();
    for (interval, pairs) in (0..).zip(pairs.chunks(pairs.len().div_ceil(3).max(1))) {
        let pairs = pairs.iter().map(|(key, counts)| (book.id(key), *counts)).collect();
        let delta = Delta { pairs, unattributed: Counts::frame(60), ..Delta::default() };
        window.absorb(at(START + interval * TEN_SECONDS + 1000), &delta);
    }
    window.finish();
    (window, book)
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let family = proptest::option::of(proptest::sample::select(Family::ALL.to_vec()));
    let asn = proptest::option::of((64507u32..64511).prop_map(Asn));
    let vlan = proptest::option::of(proptest::sample::select(vec![0, 50, 100]));
    (family, asn, vlan).prop_map(|(family, asn, vlan)| Filter {
        family,
        asn,
        vlan: vlan.and_then(VlanId::configured),
    })
}

/// A registry whose LANs have tags of their own: where two have one, no more than the stations on them tells which is meant.
fn any_lans() -> impl Strategy<Value = Registry> {
    any_registry().prop_filter("a tag of two LANs", |registry| {
        let tags = || registry.lans().iter().filter_map(|lan| lan.vlan);
        tags().collect::<std::collections::BTreeSet<_>>().len() == tags().count()
    })
}

/// The lines of a matrix. Ports of a member on LANs without a tag are in the order of the file in one, of names in the other.
fn lines(matrix: &Matrix<'_>) -> Vec<String> {
    let mut text = Vec::new();
    csv::write(matrix, &mut text).expect("a vector takes it");
    let mut lines: Vec<String> = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect();
    if matrix.by == By::Interface {
        lines.sort();
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn an_interval_that_was_stored_has_the_cells_that_it_had_in_memory(
        pairs in proptest::collection::vec(any_pair(), 1..40),
        registry in any_lans(),
        filter in any_filter(),
    ) {
        let (mut window, book) = counted(&pairs);
        let bench = Bench::new();
        let mut history = History::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
        history.register(&registry, START);
        let closed = window.take_closed();
        history.take(Told::Exact(Counted { closed, keys: book.keys().to_vec() }), &registry);
        let slice = window.query(None, None, book.keys());
        let (from, to) = (START, START + 3 * TEN_SECONDS);
        let catalog = history.shelf().now();
        let past = catalog.past(to).with_lans(registry.lans());
        for (by, filter) in By::ALL.into_iter().skip(1).flat_map(|by| [(by, Filter::default()), (by, filter)]) {
            let live = Matrix::new(&slice.delta, &registry, by, filter, slice.span);
            let stored = Query { by, from, to, filter, source: Source::Exact };
            let stored = catalog.matrix(&past, &stored).expect("segments that are whole");
            prop_assert_eq!(lines(&stored), lines(&live), "{:?} {:?}", by, filter);
            prop_assert_eq!(stored.frames.seen, live.frames.seen);
        }
    }
}
