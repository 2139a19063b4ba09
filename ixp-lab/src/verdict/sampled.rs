//! What was counted and what samples make of it go in; how far they are apart, and whether chance explains it, come out.

use ixp_common::counters::PairKey;

use super::Evidence;
use crate::format::thousands;
use crate::matrix::Matrix;
use crate::sampled::{Estimate, Fate, Sampled};

/// Samples that a cell is to have before its error means something.
const LEAST: u64 = 30;

/// Standard deviations that 95 of 100 cases lie within.
const NORMAL_95: f64 = 1.96;

/// Standard deviations that the sum of all frames may be off by.
const MOST_OFF: f64 = 4.0;

/// Those that a cell may be off by: with a thousand cells chance goes beyond in less than one run in a million.
const MOST_OFF_BY_CELL: f64 = 8.0;

/// How surely a right cell is within its error at least, whatever the rhythm of the traffic. Gaps between samples are
/// uniform, and frames that keep step with them have up to 1.26 times the variance of a choice frame by frame (1 + 2 Σ
/// of what the renewal density of the gaps has beyond 1/N): 0.92 instead of 0.95; and at thirty samples an error that is
/// estimated of them falls short by some 0.02 (Brown, Cai, DasGupta 2001).
const COVERAGE: f64 = 0.9;

/// A chance that no run is failed by.
const CHANCE: f64 = 1e-6;

/// How far apart they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Frames that were counted.
    pub counted: u64,
    /// Those by samples.
    pub estimate: Estimate,
    /// Standard deviations between the two, as the estimate has them.
    pub off: f64,
    /// Cells of at least [`Comparison::large`] frames.
    pub cells: u64,
    /// Those of them that are within the error that their estimate says.
    pub within: u64,
    /// A cell has so many frames if it is to have thirty samples.
    pub large: u64,
    /// Standard deviations, as chance has them, between what was counted and sampled of the cell where they differ most.
    pub most: Option<(PairKey, f64)>,
    /// Cells of samples that nobody counted.
    pub invented: Vec<PairKey>,
}

/// Compares what was counted with what samples of the same frames make of it.
#[must_use]
pub fn compare(counted: &Matrix, sampled: &Sampled) -> Comparison {
    let rate = u64::from(sampled.rate);
    let large = LEAST * rate;
    let (mut cells, mut within, mut most) = (0, 0, None::<(PairKey, f64)>);
    for (key, counts) in counted.cells.iter().filter(|(_, counts)| counts.packets >= large) {
        let estimate = sampled.cells.get(key).copied().unwrap_or_default();
        let distance = estimate.frames.abs_diff(counts.packets) as f64;
        cells += 1;
        within += u64::from(distance <= estimate.error());
        let off = deviations(distance, (counts.packets as f64 * rate.saturating_sub(1) as f64).sqrt());
        if most.is_none_or(|(_, most)| off > most) {
            most = Some((*key, off));
        }
    }
    let is_invented = |key: &&PairKey| !counted.cells.contains_key(key);
    let distance = sampled.seen.frames.abs_diff(counted.seen.packets) as f64;
    Comparison {
        counted: counted.seen.packets,
        estimate: sampled.seen,
        off: deviations(distance, sampled.seen.error() / NORMAL_95),
        cells,
        within,
        large,
        most,
        invented: sampled.cells.keys().filter(is_invented).copied().collect(),
    }
}

/// Where nothing is left to chance, anything is too much.
fn deviations(distance: f64, deviation: f64) -> f64 {
    if distance == 0.0 { 0.0 } else { distance / deviation }
}

impl Comparison {
    /// Why chance does not explain it; nothing where it does.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        if self.off > MOST_OFF {
            let (estimate, counted) = (shown(self.estimate), thousands(self.counted));
            failures.push(format!(
                "samples make {estimate} frames of {counted}: {:.1} standard deviations off",
                self.off
            ));
        }
        if at_least(self.cells - self.within, self.cells, 1.0 - COVERAGE) < CHANCE {
            failures.push(format!(
                "only {} of {} cells are as exact as their samples say",
                self.within, self.cells
            ));
        }
        if let Some((key, off)) = self.most.filter(|(_, off)| *off > MOST_OFF_BY_CELL) {
            failures.push(format!("samples of {} are {off:.1} standard deviations off", named(&key)));
        }
        if let Some(first) = self.invented.first() {
            let cells = self.invented.len();
            failures.push(format!("samples make {cells} cells that nobody counted, as {}", named(first)));
        }
        failures
    }
}

/// Why the samples that were heard are not those that were taken less those said to be lost; nothing when they are.
fn losses(fate: Fate) -> Vec<String> {
    let Fate { taken, no_room, heard, lost, told_no_room } = fate;
    let mut failures = Vec::new();
    if taken == 0 || taken != heard + lost {
        let [taken, heard, lost] = [taken, heard, lost].map(thousands);
        failures.push(format!("of {taken} samples {heard} were heard and {lost} were said to be lost"));
    }
    if no_room != told_no_room {
        let [missed, told] = [no_room, told_no_room].map(thousands);
        failures.push(format!("the kernel had no room for {missed} samples, and {told} were told of"));
    }
    failures
}

/// Why the collector's matrix is not the agent's within its error; nothing when it is.
pub(super) fn failures(evidence: &Evidence) -> Vec<String> {
    let mut failures = losses(evidence.sampled.fate);
    failures.extend(compare(&evidence.matrix, &evidence.sampled).failures());
    failures
}

/// What is said of it below the table of members.
pub(super) fn lines(evidence: &Evidence) -> String {
    let Sampled { rate, fate, .. } = &evidence.sampled;
    let comparison = compare(&evidence.matrix, &evidence.sampled);
    let Comparison { counted, estimate, off, cells, within, large, .. } = comparison;
    let most = comparison.most.map_or(0.0, |(_, off)| off);
    let [taken, lost] = [fate.taken, fate.no_room + fate.lost].map(thousands);
    let [counted, large] = [counted, large].map(thousands);
    format!(
        "by sFlow to a second agent: {taken} samples, 1 frame in {rate}; {lost} lost\n  \
         in all {} frames, counted {counted}: {off:.1} standard deviations off\n  \
         {within} of {cells} cells of {large} frames or more within ± (95 %), at most {most:.1} off\n",
        shown(estimate)
    )
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a number of frames")]
fn shown(estimate: Estimate) -> String {
    format!("{} ± {}", thousands(estimate.frames), thousands(estimate.error().round() as u64))
}

fn named(key: &PairKey) -> String {
    format!("vlan {} {} > {} {}", key.vlan(), key.source(), key.destination(), key.family().name())
}

/// The chance that of so many tries at least `hits` hit, if each does with the chance `each`; 1 if that is no more than is
/// to be expected.
fn at_least(hits: u64, tries: u64, each: f64) -> f64 {
    if hits as f64 <= tries as f64 * each {
        return 1.0;
    }
    let (mut ways, odds) = (0.0, each / (1.0 - each));
    for at in 1..=hits {
        ways += ((tries - hits + at) as f64 / at as f64).ln();
    }
    let mut exactly = (ways + hits as f64 * each.ln() + (tries - hits) as f64 * (1.0 - each).ln()).exp();
    let mut sum = 0.0;
    for at in hits..=tries {
        sum += exactly;
        exactly *= (tries - at) as f64 / (at + 1) as f64 * odds;
    }
    sum
}

#[cfg(test)]
mod tests;
