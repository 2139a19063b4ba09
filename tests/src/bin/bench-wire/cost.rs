//! Who counts and a rate that all manage in, CPU time per frame out.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use crate::consumer::{Kind, Tools};
use crate::ladder::Effort;
use crate::stage::Stage;
use crate::trial::{Manner, run};

/// What a frame costs. All times are nanoseconds per frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Cost {
    /// Who counts.
    pub(crate) kind: Kind,
    /// Frames per second.
    pub(crate) rate: f64,
    /// Frames in all, each of which was counted.
    pub(crate) frames: u64,
    /// The receiving softirq.
    pub(crate) softirq_ns: f64,
    /// All threads of who counts, and all that it starts.
    pub(crate) process_ns: f64,
}

/// Measures at this rate, on a stage whose receiving softirq has a thread of its own.
pub(crate) fn measure(
    stage: &mut Stage,
    tools: &Tools,
    kind: Kind,
    rate: u64,
    effort: &Effort,
) -> Result<Cost> {
    let name = kind.name();
    eprintln!("wire: {name}: what a frame costs");
    for _ in 0..effort.tries {
        let trial = run(stage, tools, kind, rate, effort.time, Manner::Steady).context(name)?;
        if trial.lost() == 0 {
            let each = |time: u128| time as f64 / trial.sent as f64;
            return Ok(Cost {
                kind,
                rate: trial.rate,
                frames: trial.counted,
                softirq_ns: each(trial.softirq_ns),
                process_ns: each(trial.process_ns),
            });
        }
    }
    bail!("{name} loses frames at {rate} a second, though it takes twice as many")
}
