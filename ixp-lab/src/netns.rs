//! A network namespace that lives as long as its guard.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use crate::command::{command, ip, output};

/// A named network namespace, deleted when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A fresh namespace with every interface in it down.
    ///
    /// # Errors
    /// The name is taken, or this process may not.
    pub fn create(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        ip(&format!("netns add {name}"))?;
        Ok(Self { name })
    }

    /// Its name below `/run/netns`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `program`, to be run inside.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        command("ip", ["netns", "exec", &self.name, program])
    }

    /// Runs `ip` inside, with words separated by spaces.
    ///
    /// # Errors
    /// As [`output`].
    pub fn ip(&self, words: &str) -> Result<String> {
        ip(&format!("-n {} {words}", self.name))
    }

    /// Runs `tc` inside, with words separated by spaces.
    ///
    /// # Errors
    /// As [`output`].
    pub fn tc(&self, words: &str) -> Result<String> {
        output(command("tc", ["-n", &self.name]).args(words.split_whitespace()))
    }

    /// Writes a setting below `/proc/sys/net` inside.
    ///
    /// # Errors
    /// The setting does not exist.
    pub fn set(&self, setting: &str, value: &str) -> Result<()> {
        let path = format!("/proc/sys/net/{setting}");
        self.enter(|| std::fs::write(&path, value).with_context(|| format!("set {path} in {}", self.name)))
    }

    /// Calls `inside` on a thread that is in the namespace: a socket opened there stays there.
    ///
    /// # Errors
    /// The namespace cannot be entered, or the error of `inside`.
    pub fn enter<T: Send>(&self, inside: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let file = File::open(path(&self.name)).with_context(|| format!("open namespace {}", self.name))?;
        let entered = || {
            // SAFETY: the descriptor is open for the whole call; only this thread changes its namespace.
            let answer = unsafe { libc::setns(file.as_raw_fd(), libc::CLONE_NEWNET) };
            if answer != 0 {
                return Err(std::io::Error::last_os_error())
                    .with_context(|| format!("enter namespace {}", self.name));
            }
            inside()
        };
        thread::scope(|scope| match scope.spawn(entered).join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = ip(&format!("netns delete {}", self.name)) {
            eprintln!("lab: {error}");
        }
    }
}

/// Deletes the namespaces that `ours` names, left by a lab that was killed; returns their names.
///
/// # Errors
/// One of them cannot be deleted.
pub fn remove_leftovers(ours: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(path("")) else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.retain(|name| ours(name));
    names.sort();
    for name in &names {
        ip(&format!("netns delete {name}"))?;
    }
    Ok(names)
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("/run/netns").join(name)
}
