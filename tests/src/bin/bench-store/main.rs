//! Measures the store with the traffic of a made-up exchange: what a row takes, how long writing, summing up and asking take,
//! and how much memory. Arguments in, a table and JSON out.

mod chance;
mod hour;
mod jitter;
#[path = "../bench/machine.rs"]
mod machine;
mod month;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
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
    /// Write the figures to this file as JSON, too, as `store` beside what stands there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    quick: bool,
    machine: machine::Machine,
    hour: Hour,
    month: Month,
    jitter: Jitter,
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
    let report = measure(cli.quick)?;
    print!("{report}");
    match &cli.json {
        Some(file) => figures::add(file, "store", &report),
        None => Ok(()),
    }
}

fn measure(quick: bool) -> Result<Report> {
    let begun: Timestamp = "2026-11-30T18:00:00Z".parse().context("a time")?;
    let extent = match quick {
        true => Extent { members: 100, days: 40, days_at_five_minutes: 3 },
        false => Extent { members: 1000, days: 365, days_at_five_minutes: 30 },
    };
    let hour = hour::measure(extent.members, begun)?;
    let month = month::measure(&extent)?;
    let effort = match quick {
        true => Effort { members: 500, rounds: 1, seconds: 5 },
        false => Effort { members: 1000, rounds: 2, seconds: 40 },
    };
    Ok(Report { quick, machine: machine::facts(), hour, month, jitter: jitter::measure(effort)? })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hour.fmt(f)?;
        self.month.fmt(f)?;
        self.jitter.fmt(f)
    }
}
