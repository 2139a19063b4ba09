//! Frames that break rules in, what each costs where it is dropped out: how large a storm a core takes.

use anyhow::{Context as _, Result, ensure};
use ixp_agent::kernel::load::Capacity;
use ixp_common::names::DEFAULT_STATIONS;
use ixp_common::policy::Deployment;
use ixp_tests::corpus;
use ixp_tests::rules::tables;
use ixp_tests::sampler::{Sampler, policy};
use serde::Serialize;

use crate::median;
use crate::race::Effort;

/// Frames of the corpus, of each kind that the kernel has a program for.
const KINDS: [&str; 5] = ["lldp", "stp", "arp-spoof", "ospf-hello", "ra"];

/// What a frame that breaks rules costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Sinner {
    /// Its name in the corpus.
    pub(crate) name: String,
    /// How many rules it breaks.
    pub(crate) rules: usize,
    /// Nanoseconds per frame: the test loop, counting, the rules, their counters, events.
    pub(crate) ns: u128,
}

/// Measures each kind. Every frame must be counted under each of its rules, and dropped.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Sinner>> {
    let cases = corpus::sinners()?;
    let chosen =
        KINDS.map(|kind| cases.iter().find(|case| case.name == kind).with_context(|| kind.to_owned()));
    chosen.into_iter().map(|case| case.and_then(|case| one(&case.name, &case.bytes, effort))).collect()
}

fn one(name: &str, frame: &[u8], effort: Effort) -> Result<Sinner> {
    let mut sampler = Sampler::load(Capacity { pairs: 1 << 10, stations: DEFAULT_STATIONS })?;
    sampler.set(policy(Deployment::Inline, false, 0).enforcing())?;
    let tables = tables()?;
    sampler.loaded.policy.put(&tables.table, &tables.owners)?;
    let mut times = Vec::new();
    for _ in 0..effort.rounds {
        times.push(sampler.run(frame, effort.frames)?.each.as_nanos());
    }
    let sent = u64::from(effort.frames) * u64::from(effort.rounds);
    let snapshot = sampler.snapshot()?;
    let wrong = snapshot.rules.values().find(|counts| counts.broken.packets != sent);
    ensure!(wrong.is_none(), "{name}: {sent} frames were sent, and {wrong:?} counted");
    Ok(Sinner { name: name.to_owned(), rules: snapshot.rules.len(), ns: median(&mut times) })
}
