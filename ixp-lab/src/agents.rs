//! The two agents of a lab: one on the fabric, which samples, and one that hears those samples and sees nothing else.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::agent::{Agent, Start};
use crate::exchange::{Mode, Policy};
use crate::matrix::Matrix;
use crate::netns::Namespace;
use crate::sampled::Sampled;

/// One frame in so many is sampled: a short run has hundreds of samples of its busy pairs.
pub const RATE: u32 = 16;

/// How much of the past the agents have in memory. What is older is in no matrix of theirs.
pub const KEPT: Duration = Duration::from_hours(168);

/// A lab has no ten minutes to wait for a word of BGP; its members speak at once.
const BGP_SILENCE: &str = "8s";

/// Where samples go, in the agents' namespace.
const COLLECTOR: &str = "127.0.0.1:6343";

/// Who sends them.
const EXPORTER: &str = "127.0.0.1";

/// What the agents need to start.
#[derive(Debug)]
pub struct Site<'a> {
    /// The `ixp-agent` to run.
    pub program: &'a Path,
    /// Where both live; it has a loopback.
    pub namespace: &'a Namespace,
    /// What the one on the fabric attaches to, there.
    pub interfaces: &'a [String],
    /// As what.
    pub mode: Mode,
    /// What it does about rules.
    pub policy: Policy,
    /// The members file of both.
    pub members: &'a str,
    /// Where their configurations and logs are kept.
    pub folder: &'a Path,
    /// Where the one on the fabric keeps what it counts, if anywhere.
    pub store: Option<&'a Path>,
    /// A socket of the host's own namespace that the one on the fabric serves on.
    pub listener: &'a TcpListener,
}

/// Both, ended when dropped.
#[derive(Debug)]
pub struct Agents {
    /// It counts, and samples.
    pub fabric: Agent,
    /// It gets the samples.
    pub collector: Agent,
}

impl Agents {
    /// Starts both and waits until one hears and the other is attached everywhere. The one that hears serves on a free
    /// port beside the other's.
    ///
    /// # Errors
    /// As [`Agent::start`].
    pub fn start(site: &Site<'_>) -> Result<Self> {
        let members = site.folder.join("members.toml");
        fs::write(&members, site.members).with_context(|| format!("write {}", members.display()))?;
        let address = site.listener.local_addr().context("read the address listened on")?;
        let second = TcpListener::bind(SocketAddr::new(address.ip(), 0)).context("listen on a free port")?;
        let start = |name, config: &str, listener| {
            let Site { program, namespace, folder, .. } = *site;
            Agent::start(&Start { name, program, namespace, config, folder, listener })
        };
        // What is kept on a disk has steps of ten seconds.
        let shared = shared(&members, if site.store.is_some() { "10s" } else { "1m" });
        let collector = start("collector", &format!("{shared}{}", hearing()), &second)?;
        let fabric = start("agent", &format!("{shared}{}", counting(site)), site.listener)?;
        Ok(Self { fabric, collector })
    }

    /// What the one on the fabric has counted so far, while both are there.
    ///
    /// # Errors
    /// One of the two does not answer, or not so.
    pub fn counted(&self) -> Result<Matrix> {
        let _answers = self.collector.status()?;
        self.fabric.matrix()
    }

    /// What the samples say, and what became of them on their way.
    ///
    /// # Errors
    /// One of the two does not answer, or not so.
    pub fn sampled(&self) -> Result<Sampled> {
        let (taken, heard) = (self.fabric.status()?, self.collector.status()?);
        Sampled::parse(RATE, &taken, &heard, &self.collector.sampled_matrix()?)
    }

    /// Lets both end, the one that samples first.
    ///
    /// # Errors
    /// As [`Agent::stop`].
    pub fn stop(self) -> Result<()> {
        self.fabric.stop()?;
        self.collector.stop()
    }
}

fn shared(members: &Path, step: &str) -> String {
    let (members, hours) = (members.display(), KEPT.as_secs() / 3600);
    format!("[members]\nfile = \"{members}\"\n\n[window]\nstep = \"{step}\"\nkeep = \"{hours}h\"\n")
}

fn counting(site: &Site<'_>) -> String {
    let (profile, deployment) = (site.policy.name(), site.mode.name());
    let mut text = format!(
        "\n[policy]\nprofile = \"{profile}\"\nbgp_silence = \"{BGP_SILENCE}\"\n\n[sampling]\nrate = {RATE}\n\n\
         [sflow]\ncollectors = [\"{COLLECTOR}\"]\n"
    );
    if let Some(folder) = site.store {
        text += &format!("\n[store]\nfolder = \"{}\"\n", folder.display());
    }
    for interface in site.interfaces {
        text += &format!(
            "\n[[attach]]\ninterface = \"{interface}\"\ndeployment = \"{deployment}\"\nxdp = \"native\"\nlan = \"peering\"\n"
        );
        if site.mode == Mode::Inline {
            text += &format!("port = \"{interface}\"\n");
        }
    }
    text
}

fn hearing() -> String {
    format!(
        "\n[sflow.listen]\naddress = \"{COLLECTOR}\"\n\n[[sflow.exporter]]\naddress = \"{EXPORTER}\"\nname = \"lab\"\n"
    )
}
