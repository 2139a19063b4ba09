//! A configuration in, the real agent running in the test's namespace out: asked over HTTP, ended by its number.

pub mod binary;
pub mod command;
pub mod http;
pub mod lan;
pub mod pcap;
pub mod site;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ixp_common::counters::Counts;
use ixp_lab::agent::{end, spawn_bound};
use ixp_lab::clock;
use ixp_lab::matrix::Matrix;
use serde_json::Value;

use self::http::Answer;

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until there is an answer. What is waited for is named if there is none in time.
///
/// # Errors
/// The first error of `ask`, or none in time.
pub fn wait<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let mut found = None;
    clock::until(PATIENCE, || {
        found = ask()?;
        Ok(found.is_some())
    })?;
    found.with_context(|| format!("{what}: not within {} s", PATIENCE.as_secs()))
}

/// A running agent, killed when dropped.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    log: PathBuf,
}

/// How an agent ended.
#[derive(Debug)]
pub struct Stopped {
    /// Its exit code; none after a signal.
    pub code: Option<i32>,
    /// All that it logged.
    pub log: String,
}

impl Agent {
    /// Starts an agent in the namespace of the calling thread and waits until it is ready.
    ///
    /// # Errors
    /// It ends, or is not ready in time: then its log.
    pub fn start(config: &Path) -> Result<Self> {
        let mut agent = Self::spawn(config)?;
        agent.wait_until_ready()?;
        Ok(agent)
    }

    /// The same of one that logs each of its readings.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_telling(config: &Path) -> Result<Self> {
        let mut agent = Self::spawn_with(config, &["--verbose"])?;
        agent.wait_until_ready()?;
        Ok(agent)
    }

    /// Starts an agent in the namespace of the calling thread, and does not wait for it.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn(config: &Path) -> Result<Self> {
        Self::spawn_with(config, &[])
    }

    fn spawn_with(config: &Path, words: &[&str]) -> Result<Self> {
        let log = config.with_extension("log");
        let out = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut command = command::agent(&["run"]);
        command
            .args(words)
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let child = spawn_bound(&mut command).context("start the agent")?;
        Ok(Self { child, log })
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let is_ready = || {
            let ended = self.child.try_wait()?;
            ensure!(ended.is_none(), "the agent ended at once");
            Ok(http::get("/readyz").ok().filter(|answer| answer.status == 200))
        };
        wait("the agent is ready", is_ready).with_context(|| self.log())?;
        Ok(())
    }

    /// What it answers.
    ///
    /// # Errors
    /// It does not.
    pub fn get(&self, path: &str) -> Result<Answer> {
        http::get(path).with_context(|| format!("{path}:\n{}", self.log()))
    }

    /// What it answers that is no text.
    ///
    /// # Errors
    /// It does not, or not with 200.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        http::bytes(path).with_context(|| self.log())
    }

    /// The JSON that it answers.
    ///
    /// # Errors
    /// It does not, or not with 200, or not with JSON.
    pub fn json(&self, path: &str) -> Result<Value> {
        let answer = self.get(path)?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.body);
        answer.json()
    }

    /// The matrix by MAC since the start, once it has this many frames, each in its place.
    ///
    /// # Errors
    /// It never has.
    pub fn matrix(&self, frames: u64) -> Result<Matrix> {
        self.settled(frames)?;
        Matrix::parse(&self.get("/api/v1/matrix")?.body)
    }

    /// The status, once this many frames were seen, each with its place.
    ///
    /// # Errors
    /// Fewer come, or more.
    pub fn settled(&self, frames: u64) -> Result<Value> {
        let mut seen = 0;
        let status = wait("every frame has its place", || {
            let status = self.json("/api/v1/status")?;
            seen = number(&status["seen"]["packets"])?;
            Ok((seen >= frames && number(&status["in_flight"]["packets"])? == 0).then_some(status))
        })
        .with_context(|| format!("{seen} frames seen, {frames} expected"))?;
        ensure!(seen == frames, "{seen} frames seen, {frames} expected");
        Ok(status)
    }

    /// The number of its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: libc::c_int) {
        // SAFETY: no pointers; the child is not waited for yet, so the number is still its own.
        unsafe { libc::kill(self.child.id().cast_signed(), signal) };
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn wait_until_ended(mut self) -> Result<Stopped> {
        let status = wait("the agent ends", || Ok(self.child.try_wait()?)).with_context(|| self.log())?;
        Ok(Stopped { code: status.code(), log: self.log() })
    }

    /// Ends it by a signal.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn stop(self, signal: libc::c_int) -> Result<Stopped> {
        self.signal(signal);
        self.wait_until_ended()
    }

    /// The memory that it has, in bytes.
    ///
    /// # Errors
    /// It has ended.
    pub fn resident(&self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&file).with_context(|| format!("read {file}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("it has ended")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().context("a number of kB")?;
        Ok(kilobytes << 10)
    }

    /// All that it logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A number of an answer.
///
/// # Errors
/// It is none.
pub fn number(value: &Value) -> Result<u64> {
    value.as_u64().with_context(|| format!("{value} is no number"))
}

/// Frames and bytes of an answer.
///
/// # Errors
/// It has them not.
pub fn counts(value: &Value) -> Result<Counts> {
    Ok(Counts { packets: number(&value["packets"])?, bytes: number(&value["bytes"])? })
}
