//! Nobody who counts: frames that a program drops, or that go up the stack and end there.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aya::Ebpf;
use aya::programs::Xdp;
use aya::programs::xdp::XdpMode;
use ixp_tests::agent::site::SAMPLER;
use ixp_tests::traffic;

use super::Consumer;
use crate::stage::Arrived;

const PROGRAM: &str = "ixp_drop";

/// A program that is attached as long as this lives, or none.
#[derive(Default)]
pub(crate) struct Floor(#[expect(dead_code, reason = "it keeps the program attached")] Option<Ebpf>);

impl Floor {
    /// Attaches the program that drops all.
    pub(crate) fn dropping() -> Result<Self> {
        let mut ebpf = traffic::load(&[PROGRAM])?;
        let program = ebpf.program_mut(PROGRAM).with_context(|| format!("the probe has no {PROGRAM}"))?;
        let program: &mut Xdp = program.try_into()?;
        program.attach(SAMPLER, XdpMode::Driver).with_context(|| format!("attach {PROGRAM} to {SAMPLER}"))?;
        Ok(Self(Some(ebpf)))
    }
}

impl Consumer for Floor {
    fn settle(&mut self, _arrived: Arrived) -> Result<()> {
        Ok(())
    }

    fn cpu_time(&self) -> Result<Duration> {
        Ok(Duration::ZERO)
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        Ok(None)
    }
}
