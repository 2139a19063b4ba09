//! `cargo xtask test`: all that must hold, step by step, each with its time; the first that fails ends it.

use std::env;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use xshell::{PushEnv, Shell, cmd};

use crate::workspace::{cache, on_path, root};
use crate::{bench, deny, ebpf, fuzz, packages, python, scapy, tidy};

/// What the tests run, beside the agent.
const TOOLS: [&str; 6] = ["ethtool", "iproute2", "rrdtool", "tcpdump", "tmux", "tshark"];

/// In the order in which they run: what fails fast comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Every source is formatted
    Fmt,
    /// The architecture and the style hold
    Tidy,
    /// The frames that scapy makes are those of the corpora
    Corpora,
    /// The XDP program builds
    Ebpf,
    /// No lint warns
    Clippy,
    /// Unit tests, and tests over a real kernel
    Tests,
    /// Licences and sources of what is linked in
    Deny,
    /// Each fuzz target for a minute
    Fuzz,
    /// A minute of the lab, the agent on a monitor port, with members that break the rules: each is named
    LabTap,
    /// A minute of the lab, the agent on the switch's ports: difference 0
    LabInline,
    /// Twenty seconds of the lab with members that break the rules: each is named, nobody gets its frames
    LabSins,
    /// The same where nothing is dropped: what would be is counted, and the storm that one of them calls forth is told
    LabMonitor,
    /// The measurements in short: every frame is counted
    Bench,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only this step; may be given again
    #[arg(long, value_enum, value_name = "STEP")]
    only: Vec<Step>,
    /// Leave this step out; may be given again
    #[arg(long, value_enum, value_name = "STEP", conflicts_with = "only")]
    skip: Vec<Step>,
}

impl Args {
    fn wants(&self, step: Step) -> bool {
        (self.only.is_empty() || self.only.contains(&step)) && !self.skip.contains(&step)
    }
}

/// Runs the steps and says at the end what took how long, and what was left out.
pub(crate) fn run(sh: &Shell, args: &Args) -> Result<()> {
    let (wanted, left_out): (Vec<_>, Vec<_>) =
        Step::value_variants().iter().copied().partition(|step| args.wants(*step));
    let mut summary = Vec::new();
    for step in wanted {
        println!("test: {}", step.name());
        let started = clock();
        let outcome = step.run(sh);
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        summary.push(line(step, verdict, Some(started.elapsed())));
        if let Err(error) = outcome {
            println!("{}", summary.join("\n"));
            return Err(
                error.context(format!("step {} failed; again: cargo xtask test --only {0}", step.name()))
            );
        }
    }
    summary.extend(left_out.into_iter().map(|step| line(step, "SKIPPED, as asked", None)));
    println!("{}", summary.join("\n"));
    Ok(())
}

fn line(step: Step, verdict: &str, took: Option<Duration>) -> String {
    let took = took.map_or(String::new(), |took| format!("{:.1} s", took.as_secs_f64()));
    format!("test: {:<10} {took:>8}  {verdict}", step.name())
}

#[expect(clippy::disallowed_methods, reason = "how long a step takes is what is told")]
fn clock() -> Instant {
    Instant::now()
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, sh: &Shell) -> Result<()> {
        match self {
            Self::Fmt => fmt(sh),
            Self::Tidy => tidy::run(),
            Self::Corpora => scapy::check(sh),
            Self::Ebpf => ebpf::ensure(sh),
            Self::Clippy => clippy(sh),
            Self::Tests => tests(sh),
            Self::Deny => deny::run(sh),
            Self::Fuzz => fuzz::run(sh, &fuzz::Args::smoke()),
            Self::LabTap => lab(sh, &["--misbehave", "--mode", "tap", "--duration", "60s"]),
            Self::LabInline => lab(sh, &["--mode", "inline", "--duration", "60s"]),
            Self::LabSins => {
                lab(sh, &["--misbehave", "--mode", "inline", "--policy", "enforce", "--duration", "20s"])
            }
            Self::LabMonitor => {
                lab(sh, &["--misbehave", "--mode", "inline", "--policy", "monitor", "--duration", "10s"])
            }
            Self::Bench => bench::run(sh, &bench::Args::smoke()),
        }
    }
}

fn fmt(sh: &Shell) -> Result<()> {
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        cmd!(sh, "cargo fmt --all --check --manifest-path {manifest}")
            .quiet()
            .run()
            .context("run `cargo fmt --all`")?;
    }
    Ok(())
}

fn clippy(sh: &Shell) -> Result<()> {
    ebpf::ensure(sh)?;
    cmd!(sh, "cargo clippy --quiet --locked --workspace --all-targets -- -D warnings")
        .quiet()
        .run()
        .context("clippy: see above")
}

/// Runs the tests as root, and builds them as whoever we are.
fn tests(sh: &Shell) -> Result<()> {
    packages::install(sh, &TOOLS)?;
    ebpf::ensure(sh)?;
    let promtool = promtool(sh)?;
    let _promtool = sh.push_env("IXP_PROMTOOL", promtool);
    let _others = others(sh)?;
    let python = python::venv(sh, "readers", &root().join("tests/data/parquet/requirements.txt"))?;
    let _python = sh.push_env("IXP_PYTHON", python);
    // The tests that run it would build it themselves, but as root.
    cmd!(sh, "cargo build --quiet --locked --package ixp-agent").quiet().run().context("agent: see above")?;
    let mut command = if on_path("cargo-nextest").is_some() {
        cmd!(sh, "cargo nextest run --locked --workspace")
    } else {
        // One thread: tests that share the kernel take turns, as .config/nextest.toml has it.
        cmd!(sh, "cargo test --quiet --locked --workspace --all-targets -- --test-threads 1")
    };
    if !packages::is_root(sh)? {
        ensure!(on_path("sudo").is_some(), "the tests attach XDP programs: run as root, or install sudo");
        let arch = env::consts::ARCH.to_uppercase();
        command = command.env(format!("CARGO_TARGET_{arch}_UNKNOWN_LINUX_GNU_RUNNER"), "sudo -E");
    }
    command.quiet().run().context("tests: see above")?;
    documentation(sh)
}

/// The checker of metrics: the one on the PATH, else one that is fetched.
fn promtool(sh: &Shell) -> Result<PathBuf> {
    match on_path("promtool") {
        Some(found) => Ok(found),
        None => packages::unpacked(sh, "prometheus", "usr/bin/promtool", &cache()?.join("prometheus")),
    }
}

/// Collectors of sFlow and a writer of RRD files that are not ours, each by a variable with its path.
fn others(sh: &Shell) -> Result<Vec<PushEnv<'_>>> {
    let programs = [
        ("IXP_SFACCTD", "pmacct", "usr/sbin/sfacctd"),
        ("IXP_SFCAPD", "nfdump-sflow", "usr/bin/sfcapd"),
        ("IXP_NFDUMP", "nfdump", "usr/bin/nfdump"),
        ("IXP_RRDCACHED", "rrdcached", "usr/bin/rrdcached"),
    ];
    let found = programs.map(|(variable, package, file)| {
        Ok(sh.push_env(variable, packages::without_service(sh, package, file)?))
    });
    found.into_iter().collect()
}

/// The examples in the documentation, which neither runner runs together with the other tests.
fn documentation(sh: &Shell) -> Result<()> {
    let command = cmd!(sh, "cargo test --quiet --locked --workspace --doc");
    command.quiet().run().context("examples in the documentation: see above")
}

/// Runs the lab as a user does, so that its exit code is what is held to.
fn lab(sh: &Shell, arguments: &[&str]) -> Result<()> {
    let xtask = env::current_exe().context("find xtask itself")?;
    let command = cmd!(sh, "{xtask} lab --members 16 {arguments...}");
    command.quiet().run().with_context(|| format!("lab {}: see above", arguments.join(" ")))
}
