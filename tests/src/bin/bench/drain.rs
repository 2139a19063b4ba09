//! Tables with few and many cells in, the time that the agent takes to read them out.

use std::time::Instant;

use anyhow::{Result, ensure};
use ixp_agent::kernel::load::Capacity;
use ixp_common::names::DEFAULT_STATIONS;
use ixp_common::policy::Deployment;
use ixp_ebpf::traffic::Traffic;
use ixp_tests::frames::ethernet;
use ixp_tests::sampler::{Sampler, policy};
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::median;

/// How much to measure.
pub(crate) struct Effort {
    rounds: usize,
    cells: &'static [u32],
}

/// For people.
pub(crate) const FULL: Effort = Effort { rounds: 7, cells: &[10_000, 100_000, 1_000_000] };
/// For CI.
pub(crate) const QUICK: Effort = Effort { rounds: 1, cells: &[10_000, 100_000] };

/// What reading a table costs. All times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Drain {
    /// Cells, each of which changed since the last reading.
    pub(crate) cells: u32,
    /// `Counters::snapshot`: kernel to agent, summed over CPUs.
    pub(crate) snapshot_us: u128,
    /// `Snapshot::since`: what changed.
    pub(crate) since_us: u128,
}

/// Measures each number of cells.
pub(crate) fn measure(effort: &Effort) -> Result<Vec<Drain>> {
    let mut generator = Generator::load()?;
    effort.cells.iter().map(|cells| one(&mut generator, *cells, effort.rounds)).collect()
}

fn one(generator: &mut Generator, cells: u32, rounds: usize) -> Result<Drain> {
    let capacity = Capacity { pairs: cells.next_power_of_two(), stations: DEFAULT_STATIONS };
    let mut sampler = Sampler::load(capacity)?;
    sampler.set(policy(Deployment::Inline, false, 0))?;
    generator.feed(Some(sampler.program()?))?;
    let frame = ethernet(0x88b5, &[0; 46]);
    generator.run(&frame, Traffic::in_order(cells), cells)?;
    let mut before = sampler.snapshot()?;
    let (mut snapshots, mut sinces) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        generator.run(&frame, Traffic::in_order(cells), cells)?;
        let started = clock();
        let after = sampler.snapshot()?;
        let read = clock();
        let delta = after.since(&before);
        let subtracted = clock();
        snapshots.push(read.duration_since(started).as_micros());
        sinces.push(subtracted.duration_since(read).as_micros());
        ensure!(delta.pairs.len() == cells as usize, "{cells} cells: {} changed", delta.pairs.len());
        ensure!(
            delta.attributed() == delta.seen,
            "{cells} cells: {:?} of {:?}",
            delta.attributed(),
            delta.seen
        );
        before = after;
    }
    generator.feed(None)?;
    Ok(Drain { cells, snapshot_us: median(&mut snapshots), since_us: median(&mut sinces) })
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn clock() -> Instant {
    Instant::now()
}
