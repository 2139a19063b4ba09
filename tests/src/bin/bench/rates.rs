//! Frames between few and many pairs in, nanoseconds per frame of each program out; every frame is found again in
//! the counters.

use anyhow::{Result, ensure};
use ixp_common::counters::Counts;
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::exchange::{MEMBERS, Rules, frame, sampler};
use crate::load::{Load, Sent, Spread};
use crate::middle;
use crate::naive::Naive;
use crate::subject::Subject;
use crate::twin::Twin;

/// Lengths of frames without FCS.
pub(crate) const SIZES: [u32; 2] = [64, 1500];

/// How long to measure.
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    /// Frames of a round.
    pub(crate) frames: u32,
    /// Frames that are drawn; the first follows the last.
    pub(crate) drawn: u32,
    pub(crate) pairs: &'static [u32],
    pub(crate) sizes: &'static [u32],
}

/// For people.
pub(crate) const FULL: Effort = Effort {
    rounds: 5,
    frames: 1_000_000,
    drawn: 1 << 22,
    pairs: &[1, 100, 10_000, 300_000, 1_000_000],
    sizes: &SIZES,
};
/// For CI.
pub(crate) const QUICK: Effort =
    Effort { rounds: 3, frames: 200_000, drawn: 1 << 20, pairs: &[100, 300_000], sizes: &[64] };

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
    /// What the naive program adds; it knows no rules.
    pub(crate) naive_ns: Option<f64>,
}

/// One program under one kind of traffic, and the times of its rounds by size.
struct Run {
    subject: Box<dyn Subject>,
    times: Vec<Vec<f64>>,
}

impl Run {
    fn of(subject: impl Subject + 'static, sizes: usize) -> Self {
        Self { subject: Box::new(subject), times: vec![Vec::new(); sizes] }
    }
}

/// Measures each number of pairs with each spread; gives what was measured, and the frames that were counted.
pub(crate) fn measure(effort: &Effort) -> Result<(Vec<Rate>, u64)> {
    let mut generator = Generator::load()?;
    let (mut rates, mut counted) = (Vec::new(), 0);
    for pairs in effort.pairs {
        for spread in Spread::ALL {
            let load = Load::new(MEMBERS, *pairs, spread, effort.drawn)?;
            let (more, frames) = one(&mut generator, &load, effort)?;
            rates.extend(more);
            counted += frames;
        }
    }
    Ok((rates, counted))
}

fn one(generator: &mut Generator, load: &Load, effort: &Effort) -> Result<(Vec<Rate>, u64)> {
    generator.fill(0, &load.words)?;
    let sizes = effort.sizes.len();
    let mut runs = Vec::new();
    for rules in Rules::ALL {
        runs.push(Run::of(sampler(MEMBERS, load.pairs, rules)?, sizes));
        runs.push(Run::of(Twin::load(MEMBERS, load.pairs, rules)?, sizes));
    }
    runs.push(Run::of(Naive::load(load.pairs)?, sizes));
    for run in &runs {
        generator.feed(Some(run.subject.program()?))?;
        generator.run(&frame(effort.sizes[0]), load.first_round(), load.pairs)?;
    }
    let mut floors = vec![Vec::new(); sizes];
    for round in 0..effort.rounds {
        for (size, bytes) in effort.sizes.iter().enumerate() {
            let (frame, place) = (frame(*bytes), load.place(u64::from(round) * u64::from(effort.frames)));
            let mut time = |generator: &mut Generator| -> Result<f64> {
                generator.start(load.drawn(), place)?;
                Ok(generator.go_on(&frame, effort.frames)?.each.as_secs_f64() * 1e9)
            };
            generator.feed(None)?;
            floors[size].push(time(generator)?);
            for run in &mut runs {
                generator.feed(Some(run.subject.program()?))?;
                run.times[size].push(time(generator)?);
            }
        }
    }
    generator.feed(None)?;
    let drawn = u64::from(effort.rounds) * u64::from(effort.frames);
    let sent = |(first_rounds, bytes): (u64, u32)| Sent { bytes, first_rounds, drawn };
    let sent: Vec<Sent> = [1, 0].into_iter().zip(effort.sizes.iter().copied()).map(sent).collect();
    let mut counted = 0;
    for run in &mut runs {
        counted += exactly(&mut *run.subject, load, &sent)?;
    }
    Ok((rows(load, effort, &mut runs, &mut floors), counted))
}

fn rows(load: &Load, effort: &Effort, runs: &mut [Run], floors: &mut [Vec<f64>]) -> Vec<Rate> {
    let mut rows = Vec::new();
    for (size, bytes) in effort.sizes.iter().enumerate() {
        let floor_ns = middle(&mut floors[size]);
        let mut over: Vec<f64> = runs.iter_mut().map(|run| middle(&mut run.times[size]) - floor_ns).collect();
        let naive_ns = over.pop();
        for (rules, both) in Rules::ALL.into_iter().zip(over.chunks_exact(2)) {
            rows.push(Rate {
                pairs: load.pairs,
                spread: load.spread,
                bytes: *bytes,
                rules,
                floor_ns,
                ours_ns: both[0],
                twin_ns: both[1],
                naive_ns: naive_ns.filter(|_| rules == Rules::Off),
            });
        }
    }
    rows
}

/// Holds each cell against what was sent, to the byte; gives the frames.
pub(crate) fn exactly(subject: &mut dyn Subject, load: &Load, sent: &[Sent]) -> Result<u64> {
    let Load { pairs, members, spread, .. } = load;
    let of = format!("{pairs} pairs of {members} members, {}", spread.name());
    let expected = load.counts(sent);
    let counted = subject.counted()?;
    let mut sum = Counts::default();
    expected.iter().for_each(|(_, counts)| sum.add(*counts));
    ensure!(counted.seen.is_none_or(|seen| seen == sum), "{of}: {sum:?} sent, {:?} seen", counted.seen);
    let (cells, all) = (counted.cells.len(), expected.len());
    ensure!(cells == all, "{of}: {cells} cells, not {all}");
    let wrong = expected.iter().zip(&counted.cells).find(|(expected, counted)| expected != counted);
    ensure!(wrong.is_none(), "{of}: sent and counted are {wrong:?}");
    Ok(sum.packets)
}
