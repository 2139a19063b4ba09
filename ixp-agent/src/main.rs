//! The agent's command line.

use std::process::ExitCode;

use clap::Parser;
use ixp_agent::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => cli::report(&error),
    }
}
