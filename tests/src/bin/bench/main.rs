//! Measures the XDP program per frame, beside programs in C that do the same, and the agent's reading of its counters;
//! proves meanwhile that every frame is counted. Arguments in, tables, JSON and a picture out.

mod cpus;
mod drain;
mod exchange;
mod fold;
mod load;
mod machine;
mod members;
mod memory;
mod naive;
mod parts;
mod plot;
mod race;
mod rates;
mod report;
mod sampling;
mod sinners;
mod subject;
mod twin;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use ixp_tests::cpu;
use ixp_tests::traffic::Generator;

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
    /// Draw the times over the number of pairs to this file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
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
    if let Some(file) = &cli.json {
        let text = serde_json::to_string_pretty(&report).context("write the figures as JSON")?;
        write(file, text + "\n")?;
    }
    if let Some(file) = &cli.plot {
        write(file, plot::svg(&report.rates))?;
    }
    Ok(())
}

fn measure(quick: bool) -> Result<Report> {
    let cpus = cpu::allowed()?;
    cpu::pin(*cpus.last().context("a process has a CPU")?)?;
    let effort = if quick { race::QUICK } else { race::FULL };
    let mut generator = Generator::load()?;
    let (rates, of_rates) =
        rates::measure(&mut generator, if quick { &rates::QUICK } else { &rates::FULL }, effort)?;
    let (members, of_members) =
        members::measure(&mut generator, if quick { members::QUICK } else { members::FULL }, effort)?;
    let (sampling, of_sampling) = sampling::measure(&mut generator, effort)?;
    let (parts, of_parts) = parts::measure(&mut generator, effort)?;
    let (sides, of_cpus) = cpus::measure(&mut generator, &cpus, effort)?;
    Ok(Report {
        quick,
        machine: machine::facts(),
        rates,
        members,
        sampling,
        cpus: sides,
        parts,
        sinners: sinners::measure(effort)?,
        memory: memory::measure()?,
        drains: drain::measure(if quick { &drain::QUICK } else { &drain::FULL })?,
        counted: of_rates + of_members + of_sampling + of_parts + of_cpus,
    })
}

fn write(file: &Path, text: String) -> Result<()> {
    fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

/// The value in the middle.
fn median<T: Ord + Copy>(values: &mut [T]) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}
