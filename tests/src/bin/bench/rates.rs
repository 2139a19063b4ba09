//! Frames between few and many pairs in, nanoseconds per frame of each program out.

use anyhow::Result;
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::exchange::{MEMBERS, Rules, sampler};
use crate::load::{Load, Spread};
use crate::naive::{Depth, Naive};
use crate::race::{self, Effort, Times};
use crate::subject::Subject;
use crate::twin::Twin;

/// What to cross with each spread and all rules.
pub(crate) struct Crossing {
    pairs: &'static [u32],
    /// Lengths of frames without FCS.
    sizes: &'static [u32],
    rules: &'static [Rules],
}

/// For people.
pub(crate) const FULL: Crossing =
    Crossing { pairs: &[1, 100, 10_000, 300_000, 1_000_000], sizes: &[64, 1500], rules: &Rules::ALL };
/// For CI.
pub(crate) const QUICK: Crossing =
    Crossing { pairs: &[100_000], sizes: &[64], rules: &[Rules::Off, Rules::Enforce] };

/// What one kind of traffic costs. All times are nanoseconds per frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Rate {
    /// Pairs that exchange frames.
    pub(crate) pairs: u32,
    /// How often each comes.
    pub(crate) spread: Spread,
    /// Length of a frame without FCS.
    pub(crate) bytes: u32,
    /// What is done about frames that break rules; none does.
    pub(crate) rules: Rules,
    /// The generator alone.
    pub(crate) floor_ns: f64,
    /// What the sampler adds to the floor.
    pub(crate) ours_ns: f64,
    /// What its twin in C adds.
    pub(crate) twin_ns: f64,
    /// What the naive program adds; measured once, since rules cost these frames nothing.
    pub(crate) naive_ns: Option<f64>,
    /// What it adds where stations are found in a hash, too; measured once.
    pub(crate) hashes_ns: Option<f64>,
}

impl Rate {
    /// The sampler's time as a multiple of its twin's.
    pub(crate) fn over_twin(&self) -> f64 {
        self.ours_ns / self.twin_ns
    }

    /// The sampler's time as a multiple of the naive program's.
    pub(crate) fn over_naive(&self) -> Option<f64> {
        self.naive_ns.map(|naive| self.ours_ns / naive)
    }

    /// The sampler's time as a multiple of that of the program which has all in hashes.
    pub(crate) fn over_hashes(&self) -> Option<f64> {
        self.hashes_ns.map(|hashes| self.ours_ns / hashes)
    }
}

/// Measures each number of pairs with each spread; gives what was measured, and the frames that were counted.
pub(crate) fn measure(
    generator: &mut Generator,
    crossing: &Crossing,
    effort: Effort,
) -> Result<(Vec<Rate>, u64)> {
    let (mut rates, mut counted) = (Vec::new(), 0);
    for pairs in crossing.pairs {
        for spread in Spread::ALL {
            let load = Load::new(MEMBERS, *pairs, spread, effort.drawn)?;
            let mut subjects = subjects(*pairs, crossing.rules)?;
            let (times, frames) = race::run(generator, &load, &mut subjects, crossing.sizes, effort)?;
            for (bytes, times) in crossing.sizes.iter().zip(&times) {
                rates.extend(rows(&load, *bytes, crossing.rules, times));
            }
            counted += frames;
        }
    }
    Ok((rates, counted))
}

/// Sampler and twin for each of the rules, then the naive programs.
fn subjects(pairs: u32, rules: &[Rules]) -> Result<Vec<Box<dyn Subject>>> {
    let mut subjects: Vec<Box<dyn Subject>> = Vec::new();
    for rules in rules {
        subjects.push(Box::new(sampler(MEMBERS, pairs, rules.port(), *rules)?));
        subjects.push(Box::new(Twin::load(MEMBERS, pairs, *rules)?));
    }
    for depth in [Depth::Pairs, Depth::Stations] {
        subjects.push(Box::new(Naive::load(depth, MEMBERS, pairs, Rules::Off)?));
    }
    Ok(subjects)
}

fn rows(load: &Load, bytes: u32, rules: &[Rules], times: &Times) -> impl Iterator<Item = Rate> {
    let (both, last) = times.over.split_at(2 * rules.len());
    let last = |at: usize, rules: Rules| last.get(at).copied().filter(|_| rules == Rules::Off);
    rules.iter().zip(both.chunks_exact(2)).map(move |(rules, both)| Rate {
        pairs: load.pairs,
        spread: load.spread,
        bytes,
        rules: *rules,
        floor_ns: times.floor,
        ours_ns: both[0],
        twin_ns: both[1],
        naive_ns: last(0, *rules),
        hashes_ns: last(1, *rules),
    })
}
