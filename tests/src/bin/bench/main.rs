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
mod native;
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
    /// Measure this section alone; may be given again
    #[arg(long, value_name = "SECTION")]
    only: Vec<Section>,
    /// Write the figures to this file as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the times over the number of pairs to this file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// A part of what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Section {
    Table,
    Members,
    Sampling,
    Cpus,
    Parts,
    Broken,
    Memory,
    Drain,
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

fn measure(quick: bool, only: &[Section]) -> Result<Report> {
    let cpus = cpu::allowed()?;
    cpu::pin(*cpus.last().context("a process has a CPU")?)?;
    let effort = if quick { race::QUICK } else { race::FULL };
    let mut report = Report { quick, machine: machine::facts(), ..Report::default() };
    let mut generator = Generator::load()?;
    let wants = |section| only.is_empty() || only.contains(&section);
    if wants(Section::Table) {
        let kinds = if quick { &rates::QUICK } else { &rates::FULL };
        let (rates, frames) = rates::measure(&mut generator, kinds, effort)?;
        report.rates = rates;
        report.counted += frames;
    }
    if wants(Section::Members) {
        let sizes = if quick { members::QUICK } else { members::FULL };
        let (members, frames) = members::measure(&mut generator, sizes, effort)?;
        report.members = members;
        report.counted += frames;
    }
    if wants(Section::Sampling) {
        let (sampling, frames) = sampling::measure(&mut generator, effort)?;
        report.sampling = sampling;
        report.counted += frames;
    }
    if wants(Section::Parts) {
        let (parts, frames) = parts::measure(&mut generator, effort)?;
        report.parts = parts;
        report.counted += frames;
    }
    if wants(Section::Cpus) {
        let (sides, frames) = cpus::measure(&mut generator, &cpus, effort)?;
        report.cpus = sides;
        report.counted += frames;
    }
    if wants(Section::Broken) {
        report.sinners = sinners::measure(effort)?;
    }
    if wants(Section::Memory) {
        report.memory = memory::measure()?;
    }
    if wants(Section::Drain) {
        report.drains = drain::measure(if quick { &drain::QUICK } else { &drain::FULL })?;
    }
    Ok(report)
}

fn write(file: &Path, text: String) -> Result<()> {
    fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

/// The value in the middle.
fn median<T: Ord + Copy>(values: &mut [T]) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}
