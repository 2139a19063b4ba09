//! `cargo xtask bench`: builds the measurements for release and runs them, by sudo if need be.

mod clang;

use std::env;
use std::path::{PathBuf, absolute};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::workspace::{on_path, root};
use crate::{ebpf, packages};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Few frames: proves that all are counted, and measures roughly
    #[arg(long)]
    quick: bool,
    /// Measure this section alone: table, members, sampling, cpus, parts, broken, memory or drain; may be given again
    #[arg(long, value_name = "SECTION")]
    only: Vec<String>,
    /// Write the figures to this file as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the times over the number of pairs to this file, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

impl Args {
    /// What a test run has time for.
    pub(crate) fn smoke() -> Self {
        Self { quick: true, only: Vec::new(), json: None, plot: None }
    }
}

/// The command.
pub(crate) fn run(sh: &Shell, args: &Args) -> Result<()> {
    ebpf::ensure(sh)?;
    clang::ensure(sh)?;
    cmd!(sh, "cargo build --quiet --release --package ixp-tests --bin bench").run()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let bench = root().join(target).join("release/bench");
    let mut options: Vec<PathBuf> = Vec::new();
    if args.quick {
        options.push("--quick".into());
    }
    for section in &args.only {
        options.extend(["--only".into(), section.into()]);
    }
    for (flag, file) in [("--json", &args.json), ("--plot", &args.plot)] {
        if let Some(file) = file {
            let file = absolute(file).with_context(|| format!("find the directory of {flag}"))?;
            options.extend([flag.into(), file]);
        }
    }
    let sudo = if packages::is_root(sh)? { None } else { Some("sudo") };
    ensure!(
        sudo.is_none() || on_path("sudo").is_some(),
        "XDP programs need root, and there is no sudo here: run the command as root"
    );
    let sudo = sudo.map(PathBuf::from).into_iter();
    let command: Vec<PathBuf> = sudo.chain([bench]).chain(options).collect();
    let [program, arguments @ ..] = command.as_slice() else { unreachable!("the bench is one") };
    cmd!(sh, "{program} {arguments...}").quiet().run().context("the measurement failed: see above")
}
