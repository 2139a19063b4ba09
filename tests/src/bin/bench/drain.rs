//! Tables with few and many cells in, the time that the agent takes to read them out and to take in what it read
//! out.

use std::mem::take;
use std::time::Instant;

use anyhow::{Result, ensure};
use ixp_agent::snapshot::{Delta, Snapshot};
use ixp_ebpf::traffic::Traffic;
use ixp_tests::frames::{ethernet, ipv4};
use ixp_tests::sampler::SLOT;
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::exchange::{self, MEMBERS, Rules};
use crate::fold::Fold;
use crate::median;

/// How much to measure.
pub(crate) struct Effort {
    rounds: usize,
    cells: &'static [u32],
}

/// For people.
pub(crate) const FULL: Effort = Effort { rounds: 7, cells: &[10_000, 100_000, 300_000, 1_000_000] };
/// For CI.
pub(crate) const QUICK: Effort = Effort { rounds: 1, cells: &[10_000, 100_000] };

/// One pair in so many, where few have exchanged anything.
const FEW: usize = 33;

/// What a reading costs. All times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Drain {
    /// Cells, each of which changed since the last reading.
    pub(crate) cells: u32,
    /// `Counters::snapshot`: kernel to agent, what each pair grew by.
    pub(crate) snapshot_us: u128,
    /// `Live::absorb`: what all pairs grew by into the state that the agent answers from.
    pub(crate) fold_us: u128,
    /// The same where 3 % of them have changed.
    pub(crate) fold_few_us: u128,
}

/// Measures each number of cells.
pub(crate) fn measure(effort: &Effort) -> Result<Vec<Drain>> {
    let mut generator = Generator::load()?;
    effort.cells.iter().map(|cells| one(&mut generator, *cells, effort.rounds)).collect()
}

fn one(generator: &mut Generator, cells: u32, rounds: usize) -> Result<Drain> {
    let mut sampler = exchange::sampler(MEMBERS, cells, Rules::Off.port(), Rules::Off)?;
    generator.feed(Some(sampler.program()?))?;
    let frame = ethernet(0x0800, &ipv4::Packet::default().bytes());
    let counters = &mut sampler.loaded.counters;
    let (mut grown, mut before) = (Vec::new(), Snapshot::default());
    let mut fold = None;
    let (mut snapshots, mut folds, mut few) = (Vec::new(), Vec::new(), Vec::new());
    // The first round, in which all is new, counts for nothing.
    for round in 0..=rounds {
        generator.run(&frame, Traffic::in_order(cells), cells)?;
        let started = clock();
        let after = counters.snapshot(SLOT, &mut grown)?;
        let read = clock().duration_since(started).as_micros();
        let delta = after.since(&before, take(&mut grown));
        ensure!(delta.pairs.len() == cells as usize, "{cells} cells: {} changed", delta.pairs.len());
        let attributed = delta.attributed();
        ensure!(attributed == delta.seen, "{cells} cells: {attributed:?} of {:?}", delta.seen);
        let book = counters.pairs.book();
        let fold: &mut Fold = match &mut fold {
            Some(fold) => fold,
            None => fold.insert(Fold::new(book.keys())?),
        };
        let absorbed = fold.absorb(&delta, book, &after)?;
        let changed = delta.pairs.iter().copied().step_by(FEW).collect();
        let absorbed_few = fold.absorb(&Delta { pairs: changed, ..Delta::default() }, book, &after)?;
        if round > 0 {
            snapshots.push(read);
            folds.push(absorbed);
            few.push(absorbed_few);
        }
        (before, grown) = (after, delta.pairs);
        grown.clear();
    }
    generator.feed(None)?;
    let [snapshot_us, fold_us, fold_few_us] = [snapshots, folds, few].map(|mut times| median(&mut times));
    Ok(Drain { cells, snapshot_us, fold_us, fold_few_us })
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}
