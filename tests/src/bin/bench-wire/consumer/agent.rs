//! The real agent with its usual settings, asked over HTTP.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ixp_tests::agent::site::SAMPLER;
use ixp_tests::agent::{Agent, number};

use super::Consumer;
use crate::exchange::Exchange;
use crate::group::time_of;
use crate::stage::{Arrived, Stage};

/// An agent at work.
pub(crate) struct Counting {
    agent: Agent,
    seen: u64,
}

impl Counting {
    /// Starts one as a tap that consumes what it counted, or not.
    pub(crate) fn start(stage: &Stage, consumes: bool) -> Result<Self> {
        stage.site.write("members.toml", Exchange::members())?;
        let config = format!(
            "[members]\nfile = \"members.toml\"\n\
             [[attach]]\ninterface = \"{SAMPLER}\"\ndeployment = \"tap\"\nxdp = \"native\"\nconsume = {consumes}\n"
        );
        Ok(Self { agent: stage.site.agent(&config)?, seen: 0 })
    }
}

impl Consumer for Counting {
    fn settle(&mut self, arrived: Arrived) -> Result<()> {
        let status = self.agent.settled(arrived.received)?;
        self.seen = number(&status["seen"]["packets"])?;
        Ok(())
    }

    fn cpu_time(&self) -> Result<Duration> {
        time_of(self.agent.process().cast_signed())
    }

    fn check_cells(&self, stage: &Stage, frames: u64) -> Result<()> {
        let matrix = self.agent.matrix(frames)?;
        let truth = stage.exchange.cells(frames);
        ensure!(matrix.malformed == 0 && matrix.unattributed == 0, "{} in no cell", matrix.unattributed);
        ensure!(matrix.findings.is_empty(), "clean frames break rules: {:?}", matrix.findings);
        ensure!(matrix.cells.len() == truth.len(), "{} cells of {}", matrix.cells.len(), truth.len());
        let wrong = truth.iter().find(|(key, counts)| matrix.cells.get(key) != Some(counts));
        ensure!(
            wrong.is_none(),
            "sent {wrong:?}, counted {:?}",
            wrong.and_then(|(key, _)| matrix.cells.get(key))
        );
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        let stopped = self.agent.stop(libc::SIGTERM)?;
        ensure!(stopped.code == Some(0), "the agent ended with {:?}: {}", stopped.code, stopped.log);
        let last = stopped.log.lines().last().context("the agent logged nothing")?;
        ensure!(last.contains("difference=0"), "the agent's last line: {last}");
        Ok(Some(self.seen))
    }
}
