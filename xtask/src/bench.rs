//! `cargo xtask bench`: builds the measurements for release and runs them, by sudo if need be.

mod clang;

use std::env;
use std::ffi::OsString;
use std::path::{PathBuf, absolute};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use xshell::{Shell, cmd};

use crate::workspace::{on_path, root};
use crate::{ebpf, packages};

/// What the measurements on a wire run, beside the agent and what starts services when installed.
const TOOLS: [&str; 4] = ["ethtool", "iproute2", "tcpdump", "util-linux"];

/// What is measured: all but the wire by one program, and in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// The XDP program per frame beside C, over pairs, spread, length, rules
    Table,
    /// The same over members
    Members,
    /// What samples cost
    Sampling,
    /// How far a frame goes, step by step
    Parts,
    /// One CPU and all of them
    Cpus,
    /// Frames that break rules
    Broken,
    /// The kernel's memory, by map
    Memory,
    /// The agent's reading of its counters, and taking them in
    Drain,
    /// The agent on a veth pair, beside pmacctd, tcpdump and softflowd
    Wire,
    /// Samples of switches in the agent, beside sfacctd
    Sflow,
    /// What is kept of the past: bytes of a row, beside RRD files; time to write and to ask
    Store,
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
    /// Draw the first table to this file, as SVG
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
    if let Some(file) = &args.json {
        // Each section adds its own figures.
        sh.remove_path(file).with_context(|| format!("remove {}", file.display()))?;
    }
    let wants = |section: &&Section| args.only.is_empty() || args.only.contains(*section);
    let wanted: Vec<Section> = Section::value_variants().iter().filter(wants).copied().collect();
    let frames: Vec<OsString> =
        wanted.iter().filter(|section| section.is_of_frames()).flat_map(Section::chosen).collect();
    if !frames.is_empty() {
        frame(sh, args, frames)?;
    }
    if wanted.contains(&Section::Wire) {
        wire(sh, args)?;
    }
    if wanted.contains(&Section::Sflow) {
        sflow(sh, args)?;
    }
    if wanted.contains(&Section::Store) {
        store(sh, args)?;
    }
    Ok(())
}

impl Section {
    /// Whether the program that measures frames measures it.
    const fn is_of_frames(self) -> bool {
        !matches!(self, Self::Wire | Self::Sflow | Self::Store)
    }

    /// As an argument of the program that measures it.
    fn chosen(&self) -> [OsString; 2] {
        let name = self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        ["--only".into(), name.into()]
    }
}

fn frame(sh: &Shell, args: &Args, mut arguments: Vec<OsString>) -> Result<()> {
    clang::ensure(sh)?;
    cmd!(sh, "cargo build --quiet --release --package ixp-tests --bin bench").run()?;
    if let Some(file) = &args.plot {
        arguments.extend(["--plot".into(), absolute(file).context("find the directory of --plot")?.into()]);
    }
    measure(sh, args, "bench", arguments)
}

fn wire(sh: &Shell, args: &Args) -> Result<()> {
    let tools = tools(sh)?;
    let build = cmd!(sh, "cargo build --quiet --release --package ixp-tests --bin bench-wire");
    build.args(["--package", "ixp-agent", "--bin", "ixp-agent"]).run()?;
    println!();
    measure(sh, args, "bench-wire", tools)
}

fn sflow(sh: &Shell, args: &Args) -> Result<()> {
    packages::install(sh, &["iproute2", "rrdtool"])?;
    let sfacctd = packages::without_service(sh, "pmacct", "usr/sbin/sfacctd")?;
    let build = cmd!(sh, "cargo build --quiet --release --package ixp-tests --bin bench-sflow");
    build.args(["--package", "ixp-agent", "--bin", "ixp-agent"]).run()?;
    println!();
    measure(sh, args, "bench-sflow", vec!["--sfacctd".into(), sfacctd.into()])
}

fn store(sh: &Shell, args: &Args) -> Result<()> {
    packages::install(sh, &["iproute2"])?;
    let build = cmd!(sh, "cargo build --quiet --release --package ixp-tests --bin bench-store");
    build.args(["--package", "ixp-agent", "--bin", "ixp-agent"]).run()?;
    println!();
    measure(sh, args, "bench-store", Vec::new())
}

/// What the agent is measured beside, as arguments.
fn tools(sh: &Shell) -> Result<Vec<OsString>> {
    packages::install(sh, &TOOLS)?;
    let mut arguments = Vec::new();
    for (package, program) in [("pmacct", "pmacctd"), ("softflowd", "softflowd")] {
        let found = packages::without_service(sh, package, &format!("usr/sbin/{program}"))?;
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
