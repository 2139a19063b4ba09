//! Exchanges of few and many members in, nanoseconds per frame out: what a larger table of stations costs.

use anyhow::Result;
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::exchange::{Rules, sampler};
use crate::load::{Load, Spread};
use crate::race::{self, Effort};
use crate::subject::Subject;
use crate::twin::Twin;

/// Members, and pairs of them: all that there are, 10,000, or 300,000.
pub(crate) const FULL: &[(u16, u32)] =
    &[(10, 90), (100, 9_900), (1_000, 10_000), (2_500, 10_000), (1_000, 300_000), (2_500, 300_000)];
/// The same for CI.
pub(crate) const QUICK: &[(u16, u32)] = &[(10, 90)];

/// What frames of one exchange cost under the rules of `monitor`. All times are nanoseconds per frame over the floor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Size {
    /// Registered members.
    pub(crate) members: u16,
    /// Pairs of them, uneven by Zipf.
    pub(crate) pairs: u32,
    /// The sampler.
    pub(crate) ours_ns: f64,
    /// Its twin in C.
    pub(crate) twin_ns: f64,
}

/// Measures each size; gives what was measured, and the frames that were counted.
pub(crate) fn measure(
    generator: &mut Generator,
    sizes: &[(u16, u32)],
    effort: Effort,
) -> Result<(Vec<Size>, u64)> {
    let (mut measured, mut counted) = (Vec::new(), 0);
    for &(members, pairs) in sizes {
        let load = Load::new(members, pairs, Spread::Zipf, effort.drawn)?;
        let ours = sampler(members, pairs, Rules::Monitor.port(), Rules::Monitor)?;
        let twin = Twin::load(members, pairs, Rules::Monitor)?;
        let mut both: [Box<dyn Subject>; 2] = [Box::new(ours), Box::new(twin)];
        let (times, frames) = race::run(generator, &load, &mut both, &[64], effort)?;
        let over = &times[0].over;
        measured.push(Size { members, pairs, ours_ns: over[0], twin_ns: over[1] });
        counted += frames;
    }
    Ok((measured, counted))
}
