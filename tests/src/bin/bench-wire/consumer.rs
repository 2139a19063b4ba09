//! What counts frames: a kind and a stage in, one of it at work out, then how many frames it counted.

mod agent;
mod floor;
mod pmacctd;
mod softflowd;
mod tcpdump;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::stage::{Arrived, Stage};

pub(crate) use floor::Floor;

/// The programs that are not the agent.
#[derive(Debug, Clone, Args)]
pub(crate) struct Tools {
    /// Where pmacctd is
    #[arg(long, value_name = "FILE", default_value = "pmacctd")]
    pmacctd: PathBuf,
    /// Where softflowd is; softflowctl lies beside it
    #[arg(long, value_name = "FILE", default_value = "softflowd")]
    softflowd: PathBuf,
    /// Where tcpdump is
    #[arg(long, value_name = "FILE", default_value = "tcpdump")]
    tcpdump: PathBuf,
}

/// Who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Nobody: a program drops all.
    Drop,
    /// The agent, as a tap that takes the frames.
    AgentTap,
    /// Nobody: the host's stack drops what is for others.
    Stack,
    /// The agent, as a tap that lets the frames up the stack.
    AgentPass,
    /// `pmacctd`, which prints at the end.
    PmacctdEnd,
    /// `pmacctd`, which prints each second, as often as the agent reads its counters.
    PmacctdSecond,
    /// `tcpdump`, which writes each frame to nowhere.
    Tcpdump,
    /// `softflowd`, which keeps flows by addresses, ports and MACs.
    Softflowd,
}

impl Kind {
    /// As the table has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Drop => "nobody, dropped by XDP",
            Self::AgentTap => "ixp-agent, tap",
            Self::Stack => "nobody, up the stack",
            Self::AgentPass => "ixp-agent, consume = false",
            Self::PmacctdEnd => "pmacctd, prints at the end",
            Self::PmacctdSecond => "pmacctd, prints each second",
            Self::Tcpdump => "tcpdump -w /dev/null",
            Self::Softflowd => "softflowd, flows with MACs",
        }
    }

    /// Whether anybody counts.
    pub(crate) const fn counts(self) -> bool {
        !matches!(self, Self::Drop | Self::Stack)
    }

    /// Whether it is the agent: then each frame that arrived must be counted, whatever the rate.
    pub(crate) const fn is_agent(self) -> bool {
        matches!(self, Self::AgentTap | Self::AgentPass)
    }

    /// Starts one. It counts once it has settled.
    pub(crate) fn start(self, stage: &Stage, tools: &Tools) -> Result<Box<dyn Consumer>> {
        Ok(match self {
            Self::Drop => Box::new(Floor::dropping()?),
            Self::Stack => Box::new(Floor::default()),
            Self::AgentTap => Box::new(agent::Counting::start(stage, true)?),
            Self::AgentPass => Box::new(agent::Counting::start(stage, false)?),
            Self::PmacctdEnd => Box::new(pmacctd::Pmacctd::start(stage, &tools.pmacctd, None)?),
            Self::PmacctdSecond => Box::new(pmacctd::Pmacctd::start(stage, &tools.pmacctd, Some(1))?),
            Self::Tcpdump => Box::new(tcpdump::Tcpdump::start(stage, &tools.tcpdump)?),
            Self::Softflowd => Box::new(softflowd::Softflowd::start(stage, &tools.softflowd)?),
        })
    }
}

/// One at work. It ends when dropped.
pub(crate) trait Consumer {
    /// Waits until it has nothing more to do: all that arrived is taken, as far as it will be.
    fn settle(&mut self, arrived: Arrived) -> Result<()>;

    /// CPU time of its processes so far.
    fn cpu_time(&self) -> Result<Duration>;

    /// Holds each of its cells against the first so many frames, if it has cells.
    fn check_cells(&self, _stage: &Stage, _frames: u64) -> Result<()> {
        Ok(())
    }

    /// Ends it; gives what it counted, if it counts.
    fn finish(self: Box<Self>) -> Result<Option<u64>>;
}

/// Bytes in which the kernel keeps frames for a program that captures them. Too small to hide for seconds that it is
/// too slow, large enough for it to be held up for a while.
const BUFFER: u32 = 8 << 20;
