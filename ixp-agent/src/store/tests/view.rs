//! Matrices of any time, put together of steps.

use std::sync::atomic::AtomicBool;

use super::*;

fn matrix_of(from: i64, to: i64) -> Query {
    Query { by: By::Interface, from, to, filter: Filter::default(), source: Source::Exact }
}

#[test]
fn a_matrix_of_any_time_has_what_was_counted_then_whatever_steps_it_is_put_together_of() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    // Two hours and some minutes, beyond midnight, with a gap.
    let is_observed = |number: &i64| !(400..430).contains(number);
    let last = 800;
    for number in (0..last).filter(is_observed) {
        store.append(&interval(number)).expect("a disk with room");
    }
    tend(&store, last).expect("segments that are whole");
    let catalog = store.shelf().now();
    for (from, to) in [
        (0, last),
        (0, 1),
        (3, 5),
        (7, 391),
        (29, 31),
        (1, 361),
        (359, 720),
        (361, 799),
        (395, 440),
        (30, 60),
    ] {
        let past = catalog.past(i64::MAX);
        let query = matrix_of(START + from * TEN_SECONDS, START + to * TEN_SECONDS);
        let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
        let expected = counted((from..to).filter(is_observed));
        assert_eq!(matrix.frames.seen.counts, expected, "{from}..{to}");
        let mut cells = Counts::default();
        matrix.cells.iter().for_each(|cell| cells.add(cell.counts));
        assert_eq!(cells, expected, "{from}..{to}");
        let steps = matrix.gaps.iter().map(|(from, to)| to.duration_since(*from).as_secs() / 10).sum::<i64>();
        let missing = (from..to).filter(|number| !is_observed(number)).count();
        assert_eq!(steps, i64::try_from(missing).expect("few"), "{from}..{to}: {:?}", matrix.gaps);
        let span = [matrix.span.from, matrix.span.to].map(|at| at.expect("it is known").as_millisecond());
        assert_eq!(span, [query.from, query.to], "{from}..{to}");
    }
}

#[test]
fn where_nothing_finer_is_kept_the_span_says_how_far_the_edges_are_off() {
    let bench = Bench::new();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    for number in 0..720 {
        store.append(&interval(number)).expect("a disk with room");
    }
    // After ten days there are five minutes, hours and days.
    tend(&store, 8640 * 10).expect("segments that are whole");
    let catalog = store.shelf().now();
    let past = catalog.past(i64::MAX);
    let query = matrix_of(START + 7 * TEN_SECONDS, START + 400 * TEN_SECONDS);
    let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
    let span = [matrix.span.from, matrix.span.to].map(|at| at.expect("it is known").as_millisecond());
    assert_eq!(span, [START, START + 420 * TEN_SECONDS]);
    assert_eq!(matrix.frames.seen.counts, counted(0..420));
}

#[test]
fn who_goes_away_ends_the_answer() {
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    for number in 0..3000 {
        store.append(&interval(number)).expect("a disk with room");
        tend(&store, number).expect("segments that are whole");
    }
    let unwanted = Arc::new(AtomicBool::new(false));
    let shelf = store.shelf().while_wanted(&unwanted);
    let step = Step::TenSeconds;
    let wanted = Wanted { step, ..everything() };
    let all = shelf.ask(|catalog| catalog.rows(&wanted)?.collect()).expect("somebody waits");
    assert_eq!(all.len(), 9000);
    let ended = shelf.ask(|catalog| {
        let mut rows = catalog.rows(&wanted)?;
        rows.next_row()?;
        unwanted.store(true, Ordering::Relaxed);
        rows.collect()
    });
    assert!(matches!(ended, Err(Error::Segment(segment::Error::Unwanted))), "{ended:?}");
    // Another one's answer does not end.
    assert!(store.shelf().ask(|catalog| catalog.rows(&wanted)?.collect()).is_ok());
}
