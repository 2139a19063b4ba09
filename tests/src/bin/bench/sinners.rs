//! Frames that break rules in, what each costs where it is dropped out: how large a storm a core takes.

use anyhow::{Context as _, Result, ensure};
use ixp_agent::kernel::load::Capacity;
use ixp_common::names::DEFAULT_STATIONS;
use ixp_common::policy::Deployment;
use ixp_tests::corpus::{self, Case};
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
    let mut sampler = Sampler::load(Capacity { pairs: 1 << 10, stations: DEFAULT_STATIONS })?;
    sampler.set(policy(Deployment::Inline, false, 0).enforcing())?;
    let tables = tables()?;
    sampler.loaded.policy.put(&tables.table, &tables.owners)?;
    let cases = corpus::sinners()?;
    let chosen =
        KINDS.map(|kind| cases.iter().find(|case| case.name == kind).with_context(|| kind.to_owned()));
    chosen.into_iter().map(|case| case.and_then(|case| one(&mut sampler, case, effort))).collect()
}

fn one(sampler: &mut Sampler, case: &Case, effort: Effort) -> Result<Sinner> {
    let before = sampler.snapshot()?;
    let mut times = Vec::new();
    for _ in 0..effort.rounds {
        times.push(sampler.run(&case.bytes, effort.frames)?.each.as_nanos());
    }
    let sent = u64::from(effort.frames) * u64::from(effort.rounds);
    let mut rules = sampler.snapshot()?.rules;
    rules.retain(|key, counts| {
        *counts = counts.since(&before.rules.get(key).copied().unwrap_or_default());
        !counts.is_zero()
    });
    let wrong = rules.values().find(|counts| counts.broken.packets != sent);
    let name = case.name.clone();
    ensure!(wrong.is_none() && !rules.is_empty(), "{name}: {sent} frames were sent, and {rules:?} counted");
    Ok(Sinner { name, rules: rules.len(), ns: median(&mut times) })
}
