//! Pairs of interfaces in, a place for an agent out: its own network namespace and a folder for its files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::Agent;
use crate::netns::Namespace;

/// A namespace with loopback and a veth pair; the agent counts on [`SAMPLER`].
#[derive(Debug)]
pub struct Site {
    /// The namespace of the calling thread.
    pub namespace: Namespace,
    folder: TempDir,
}

/// Where tests send.
pub const FABRIC: &str = "fabric";
/// Where the agent counts.
pub const SAMPLER: &str = "sampler";

/// Drops are real, and no rate is limited, so that each frame of a kind breaks the same rules.
const UNLIMITED: &str = r#"
[policy]
profile = "enforce"
[policy.limits]
arp = { rate = 0, burst = 1 }
nd = { rate = 0, burst = 1 }
broadcast = { rate = 0, burst = 1 }
multicast = { rate = 0, burst = 1 }
unknown_unicast = { rate = 0, burst = 1 }
rule = { rate = 0, burst = 1 }
[members]
file = "members.toml"
"#;

/// The configuration of an agent that drops on these interfaces what breaks a rule, and limits no rate.
#[must_use]
pub fn enforcing(interfaces: &[&str]) -> String {
    let attach = |name: &&str| format!("[[attach]]\ninterface = \"{name}\"\ndeployment = \"inline\"\n");
    interfaces.iter().map(attach).fold(UNLIMITED.to_owned(), |config, attach| config + &attach)
}

impl Site {
    /// Moves the calling thread there.
    ///
    /// # Errors
    /// As [`Namespace::enter`].
    pub fn enter() -> Result<Self> {
        let namespace = Namespace::enter()?;
        namespace.ip(&["link", "set", "lo", "up"])?;
        namespace.veth(FABRIC, SAMPLER)?;
        Ok(Self { namespace, folder: tempfile::tempdir().context("make a folder")? })
    }

    /// The path of a file.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and gives its path.
    ///
    /// # Errors
    /// The disk is full.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }

    /// Starts an agent with this configuration.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub fn agent(&self, config: &str) -> Result<Agent> {
        Agent::start(&self.write("config.toml", config)?)
    }

    /// Starts an agent on [`SAMPLER`] as a tap, with these members and anything else.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub fn tap(&self, members: &str, more: &str) -> Result<Agent> {
        self.write("members.toml", members)?;
        self.agent(&format!(
            "{more}\n[members]\nfile = \"members.toml\"\n[[attach]]\ninterface = \"{SAMPLER}\"\n"
        ))
    }

    /// Whether a program is on an interface.
    ///
    /// # Errors
    /// There is no such interface.
    pub fn has_program(&self, interface: &str) -> Result<bool> {
        Ok(self.namespace.ip(&["-details", "link", "show", interface])?.contains("prog/xdp"))
    }
}

/// The path as a word of a command.
///
/// # Panics
/// If it is no UTF-8, which paths of tests are.
#[must_use]
pub fn word(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
