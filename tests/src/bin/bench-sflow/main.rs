//! Measures what becomes of samples: in the agent's own code on one core, and in the agent and pmacct's `sfacctd` over
//! loopback. Arguments in, a table and JSON out.

#[path = "../bench-wire/group.rs"]
mod group;
mod inside;
#[path = "../bench/machine.rs"]
mod machine;
mod outside;
mod report;
mod stream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use ixp_tests::figures;

use report::Report;
use stream::Stream;

#[derive(Parser)]
#[command(about = "Measures what becomes of samples")]
struct Cli {
    /// A short stream: proves that all is heard, and measures roughly
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file as JSON, too, as `sflow` beside what stands there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where sfacctd is
    #[arg(long, value_name = "FILE", default_value = "sfacctd")]
    sfacctd: PathBuf,
}

/// How many pairs samples are of.
const PAIRS: [usize; 2] = [1_000, 100_000];

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
    let (inside_for, datagrams) = match cli.quick {
        true => (Duration::from_millis(200), 10_000),
        false => (Duration::from_secs(3), 150_000),
    };
    let mut report = Report { quick: cli.quick, machine: machine::facts(), ..Report::default() };
    for pairs in PAIRS {
        eprintln!("sflow: {pairs} pairs");
        let stream = Stream::draw(pairs)?;
        report.inside.push(inside::measure(&stream, inside_for)?);
        report.outside.push(outside::agent(&stream, datagrams)?);
        report.outside.push(outside::receiving(&stream, datagrams)?);
        report.outside.push(outside::sfacctd(&stream, datagrams, &cli.sfacctd)?);
    }
    print!("{report}");
    match &cli.json {
        Some(file) => figures::add(file, "sflow", &report),
        None => Ok(()),
    }
}
