//! Who counts in, the highest rate at which it loses nothing out.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::consumer::{Kind, Tools};
use crate::stage::Stage;
use crate::trial::{Manner, Trial, run};

/// How finely and how long to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// One rung over the one below.
    step: f64,
    /// How long a run sends.
    pub(crate) time: Duration,
    /// Runs at a rate of which one must be at that rate and lose nothing: a machine of which others have a share is held
    /// up, or loses some, now and then.
    pub(crate) tries: u32,
}

/// For people.
pub(crate) const FULL: Effort = Effort { step: 1.1, time: Duration::from_secs(3), tries: 3 };
/// For CI.
pub(crate) const QUICK: Effort = Effort { step: 2.0, time: Duration::from_millis(500), tries: 3 };

/// The lowest rate and the highest, in frames per second.
const RATES: (f64, f64) = (50_000.0, 40_000_000.0);

/// A run that lost one in so many frames or more is not tried again: it was no accident.
const HOPELESS: u64 = 20;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Highest {
    /// Who counts.
    pub(crate) kind: Kind,
    /// Queues, each of a CPU, that the frames came into.
    pub(crate) queues: usize,
    /// The fastest run that lost nothing.
    pub(crate) best: Trial,
    /// The slowest at a higher rate that lost something. If there is none, the source, which shares its CPU with all
    /// that the receiving end does in the kernel, was no faster.
    pub(crate) first_loss: Option<Trial>,
}

/// As people say it.
pub(crate) fn queues(number: usize) -> String {
    if number == 1 { "1 queue".to_owned() } else { format!("{number} queues") }
}

/// Finds it by halving.
pub(crate) fn climb(stage: &mut Stage, tools: &Tools, kind: Kind, effort: &Effort) -> Result<Highest> {
    eprintln!("wire: {}, {}: the highest rate without loss", kind.name(), queues(stage.queues()));
    let rungs = rungs(effort.step);
    let (mut best, mut first_loss) = (None::<Trial>, None);
    let (mut good, mut bad) = (0, rungs.len());
    while good < bad {
        let rung = (good + bad) / 2;
        let trial = patiently(stage, tools, kind, rungs[rung], effort)?;
        if trial.lost() == 0 && best.is_none_or(|best| trial.rate > best.rate) {
            best = Some(trial);
        }
        if trial.lost() > 0 {
            first_loss = Some(trial);
        }
        if trial.is_good() { good = rung + 1 } else { bad = rung }
    }
    let best = best.with_context(|| {
        format!("{} loses frames even at {} a second: {first_loss:?}", kind.name(), rungs[0])
    })?;
    Ok(Highest { kind, queues: stage.queues(), best, first_loss })
}

/// Runs at a rate until one is good, as often as allowed and as there is hope; gives the last.
fn patiently(stage: &mut Stage, tools: &Tools, kind: Kind, rate: u64, effort: &Effort) -> Result<Trial> {
    let mut trial = run(stage, tools, kind, rate, effort.time, Manner::Fresh).context(kind.name())?;
    for _ in 1..effort.tries {
        if trial.is_good() || trial.lost() > trial.sent / HOPELESS {
            break;
        }
        trial = run(stage, tools, kind, rate, effort.time, Manner::Fresh).context(kind.name())?;
    }
    Ok(trial)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are small and positive")]
fn rungs(step: f64) -> Vec<u64> {
    let next = |rate: &f64| Some(rate * step).filter(|rate| *rate <= RATES.1);
    std::iter::successors(Some(RATES.0), next).map(|rate| rate as u64).collect()
}
