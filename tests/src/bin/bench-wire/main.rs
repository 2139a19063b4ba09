//! Measures the agent on a wire beside other programs that count: the highest rate without loss, and CPU time per
//! frame. Arguments in, a table and JSON out.

mod consumer;
mod cost;
mod exchange;
mod group;
mod ladder;
#[path = "../bench/machine.rs"]
mod machine;
mod receiver;
mod report;
mod stage;
mod trial;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use ixp_tests::figures;

use consumer::{Kind, Tools};
use exchange::Exchange;
use report::Report;
use stage::Stage;

#[derive(Parser)]
#[command(about = "Measures the agent on a wire beside other programs that count")]
struct Cli {
    /// The agent and pmacctd alone, in few runs: proves that all is counted, and measures roughly
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file as JSON, too, as `wire` beside what stands there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    tools: Tools,
}

/// What decides which pair each frame is of.
const SEED: u64 = 1;

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
    let report = measure(cli)?;
    print!("{report}");
    match &cli.json {
        Some(file) => figures::add(file, "wire", &report),
        None => Ok(()),
    }
}

fn measure(cli: &Cli) -> Result<Report> {
    let effort = if cli.quick { ladder::QUICK } else { ladder::FULL };
    // The namespace of the stage does not show all of the host's settings.
    let machine = machine::facts();
    let mut stage = Stage::build(Exchange::draw(SEED))?;
    let mut highest = Vec::new();
    for kind in kinds(cli.quick) {
        highest.push(ladder::climb(&mut stage, &cli.tools, *kind, &effort)?);
    }
    stage.spread_over(stage.most_queues())?;
    for kind in SPREAD {
        highest.push(ladder::climb(&mut stage, &cli.tools, kind, &effort)?);
    }
    stage.spread_over(1)?;
    let rates = highest.iter().map(|row| row.best.wanted);
    let common = rates.min().context("something was measured")? / 2;
    stage.account_softirq()?;
    let mut costs = Vec::new();
    for kind in kinds(cli.quick) {
        costs.push(cost::measure(&mut stage, &cli.tools, *kind, common, &effort)?);
    }
    Ok(Report { quick: cli.quick, machine, pairs: stage.exchange.pairs(), highest, costs })
}

/// Who counts, in the order of the table.
const fn kinds(quick: bool) -> &'static [Kind] {
    if quick {
        return &[Kind::Drop, Kind::AgentTap, Kind::PmacctdEnd];
    }
    &[
        Kind::Drop,
        Kind::AgentTap,
        Kind::Stack,
        Kind::AgentPass,
        Kind::PmacctdEnd,
        Kind::PmacctdSecond,
        Kind::Tcpdump,
        Kind::Softflowd,
    ]
}

/// Who counts what comes into a queue per CPU.
const SPREAD: [Kind; 3] = [Kind::Drop, Kind::AgentTap, Kind::PmacctdEnd];
