//! Measures the store with the traffic of a made-up exchange: what a row takes, how long writing, summing up and asking take,
//! and how much memory. Arguments in, a table and JSON out.

#[path = "../bench/machine.rs"]
mod machine;
mod rrd;

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use ixp_agent::matrix::{By, Filter};
use ixp_agent::snapshot::Source;
use ixp_agent::store::disk::Host;
use ixp_agent::store::{Catalog, Keep, Query, Step, Table, Wanted};
use ixp_lab::clock;
use ixp_tests::figures;
use ixp_tests::filling::Filling;
use ixp_tests::synth::{STEP, Synth};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Measures the store")]
struct Cli {
    /// Few members and little time: proves that all is kept, and measures roughly
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file as JSON, too, as `store` beside what stands there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    quick: bool,
    machine: machine::Machine,
    members: u16,
    hours: i64,
    /// Pairs that exchange anything in ten seconds, on the average.
    pairs_per_interval: f64,
    /// Milliseconds to write ten seconds, flushed, per million pairs; on the average.
    write_ms_per_million: f64,
    /// The same of the slowest, as it took.
    slowest_write_ms: f64,
    /// Million rows of ten seconds that are summed up in a second, all steps of them together.
    sum_up_million_rows_per_s: f64,
    /// Bytes per row of the matrix, by step, in its last place.
    bytes_per_row: Vec<(&'static str, u64, f64)>,
    /// The most memory that the process had, in megabytes; the exchange itself is in it.
    peak_memory_mb: f64,
    /// The same before anything was written.
    memory_before_mb: f64,
    /// Milliseconds: one pair at five minutes; one end's totals at five minutes; the whole matrix by member.
    pair_ms: f64,
    totals_ms: f64,
    matrix_ms: f64,
    rrd: rrd::Sizes,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let members = if cli.quick { 100 } else { 1000 };
    let report = measure(cli.quick, members, 1)?;
    print!("{report}");
    match &cli.json {
        Some(file) => figures::add(file, "store", &report),
        None => Ok(()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn measure(quick: bool, members: u16, hours: i64) -> Result<Report> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let begun: Timestamp = "2026-11-30T18:00:00Z".parse().context("a time")?;
    let synth = Synth::new(members, 1, begun);
    eprintln!("store: {members} members, {} pairs, {hours} h", synth.pairs());
    let mut filling = Filling::begin(Arc::new(Host), folder.path(), Keep::default(), synth, begun)?;
    let memory_before_mb = memory("VmRSS:")?;
    let (mut pairs, mut writing, mut slowest, mut summing) = (0usize, 0.0f64, 0.0f64, 0.0f64);
    let steps = hours * 3600 / STEP;
    for _ in 0..steps {
        let (written, took) = filling.step();
        pairs += written;
        writing += took.as_secs_f64();
        slowest = slowest.max(took.as_secs_f64());
        let begun = clock::now();
        filling.tend()?;
        summing += begun.elapsed().as_secs_f64();
    }
    let last = clock::now();
    pairs += filling.finish()?;
    summing += last.elapsed().as_secs_f64();
    let catalog = filling.history.shelf().now();
    let mut bytes_per_row = Vec::new();
    for step in [Step::TenSeconds, Step::Minute, Step::FiveMinutes] {
        let rows = rows(&catalog, Table::Matrix, step, &[])?;
        let bytes = catalog.published_bytes(Table::Matrix, step);
        bytes_per_row.push((step.name(), rows, bytes as f64 / rows as f64));
    }
    let kept = bytes_per_row[0].1;
    ensure!(kept == pairs as u64, "{pairs} rows were written, and {kept} are kept");
    let timed = |ask: &dyn Fn() -> Result<()>| -> Result<f64> {
        ask()?;
        let begun = clock::now();
        ask()?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    let middle = 16 + i64::from(members) / 2;
    let pair = [("src", middle, middle), ("dst", middle + 1, middle + 1)];
    let end = [("id", middle, middle)];
    let query = Query {
        by: By::Asn,
        from: begun.as_millisecond(),
        to: filling.now().as_millisecond(),
        filter: Filter::default(),
        source: Source::Exact,
    };
    Ok(Report {
        quick,
        machine: machine::facts(),
        members,
        hours,
        pairs_per_interval: pairs as f64 / steps as f64,
        write_ms_per_million: writing * 1e3 / (pairs as f64 / 1e6),
        slowest_write_ms: slowest * 1e3,
        sum_up_million_rows_per_s: pairs as f64 / 1e6 / summing,
        bytes_per_row,
        peak_memory_mb: memory("VmHWM:")?,
        memory_before_mb,
        pair_ms: timed(&|| rows(&catalog, Table::Matrix, Step::FiveMinutes, &pair).map(drop))?,
        totals_ms: timed(&|| rows(&catalog, Table::Totals, Step::FiveMinutes, &end).map(drop))?,
        matrix_ms: timed(&|| {
            let past = catalog.past(query.to);
            catalog.matrix(&past, &query)?;
            Ok(())
        })?,
        rrd: rrd::measure(if quick { 30 } else { 100 }, if quick { 2 } else { 10 })?,
    })
}

/// How many rows there are.
fn rows(catalog: &Catalog, table: Table, step: Step, only: &[(&'static str, i64, i64)]) -> Result<u64> {
    let only = only.to_vec();
    let wanted = Wanted { table, source: Source::Exact, step, from: i64::MIN / 2, to: i64::MAX, only };
    let mut rows = catalog.rows(&wanted)?;
    let mut many = 0;
    while rows.next_row()?.is_some() {
        many += 1;
    }
    Ok(many)
}

/// A line of what the kernel says of this process, in megabytes.
fn memory(name: &str) -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("it says so")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().context("a number of kB")?;
    Ok(kilobytes / 1e3)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "store: {} members, {} h, {:.0} pairs in ten seconds\n",
            self.members, self.hours, self.pairs_per_interval
        )?;
        writeln!(f, "ms to write a million pairs, flushed      {:>9.0}", self.write_ms_per_million)?;
        writeln!(f, "ms of the slowest ten seconds             {:>9.0}", self.slowest_write_ms)?;
        writeln!(f, "M rows summed up in a second              {:>9.1}", self.sum_up_million_rows_per_s)?;
        writeln!(
            f,
            "MB of memory, before and at most          {:>9.0}{:>9.0}",
            self.memory_before_mb, self.peak_memory_mb
        )?;
        writeln!(f, "ms for one pair at 5 min                  {:>9.1}", self.pair_ms)?;
        writeln!(f, "ms for one member's totals at 5 min       {:>9.1}", self.totals_ms)?;
        writeln!(f, "ms for the matrix by member               {:>9.1}\n", self.matrix_ms)?;
        writeln!(f, "step           rows  bytes per row")?;
        for (step, rows, bytes) in &self.bytes_per_row {
            writeln!(f, "{step:<6}{rows:>13}{bytes:>15.2}")?;
        }
        let rows = self.bytes_per_row[0].1;
        writeln!(f, "\nexact: {rows} rows written, {rows} kept")?;
        self.rrd.fmt(f)
    }
}
