//! A frame in, what the kernel's copy of the parser reads from it out.

use anyhow::{Context as _, Result};
use aya::Ebpf;
use aya::maps::{Array, MapData};
use aya::programs::Xdp;
use ixp_common::digest::Digest;

use crate::kernel::{run, run_split};
use crate::traffic::{load, xdp};

/// The loaded probe and the map that it writes to.
pub struct Digests {
    ebpf: Ebpf,
    digest: Array<MapData, Digest>,
}

impl Digests {
    /// Loads the probe.
    ///
    /// # Errors
    /// If the kernel refuses, or a capability is missing.
    pub fn load() -> Result<Self> {
        let mut ebpf = load(&[PROGRAM])?;
        let digest = Array::try_from(ebpf.take_map("DIGEST").context("the probe has no DIGEST")?)?;
        Ok(Self { ebpf, digest })
    }

    /// What the kernel reads from a whole frame.
    ///
    /// # Errors
    /// If the run fails.
    pub fn of(&mut self, frame: &[u8]) -> Result<Digest> {
        self.read(|program| run(program, frame, 1).map(drop))
    }

    /// What the kernel reads from a frame of which only the first `visible` bytes are linear.
    ///
    /// # Errors
    /// If the run fails.
    pub fn of_split(&mut self, frame: &[u8], visible: usize) -> Result<Digest> {
        self.read(|program| run_split(program, frame, visible).map(drop))
    }

    fn read(&mut self, run: impl FnOnce(&Xdp) -> Result<()>) -> Result<Digest> {
        self.digest.set(0, Digest::EMPTY, 0).context("empty the digest")?;
        run(xdp(&self.ebpf, PROGRAM)?)?;
        self.digest.get(&0, 0).context("read the digest")
    }
}

const PROGRAM: &str = "ixp_digest";
