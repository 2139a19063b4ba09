//! The power is cut, the disk is full, a call fails: what was kept is there, once.

use super::super::look::still;
use super::*;

#[test]
fn whatever_call_the_power_is_cut_in_what_was_kept_is_there_once() {
    // A whole run first: how many calls there are.
    let run = |bench: &Bench, kept: &mut Vec<i64>| -> Result<(), Error> {
        let store = bench.open()?;
        // The last ten minutes of a month, and then all of it merged.
        for number in (2 * 360 - 60..2 * 360).step_by(12) {
            store.append(&interval(number))?;
            kept.push(number);
            tend(&store, number)?;
        }
        tend(&store, 2 * 360 + 2)
    };
    let whole = Bench::new();
    let mut kept = Vec::new();
    run(&whole, &mut kept).expect("a disk that works");
    let calls = whole.disk.calls();
    assert!(kept.len() == 5 && calls > 200, "{calls}");
    for call in 0..calls {
        let survives = [0, 50, 100][usize::try_from(call % 3).expect("below 3")];
        let bench = Bench::new();
        let mut kept = Vec::new();
        bench.disk.fail(call, Fault::Cut);
        let failed = run(&bench, &mut kept);
        assert!(failed.is_err() || call + 3 > calls, "call {call} did not fail");
        bench.disk.cut(survives);
        let what = format!("cut in call {call}, {survives} % of what was not flushed survives");
        let before = recent(&bench.root()).is_dir().then(|| still(&bench.root()).expect(&what));
        let store = bench.open().unwrap_or_else(|error| panic!("call {call}: {error}"));
        for (before, step) in
            before.iter().flat_map(|before| [Step::TenSeconds, Step::Day].map(|step| (before, step)))
        {
            // Who looks before it is put right sees the same.
            assert_eq!(rows(before, Table::Matrix, step), all(&store, Table::Matrix, step), "{what}");
        }
        check_kept(&store, &kept, &what);
        // What was interrupted is done now.
        tend(&store, 3 * 360).unwrap_or_else(|error| panic!("{what}: {error}"));
        check_kept(&store, &kept, &format!("{what}, then merged"));
        drop(store);
        let store = bench.open().unwrap_or_else(|error| panic!("{what}: {error}"));
        check_kept(&store, &kept, &format!("{what}, merged and opened again"));
        assert!(!quarantine(&bench.root()).exists(), "{what}");
    }
}

/// The interval that was written when the power was cut may be there, as a whole.
fn check_kept(store: &Store, kept: &[i64], what: &str) {
    let there = all(store, Table::Intervals, Step::TenSeconds).len();
    let more = kept.last().map_or(2 * 360 - 60, |last| last + 12);
    let kept: Vec<i64> = match there > kept.len() {
        true => kept.iter().copied().chain([more]).collect(),
        false => kept.to_vec(),
    };
    check(store, kept.iter().copied(), what);
}

#[test]
fn a_full_disk_loses_nothing_that_was_kept_and_all_goes_on_when_there_is_room() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    for number in 0..40 {
        store.append(&interval(number)).expect("a disk with room");
    }
    bench.disk.fail(0, Fault::Full);
    let error = store.append(&interval(40)).expect_err("no room");
    assert!(error.is_full(), "{error}");
    let error = tend(&store, 60).expect_err("no room");
    assert!(error.is_full(), "{error}");
    check(&store, 0..40, "full");
    bench.disk.mend();
    store.append(&interval(40)).expect("a disk with room");
    tend(&store, 60).expect("a disk with room");
    check(&store, 0..41, "with room again");
    drop(store);
    check(&bench.open().expect("a store"), 0..41, "opened again");
}

#[test]
fn whatever_call_fails_once_what_is_tried_again_is_there_once() {
    let run = |bench: &Bench| {
        let store = bench.open().expect("a store");
        let first = bench.disk.calls();
        let mut again = 0;
        for number in [0, 1, 2] {
            while store.append(&interval(number)).is_err() {
                again += 1;
            }
        }
        while tend(&store, 60).is_err() {
            again += 1;
        }
        (first, again)
    };
    let whole = Bench::new();
    let (first, again) = run(&whole);
    assert_eq!(again, 0);
    for call in first..whole.disk.calls() {
        let bench = Bench::new();
        bench.disk.fail(call, Fault::Once);
        let (_, again) = run(&bench);
        assert!(again <= 1, "call {call}");
        check(&bench.open().expect("a store"), 0..3, &format!("call {call} failed once"));
    }
}
