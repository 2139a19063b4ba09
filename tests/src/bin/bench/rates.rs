//! Frames between few and many pairs in, nanoseconds per frame out; every frame is found again in the
//! counters.

use anyhow::{Result, ensure};
use ixp_agent::kernel::load::Capacity;
use ixp_common::counters::Counts;
use ixp_common::names::DEFAULT_STATIONS;
use ixp_common::policy::Deployment;
use ixp_ebpf::traffic::Traffic;
use ixp_tests::frames::{ethernet, ipv4};
use ixp_tests::sampler::{SLOT, Sampler, policy};
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::median;

const SIZES: [u32; 2] = [64, 1500];
const PAIRS: [u32; 4] = [1, 100, 10_000, 300_000];

/// How long to measure.
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) frames: u32,
}

/// For people.
pub(crate) const FULL: Effort = Effort { rounds: 9, frames: 2_000_000 };
/// For CI.
pub(crate) const QUICK: Effort = Effort { rounds: 3, frames: 300_000 };

/// What one kind of traffic costs. All times are nanoseconds per frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Rate {
    /// Length of a frame without FCS.
    pub(crate) bytes: u32,
    /// Pairs that exchange frames in turn.
    pub(crate) pairs: u32,
    /// A program that does nothing.
    pub(crate) empty_ns: u128,
    /// The program that changes the pair: the floor.
    pub(crate) floor_ns: u128,
    /// Floor and sampler.
    pub(crate) total_ns: u128,
    /// The sampler: what it adds to the floor.
    pub(crate) sampler_ns: u128,
    /// Total over floor.
    pub(crate) ratio: f64,
    /// Frames that were sent to the sampler, and counted.
    pub(crate) counted: u64,
}

/// Measures each size with each number of pairs.
pub(crate) fn measure(effort: &Effort) -> Result<Vec<Rate>> {
    let mut generator = Generator::load()?;
    let mut rates = Vec::new();
    for bytes in SIZES {
        for pairs in PAIRS {
            rates.push(one(&mut generator, bytes, pairs, effort)?);
        }
    }
    Ok(rates)
}

fn one(generator: &mut Generator, bytes: u32, pairs: u32, effort: &Effort) -> Result<Rate> {
    let capacity = Capacity { pairs: pairs.next_power_of_two().max(1 << 10), stations: DEFAULT_STATIONS };
    let mut sampler = Sampler::load(capacity)?;
    sampler.set(policy(Deployment::Inline, false, 0))?;
    let frame = frame(bytes);
    let traffic = Traffic::among(pairs);
    let repeat = effort.frames.div_ceil(pairs) * pairs;
    generator.feed(Some(sampler.program()?))?;
    generator.run(&frame, Traffic::in_order(pairs), pairs)?;
    let (mut empty, mut floor, mut total) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        generator.feed(None)?;
        empty.push(generator.run_empty(&frame, repeat)?.each.as_nanos());
        floor.push(generator.run(&frame, traffic, repeat)?.each.as_nanos());
        generator.feed(Some(sampler.program()?))?;
        total.push(generator.run(&frame, traffic, repeat)?.each.as_nanos());
    }
    generator.feed(None)?;
    let rounds = u64::from(repeat / pairs) * u64::try_from(effort.rounds)? + 1;
    let counted = exactly(&mut sampler, bytes, pairs, rounds)?;
    let (empty_ns, floor_ns, total_ns) = (median(&mut empty), median(&mut floor), median(&mut total));
    let sampler_ns = total_ns.saturating_sub(floor_ns);
    let ratio = f64::from(u32::try_from(total_ns)?) / f64::from(u32::try_from(floor_ns.max(1))?);
    Ok(Rate { bytes, pairs, empty_ns, floor_ns, total_ns, sampler_ns, ratio, counted })
}

/// A UDP packet.
fn frame(bytes: u32) -> Vec<u8> {
    let body = vec![0x5a; bytes as usize - 34];
    ethernet(0x0800, &ipv4::Packet { body, ..ipv4::Packet::default() }.bytes())
}

/// Holds each cell against what was sent; gives the sum.
fn exactly(sampler: &mut Sampler, bytes: u32, pairs: u32, rounds: u64) -> Result<u64> {
    let snapshot = sampler.snapshot()?;
    let of = |packets: u64| Counts { packets, bytes: packets * u64::from(bytes) };
    let sent = rounds * u64::from(pairs);
    let seen = snapshot.ports[&SLOT].counters.seen;
    ensure!(seen == of(sent), "{pairs} pairs: {sent} frames were sent, {seen:?} seen");
    ensure!(snapshot.pairs.len() == pairs as usize, "{pairs} pairs: {} cells", snapshot.pairs.len());
    let wrong = snapshot.pairs.iter().find(|(_, counts)| **counts != of(rounds));
    ensure!(wrong.is_none(), "{pairs} pairs: {rounds} frames each were sent, and {wrong:?} counted");
    Ok(sent)
}
