//! The same load on each CPU alone and on all at the same time in, nanoseconds per frame out: memory that CPUs share
//! and write to would show.

use std::sync::Barrier;
use std::thread;

use anyhow::{Result, anyhow};
use ixp_tests::cpu;
use ixp_tests::kernel::run;
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::exchange::{MEMBERS, Rules, frame, sampler};
use crate::load::{Load, Sent, Spread};
use crate::naive::{Depth, Naive};
use crate::race::{Effort, exactly, middle, nanoseconds};
use crate::subject::Subject;
use crate::twin::Twin;

/// Pairs that exchange frames, uneven by Zipf: so few that their cells stay in a CPU's own caches.
const PAIRS: u32 = 10_000;
const BYTES: u32 = 64;

/// What a program costs on one CPU. All times are nanoseconds per frame, those of programs over the floor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Side {
    /// What runs: the generator alone, or a program.
    pub(crate) name: &'static str,
    /// Per CPU, while the others do nothing for it.
    pub(crate) alone_ns: Vec<f64>,
    /// Per CPU, while all run at once.
    pub(crate) together_ns: Vec<f64>,
}

/// Measures the floor, the sampler, its twin and the naive program; gives what was measured, and the frames that were
/// counted.
pub(crate) fn measure(generator: &mut Generator, cpus: &[usize], effort: Effort) -> Result<(Vec<Side>, u64)> {
    let load = Load::new(MEMBERS, PAIRS, Spread::Zipf, effort.drawn)?;
    generator.fill(0, &load.words)?;
    let rules = Rules::Monitor;
    let mut subjects: [(&str, Box<dyn Subject>); 3] = [
        ("ours", Box::new(sampler(MEMBERS, PAIRS, rules.port(), rules)?)),
        ("twin", Box::new(Twin::load(MEMBERS, PAIRS, rules)?)),
        ("naive", Box::new(Naive::load(Depth::Pairs, MEMBERS, PAIRS, rules)?)),
    ];
    generator.feed(None)?;
    let floor = side(generator, &load, "floor", cpus, effort)?;
    let (mut sides, mut counted) = (vec![floor], 0);
    for (name, subject) in &mut subjects {
        generator.feed(Some(subject.program()?))?;
        let mut side = side(generator, &load, name, cpus, effort)?;
        let floor = &sides[0];
        take(&mut side.alone_ns, &floor.alone_ns);
        take(&mut side.together_ns, &floor.together_ns);
        sides.push(side);
        // Each CPU made the frames of each round once alone and once with the others.
        let drawn = effort.first_of(effort.rounds);
        let sent = vec![Sent { bytes: BYTES, first_rounds: 0, drawn }; 2 * cpus.len()];
        counted += exactly(&mut **subject, &load, &sent)?;
    }
    generator.feed(None)?;
    Ok((sides, counted))
}

/// Takes each CPU's floor from its time.
fn take(times: &mut [f64], floor: &[f64]) {
    times.iter_mut().zip(floor).for_each(|(time, floor)| *time -= floor);
}

fn side(
    generator: &mut Generator,
    load: &Load,
    name: &'static str,
    cpus: &[usize],
    effort: Effort,
) -> Result<Side> {
    let mut alone = vec![Vec::new(); cpus.len()];
    let mut together = alone.clone();
    for round in 0..effort.rounds {
        for (cpu, alone) in cpus.iter().zip(&mut alone) {
            alone.extend(at_once(generator, load, &[*cpu], round, effort)?);
        }
        let times = at_once(generator, load, cpus, round, effort)?;
        together.iter_mut().zip(times).for_each(|(together, time)| together.push(time));
    }
    let middles = |times: &mut [Vec<f64>]| times.iter_mut().map(|times| middle(times)).collect();
    Ok(Side { name, alone_ns: middles(&mut alone), together_ns: middles(&mut together) })
}

/// Nanoseconds per frame of a round that each of these CPUs makes.
fn at_once(
    generator: &mut Generator,
    load: &Load,
    cpus: &[usize],
    round: u32,
    effort: Effort,
) -> Result<Vec<f64>> {
    generator.start(load.drawn(), load.place(effort.first_of(round)))?;
    let program = generator.program()?;
    let (frame, all_are_ready) = (frame(BYTES), Barrier::new(cpus.len()));
    let one = |at: usize| -> Result<f64> {
        let pinned = cpu::pin(at);
        all_are_ready.wait();
        pinned?;
        run(program, &frame, effort.ahead())?;
        Ok(nanoseconds(run(program, &frame, effort.frames)?))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = cpus.iter().map(|cpu| scope.spawn(|| one(*cpu))).collect();
        let joined =
            threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?);
        joined.collect()
    })
}
