//! Who writes, who sums up and who reads, at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

#[test]
fn who_reads_while_it_is_merged_and_forgotten_has_what_was_there() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    for number in 0..100 {
        store.append(&interval(number)).expect("a disk with room");
    }
    let held = store.shelf().now();
    let before = held
        .rows(&Wanted { step: Step::TenSeconds, ..everything() })
        .expect("whole")
        .collect()
        .expect("whole");
    tend(&store, 720 * 30).expect("segments that are whole");
    let after = held
        .rows(&Wanted { step: Step::TenSeconds, ..everything() })
        .expect("whole")
        .collect()
        .expect("whole");
    assert_eq!(before, after);
    assert_eq!(before.len(), 300);
    drop(held);
    // The finest is kept for a day.
    tend(&store, 8640 * 3).expect("segments that are whole");
    assert_eq!(all(&store, Table::Matrix, Step::TenSeconds), []);
    assert_eq!(all(&store, Table::Matrix, Step::Hour).len(), 3);
    tend(&store, 8640 * 800).expect("segments that are whole");
    assert_eq!(all(&store, Table::Matrix, Step::Hour), []);
    assert_eq!(all(&store, Table::Matrix, Step::Day).len(), 3);
    drop(store);
    let left = files(&bench.root());
    assert_eq!(left.len(), 3, "the lock, and a day of two tables: {left:?}");
}

#[test]
fn who_writes_does_not_wait_for_who_sums_up_and_that_can_be_stopped_at_any_row() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    // As many rows as it takes for whoever sums up to be asked.
    let pairs = 4000;
    let many = |number: i64| {
        let start = START + number * TEN_SECONDS;
        let cells =
            (0..pairs).map(|dst| Row::new(&[1, 16 + dst, 4, 0, start, 1, 100]).with_peaks(Table::Matrix));
        Interval { start, rows: vec![(Table::Matrix, Source::Exact, cells.collect())] }
    };
    (0..30).for_each(|number| store.append(&many(number)).expect("a disk with room"));
    let at = START + 100 * TEN_SECONDS;
    let mut kept = 0;
    let stopped = store.tend(at, &mut || {
        // It is in the middle of it.
        store.append(&many(30 + kept)).expect("it does not wait");
        kept += 1;
        false
    });
    assert!(stopped.is_err_and(|error| error.is_stopped()));
    assert_eq!(kept, 1);
    let rows = |step| all(&store, Table::Matrix, step).iter().map(|row| row.0[5]).sum::<i64>();
    for step in Step::ALL {
        assert_eq!(rows(step), 31 * pairs, "{step:?}");
    }
    let mut asked = 0;
    let finished = store.tend(at, &mut || {
        asked += 1;
        store.append(&many(30 + kept)).expect("it does not wait");
        kept += 1;
        true
    });
    finished.expect("segments that are whole");
    assert!(asked > 0);
    for step in Step::ALL {
        assert_eq!(rows(step), (30 + kept) * pairs, "{step:?}");
    }
}

/// Whether each interval of a catalog has all its rows, or none: of each table, and of each step.
fn check_whole(catalog: &Catalog) -> usize {
    let rows = |table, step| {
        let wanted = Wanted { table, step, ..everything() };
        catalog.rows(&wanted).expect("whole").collect().expect("whole")
    };
    for step in Step::ALL {
        let mut cells: BTreeMap<i64, i64> = BTreeMap::new();
        rows(Table::Matrix, step).iter().for_each(|row| *cells.entry(row.0[4]).or_default() += row.0[5]);
        let intervals: BTreeMap<i64, i64> =
            rows(Table::Intervals, step).iter().map(|row| (row.0[0], row.0[2])).collect();
        assert_eq!(cells, intervals, "{step:?}");
    }
    rows(Table::Intervals, Step::TenSeconds).len()
}

/// Writes so many intervals and sums them up, while two look until it is over; gives what those say.
pub(super) fn written_while(store: &Store, last: i64, look: impl Fn(&AtomicBool) -> i32 + Sync) -> [i32; 2] {
    let is_over = AtomicBool::new(false);
    thread::scope(|threads| {
        let lookers = [threads.spawn(|| look(&is_over)), threads.spawn(|| look(&is_over))];
        let summing = threads.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                let written = store.shelf().now().parts.iter().map(|part| part.label.span().1).max();
                store.tend(written.unwrap_or(START), &mut || true).expect("segments that are whole");
            }
        });
        (0..last).for_each(|number| store.append(&interval(number)).expect("a disk with room"));
        is_over.store(true, Ordering::Release);
        summing.join().expect("it sums up");
        lookers.map(|looker| looker.join().expect("it saw whole intervals"))
    })
}

#[test]
fn who_reads_while_it_is_written_and_summed_up_sees_whole_intervals() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    let last = 3 * 360;
    let lookers = written_while(&store, last, |is_over| {
        let (mut before, mut times) = (0, 0);
        while !is_over.load(Ordering::Acquire) {
            let many = check_whole(&store.shelf().now());
            assert!(many >= before, "{before} intervals, then {many}");
            (before, times) = (many, times + 1);
        }
        times
    });
    let seen = check_whole(&store.shelf().now());
    assert_eq!(seen, usize::try_from(last).expect("few"));
    assert!(lookers.iter().all(|times| *times > 2), "{lookers:?} times");
    check(&store, 0..last, "at the end");
}

#[test]
fn a_long_time_is_read_with_few_files_open() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    let last = 300;
    (0..last).for_each(|number| store.append(&interval(number)).expect("a disk with room"));
    let open = || fs::read_dir("/proc/self/fd").expect("Linux").count();
    let (before, mut most, mut sum) = (open(), 0, Counts::default());
    let catalog = store.shelf().now();
    let wanted = Wanted { step: Step::TenSeconds, ..everything() };
    let take = |row: &Row| {
        most = most.max(open() - before);
        let [packets, bytes] = [row.0[5], row.0[6]].map(|value| u64::try_from(value).expect("a count"));
        sum.add(Counts { packets, bytes });
    };
    catalog.each(&wanted, take).expect("segments that are whole");
    assert_eq!(sum, counted(0..last));
    assert!((2..80).contains(&most), "{most} files of {last} were open at once");
}
