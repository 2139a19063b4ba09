//! The exchange that the corpora of `data/rules` are about: its tables, and what they say of a frame.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use ixp_agent::members::load;
use ixp_agent::policy::memory::HostMemory;
use ixp_agent::policy::{Limits, Policy, Ports, Rate, Tables, build};
use ixp_common::bytes::Captured;
use ixp_common::observe::observe;
use ixp_common::policy::{Action, PortPolicy};
use jiff::Timestamp;

use crate::corpus;
use crate::tally::Tally;

/// The tables of the corpora's members under the usual rules. No rate is limited: frames of a test come as
/// fast as they can.
///
/// # Errors
/// If the members are not there, or do not fit.
pub fn tables() -> Result<Tables> {
    let unlimited = Rate { rate: 0, burst: 1 };
    let limits = Limits {
        arp: unlimited,
        nd: unlimited,
        broadcast: unlimited,
        multicast: unlimited,
        unknown_unicast: unlimited,
        rule: unlimited,
    };
    let policy = Policy { limits, ..Policy::default() };
    let (registry, notices) = load::load(&corpus::path("members.toml"), &Default::default())?;
    anyhow::ensure!(notices.is_empty(), "the members are not all used: {notices:?}");
    build(&policy, &registry, &Ports::default(), Timestamp::UNIX_EPOCH, 1).context("build the tables")
}

/// The host's copy of tables, of which nothing was made use yet.
#[must_use]
pub fn memory(tables: &Tables) -> HostMemory {
    HostMemory::new(tables.table.clone(), tables.owners.clone())
}

/// The rules that the host says a frame breaks, and what becomes of it.
#[must_use]
pub fn judged(bytes: &[u8], policy: &PortPolicy, memory: &HostMemory) -> (BTreeSet<String>, Action) {
    let mut tally = Tally::default();
    let action = observe(&Captured::whole(bytes), policy, Some(memory), &mut tally);
    let rules = tally.rules.keys().filter_map(ixp_common::counters::RuleKey::rule);
    (rules.map(|rule| rule.name().to_owned()).collect(), action)
}
