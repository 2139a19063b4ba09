//! Some hours of an exchange in a store in, what duckdb, polars, pandas and ClickHouse answer of it out, beside what the store itself
//! says. The questions are those of `docs/store.md`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use ixp_agent::matrix::{By, Filter, Matrix};
use ixp_agent::members::Asn;
use ixp_agent::snapshot::Source;
use ixp_agent::store::disk::Scratch;
use ixp_agent::store::{Asked, Catalog, Keep, Query, Step};
use ixp_common::counters::Counts;
use ixp_tests::filling::Filling;
use ixp_tests::synth::{STEP, Synth};
use jiff::{SignedDuration, Timestamp};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The questions of a tool, in their order.
fn questions(tool: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/store.md")).expect("the page is there");
    let mark = format!("<!-- {tool} -->");
    let found = text.split(mark.as_str()).skip(1).map(|rest| {
        let (_, rest) = rest.split_once("```").expect("a question");
        let (_, rest) = rest.split_once('\n').expect("a question");
        rest.split_once("```").expect("the end of a question").0.to_owned()
    });
    let found: Vec<String> = found.collect();
    assert_eq!(found.len(), 3, "{tool}");
    found
}

fn ask(tool: &str, store: &Path, questions: &[String]) -> Vec<Vec<Vec<i64>>> {
    let script = root().join("tests/data/store/ask.py").canonicalize().expect("the script is there");
    let python = env::var_os("IXP_PYTHON").unwrap_or_else(|| "python3".into());
    let mut ran = Command::new(python)
        .arg("-B")
        .arg(script)
        .arg(tool)
        .current_dir(store)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python runs");
    let questions = serde_json::to_vec(questions).expect("JSON");
    ran.stdin.take().expect("it is piped").write_all(&questions).expect("it reads");
    let ended = ran.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success(),
        "{tool}: `cargo xtask test --only tests` has a Python with duckdb, polars, pandas and chdb: {said}"
    );
    serde_json::from_slice(&ended.stdout).expect("JSON")
}

const MEMBERS: u16 = 20;
const HOURS: i64 = 3;

fn start() -> Timestamp {
    // Up to the end of a day, with which five minutes are in their last place.
    "2026-11-30T21:00:00Z".parse().expect("a time")
}

fn later(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn begin(folder: &Path) -> Filling {
    let synth = Synth::new(MEMBERS, 7, start());
    Filling::begin(Arc::new(Scratch), folder, Keep::default(), synth, start()).expect("a store")
}

/// Fills a store with whole hours, all of which are in their last place.
fn fill(mut filling: Filling) -> Filling {
    for _ in 0..HOURS * 3600 / STEP {
        filling.step();
        filling.tend().expect("segments that are whole");
    }
    filling.finish().expect("segments that are whole");
    filling
}

fn matrix<R>(catalog: &Catalog, from: i64, to: i64, use_it: impl FnOnce(Matrix<'_>) -> R) -> R {
    let (from, to) = (later(from).as_millisecond(), later(to).as_millisecond());
    let past = catalog.past(to);
    let query = Query { by: By::Asn, from, to, filter: Filter::default(), source: Source::Exact };
    use_it(catalog.matrix(&past, &query).expect("segments that are whole"))
}

/// What the store itself says to the three questions.
fn expected(catalog: &Catalog) -> [Vec<Vec<i64>>; 3] {
    let number = |value: u64| i64::try_from(value).expect("a count");
    let pairs = matrix(catalog, 0, HOURS * 3600, |matrix| {
        let mut pairs: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        for cell in &matrix.cells {
            let [source, destination] =
                [&cell.source, &cell.destination].map(|end| end.asn().expect("a member").0);
            *pairs.entry((source, destination)).or_default() += cell.counts.bytes;
        }
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_by_key(|(pair, bytes)| (std::cmp::Reverse(*bytes), *pair));
        pairs
            .iter()
            .take(10)
            .map(|((from, to), bytes)| vec![(*from).into(), (*to).into(), number(*bytes)])
            .collect()
    });
    let member = Some(Asn(4_200_000_001));
    let hours = (0..HOURS).map(|hour| {
        let sums = matrix(catalog, hour * 3600, (hour + 1) * 3600, |matrix| {
            let sum = |is_sender: bool| {
                let end = |cell: &ixp_agent::matrix::Cell<'_>| {
                    if is_sender { cell.source.asn() } else { cell.destination.asn() }
                };
                matrix
                    .cells
                    .iter()
                    .filter(|cell| end(cell) == member)
                    .map(|cell| cell.counts.bytes)
                    .sum::<u64>()
            };
            [sum(true), sum(false)]
        });
        vec![later(hour * 3600).as_millisecond(), number(sums[0]), number(sums[1])]
    });
    let hours = hours.collect();
    let fives = (0..HOURS * 12).map(|five| {
        let seen = matrix(catalog, five * 300, (five + 1) * 300, |matrix| matrix.frames.seen.counts.bytes);
        (std::cmp::Reverse(seen), later(five * 300).as_millisecond())
    });
    let (std::cmp::Reverse(seen), at) = fives.min().expect("some");
    [pairs, hours, vec![vec![at, number(seen)]]]
}

#[test]
fn four_tools_answer_the_questions_of_the_page_as_the_store_does() {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let filling = fill(begin(folder.path()));
    let catalog = filling.history.shelf().now();
    let expected = expected(&catalog);
    assert!(
        expected[0].len() == 10 && expected[1].iter().all(|row| row[1] > 0 && row[2] > 0),
        "{expected:?}"
    );
    let asked = Asked {
        asn: Asn(4_200_000_001),
        source: Source::Exact,
        step: Step::Hour,
        from: start().as_millisecond(),
        to: later((HOURS + 1) * 3600).as_millisecond(),
    };
    let points = catalog.series(&asked).expect("segments that are whole");
    let [hours @ .., after] = &points[..] else { panic!("an hour more than there is") };
    assert_eq!(after.exchanged, None, "what is not known is not nought");
    for (point, expected) in hours.iter().zip(&expected[1]) {
        let [sent, received] = point.exchanged.expect("it was observed");
        let bytes = [sent, received].map(|counts| i64::try_from(counts.bytes).expect("a count"));
        assert_eq!(vec![point.at, bytes[0], bytes[1]], *expected);
        // The last reading was a millisecond before the end.
        assert!((3_599_999..=3_600_000).contains(&point.observed), "{}", point.observed);
    }
    for tool in ["duckdb", "polars", "pandas", "clickhouse"] {
        let answers = ask(tool, folder.path(), &questions(tool));
        for (answer, expected) in answers.iter().zip(&expected) {
            assert_eq!(answer, expected, "{tool}");
        }
        // Sums are the same of minutes, which are there sooner.
        let of_minutes: Vec<String> =
            questions(tool)[..2].iter().map(|question| question.replace("res=5m", "res=1m")).collect();
        assert_eq!(ask(tool, folder.path(), &of_minutes), expected[..2], "{tool}");
    }
    assert!(filling.synth.pairs() > usize::from(MEMBERS) * 4);
}

/// What of sampled rows each tool is to read, with how sure they are.
const SAMPLED: [(&str, &str); 3] = [
    (
        "duckdb",
        "SELECT sum(packets)::BIGINT, sum(bytes)::BIGINT, sum(samples)::BIGINT, sum(packets_variance)::BIGINT
         FROM read_parquet('matrix/source=sampled/res=5m/*/*.parquet')",
    ),
    (
        "polars",
        "pl.scan_parquet('matrix/source=sampled/res=5m/*/*.parquet')
         .select(pl.col('packets', 'bytes', 'samples', 'packets_variance').sum()).collect()",
    ),
    (
        "pandas",
        "pd.read_parquet('matrix/source=sampled/res=5m')[['packets', 'bytes', 'samples', 'packets_variance']]
         .sum().to_frame().T",
    ),
];

#[test]
fn three_tools_read_sampled_rows_and_how_sure_they_are() {
    let folder = tempfile::tempdir().expect("a folder for a test");
    let filling = fill(begin(folder.path()).sampling(1000));
    let catalog = filling.history.shelf().now();
    let (from, to) = (start().as_millisecond(), later(HOURS * 3600).as_millisecond());
    let past = catalog.past(to);
    let query = Query { by: By::Asn, from, to, filter: Filter::default(), source: Source::Sampled };
    let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
    let (mut sum, mut samples) = (Counts::default(), 0);
    for cell in &matrix.cells {
        sum.add(cell.counts);
        samples += cell.sampled.expect("how sure it is").samples;
    }
    let counts = [sum.packets, sum.bytes, samples].map(|count| i64::try_from(count).expect("a count"));
    assert!(samples > 0 && sum.packets == samples * 1000);
    // Each sample stands for 1000 frames: its variance is 1000 × 999, of which a part in 500 may be rounded.
    let variance = counts[2] * 1000 * 999;
    for (tool, question) in SAMPLED {
        let question = question.lines().map(str::trim).collect::<Vec<_>>();
        let question = if tool == "duckdb" { question.join(" ") } else { question.concat() };
        let answers = ask(tool, folder.path(), &[question]);
        let [packets, bytes, samples, found] = answers[0][0][..] else { panic!("{answers:?}") };
        assert_eq!([packets, bytes, samples], counts, "{tool}");
        assert!((found - variance).abs() <= variance / 500, "{tool}: {found}, not {variance}");
    }
}
