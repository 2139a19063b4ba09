//! Measures the store with the traffic of a made-up exchange: what a row takes, how long writing, summing up and asking take,
//! and how much memory. Arguments in, a table and JSON out.

mod hour;
mod jitter;
#[path = "../bench/machine.rs"]
mod machine;
mod month;
mod rows;
mod rrd;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use hour::Hour;
use ixp_tests::figures;
use jiff::Timestamp;
use jitter::{Effort, Jitter};
use month::{Extent, Month};
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Measures the store")]
struct Cli {
    /// Few members and little time: proves that all is kept, and measures roughly
    #[arg(long)]
    quick: bool,
    /// Measure nothing else; can be given several times
    #[arg(long, value_enum, value_name = "PART")]
    only: Vec<Part>,
    /// Write the figures to this file as JSON, too, as `store` beside what stands there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What an hour takes to write, to sum up and to keep
    Hour,
    /// How long questions take to a year whose last month is kept at five minutes
    Month,
    /// How steady the agent's readings are while it sums up
    Readings,
    /// What a series takes beside what it takes in RRD files
    Rrd,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    quick: bool,
    machine: machine::Machine,
    hour: Option<Hour>,
    month: Option<Month>,
    readings: Option<Jitter>,
    rrd: Option<rrd::Sizes>,
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
    let report = measure(cli.quick, &cli.only)?;
    match &cli.json {
        Some(file) => figures::add(file, "store", &report),
        None => Ok(()),
    }
}

/// Prints each part as soon as it is measured.
fn measure(quick: bool, only: &[Part]) -> Result<Report> {
    let begun: Timestamp = "2026-11-30T18:00:00Z".parse().context("a time")?;
    let (extent, effort) = match quick {
        true => (
            Extent { members: 100, days: 40, days_at_five_minutes: 3 },
            Effort { members: 500, rounds: 1, seconds: 5 },
        ),
        false => (
            Extent { members: 1000, days: 365, days_at_five_minutes: 30 },
            Effort { members: 1000, rounds: 2, seconds: 30 },
        ),
    };
    let machine = machine::facts();
    let is_wanted = |part| only.is_empty() || only.contains(&part);
    let hour = is_wanted(Part::Hour).then(|| hour::measure(extent.members, begun)).transpose()?;
    hour.iter().for_each(|hour| print!("{hour}"));
    let month = is_wanted(Part::Month).then(|| month::measure(&extent)).transpose()?;
    month.iter().for_each(|month| print!("{month}"));
    let readings = is_wanted(Part::Readings).then(|| jitter::measure(effort)).transpose()?;
    readings.iter().for_each(|readings| print!("{readings}"));
    let (members, days) = if quick { (30, 2) } else { (100, 10) };
    let rrd = is_wanted(Part::Rrd).then(|| rrd::measure(members, days)).transpose()?;
    rrd.iter().for_each(|rrd| print!("{rrd}"));
    Ok(Report { quick, machine, hour, month, readings, rrd })
}
