//! What is said of a time is what all its steps say; what was not observed is in none of it.

use super::super::ends::{Entry, Kind, Who};
use super::super::{Stats, Whose};
use super::*;
use crate::members::Asn;

const A: Asn = Asn(64500);
/// Beyond what 31 bits hold.
const B: Asn = Asn(4_200_000_001);
const HOUR: i64 = 360;

fn port(id: i32, asn: Asn, speed: Option<u64>) -> Entry {
    let who = Who {
        kind: Kind::Interface,
        asn: Some(asn.0),
        name: format!("Network {id}"),
        lan: "peering".to_owned(),
        vlan: Some(0),
        label: String::new(),
        macs: Vec::new(),
        addresses: Vec::new(),
        port: String::new(),
        facility: String::new(),
        speed,
    };
    Entry { id, who, from: 0, to: None }
}

/// What A sends B in the interval of a number, IPv4 and IPv6.
fn sent(number: i64) -> [i64; 2] {
    [1000 + number % 97 * 10, if number % 3 == 0 { 300 } else { 0 }]
}

fn of_pair(number: i64) -> Interval {
    let start = START + number * TEN_SECONDS;
    let [four, six] = sent(number);
    let cell = |family: i64, bytes: i64| {
        let mut row = Row::new(&[16, 17, family, 0, start, bytes / 100, bytes]).with_peaks(Table::Matrix);
        row.0[11] = bytes / 5;
        row
    };
    let total = |id: i64, family: i64, [out, into]: [i64; 2]| {
        Row::new(&[id, family, 0, start, out / 100, out, into / 100, into]).with_peaks(Table::Totals)
    };
    let network = |asn: Asn, [out, into]: [i64; 2]| {
        let mut row =
            Row::new(&[asn.0.into(), start, out / 100, out, into / 100, into]).with_peaks(Table::Networks);
        row.0[10..12].copy_from_slice(&[out / 5, into / 5]);
        row
    };
    let bytes = four + six;
    let mut lan = Row::new(&[0, start, bytes / 100, bytes]).with_peaks(Table::Lans);
    lan.0[6] = bytes / 5;
    let mut all =
        Row::new(&[start, TEN_SECONDS, bytes / 100, bytes, 0, 0, 0, 0]).with_peaks(Table::Intervals);
    all.0[13] = bytes / 5;
    let size = |asn: i64, largest: i64, frames: i64| Row::new(&[asn, largest, start, frames]);
    let rows = [
        (Table::Matrix, vec![cell(4, four), cell(6, six)]),
        (
            Table::Totals,
            vec![
                total(16, 4, [four, 0]),
                total(16, 6, [six, 0]),
                total(17, 4, [0, four]),
                total(17, 6, [0, six]),
            ],
        ),
        (Table::Networks, vec![network(A, [bytes, 0]), network(B, [0, bytes])]),
        (Table::Lans, vec![lan]),
        (Table::Sizes, vec![size(0, 64, 1), size(A.0.into(), 64, 7), size(A.0.into(), 1518, number % 5)]),
        (Table::Intervals, vec![all]),
    ];
    Interval { start, rows: rows.map(|(table, rows)| (table, Source::Exact, rows)).to_vec() }
}

/// A store of the first and the third hour of a pair.
fn pair_with_a_gap(bench: &Bench) -> Store {
    let store = bench.open().expect("a store");
    let ends = vec![port(16, A, Some(1000)), port(17, B, None)];
    store.shelf.change(|catalog| catalog.ends = Arc::new(ends));
    for number in (0..HOUR).chain(2 * HOUR..3 * HOUR) {
        store.append(&of_pair(number)).expect("a disk with room");
        tend(&store, number).expect("segments that are whole");
    }
    store
}

fn asked(store: &Store, whose: Whose) -> Stats {
    let to = START + 3 * HOUR * TEN_SECONDS;
    store
        .shelf()
        .ask(|catalog| catalog.stats(Source::Exact, (START, to), whose))
        .expect("segments that are whole")
}

#[test]
fn averages_percentiles_and_peaks_are_of_what_was_observed_alone() {
    let bench = Bench::new();
    let store = pair_with_a_gap(&bench);
    let numbers = || (0..HOUR).chain(2 * HOUR..3 * HOUR);
    let bytes = |number: i64| sent(number).iter().sum::<i64>();
    let all: i64 = numbers().map(bytes).sum();
    let mut steps: Vec<i64> = numbers()
        .collect::<Vec<_>>()
        .chunks(30)
        .map(|step| step.iter().map(|number| bytes(*number)).sum())
        .collect();
    steps.sort_unstable();
    let stats = asked(&store, Whose::All);
    assert_eq!((stats.observed, stats.steps), (2 * HOUR * TEN_SECONDS, (Step::FiveMinutes, 24)));
    let flows = [
        stats.all.as_ref().expect("it was asked for"),
        &stats.lans[&0],
        &stats.members[0].sent,
        &stats.members[1].received,
    ];
    for flow in flows {
        assert_eq!(i64::try_from(flow.counts.bytes), Ok(all));
        let is = |rate: Option<Rate>, bytes: i64, seconds: f64| {
            let found = rate.expect("it was observed").bytes;
            assert!((found - bytes as f64 / seconds).abs() < 1e-6, "{found}, not {bytes} in {seconds} s");
        };
        is(flow.average, all, 7200.0);
        // Of 24 the 23rd is the first that 95 of 100 are not above; of 99 it is the last.
        is(flow.p95, steps[22], 300.0);
        is(flow.p99, steps[23], 300.0);
        is(flow.peak, numbers().map(bytes).max().expect("some"), 10.0);
        assert_eq!(flow.growth, None);
    }
    let burst = numbers().map(bytes).max().map(|most| u64::try_from(most / 5).expect("a count"));
    assert_eq!([flows[0].burst, flows[1].burst, flows[2].burst], [burst; 3]);
    assert_eq!([stats.members[0].asn, stats.members[1].asn], [A, B]);
    assert_eq!([stats.members[0].speed, stats.members[1].speed], [Some(1000), None]);
    let six: i64 = numbers().map(|number| sent(number)[1]).sum();
    for flow in [flows[0], flows[2], flows[3]] {
        assert_eq!(i64::try_from(flow.families[&Family::Ipv6].bytes), Ok(six));
    }
    let large: i64 = numbers().map(|number| number % 5).sum();
    let sizes = |small: u64| BTreeMap::from([(64, small), (1518, u64::try_from(large).expect("a count"))]);
    assert_eq!((&flows[2].sizes, &flows[0].sizes), (&sizes(7 * 720), &sizes(8 * 720)));
    assert!(flows[3].sizes.is_empty());
    assert_eq!(asked(&store, Whose::Member(B)).members, [stats.members[1].clone()]);
}

#[test]
fn a_pairs_peak_and_largest_second_are_not_above_those_of_its_families_together() {
    let bench = Bench::new();
    let store = pair_with_a_gap(&bench);
    let stats = asked(&store, Whose::Pair(A, B));
    let whole = asked(&store, Whose::Member(A));
    let (pair, member) = (&stats.members[0].sent, &whole.members[0].sent);
    assert_eq!(
        (pair.counts, pair.p95, pair.p99, pair.average),
        (member.counts, member.p95, member.p99, member.average)
    );
    assert_eq!(pair.families, member.families);
    let (most, peak) = (pair.peak_at_most.expect("a bound"), member.peak.expect("a peak").bytes);
    assert!(pair.peak.is_none() && most >= peak && most <= peak + 30.0, "{most} of {peak}");
    let (most, burst) = (pair.burst_at_most.expect("a bound"), member.burst.expect("a burst"));
    assert!(pair.burst.is_none() && (burst..=burst + 6).contains(&most), "{most} of {burst}");
    assert_eq!(asked(&store, Whose::Pair(B, A)).members[0].received, *pair);
    let nothing = &stats.members[0].received;
    assert_eq!((nothing.counts, nothing.average.map(|rate| rate.bytes)), (Counts::default(), Some(0.0)));
    assert_eq!((nothing.peak_at_most, nothing.burst_at_most), (None, None));
}

#[test]
fn of_what_was_not_observed_nothing_is_said() {
    let bench = Bench::new();
    let store = pair_with_a_gap(&bench);
    let (from, to) = (START + HOUR * TEN_SECONDS, START + 2 * HOUR * TEN_SECONDS);
    let stats = store.shelf().ask(|catalog| catalog.stats(Source::Exact, (from, to), Whose::Member(A)));
    let stats = stats.expect("segments that are whole");
    let flow = &stats.members[0].sent;
    assert_eq!((flow.average, flow.p95, flow.peak, flow.burst), (None, None, None, None));
    assert_eq!((stats.observed, stats.steps.1), (0, 0));
}

#[test]
fn where_five_minutes_of_pairs_are_forgotten_those_of_members_are_not_and_nothing_is_nought_for_it() {
    let bench = Bench::new();
    let keep = |five: i64| Keep { time: [Some(0), Some(0), Some(five), None, None], bytes: None };
    let store = pair_with_a_gap(&bench);
    let (from, to) = (START + 600_000, START + 1_200_000);
    let at_once = |store: &Store, whose| {
        store.shelf().ask(|catalog| catalog.stats(Source::Exact, (from, to), whose)).expect("whole segments")
    };
    let before = at_once(&store, Whose::Member(A));
    drop(store);
    let disk = Arc::new(bench.disk.clone());
    let store = Store::open(disk, &bench.root(), "test", keep(3_600_000)).expect("a store");
    store.shelf.change(|catalog| {
        catalog.ends = Arc::new(vec![port(16, A, Some(1000)), port(17, B, None)]);
    });
    // Two days later the day is over, and its hours are in their last place.
    tend(&store, 2 * 8640).expect("segments that are whole");
    assert_eq!(all(&store, Table::Matrix, Step::FiveMinutes).len(), 0);
    let after = at_once(&store, Whose::Member(A));
    assert_eq!(
        (after.steps, &after.members[0].sent.p95),
        ((Step::FiveMinutes, 2), &before.members[0].sent.p95)
    );
    assert_eq!(at_once(&store, Whose::Pair(A, B)).steps.0, Step::Hour);
    let asked = Asked { asn: A, source: Source::Exact, step: Step::FiveMinutes, from, to };
    let points = store.shelf().ask(|catalog| catalog.series(&asked)).expect("segments that are whole");
    let bytes: u64 = points.iter().map(|point| point.exchanged.expect("it was observed")[0].bytes).sum();
    assert!(bytes > 0 && bytes == before.members[0].sent.counts.bytes, "{points:?}");
    let query = Query { by: By::Asn, from, to, filter: Filter::default(), source: Source::Exact };
    let catalog = store.shelf().now();
    let past = catalog.past(to);
    let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
    let hour: i64 = (0..HOUR).flat_map(sent).sum();
    let found: u64 = matrix.cells.iter().map(|cell| cell.counts.bytes).sum();
    assert_eq!(i64::try_from(found), Ok(hour), "an edge is that of the step that is kept");
    let refused = Steps::new(store.shelf(), &[], query, Step::FiveMinutes);
    let error = refused.expect_err("steps of pairs are gone").to_string();
    assert!(error.contains("step=1h"), "{error}");
}
