//! An exchange in, what an hour of its traffic takes out: to write, to sum up, on the disk, in memory.

use std::fmt;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ixp_agent::snapshot::Source;
use ixp_agent::store::disk::{Host, Scratch};
use ixp_agent::store::{Catalog, Keep, Step, Table, Wanted};
use ixp_tests::filling::{Filling, Wrote};
use ixp_tests::spent;
use ixp_tests::synth::{STEP, Synth};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::rows::{HEAD, Rows};

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Hour {
    members: u16,
    /// Pairs that exchange anything in ten seconds, on the average.
    pairs_per_interval: f64,
    /// Milliseconds to write ten seconds, flushed, per million pairs, on the average: as it took, and as a processor worked.
    write_ms_per_million: [f64; 2],
    /// The same of the fastest quarter of all steps.
    quick_write_ms_per_million: [f64; 2],
    /// Milliseconds of the slowest ten seconds, as it took.
    slowest_write_ms: f64,
    /// Million rows of ten seconds that are summed up in a second that a processor works, all steps of them together.
    sum_up_million_rows_per_s: f64,
    /// Megabytes of memory before anything was written, and the most that there were; the exchange itself is in both.
    memory_mb: [f64; 2],
    /// Of the matrix, in its last place.
    rows: Vec<Rows>,
    /// Of a day of few pairs where one frame in a thousand is sampled.
    sampled_rows: Vec<Rows>,
}

/// One frame in so many is sampled.
const SAMPLED: u64 = 1000;
/// One pair in so many is, to be quicker.
const THIN: usize = 200;

pub(crate) fn measure(members: u16, begun: Timestamp) -> Result<Hour> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let synth = Synth::new(members, 1, begun);
    eprintln!("store: {members} members, {} pairs, an hour", synth.pairs());
    let end = begun.checked_add(SignedDuration::from_hours(1))?;
    let least = [Step::TenSeconds, Step::Minute]
        .map(|step| (step, Some(synth.least(step.millis() / 1000, begun, end))));
    let mut filling = Filling::begin(Arc::new(Host), folder.path(), Keep::default(), synth, begun)?;
    let before = memory("VmRSS:")?;
    let Written { pairs, mut steps, summing } = written(&mut filling)?;
    let most = memory("VmHWM:")?;
    let rows = all_rows(&filling.history.shelf().now(), Source::Exact, &least)?;
    ensure!(rows[0].rows == pairs as u64, "{pairs} rows were written, and {} are kept", rows[0].rows);
    let slowest = steps.iter().map(|wrote| wrote.took).max().unwrap_or_default();
    let mean = per_million(&steps);
    steps.sort_by_key(|wrote| wrote.took);
    steps.truncate(steps.len().div_ceil(4));
    Ok(Hour {
        members,
        pairs_per_interval: real(pairs as u64) / 360.0,
        write_ms_per_million: mean,
        quick_write_ms_per_million: per_million(&steps),
        slowest_write_ms: slowest.as_secs_f64() * 1e3,
        sum_up_million_rows_per_s: real(pairs as u64) / 1e6 / summing.as_secs_f64(),
        memory_mb: [before, most],
        rows,
        sampled_rows: sampled(members, begun)?,
    })
}

/// An hour that was written.
struct Written {
    pairs: usize,
    /// But for the last, which sums up besides.
    steps: Vec<Wrote>,
    /// How long a processor summed up.
    summing: Duration,
}

fn written(filling: &mut Filling) -> Result<Written> {
    let (mut steps, mut summing) = (Vec::new(), Duration::ZERO);
    for _ in 0..3600 / STEP {
        let wrote = filling.step();
        if wrote.pairs > 0 {
            steps.push(wrote);
        }
        let begun = spent::by_this_thread();
        filling.tend()?;
        summing += spent::by_this_thread().saturating_sub(begun);
    }
    let begun = spent::by_this_thread();
    let last = filling.finish()?;
    summing += spent::by_this_thread().saturating_sub(begun);
    let pairs = steps.iter().map(|wrote| wrote.pairs).sum::<usize>() + last;
    Ok(Written { pairs, steps, summing })
}

fn per_million(wrote: &[Wrote]) -> [f64; 2] {
    let pairs: usize = wrote.iter().map(|wrote| wrote.pairs).sum();
    let sum = |time: fn(&Wrote) -> Duration| wrote.iter().map(time).sum::<Duration>();
    [sum(|wrote| wrote.took), sum(|wrote| wrote.worked)]
        .map(|time| time.as_secs_f64() * 1e9 / real(pairs as u64))
}

/// A day of samples.
fn sampled(members: u16, begun: Timestamp) -> Result<Vec<Rows>> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let day = Step::Day.millis() / 1000;
    let begun = Timestamp::from_second(begun.as_second().div_euclid(day) * day)?;
    let mut synth = Synth::new(members, 1, begun);
    synth.thin(THIN);
    let keep = Keep { time: [None; 5], bytes: None };
    let filling = Filling::begin(Arc::new(Scratch), folder.path(), keep, synth, begun)?;
    let mut filling = filling.sampling(SAMPLED);
    for _ in 0..day / STEP {
        filling.step();
        filling.tend()?;
    }
    filling.finish()?;
    let steps = [Step::TenSeconds, Step::Minute, Step::FiveMinutes, Step::Hour].map(|step| (step, None));
    all_rows(&filling.history.shelf().now(), Source::Sampled, &steps)
}

/// What rows of each step take, beside the least that they could.
fn all_rows(catalog: &Catalog, source: Source, steps: &[(Step, Option<f64>)]) -> Result<Vec<Rows>> {
    let rows = |(step, least): &(Step, Option<f64>)| {
        let (table, step) = (Table::Matrix, *step);
        let (from, to, only) = (i64::MIN / 2, i64::MAX, Vec::new());
        let bytes = catalog.published_bytes(table, source, step);
        Rows::of(catalog, &Wanted { table, source, step, from, to, only }, bytes, *least)
    };
    steps.iter().map(rows).collect()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// A line of what the kernel says of this process, in megabytes.
fn memory(name: &str) -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("it says so")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().context("a number of kB")?;
    Ok(kilobytes / 1e3)
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { members, pairs_per_interval, .. } = self;
        writeln!(f, "store: {members} members, an hour, {pairs_per_interval:.0} pairs in ten seconds\n")?;
        writeln!(f, "{:<42}{:>9}{:>9}", "", "took", "worked")?;
        let mut pair =
            |what: &str, [took, worked]: [f64; 2]| writeln!(f, "{what:<42}{took:>9.0}{worked:>9.0}");
        pair("ms to write a million pairs, flushed", self.write_ms_per_million)?;
        pair("the same, fastest quarter of all steps", self.quick_write_ms_per_million)?;
        writeln!(f, "ms of the slowest ten seconds             {:>9.0}", self.slowest_write_ms)?;
        writeln!(
            f,
            "M rows summed up in a second              {:>9}{:>9.1}",
            "", self.sum_up_million_rows_per_s
        )?;
        let [before, most] = self.memory_mb;
        writeln!(f, "MB of memory, before and at most          {before:>9.0}{most:>9.0}\n")?;
        writeln!(f, "{HEAD}")?;
        for rows in self.rows.iter().chain(&self.sampled_rows) {
            writeln!(f, "{rows}")?;
        }
        let rows = self.rows[0].rows;
        writeln!(f, "\nexact: {rows} rows written, {rows} kept")
    }
}
