//! `cargo xtask synth`: builds what makes up an exchange for release, and fills a store with it.

use std::ffi::OsString;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::ebpf;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A folder that is not there yet, then --members N, --hours N, --to TIME, --seed N; --help tells more
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "FOLDER [OPTIONS]",
        required = true
    )]
    arguments: Vec<OsString>,
}

/// The command.
pub(crate) fn run(sh: &Shell, args: &Args) -> Result<()> {
    ebpf::ensure(sh)?;
    let arguments = &args.arguments;
    cmd!(sh, "cargo run --quiet --release --package ixp-tests --bin synth -- {arguments...}")
        .quiet()
        .run()?;
    Ok(())
}
