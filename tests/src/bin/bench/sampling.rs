//! Sampling rates in, nanoseconds per frame out: what it costs to hand over one frame in so many.

use anyhow::Result;
use ixp_common::policy::Deployment;
use ixp_tests::sampler::policy;
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::exchange::{MEMBERS, Rules, sampler};
use crate::load::{Load, Spread};
use crate::race::{self, Effort};
use crate::subject::Subject;

/// One frame in so many; 0 is none.
const RATES: [u32; 3] = [0, 1000, 100];
/// Pairs that exchange frames, uneven by Zipf.
const PAIRS: u32 = 10_000;
/// Frames of a round, so few that the ring holds all their samples: one that is lost costs less than one that is not.
const FRAMES: u32 = 200_000;

/// What sampling costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Sampling {
    /// One frame in so many is sampled; 0 is none.
    pub(crate) rate: u32,
    /// The sampler, in nanoseconds per frame over the floor.
    pub(crate) ours_ns: f64,
}

/// Measures each rate; gives what was measured, and the frames that were counted.
pub(crate) fn measure(generator: &mut Generator, effort: Effort) -> Result<(Vec<Sampling>, u64)> {
    let effort = Effort { frames: effort.frames.min(FRAMES), ..effort };
    let load = Load::new(MEMBERS, PAIRS, Spread::Zipf, effort.drawn)?;
    let mut subjects: Vec<Box<dyn Subject>> = Vec::new();
    for rate in RATES {
        let port = policy(Deployment::Inline, false, rate);
        subjects.push(Box::new(sampler(MEMBERS, PAIRS, port, Rules::Off)?));
    }
    let (times, counted) = race::run(generator, &load, &mut subjects, &[64], effort)?;
    let measured = RATES.into_iter().zip(&times[0].over);
    Ok((measured.map(|(rate, ours_ns)| Sampling { rate, ours_ns: *ours_ns }).collect(), counted))
}
