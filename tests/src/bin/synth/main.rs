//! Fills a store with the traffic of an exchange that there is not: for demonstrations, measurements, pages to be designed.
//! Arguments in, a folder out.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use ixp_agent::store::Keep;
use ixp_agent::store::disk::Scratch;
use ixp_tests::filling::Filling;
use ixp_tests::synth::{STEP, Synth};
use jiff::Timestamp;

#[derive(Parser)]
#[command(about = "Fills a store with the traffic of a made-up exchange")]
struct Cli {
    /// Where; a folder that is not there yet
    folder: PathBuf,
    /// How many members there are
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(2..=10_000))]
    members: u16,
    /// How many hours of traffic
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=8760))]
    hours: u16,
    /// When it ends; RFC 3339 [default: now]
    #[arg(long)]
    to: Option<Timestamp>,
    /// Another seed makes another exchange
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
    let shown = cli.folder.display();
    ensure!(!cli.folder.exists(), "{shown} is there already; name another, or remove it");
    let end = cli.to.unwrap_or_else(ixp_agent::run::now).as_second().div_euclid(STEP) * STEP;
    let begun = Timestamp::from_second(end - i64::from(cli.hours) * 3600).context("when it begins")?;
    let synth = Synth::new(cli.members, cli.seed, begun);
    let members = synth.members.clone();
    let mut filling =
        Filling::begin(Arc::new(Scratch), &cli.folder, Keep { time: [None; 5], bytes: None }, synth, begun)?;
    fs::write(cli.folder.join("members.toml"), members).with_context(|| format!("write to {shown}"))?;
    eprintln!("{} members, {} pairs, from {begun}", cli.members, filling.synth.pairs());
    for hour in 1..=cli.hours {
        for _ in 0..3600 / STEP {
            filling.step();
            filling.tend()?;
        }
        let shelf = filling.history.shelf().now();
        eprintln!(
            "{hour} of {} h: {} segments, {:.1} MB",
            cli.hours,
            shelf.len(),
            shelf.bytes() as f64 / 1e6
        );
    }
    filling.finish()?;
    let to = filling.now();
    println!("{shown}: {} members from {begun} to {to}", cli.members);
    println!(
        "an agent with `folder = \"{shown}\"` in [store] answers from it; docs/store.md has questions to ask"
    );
    Ok(())
}
