//! The project's commands, one file each: arguments in, work done or one line that says why not.

mod ebpf;
mod fuzz;
mod packages;
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
    /// Find or install a toolchain for BPF and build the XDP program with it
    Ebpf,
    /// Run the fuzz targets on their committed corpora
    Fuzz(fuzz::Args),
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
        Command::Ebpf => ebpf::run(&sh),
        Command::Fuzz(args) => fuzz::run(&sh, &args),
    }
}
