//! Measures the XDP program per frame, and the agent's reading of its counters; proves meanwhile that
//! every frame is counted. Arguments in, a table and JSON out.

mod drain;
mod exchange;
mod load;
mod machine;
mod naive;
mod rates;
mod report;
mod sinners;
mod subject;
mod twin;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use ixp_tests::cpu;

use report::Report;

#[derive(Parser)]
#[command(about = "Measures the XDP program and the agent's reading of its counters")]
struct Cli {
    /// Few frames: proves that all are counted, and measures roughly
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
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
    let cpus = cpu::allowed()?;
    cpu::pin(*cpus.last().context("a process has a CPU")?)?;
    let (rates, counted) = rates::measure(if cli.quick { &rates::QUICK } else { &rates::FULL })?;
    let report = Report {
        quick: cli.quick,
        machine: machine::facts(),
        rates,
        counted,
        sinners: sinners::measure(if cli.quick { &rates::QUICK } else { &rates::FULL })?,
        drains: drain::measure(if cli.quick { &drain::QUICK } else { &drain::FULL })?,
    };
    print!("{report}");
    if let Some(file) = &cli.json {
        let text = serde_json::to_string_pretty(&report).context("write the figures as JSON")?;
        fs::write(file, text + "\n").with_context(|| format!("write {}", file.display()))?;
    }
    Ok(())
}

/// The mean of the middle third: as steady as a median, and finer than the whole nanoseconds that the kernel tells.
fn middle(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let most = values.len();
    let middle = &values[most / 3..most - most / 3];
    middle.iter().sum::<f64>() / f64::from(u32::try_from(middle.len()).unwrap_or(u32::MAX))
}

/// The value in the middle.
fn median<T: Ord + Copy>(values: &mut [T]) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}
