//! Claims about the window: nothing is lost, memory is bounded, what was not observed is said.

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{RuleCounts, RuleKey, StationKey};
use ixp_common::frame::Malformed;
use ixp_common::rules::Rule;
use proptest::prelude::*;

use super::*;

#[test]
fn a_size_is_that_of_its_class_with_fcs() {
    let mut detail = Detail::default();
    for (bytes, largest) in
        [(0, 64), (60, 64), (61, 127), (1514, 1518), (1515, u16::MAX), (u32::MAX, u16::MAX)]
    {
        detail.sizes.clear();
        detail.sample(None, bytes, 10);
        assert_eq!(detail.sizes, [((None, largest), 10)].into(), "{bytes}");
    }
}

const STEP: SignedDuration = SignedDuration::from_secs(10);
/// Pairs that are ever met.
const PAIRS: u16 = 20_000;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a moment of our time")
}

fn key(number: u16) -> PairKey {
    let [hi, lo] = number.to_be_bytes();
    let source = Mac([2, 0, 0, 0, hi, lo]);
    PairKey::new(VlanId::UNTAGGED, source, Mac([2, 0, 0, 1, 0, 0]), Family::Ipv4)
}

/// Pairs by number, and frames of 100 bytes.
fn delta(pairs: &[(u16, u64)]) -> Delta<PairId> {
    let counts = |packets| Counts { packets, bytes: packets * 100 };
    let pairs = pairs.iter().map(|&(number, packets)| (PairId::from_index(number.into()), counts(packets)));
    let mut delta = Delta { pairs: pairs.collect(), ..Delta::default() };
    delta.seen = delta.accounted();
    delta
}

/// What is held from `from` to `to`.
fn query(window: &Window, from: Option<Timestamp>, to: Option<Timestamp>) -> Slice {
    let keys: Vec<PairKey> = (0..PAIRS).map(key).collect();
    window.query(from, to, &keys)
}

/// The keys of pairs.
fn named(pairs: impl IntoIterator<Item = (PairId, Counts)>) -> Vec<(PairKey, Counts)> {
    let key = |id: PairId| key(u16::try_from(id.index()).expect("below PAIRS"));
    pairs.into_iter().map(|(id, counts)| (key(id), counts)).collect()
}

fn frames(slice: &Slice) -> u64 {
    slice.delta.accounted().packets
}

#[test]
fn a_query_covers_the_steps_that_it_touches() {
    let mut window = Window::new(STEP, HOUR, 1000);
    for second in 1..=35 {
        window.absorb(at(second), &delta(&[(1, 1)]));
    }
    let cases = [
        (None, None, 35, (1, 35)),
        (Some(10), Some(20), 10, (10, 20)),
        (Some(13), Some(14), 10, (10, 20)),
        (Some(25), None, 16, (20, 35)),
        (Some(25), Some(1000), 16, (20, 35)),
        (None, Some(5), 9, (1, 10)),
    ];
    for (from, to, packets, (first, last)) in cases {
        let slice = query(&window, from.map(at), to.map(at));
        assert_eq!(frames(&slice), packets, "{from:?}..{to:?}");
        assert_eq!(slice.span.from, Some(at(first)), "{from:?}..{to:?}");
        assert_eq!(slice.span.to, Some(at(last)), "{from:?}..{to:?}");
        assert!(slice.gaps.is_empty());
        assert_eq!(slice.delta.seen, slice.delta.accounted());
    }
}

#[test]
fn what_was_not_observed_is_a_gap() {
    let mut window = Window::new(STEP, HOUR, 1000);
    window.absorb(at(5), &delta(&[(1, 1)]));
    window.absorb(at(42), &delta(&[]));
    let slice = query(&window, Some(at(-20)), None);
    assert_eq!(slice.gaps, [(at(-20), at(5)), (at(10), at(40))]);
    assert_eq!((slice.span.from, slice.span.to), (Some(at(-20)), Some(at(42))));
    assert_eq!(query(&window, Some(at(12)), Some(at(28))).gaps, [(at(10), at(30))]);
    assert_eq!(query(&window, Some(at(100)), None), Slice::default());
    assert_eq!(query(&window, Some(at(20)), Some(at(10))), Slice::default());
}

#[test]
fn a_clock_that_steps_back_loses_nothing() {
    let mut window = Window::new(STEP, HOUR, 1000);
    for second in [100, 40, 41, 99, 111] {
        window.absorb(at(second), &delta(&[(1, 1), (2, 1)]));
    }
    let slice = query(&window, None, None);
    assert_eq!(frames(&slice), 10);
    assert_eq!((slice.span.from, slice.span.to), (Some(at(100)), Some(at(111))));
}

#[test]
fn a_clock_that_was_far_ahead_takes_what_it_stamped_back_with_it() {
    let mut window = Window::new(STEP, HOUR, 1000);
    window.absorb(at(86_400), &delta(&[(1, 1)]));
    window.absorb(at(86_411), &delta(&[(1, 2)]));
    window.absorb(at(0), &delta(&[(1, 4)]));
    window.absorb(at(10), &delta(&[(1, 8)]));
    let slice = query(&window, None, None);
    assert_eq!(frames(&slice), 15);
    assert_eq!((slice.span.from, slice.span.to), (Some(at(-10)), Some(at(10))));
    assert_eq!(frames(&query(&window, Some(at(10)), None)), 8);
}

#[test]
fn steps_older_than_the_window_are_forgotten_and_of_their_pairs_no_more_than_the_number_is_held() {
    let mut window = Window::new(STEP, SignedDuration::from_secs(60), usize::MAX);
    for minute in 0..20 {
        let pairs: Vec<(u16, u64)> = (0..1000).map(|pair| (minute * 1000 + pair, 1)).collect();
        window.absorb(at(i64::from(minute) * 71), &delta(&pairs));
        assert_eq!(window.records(), 1000);
    }
    let (records, open) = (2 * 1000 * 20, usize::from(PAIRS).next_power_of_two() * 16);
    assert!(window.memory() < records + open, "{}", window.memory());
    assert_eq!(window.loss(), Loss::default());
    assert_eq!(query(&window, None, None).delta.pairs.len(), 1000);
}

#[test]
fn records_are_bounded_and_the_oldest_steps_go_first() {
    let mut window = Window::new(STEP, HOUR, 25);
    for step in 0..10 {
        let pairs: Vec<(u16, u64)> = (0..10).map(|pair| (step * 5 + pair, 1)).collect();
        window.absorb(at(i64::from(step) * 10), &delta(&pairs));
    }
    assert_eq!(window.records(), 20);
    assert_eq!((window.loss().steps, window.loss().records), (8, 80));
    let slice = query(&window, Some(at(0)), None);
    assert_eq!(frames(&slice), 20);
    assert_eq!(slice.gaps, [(at(0), at(80))]);
}

#[test]
fn a_step_with_too_many_pairs_still_adds_up() {
    let mut window = Window::new(STEP, HOUR, 3);
    window.absorb(at(1), &delta(&[(1, 1), (2, 1), (3, 1), (4, 5)]));
    window.absorb(at(2), &delta(&[(1, 1), (5, 2)]));
    let slice = query(&window, None, None);
    assert_eq!(slice.delta.accounted(), slice.delta.seen);
    assert_eq!(slice.delta.unattributed.packets, 7);
    assert_eq!(window.loss().overflowed.packets, 7);
    assert_eq!(window.records(), 3);
}

#[test]
fn broken_rules_are_added_up_and_bounded_with_the_pairs() {
    let broken = |stations: std::ops::Range<u8>| {
        let counts = RuleCounts { broken: Counts::frame(60), dropped: 0, would_drop: 1 };
        let key = |last| {
            RuleKey::new(StationKey::new(VlanId::UNTAGGED, Mac([2, 0, 0, 0, 0, last])), Rule::N01 as u8)
        };
        Delta { rules: stations.map(|last| (key(last), counts)).collect(), ..delta(&[(1, 1)]) }
    };
    let mut window = Window::new(STEP, HOUR, 22);
    window.absorb(at(1), &broken(0..2));
    window.absorb(at(2), &broken(0..2));
    window.absorb(at(11), &broken(0..1));
    assert_eq!(window.records(), 11 + 6);
    let rules = query(&window, None, None).delta.rules;
    assert_eq!(rules.values().map(|counts| counts.would_drop).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(query(&window, Some(at(10)), None).delta.rules.len(), 1);
    window.absorb(at(21), &broken(0..9));
    let open = query(&window, Some(at(20)), None).delta;
    assert_eq!((window.records(), window.loss().steps), (21, 2));
    assert_eq!((open.rules.len(), open.rules_missed[&Rule::N01].broken.packets), (4, 5));
    assert_eq!(open.accounted(), open.seen, "and the pair has its place");
}

#[test]
fn any_moment_can_be_asked_for() {
    let mut window = Window::new(SignedDuration::from_nanos(1), HOUR, 10);
    window.absorb(Timestamp::MIN, &delta(&[(1, 1)]));
    window.absorb(Timestamp::MAX, &delta(&[(1, 1)]));
    assert_eq!(frames(&query(&window, Some(Timestamp::MIN), None)), 1);
    assert_eq!(frames(&query(&window, None, Some(Timestamp::MIN))), 0);
}

proptest! {
    #[test]
    fn a_query_of_everything_is_the_sum_of_what_was_absorbed(
        readings in proptest::collection::vec(
            (-30i64..200, proptest::collection::vec((0u16..12, 1u64..100), 0..8), 0u32..3),
            0..60,
        ),
        splits in proptest::collection::vec(0i64..5000, 0..4),
    ) {
        let mut window = Window::new(STEP, HOUR, usize::MAX);
        let mut seen = Counts::default();
        let mut pairs = std::collections::BTreeMap::<PairId, Counts>::new();
        let mut clock = 0;
        for (ahead, counts, broken) in readings {
            clock = (clock + ahead).min(3000);
            let mut delta = delta(&counts);
            for _ in 0..broken {
                delta.malformed.entry(Malformed::LlcLength).or_default().add(Counts::frame(60));
            }
            delta.seen = delta.accounted();
            window.absorb(at(clock), &delta);
            seen.add(delta.seen);
            for (id, counts) in &delta.pairs {
                pairs.entry(*id).or_default().add(*counts);
            }
        }
        let mut slice = query(&window, None, None);
        slice.delta.pairs.sort_unstable();
        prop_assert_eq!(&slice.delta.pairs, &named(pairs));
        prop_assert_eq!(slice.delta.seen, seen);
        prop_assert_eq!(slice.delta.accounted(), seen);

        let mut edges: Vec<Option<Timestamp>> = splits.into_iter().map(|edge| Some(at(edge / 10 * 10))).collect();
        edges.sort_unstable();
        edges.insert(0, Some(at(-1000)));
        edges.push(None);
        let parts: u64 = edges.windows(2).map(|edge| frames(&query(&window, edge[0], edge[1]))).sum();
        prop_assert_eq!(parts, seen.packets);
    }

    #[test]
    fn however_bounded_the_last_step_is_whole(
        steps in proptest::collection::vec(proptest::collection::btree_map(0u16..200, 1u64..9, 1..30), 1..40),
    ) {
        let mut window = Window::new(STEP, HOUR, 30);
        for (number, pairs) in (0i64..).zip(&steps) {
            let pairs: Vec<(u16, u64)> = pairs.iter().map(|(key, packets)| (*key, *packets)).collect();
            let read = delta(&pairs);
            window.absorb(at(number * 10), &read);
            let mut slice = query(&window, Some(at(number * 10)), None);
            slice.delta.pairs.sort_unstable();
            prop_assert_eq!((slice.delta.seen, slice.delta.pairs), (read.seen, named(read.pairs)));
            prop_assert!(window.records() <= 30);
        }
    }
}
