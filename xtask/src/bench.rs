//! `cargo xtask bench`: builds the measurements for release and runs them, by sudo if need be.

use std::env;
use std::ffi::OsString;
use std::path::{PathBuf, absolute};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use xshell::{Shell, cmd};

use crate::workspace::{cache, on_path, root};
use crate::{ebpf, packages};

/// What the measurements on a wire run, beside the agent and what starts services when installed.
const TOOLS: [&str; 4] = ["ethtool", "iproute2", "tcpdump", "util-linux"];

/// In the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// The XDP program per frame, and the agent's reading of its counters
    Frame,
    /// The agent on a veth pair, beside pmacctd, tcpdump and softflowd
    Wire,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Few frames: proves that all are counted, and measures roughly
    #[arg(long)]
    quick: bool,
    /// Measure only this; may be given again
    #[arg(long, value_enum, value_name = "SECTION")]
    only: Vec<Section>,
    /// Write the figures to this file as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Args {
    /// What a test run has time for.
    pub(crate) fn smoke() -> Self {
        Self { quick: true, only: Vec::new(), json: None }
    }
}

/// The command.
pub(crate) fn run(sh: &Shell, args: &Args) -> Result<()> {
    ebpf::ensure(sh)?;
    if let Some(file) = &args.json {
        // Each section adds its own figures.
        sh.remove_path(file).with_context(|| format!("remove {}", file.display()))?;
    }
    for section in Section::value_variants() {
        if args.only.is_empty() || args.only.contains(section) {
            section.run(sh, args)?;
        }
    }
    Ok(())
}

impl Section {
    fn run(self, sh: &Shell, args: &Args) -> Result<()> {
        match self {
            Self::Frame => {
                let build = cmd!(sh, "cargo build --quiet --release --package ixp-tests --bin bench");
                build.run()?;
                measure(sh, args, "bench", Vec::new())
            }
            Self::Wire => {
                let tools = tools(sh)?;
                let build = cmd!(sh, "cargo build --quiet --release --package ixp-tests --bin bench-wire");
                build.args(["--package", "ixp-agent", "--bin", "ixp-agent"]).run()?;
                println!();
                measure(sh, args, "bench-wire", tools)
            }
        }
    }
}

/// What the agent is measured beside, as arguments.
fn tools(sh: &Shell) -> Result<Vec<OsString>> {
    packages::install(sh, &TOOLS)?;
    let mut arguments = Vec::new();
    for (package, program) in [("pmacct", "pmacctd"), ("softflowd", "softflowd")] {
        let found = match on_path(program) {
            Some(found) => found,
            None => {
                packages::install_libraries(sh, package)?;
                packages::unpacked(sh, package, &format!("usr/sbin/{program}"), &cache()?.join(package))?
            }
        };
        arguments.extend([format!("--{program}").into(), found.into()]);
    }
    Ok(arguments)
}

fn measure(sh: &Shell, args: &Args, name: &str, more: Vec<OsString>) -> Result<()> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let bench = root().join(target).join("release").join(name);
    let quick = args.quick.then_some("--quick");
    let json = args.json.as_deref().map(absolute).transpose().context("find the directory of --json")?;
    let json = json.iter().flat_map(|file| ["--json".into(), file.clone().into_os_string()]);
    let sudo = if packages::is_root(sh)? { None } else { Some("sudo") };
    ensure!(
        sudo.is_none() || on_path("sudo").is_some(),
        "XDP programs need root, and there is no sudo here: run the command as root"
    );
    let command = sudo.map(OsString::from).into_iter().chain([bench.into_os_string()]);
    let command: Vec<OsString> = command.chain(quick.map(OsString::from)).chain(json).chain(more).collect();
    let [program, arguments @ ..] = command.as_slice() else { unreachable!("the bench is one") };
    cmd!(sh, "{program} {arguments...}").quiet().run().context("the measurement failed: see above")
}
