//! Sins and their sinners' namespaces go in; frames at a steady rate, or in answer, go out, each counted.

use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::answer::{Answering, is_waited_for};
use super::{Cue, Sin};
use crate::clock;
use crate::cpu::Split;

/// The members find each other first.
const HEAD_START: Duration = Duration::from_secs(2);

/// Short, so that a flood comes in small portions.
const TICK: Duration = Duration::from_millis(1);

/// Frames of a sin in one tick at most, however late it is: no queue overflows.
const MOST_PER_TICK: u32 = 8;

/// The thread that commits all sins, side by side.
#[derive(Debug)]
pub struct Sinners(JoinHandle<Result<Vec<u32>>>);

impl Sinners {
    /// Begins, on the fabric's CPU.
    #[must_use]
    pub fn start(sins: Vec<(Sin, Answering)>, split: Split) -> Self {
        Self(std::thread::spawn(move || {
            split.join_fabric().context("move the sinners to the fabric's CPU")?;
            clock::pause(HEAD_START);
            commit(&sins)
        }))
    }

    /// Waits until all is sent: how many frames of each sin.
    ///
    /// # Errors
    /// A frame could not be sent.
    pub fn finish(self) -> Result<Vec<u32>> {
        self.0.join().map_err(|_| anyhow!("the sinners panicked"))?
    }
}

fn commit(sins: &[(Sin, Answering)]) -> Result<Vec<u32>> {
    let start = clock::now();
    let mut last = start;
    let mut sent = vec![0; sins.len()];
    loop {
        let passed = start.elapsed().as_secs_f64();
        let due = sins.iter().map(|(sin, sinner)| due(sin, sinner, passed)).collect::<Result<Vec<_>>>()?;
        // In turn: two that greet each other first do so before either goes on.
        for _ in 0..MOST_PER_TICK {
            for (((sin, sinner), sent), due) in sins.iter().zip(&mut sent).zip(&due) {
                if *sent < *due {
                    sinner.say(&sin.frames[*sent as usize % sin.frames.len()]).context(sin.name)?;
                    *sent += 1;
                    last = clock::now();
                }
            }
        }
        let is_open = |(sin, sent): (&Sin, u32)| match sin.cue {
            Cue::Rate { count, .. } => sent < count,
            Cue::Solicitation => is_waited_for(last, clock::now()),
        };
        if !sins.iter().map(|(sin, _)| sin).zip(sent.iter().copied()).any(is_open) {
            return Ok(sent);
        }
        clock::pause(TICK);
    }
}

/// How many frames should have been sent when `passed` seconds are over.
fn due(sin: &Sin, sinner: &Answering, passed: f64) -> Result<u32> {
    match sin.cue {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of frames")]
        Cue::Rate { count, rate } => Ok(count.min((f64::from(rate) * passed) as u32)),
        Cue::Solicitation => sinner.heard(),
    }
}
