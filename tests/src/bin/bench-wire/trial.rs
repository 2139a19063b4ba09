//! Who counts, a rate and a time in; what was sent, what arrived and what was counted out.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::consumer::{Kind, Tools};
use crate::stage::{Arrived, Stage};

/// What became of the frames of one run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Trial {
    /// Frames per second that were wanted.
    pub(crate) wanted: u64,
    /// Frames per second that were sent, over the whole run.
    pub(crate) rate: f64,
    /// Frames that were sent at that rate.
    pub(crate) sent: u64,
    /// What became of them, and of those before, on the wire.
    pub(crate) arrived: Arrived,
    /// How many of all were counted; those that were received where nobody counts.
    pub(crate) counted: u64,
    /// CPU time of the receiving softirq for those at that rate, if it has a thread of its own.
    pub(crate) softirq_ns: u128,
    /// CPU time of who counts, from the first of them until it had nothing more to do.
    pub(crate) process_ns: u128,
}

impl Trial {
    /// Frames that were sent and not counted.
    pub(crate) const fn lost(&self) -> u64 {
        self.arrived.sent() - self.counted
    }

    /// Whether nothing was lost at the rate that was wanted.
    pub(crate) fn is_good(&self) -> bool {
        self.lost() == 0 && self.kept_pace()
    }

    /// Whether the source was as fast as it was to be, but for pauses between two calls into the kernel.
    fn kept_pace(&self) -> bool {
        self.rate >= 0.9 * self.wanted as f64
    }
}

/// How a run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// From the first frame on; the sum of the counts is looked at.
    Fresh,
    /// After each pair had its frames, so that every cell is there; then each cell of the agent is looked at.
    Steady,
}

/// Sends for `time` at `rate`, and compares.
pub(crate) fn run(
    stage: &mut Stage,
    tools: &Tools,
    kind: Kind,
    rate: u64,
    time: Duration,
    manner: Manner,
) -> Result<Trial> {
    let mut consumer = kind.start(stage, tools).with_context(|| format!("start {}", kind.name()))?;
    let mut before = Arrived::default();
    consumer.settle(before)?;
    if manner == Manner::Steady {
        (_, before) = stage.send(rate, stage.exchange.round())?;
        consumer.settle(before)?;
    }
    let idle = consumer.cpu_time()?;
    let softirq = stage.softirq_time()?;
    let (sent, arrived) = stage.send(rate, rate * u64::try_from(time.as_millis())? / 1000)?;
    let all = before + arrived;
    consumer.settle(all)?;
    let softirq = stage.softirq_time()?.saturating_sub(softirq);
    let process = consumer.cpu_time()?.saturating_sub(idle);
    if manner == Manner::Steady && all.overflowed == 0 {
        consumer.check_cells(stage, all.received)?;
    }
    let counted = consumer.finish()?.unwrap_or(all.received);
    ensure!(counted <= all.sent(), "{} frames were sent, {counted} counted", all.sent());
    ensure!(
        !kind.is_agent() || counted == all.received,
        "{} frames were received, {counted} counted",
        all.received
    );
    Ok(Trial {
        wanted: rate,
        rate: sent.rate(),
        sent: sent.frames,
        arrived: all,
        counted,
        softirq_ns: softirq.as_nanos(),
        process_ns: process.as_nanos(),
    })
}
