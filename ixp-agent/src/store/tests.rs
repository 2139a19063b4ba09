//! A store that is written, cut off, damaged and read again: what was kept is there, once.

mod agree;
mod bursts;
mod crash;
mod damage;
mod exchange;
mod look;
mod meanwhile;
mod older;
mod pages;
mod past;
mod plan;
mod stats;
mod view;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ixp_common::addr::Family;
use ixp_common::counters::Counts;
use proptest::prelude::*;
use tempfile::TempDir;

use super::disk::faulty::{Fault, Faulty};
use super::disk::{Disk, Scratch};
use super::place::Segment;
use super::query::Wanted;
use super::table::NOTHING;
use super::*;
use crate::matrix::{By, Filter};

/// 2026-11-30 22:00 UTC: two hours before the end of a day, and of a month.
const START: i64 = 1_796_076_000_000;
const TEN_SECONDS: i64 = 10_000;

struct Bench {
    folder: TempDir,
    disk: Faulty,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder for a test");
        let grave = folder.path().join("grave");
        fs::create_dir(&grave).expect("a folder for a test");
        Self { disk: Faulty::new(&grave), folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn open(&self) -> Result<Store, Error> {
        Store::open(Arc::new(self.disk.clone()), &self.root(), "test", Keep::default())
    }
}

/// What 3 ends send to each other in the interval of a number; each as much as no other, and in a second more or less of it than in the
/// one before, or nobody knows.
fn interval(number: i64) -> Interval {
    let start = START + number * TEN_SECONDS;
    let row = |src: i64, dst: i64| {
        let packets = number + src * 10 + dst;
        let mut row = Row::new(&[src, dst, 4, 0, start, packets, packets * 100]).with_peaks(Table::Matrix);
        if (number + dst) % 4 > 0 {
            row.0[11] = 1 + (number * 31 + src * 7 + dst) % 101;
        }
        row
    };
    let cells = vec![row(1, 2), row(1, 3), row(2, 1)];
    let packets: i64 = cells.iter().map(|row| row.0[5]).sum();
    let all = Row::new(&[start, 10_000, packets, packets * 100, 0, 0, 0, 0]).with_peaks(Table::Intervals);
    let (matrix, intervals) = (Table::Matrix, Table::Intervals);
    Interval { start, rows: vec![(matrix, Source::Exact, cells), (intervals, Source::Exact, vec![all])] }
}

fn all(store: &Store, table: Table, step: Step) -> Vec<Row> {
    rows(&store.shelf().now(), table, step)
}

fn rows(catalog: &Catalog, table: Table, step: Step) -> Vec<Row> {
    let rows = catalog.rows(&Wanted { table, step, ..everything() }).and_then(Sums::collect);
    rows.expect("segments that are whole")
}

/// Packets, bytes, the peak and the burst of each pair in each step, as they are to be.
fn expected(intervals: impl Iterator<Item = i64>, step: Step) -> BTreeMap<[i64; 3], [i64; 4]> {
    let mut sums: BTreeMap<[i64; 3], [i64; 4]> = BTreeMap::new();
    for number in intervals {
        for row in &interval(number).rows[0].2 {
            let at = row.0[4].div_euclid(step.millis()) * step.millis();
            let sum = sums.entry([row.0[0], row.0[1], at]).or_insert([0, 0, 0, NOTHING]);
            *sum = [sum[0] + row.0[5], sum[1] + row.0[6], sum[2].max(row.0[6]), sum[3].max(row.0[11])];
        }
    }
    sums
}

/// Whether the store has just these intervals, in each step.
fn check(store: &Store, intervals: impl Iterator<Item = i64> + Clone, what: &str) {
    for step in Step::ALL {
        let expected = expected(intervals.clone(), step);
        let found = all(store, Table::Matrix, step);
        let sums = found.iter().map(|row| ([row.0[0], row.0[1], row.0[4]], [row.0[5], row.0[6]]));
        let wanted = expected.iter().map(|(key, [packets, bytes, ..])| (*key, [*packets, *bytes]));
        assert!(sums.eq(wanted), "{what}: {}: {found:?}", step.name());
        if step >= Step::Hour {
            let most: Vec<[i64; 2]> = found.iter().map(|row| [row.0[10], row.0[11]]).collect();
            let wanted: Vec<[i64; 2]> = expected.values().map(|[.., peak, burst]| [*peak, *burst]).collect();
            assert_eq!(most, wanted, "{what}: peaks and bursts of {}", step.name());
        }
        let observed: i64 = all(store, Table::Intervals, step).iter().map(|row| row.0[1]).sum();
        assert_eq!(observed, intervals.clone().count() as i64 * TEN_SECONDS, "{what}: {}", step.name());
    }
}

fn tend(store: &Store, number: i64) -> Result<(), Error> {
    store.tend(START + number * TEN_SECONDS, &mut || true)
}

/// A store of an hour and some more, closed.
fn an_hour(bench: &Bench) {
    let store = bench.open().expect("a store");
    for number in 0..400 {
        store.append(&interval(number)).expect("a disk with room");
        tend(&store, number).expect("segments that are whole");
    }
}

fn everything() -> Wanted {
    Wanted {
        table: Table::Matrix,
        source: Source::Exact,
        step: Step::FiveMinutes,
        from: i64::MIN / 2,
        to: i64::MAX,
        only: Vec::new(),
    }
}

/// Packets and bytes of the intervals of these numbers.
fn counted(numbers: impl Iterator<Item = i64>) -> Counts {
    let mut sum = Counts::default();
    for number in numbers {
        for row in &interval(number).rows[0].2 {
            let [packets, bytes] = [row.0[5], row.0[6]].map(|value| u64::try_from(value).expect("a count"));
            sum.add(Counts { packets, bytes });
        }
    }
    sum
}

#[test]
fn every_step_is_the_exact_sum_of_the_finest_through_a_day_and_a_month() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    // Beyond midnight of the last day of November.
    let last = 2 * 360 + 40;
    for number in 0..last {
        store.append(&interval(number)).expect("a disk with room");
        tend(&store, number).expect("segments that are whole");
        if number % 97 == 0 {
            check(&store, 0..=number, &format!("after {number}"));
        }
    }
    tend(&store, last + 40).expect("segments that are whole");
    check(&store, 0..last, "at the end");
    let published = store.shelf().now().published.len();
    drop(store);
    let store = bench.open().expect("a store");
    check(&store, 0..last, "opened again");
    let midnight = START + 720 * TEN_SECONDS;
    for step in [Step::TenSeconds, Step::Minute, Step::FiveMinutes] {
        let rows = all(&store, Table::Matrix, step);
        let mut kept = rows.iter().filter(|row| row.0[4] < midnight).peekable();
        assert!(kept.peek().is_some() && kept.all(|row| row.0[10..12] == [NOTHING; 2]), "{}", step.name());
    }
    assert_eq!(store.shelf().now().published.len(), published);
    let waiting: Vec<String> =
        store.shelf().now().parts.iter().map(|part| part.label.level.name().to_owned()).collect();
    assert!(waiting.iter().all(|level| level == "5m" || level == "10s"), "{waiting:?}");
}

#[test]
fn a_second_agent_is_refused() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    let error = bench.open().expect_err("it is in use");
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(store);
    bench.open().expect("it is free");
}

#[test]
fn a_file_is_no_folder_for_a_store() {
    let bench = Bench::new();
    fs::write(bench.root(), "text").expect("a file");
    let error = bench.open().expect_err("it is no folder");
    assert!(
        error.to_string().ends_with("is no folder; name one, which is made if it is not there"),
        "{error}"
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn late_intervals_are_added_to_what_is_in_its_last_place() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    let (early, late): (Vec<i64>, Vec<i64>) = (0..360).partition(|number| number % 7 != 0);
    for number in early {
        store.append(&interval(number)).expect("a disk with room");
    }
    tend(&store, 400).expect("segments that are whole");
    // The clock went back.
    for number in late {
        store.append(&interval(number)).expect("a disk with room");
    }
    check(&store, 0..360, "late");
    tend(&store, 400).expect("segments that are whole");
    check(&store, 0..360, "late, and merged");
    tend(&store, 720 + 10).expect("segments that are whole");
    check(&store, 0..360, "late, by the month");
}

#[test]
fn five_minutes_that_were_kept_by_the_hour_are_there_once() {
    let bench = Bench::new();
    an_hour(&bench);
    let store = bench.open().expect("a store");
    for part in &store.shelf().now().parts {
        let is_of_it = |segment: &&Arc<Segment>| segment.kin.step == Step::FiveMinutes;
        for segment in part.segments.iter().filter(is_of_it).filter(|_| part.label.level == Level::Hour) {
            segment.publish(&bench.root()).expect("a disk with room");
        }
    }
    drop(store);
    let store = bench.open().expect("a store");
    check_step(&store, Step::FiveMinutes);
    tend(&store, 8640 + 10).expect("segments that are whole");
    check_step(&store, Step::FiveMinutes);
    let fives =
        store.shelf().now().published.iter().filter(|segment| segment.kin.step == Step::FiveMinutes).count();
    assert_eq!(fives, 4, "of two tables, of an hour and of the rest of the day");
}

#[test]
fn the_same_interval_in_two_halves_is_one_whose_peak_is_the_sum() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    for _ in 0..2 {
        store.append(&interval(5)).expect("a disk with room");
    }
    tend(&store, 400).expect("segments that are whole");
    let row = all(&store, Table::Matrix, Step::Hour)[0];
    let one = interval(5).rows[0].2[0];
    assert_eq!((row.0[6], row.0[10]), (one.0[6] * 2, one.0[6] * 2));
}

#[test]
fn a_store_that_is_too_large_loses_its_finest_first() {
    let bench = Bench::new();
    an_hour(&bench);
    let keep = Keep { bytes: Some(1), ..Keep::default() };
    let mut store = Store::open(Arc::new(Scratch), &bench.root(), "test", keep).expect("a store");
    let steps = |store: &Store| -> Vec<Step> {
        let mut steps: Vec<Step> =
            store.shelf().now().published.iter().map(|segment| segment.kin.step).collect();
        steps.dedup();
        steps
    };
    assert!(steps(&store).contains(&Step::TenSeconds));
    let waiting: u64 =
        store.shelf().now().parts.iter().flat_map(|part| &part.segments).map(|segment| segment.bytes).sum();
    let fives = store
        .shelf()
        .now()
        .published
        .iter()
        .filter(|segment| segment.kin.step > Step::TenSeconds)
        .map(|segment| segment.bytes)
        .sum::<u64>();
    // One byte less than there is: what of a step and time goes, goes with all tables.
    store.keep.bytes = Some(store.shelf().now().bytes() - 1);
    tend(&store, 400).expect("segments that are whole");
    let now = store.shelf().now();
    let of_hour: Vec<_> =
        now.published.iter().filter(|segment| segment.kin.step == Step::TenSeconds).collect();
    assert!(of_hour.is_empty(), "{of_hour:?}");
    store.keep.bytes = Some(waiting + fives);
    tend(&store, 400).expect("segments that are whole");
    assert!(steps(&store).iter().all(|step| *step > Step::TenSeconds), "{:?}", steps(&store));
    check_step(&store, Step::FiveMinutes);
    store.keep.bytes = Some(0);
    tend(&store, 400).expect("segments that are whole");
    assert_eq!(steps(&store), []);
}

fn check_step(store: &Store, step: Step) {
    let sums: Vec<i64> = all(store, Table::Matrix, step).iter().map(|row| row.0[6]).collect();
    let wanted: Vec<i64> = expected(0..400, step).values().map(|[_, bytes, ..]| *bytes).collect();
    assert_eq!(sums, wanted);
}

#[test]
fn nothing_is_told_as_such_and_not_as_nought() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    store.append(&interval(0)).expect("a disk with room");
    let row = all(&store, Table::Matrix, Step::TenSeconds)[0];
    assert_eq!(row.0[7], NOTHING);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_member_or_a_time_alone_is_what_it_is_among_all(
        last in 1i64..400, from in 0i64..400, length in 1i64..400, src in 1i64..3, step in 0usize..3,
    ) {
        let bench = Bench::new();
        let store = Store::open(Arc::new(Scratch) as Arc<dyn Disk>, &bench.root(), "test", Keep::default()).expect("a store");
        for number in (0..last).step_by(3) {
            store.append(&interval(number)).expect("a disk with room");
        }
        tend(&store, last).expect("segments that are whole");
        let step = Step::ALL[step];
        let at = |number: i64| (START + number * TEN_SECONDS).div_euclid(step.millis()) * step.millis();
        let (from, to) = (at(from), at(from + length));
        let wanted = Wanted {
            table: Table::Matrix, source: Source::Exact, step, from, to, only: vec![("src", src, src)],
        };
        let found = store.shelf().now().rows(&wanted).expect("whole").collect().expect("whole");
        let all: Vec<Row> = all(&store, Table::Matrix, step)
            .into_iter()
            .filter(|row| row.0[0] == src && (from..to).contains(&row.0[4]))
            .collect();
        prop_assert_eq!(found, all);
    }
}
