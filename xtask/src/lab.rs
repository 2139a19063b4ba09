//! `cargo xtask lab`: arguments in, an emulated exchange with the agent on it, a verdict out.

use std::env;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{self, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use clap::ValueEnum;
use ixp_lab::exchange::{self, Mode};
use ixp_lab::run::Settings;
use ixp_lab::station::MOST_MEMBERS;
use ixp_lab::verdict;
use xshell::{Shell, cmd};

use crate::workspace::{on_path, root};
use crate::{ebpf, packages};

/// What the lab's namespaces begin with.
const PREFIX: &str = "ixplab";

/// What sudo lets through: how to write to the terminal, and which object the agent loads.
const KEPT: &str = "--preserve-env=NO_COLOR,IXP_EBPF_OBJECT";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many members
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(2..=i64::from(MOST_MEMBERS)))]
    members: u8,
    /// How long the members speak, as 90, 60s, 10m or 1h [default: until Ctrl-C]
    #[arg(long, value_parser = duration)]
    duration: Option<Duration>,
    /// Where the agent counts: on a monitor port, or on each of the switch's ports
    #[arg(long, value_enum, default_value_t = Deployment::Tap)]
    mode: Deployment,
    /// What becomes of a frame that breaks a rule
    #[arg(long, value_enum, default_value_t = Policy::Monitor)]
    policy: Policy,
    /// Add a member for each thing that members must not send, who sends it
    #[arg(long)]
    misbehave: bool,
    /// Who speaks to whom, and how much
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where the agent serves
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9179")]
    listen: SocketAddr,
    /// Keep what the agent counts in this folder, beside what is there; docs/store.md tells how to ask it
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// An agent to use instead of building one
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deployment {
    Tap,
    Inline,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Policy {
    Monitor,
    Enforce,
}

/// The command. As an ordinary user it builds as that user, and runs only the exchange by sudo.
pub(crate) fn run(sh: &Shell, args: &Args) -> Result<()> {
    ensure!(
        args.mode == Deployment::Inline || args.policy == Policy::Monitor,
        "--policy enforce drops frames, and those of a tap are copies: add --mode inline"
    );
    let agent = match &args.agent {
        Some(agent) => agent.canonicalize().with_context(|| format!("find {}", agent.display()))?,
        None => build(sh)?,
    };
    if !packages::is_root(sh)? {
        return Err(by_sudo(args, &agent));
    }
    let evidence = ixp_lab::run::run(&settings(args, agent)?)?;
    println!("{}", verdict::report(&evidence));
    if !verdict::failures(&evidence).is_empty() {
        // The verdict is the last line: no error may follow it.
        std::process::exit(1);
    }
    Ok(())
}

/// One member's process, started by the lab inside the member's namespace.
pub(crate) fn member() -> Result<()> {
    ixp_lab::member::run()
}

fn build(sh: &Shell) -> Result<PathBuf> {
    packages::install(sh, &["ethtool", "iproute2"])?;
    ebpf::ensure(sh)?;
    cmd!(sh, "cargo build --release --package ixp-agent").run()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(root().join(target).join("release/ixp-agent"))
}

/// Becomes the same command as root, with the agent built; returns only when that fails.
fn by_sudo(args: &Args, agent: &Path) -> Error {
    if on_path("sudo").is_none() {
        return anyhow!("network namespaces need root, and there is no sudo here: run the command as root");
    }
    let this = match env::current_exe() {
        Ok(this) => this,
        Err(error) => return Error::new(error).context("find this program's own file"),
    };
    println!("lab: network namespaces need root: running the exchange by sudo");
    let mut sudo = Command::new("sudo");
    sudo.args([KEPT, "--"]).arg(this).args(env::args_os().skip(1));
    if args.agent.is_none() {
        sudo.arg("--agent").arg(agent);
    }
    Error::new(sudo.exec()).context("start sudo")
}

fn settings(args: &Args, agent: PathBuf) -> Result<Settings> {
    let this = env::current_exe().context("find this program's own file")?;
    Ok(Settings {
        prefix: PREFIX.to_owned(),
        members: args.members,
        misbehave: args.misbehave,
        duration: args.duration,
        mode: match args.mode {
            Deployment::Tap => Mode::Tap,
            Deployment::Inline => Mode::Inline,
        },
        policy: match args.policy {
            Policy::Monitor => exchange::Policy::Monitor,
            Policy::Enforce => exchange::Policy::Enforce,
        },
        seed: args.seed,
        listen: args.listen,
        agent,
        store: args.store.as_ref().map(path::absolute).transpose().context("--store")?,
        member: vec![this, PathBuf::from("lab-member")],
        progress: true,
    })
}

fn duration(text: &str) -> Result<Duration> {
    let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => bail!("write a number of seconds, or one with s, m or h, as 60s"),
    };
    let number: u64 = number.parse().context("write a number, as 60s")?;
    Ok(Duration::from_secs(number.saturating_mul(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_or_without_a_unit() {
        for (text, seconds) in [("90", 90), ("60s", 60), ("10m", 600), ("1h", 3600)] {
            assert_eq!(duration(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
        for text in ["", "s", "1d", "-1s", "1.5s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
