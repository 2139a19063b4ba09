//! Words in, a command of the agent run to its end out: its exit code and what it wrote.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use ixp_lab::agent::{end, spawn_bound};

use super::{binary, wait};

/// Variables that would change what the agent does.
const STRAY: [&str; 6] =
    ["RUST_LOG", "IXP_EBPF_OBJECT", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC"];

/// What a command left behind.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none after a signal.
    pub code: Option<i32>,
    /// What it wrote on standard output.
    pub out: String,
    /// What it wrote on standard error.
    pub err: String,
}

impl Ended {
    /// The line by which it says why it failed.
    #[must_use]
    pub fn error(&self) -> &str {
        self.err.lines().find(|line| line.starts_with("error: ")).unwrap_or_default()
    }
}

/// The agent with these words, in an environment that says nothing to it.
#[must_use]
pub fn agent(words: &[&str]) -> Command {
    quiet(Command::new(binary::agent()), words)
}

/// `command` with these words, in an environment that says nothing to the agent.
#[must_use]
pub fn quiet(mut command: Command, words: &[&str]) -> Command {
    for name in STRAY {
        command.env_remove(name);
    }
    command.args(words);
    command
}

/// Runs the agent with these words and an empty standard input.
///
/// # Errors
/// As [`finish`].
pub fn run(words: &[&str]) -> Result<Ended> {
    finish(agent(words).stdin(Stdio::null()))
}

/// Runs a command to its end. It is killed if it has none.
///
/// # Errors
/// It cannot be started, or does not end in time.
pub fn finish(command: &mut Command) -> Result<Ended> {
    let (out, err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(out.try_clone()?).stderr(err.try_clone()?);
    let mut child = spawn_bound(command).with_context(|| format!("start {command:?}"))?;
    let ended = wait("the command ends", || Ok(child.try_wait()?));
    end(&mut child);
    let (out, err) = (text(out)?, text(err)?);
    let status = ended.with_context(|| format!("{command:?}:\n{out}{err}"))?;
    Ok(Ended { code: status.code(), out, err })
}

fn text(mut file: File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    String::from_utf8(bytes).context("the agent writes UTF-8")
}
