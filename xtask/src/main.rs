//! The project's commands, one file each: arguments in, work done or one line that says why not.

mod bench;
mod deny;
mod ebpf;
mod fuzz;
mod lab;
mod packages;
mod python;
mod scapy;
mod synth;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the XDP program per frame, the agent's reading of its counters, and the agent on a wire beside others
    Bench(bench::Args),
    /// Check licences and sources of what is linked in
    Deny,
    /// Find or install a toolchain for BPF and build the XDP program with it
    Ebpf,
    /// Run the fuzz targets on their committed corpora
    Fuzz(fuzz::Args),
    /// Start an emulated exchange with the agent on it, and compare what was sent with what was counted
    Lab(lab::Args),
    #[command(hide = true)]
    LabMember,
    /// Fill a store with the traffic of a made-up exchange
    Synth(synth::Args),
    /// Run all that must hold before a change is taken in
    Test(test::Args),
    /// Check that rooms use only what the architecture lists, and the style that no lint knows
    Tidy,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let sh = workspace::shell()?;
    match cli.command {
        Command::Bench(args) => bench::run(&sh, &args),
        Command::Deny => deny::run(&sh),
        Command::Ebpf => ebpf::run(&sh),
        Command::Fuzz(args) => fuzz::run(&sh, &args),
        Command::Lab(args) => lab::run(&sh, &args),
        Command::LabMember => lab::member(),
        Command::Synth(args) => synth::run(&sh, &args),
        Command::Test(args) => test::run(&sh, &args),
        Command::Tidy => tidy::run(),
    }
}
