//! A year of an exchange whose last month is kept at five minutes in, how long it takes to ask about it out.
//!
//! All pairs of a month at five minutes would be 3.5 billion rows. What an answer costs is decided by the files that it is read
//! from: those of the day that is asked for are as large as they would be, and those of the other days are there, with one pair
//! in a hundred; all members have totals in each hour of the year.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use ixp_agent::matrix::{By, Filter};
use ixp_agent::members::Asn;
use ixp_agent::snapshot::Source;
use ixp_agent::store::disk::{Host, Scratch};
use ixp_agent::store::{Asked, Catalog, History, Keep, Query, Step, Table, Wanted};
use ixp_lab::clock;
use ixp_tests::filling::Filling;
use ixp_tests::synth::{Peering, Synth};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::hour::real;
use crate::rows::{HEAD, Rows};

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Month {
    members: u16,
    days: i64,
    days_at_five_minutes: i64,
    /// Pairs that exchange anything in five minutes of the last day, on the average.
    cells: f64,
    segments: usize,
    gigabytes: f64,
    filled_in_s: f64,
    answers: Vec<Answer>,
    /// Of the matrix of the last day.
    rows: Vec<Rows>,
}

/// How long a question takes.
#[derive(Debug, Serialize)]
struct Answer {
    what: &'static str,
    /// Rows or points of it.
    many: usize,
    /// Milliseconds, when its files were not read since the store was opened: they are held against their checksums.
    first_ms: f64,
    /// The same asked again.
    again_ms: f64,
}

/// How much is kept.
pub(crate) struct Extent {
    pub(crate) members: u16,
    pub(crate) days: i64,
    pub(crate) days_at_five_minutes: i64,
}

const DAY: i64 = 86_400;
/// What a day leaves in its last place.
const STAYS: [Step; 2] = [Step::FiveMinutes, Step::Hour];
/// One pair in so many is there on the days before the last one.
const THIN: usize = 100;

pub(crate) fn measure(extent: &Extent) -> Result<Month> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let end: Timestamp = "2026-12-01T00:00:00Z".parse().context("a time")?;
    let begun = clock::now();
    let Filled { cells, pair, taken, least } = fill(folder.path(), extent, end)?;
    let filled_in_s = begun.elapsed().as_secs_f64();
    let history = History::open(Arc::new(Host), folder.path(), "ixp-ebpf bench", keep(Step::FiveMinutes))?;
    let catalog = history.shelf().now();
    let answers = answers(&catalog, pair, extent.days, end)?;
    let rows = last_day(&catalog, (taken, least), end)?;
    let (segments, gigabytes) = (catalog.len(), real(catalog.bytes()) / 1e9);
    let Extent { members, days, days_at_five_minutes } = *extent;
    Ok(Month { members, days, days_at_five_minutes, cells, segments, gigabytes, filled_in_s, answers, rows })
}

/// What rows of the last day take, of five minutes and of hours, in files of so many bytes, beside the least that they could.
fn last_day(catalog: &Catalog, (bytes, least): ([u64; 2], [f64; 2]), end: Timestamp) -> Result<Vec<Rows>> {
    let (table, source, to) = (Table::Matrix, Source::Exact, end.as_millisecond());
    let from = to - DAY * 1000;
    let rows = |(step, (bytes, least))| {
        Rows::of(catalog, &Wanted { table, source, step, from, to, only: Vec::new() }, bytes, Some(least))
    };
    STAYS.into_iter().zip(bytes.into_iter().zip(least)).map(rows).collect()
}

/// How long it takes to ask of a pair, and of who sends in it, in so many days up to `end`.
fn answers(catalog: &Catalog, pair: [u16; 2], days: i64, end: Timestamp) -> Result<Vec<Answer>> {
    let before = |days: i64| (end - SignedDuration::from_secs(days * DAY)).as_millisecond();
    let (day, to) = (before(1), end.as_millisecond());
    let source = Source::Exact;
    let of_pair = answer("one pair's day at 5 min", || {
        let only = ["src", "dst"].into_iter().zip(pair);
        let only = only.map(|(name, member)| (name, id(member), id(member))).collect();
        let (table, step) = (Table::Matrix, Step::FiveMinutes);
        Ok(catalog.rows(&Wanted { table, source, step, from: day, to, only })?.collect()?.len())
    })?;
    ensure!(of_pair.many >= 288, "a pair has {} rows of five minutes in a day", of_pair.many);
    let of_member = answer("one member's year at 1 h", || {
        let asn = Asn(4_200_000_001 + u32::from(pair[0]));
        let points = catalog.series(&Asked { asn, source, step: Step::Hour, from: before(days), to })?;
        Ok(points.iter().filter(|point| point.exchanged.is_some_and(|[sent, _]| sent.packets > 0)).count())
    })?;
    let hours = usize::try_from(days * 24).context("a number of hours")?;
    ensure!(of_member.many == hours, "{} hours of a member are there, not {hours}", of_member.many);
    let matrix = |from: i64, to: i64| {
        let query = Query { by: By::Asn, from, to, filter: Filter::default(), source };
        Ok(catalog.matrix(&catalog.past(to), &query)?.cells.len())
    };
    let of_day = answer("the day's matrix by member", || matrix(day, to))?;
    let of_hour = answer("an hour's, from ten past on", || matrix(day + 72_600_000, day + 76_200_000))?;
    Ok(vec![of_pair, of_member, of_day, of_hour])
}

fn answer(what: &'static str, question: impl Fn() -> Result<usize>) -> Result<Answer> {
    let timed = || -> Result<(usize, f64)> {
        let begun = clock::now();
        let many = question()?;
        Ok((many, begun.elapsed().as_secs_f64() * 1e3))
    };
    let ((many, first_ms), (_, again_ms)) = (timed()?, timed()?);
    Ok(Answer { what, many, first_ms, again_ms })
}

/// A store that was filled.
struct Filled {
    /// Pairs in five minutes of the last day, on the average.
    cells: f64,
    /// One that has all days.
    pair: [u16; 2],
    /// Bytes of what the last day left in its last place.
    taken: [u64; 2],
    /// Bytes that a row of it takes at least.
    least: [f64; 2],
}

/// Fills a store up to `end`.
fn fill(folder: &Path, extent: &Extent, end: Timestamp) -> Result<Filled> {
    let day = |before: i64| end - SignedDuration::from_secs(before * DAY);
    let Extent { members, days, days_at_five_minutes: fine } = *extent;
    let year = Synth::of(members, 1, day(days), Peering::Next);
    stretch(folder, Step::Hour, 3600, year, (day(days), day(fine)))?;
    let mut month = Synth::new(members, 1, day(fine));
    month.thin(THIN);
    let (_, before) = stretch(folder, Step::FiveMinutes, 300, month, (day(fine), day(1)))?;
    let last = Synth::new(members, 1, day(fine));
    let pair = last.first();
    let least = STAYS.map(|step| last.least(step.millis() / 1000, day(1), end));
    let (rows, after) = stretch(folder, Step::FiveMinutes, 300, last, (day(1), end))?;
    let taken = [after[0] - before[0], after[1] - before[1]];
    Ok(Filled { cells: real(rows as u64) / 288.0, pair, taken, least })
}

/// Fills a stretch, of which `finest` is kept and what is longer; gives its rows, and how many bytes there are then.
fn stretch(
    folder: &Path,
    finest: Step,
    seconds: i64,
    synth: Synth,
    (from, to): (Timestamp, Timestamp),
) -> Result<(usize, [u64; 2])> {
    let pairs = synth.pairs();
    let filling = Filling::begin(Arc::new(Scratch), folder, keep(finest), synth, from)?;
    let mut filling = filling.striding(seconds);
    let mut rows = 0;
    while filling.now() < to {
        rows += filling.step().pairs;
        filling.tend()?;
    }
    rows += filling.finish()?;
    eprintln!("store: {from} to {to}, {pairs} pairs, {rows} rows");
    let catalog = filling.history.shelf().now();
    let bytes = STAYS.map(|step| catalog.published_bytes(Table::Matrix, Source::Exact, step));
    Ok((rows, bytes))
}

/// What is finer than a step goes at once.
fn keep(finest: Step) -> Keep {
    Keep { time: Step::ALL.map(|step| (step < finest).then_some(0)), bytes: None }
}

/// The number that a member has in rows: they are given in order.
fn id(member: u16) -> i64 {
    16 + i64::from(member)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{} members, {} days, the last {} at five minutes; {:.0} cells in each of the last day, {} files, {:.1} GB\n",
            self.members, self.days, self.days_at_five_minutes, self.cells, self.segments, self.gigabytes
        )?;
        writeln!(f, "{:<32}{:>10}{:>10}{:>10}", "ms", "rows", "first", "again")?;
        for Answer { what, many, first_ms, again_ms } in &self.answers {
            writeln!(f, "{what:<32}{many:>10}{first_ms:>10.1}{again_ms:>10.1}")?;
        }
        writeln!(f, "\n{HEAD}")?;
        for rows in &self.rows {
            writeln!(f, "{rows}")?;
        }
        Ok(())
    }
}
