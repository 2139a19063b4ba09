//! Matrices of a time of which files are damaged: of what is told, all is told.

use std::sync::LazyLock;

use super::*;

/// What is exchanged in each ten seconds: then what is told of a time says how much of it is.
fn alike(number: i64) -> Interval {
    let mut interval = interval(0);
    interval.start = START + number * TEN_SECONDS;
    for (table, _, rows) in &mut interval.rows {
        rows.iter_mut().for_each(|row| row.0[table.time()] = interval.start);
    }
    interval
}

/// A catalog of these intervals, summed up; its files are there as long as its folder.
fn catalog(intervals: impl Iterator<Item = i64>, keep: Keep) -> (Bench, Catalog) {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", keep).expect("a store");
    let mut last = 0;
    for number in intervals {
        store.append(&alike(number)).expect("a disk with room");
        last = number;
    }
    tend(&store, last).expect("segments that are whole");
    let catalog = Catalog::clone(&store.shelf().now());
    (bench, catalog)
}

/// Without these files, and what is not to be told without them.
fn without(catalog: &Catalog, is_damaged: impl Fn(&Segment) -> bool) -> Catalog {
    let mut rest = catalog.clone();
    for damaged in catalog.all().filter(|segment| is_damaged(segment)) {
        catalog.akin(damaged).iter().for_each(|segment| rest.leave_out(segment));
    }
    rest
}

/// What is told of a time: from when until when, and how many intervals of it, whose counts are those that all cells have.
fn told(catalog: &Catalog, (from, to): (i64, i64)) -> Option<((i64, i64), u64)> {
    let past = catalog.past(i64::MAX);
    let [from, to] = [from, to].map(|number| START + number * TEN_SECONDS);
    let query = Query { by: By::Interface, from, to, filter: Filter::default(), source: Source::Exact };
    let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
    let seen = matrix.frames.seen.counts;
    let mut cells = Counts::default();
    matrix.cells.iter().for_each(|cell| cells.add(cell.counts));
    assert_eq!(cells, seen, "what is in cells, and what was seen");
    let span =
        matrix.span.from.zip(matrix.span.to).map(|(from, to)| (from.as_millisecond(), to.as_millisecond()));
    let Some((first, last)) = span else {
        assert_eq!(seen, Counts::default());
        return None;
    };
    let gaps = matrix.gaps.iter().map(|(from, to)| to.as_millisecond() - from.as_millisecond()).sum::<i64>();
    let observed = u64::try_from((last - first - gaps) / TEN_SECONDS).expect("a time");
    let one = counted(0..1);
    let expected = Counts { packets: one.packets * observed, bytes: one.bytes * observed };
    assert_eq!(seen, expected, "{observed} intervals are told of {first}..{last}: {:?}", matrix.gaps);
    Some((((first - START) / TEN_SECONDS, (last - START) / TEN_SECONDS), observed))
}

fn is(step: Step, first: i64) -> impl Fn(&Segment) -> bool {
    move |segment| {
        segment.kin.step == step
            && segment.kin.table == Table::Matrix
            && segment.span.0 == START + first * TEN_SECONDS
    }
}

#[test]
fn where_rows_are_damaged_finer_or_longer_ones_are_taken_and_else_it_is_a_gap() {
    // From ten at night on, ten seconds of each five minutes; it ends after one, two days later.
    let (_bench, catalog) = catalog((0..360 * 27 + 30).step_by(30), Keep { time: [None; 5], bytes: None });
    let at = |hour: i64, minute: i64| hour * 360 + minute * 6;
    // 23:50 to 01:10, of five minutes and an hour.
    let time = (at(1, 50), at(3, 10));
    // To the end of the last ten seconds.
    let end = at(3, 5) + 1;
    let whole = Some(((time.0, end), 16));
    assert_eq!(told(&catalog, time), whole);
    // The first file of a step is not what is forgotten.
    let first_five = without(&catalog, is(Step::FiveMinutes, at(-4, 0)));
    assert_eq!(told(&first_five, time), whole);
    let no_hours = without(&catalog, |segment| segment.kin.step == Step::Hour);
    assert_eq!(told(&no_hours, time), whole);
    let ten_seconds_alone = without(&catalog, |segment| segment.kin.step != Step::TenSeconds);
    assert_eq!(told(&ten_seconds_alone, time), whole);
    // Where minutes and ten seconds are damaged, too, all of the hour is told, and said so.
    let hours = without(&catalog, |segment| {
        segment.kin.step < Step::Hour && segment.span.0 < START + at(2, 0) * TEN_SECONDS
    });
    assert_eq!(told(&hours, time), Some(((at(1, 0), end), 26)));
    // What is left in no step is a gap.
    let lost = |segment: &Segment| {
        segment.span.0 < START + at(2, 0) * TEN_SECONDS && segment.span.1 > START + at(1, 0) * TEN_SECONDS
    };
    assert_eq!(told(&without(&catalog, lost), time), Some(((at(2, 0), end), 14)));
    let day = (at(2, 0), at(26, 0));
    let whole = Some(((day.0, at(25, 55) + 1), 288));
    assert_eq!(told(&catalog, day), whole);
    assert_eq!(told(&without(&catalog, |segment| segment.kin.step == Step::Day), day), whole);
    assert_eq!(told(&without(&catalog, |segment| segment.kin.step < Step::Day), day), Some((day, 288)));
}

#[test]
fn where_a_longer_step_was_made_of_damaged_rows_finer_ones_that_know_more_are_taken() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    let leave_out = |step, level, start: i64| {
        let is_it = |segment: &&Arc<Segment>| {
            segment.kin.step == step
                && segment.label.level == level
                && segment.span.0 == START + start * TEN_SECONDS
        };
        let damaged = store.shelf().now().all().find(is_it).cloned().expect("it was made");
        let akin = store.shelf().now().akin(&damaged);
        assert_eq!(akin.len(), 2, "cells, and what was observed");
        store.shelf().change(|catalog| akin.iter().for_each(|segment| catalog.leave_out(segment)));
    };
    for number in 0..1100 {
        store.append(&alike(number)).expect("a disk with room");
        tend(&store, number).expect("segments that are whole");
        match number {
            // An hour, before a day is made of it.
            370 => leave_out(Step::Hour, Level::Hour, 0),
            // Five minutes, before an hour is.
            460 => leave_out(Step::FiveMinutes, Level::FiveMinutes, 420),
            _ => {}
        }
    }
    let catalog = store.shelf().now();
    for (from, to) in [(0, 360), (360, 720), (0, 1080), (-7920, 720), (-7920, 1080)] {
        let told = told(&catalog, (from, to)).expect("it was observed");
        assert_eq!(
            told,
            ((from.max(0), to), u64::try_from(to - from.max(0)).expect("a time")),
            "{from}..{to}"
        );
    }
}

/// Two hours beyond the end of a day and a month, with a gap.
static CATALOG: LazyLock<(Bench, Catalog)> =
    LazyLock::new(|| catalog((0..1200).filter(|number| !(400..433).contains(number)), Keep::default()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn of_what_is_told_all_is_told_whatever_is_damaged(
        damaged in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12), from in -50i64..1250, length in 1i64..1300,
    ) {
        let (_, catalog) = &*CATALOG;
        let all: Vec<_> = catalog.all().cloned().collect();
        let damaged: Vec<_> = damaged.iter().map(|at| &all[at.index(all.len())]).collect();
        let rest = without(catalog, |segment| damaged.iter().any(|damaged| std::ptr::eq(&raw const ***damaged, segment)));
        told(&rest, (from, from + length));
    }
}
