//! Sins and their sinners' namespaces go in; frames at a steady rate go out, each counted.

use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::Sin;
use crate::clock;
use crate::cpu::Split;
use crate::packet::Injector;

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
    pub fn start(sins: Vec<(Sin, Injector)>, split: Split) -> Self {
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

fn commit(sins: &[(Sin, Injector)]) -> Result<Vec<u32>> {
    let start = clock::now();
    let mut sent = vec![0; sins.len()];
    while sins.iter().zip(&sent).any(|((sin, _), sent)| *sent < sin.count) {
        let passed = start.elapsed().as_secs_f64();
        for ((sin, injector), sent) in sins.iter().zip(&mut sent) {
            let due = (1..=MOST_PER_TICK).take_while(|ahead| is_due(sin, *sent + ahead, passed)).count();
            for _ in 0..due {
                injector.send(&sin.frames[*sent as usize % sin.frames.len()]).context(sin.name)?;
                *sent += 1;
            }
        }
        clock::pause(TICK);
    }
    Ok(sent)
}

fn is_due(sin: &Sin, number: u32, passed: f64) -> bool {
    number <= sin.count && f64::from(number) <= f64::from(sin.rate) * passed
}
