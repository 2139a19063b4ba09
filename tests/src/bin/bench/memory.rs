//! Capacities in, the memory of each map of the sampler out, as the kernel says it.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _};

use anyhow::{Context as _, Result};
use aya::maps::MapInfo;
use ixp_agent::kernel::load::Capacity;
use ixp_common::names::{DEFAULT_PAIRS, DEFAULT_STATIONS};
use ixp_tests::sampler::Sampler;
use serde::Serialize;

/// Pairs of the largest exchange that is measured.
const MANY: u32 = 1_000_000;

/// The memory of one map, in bytes, for all CPUs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Memory {
    /// The first 15 bytes of its name, as the kernel keeps it.
    pub(crate) map: String,
    /// With the capacity that the configuration has of itself.
    pub(crate) usual: u64,
    /// With one for a million pairs.
    pub(crate) many: u64,
}

/// Loads the sampler with each capacity and asks.
pub(crate) fn measure() -> Result<Vec<Memory>> {
    let [usual, many] = [DEFAULT_PAIRS, MANY].map(maps);
    let many = many?;
    let named = |(map, usual)| Memory { usual, many: many.get(&map).copied().unwrap_or(0), map };
    let mut measured: Vec<Memory> = usual?.into_iter().map(named).collect();
    measured.sort_by_key(|memory| std::cmp::Reverse(memory.many));
    Ok(measured)
}

fn maps(pairs: u32) -> Result<BTreeMap<String, u64>> {
    let sampler = Sampler::load(Capacity { pairs, stations: DEFAULT_STATIONS })?;
    let mut ids = Vec::new();
    for (_, program) in sampler.loaded.ebpf.programs() {
        ids.extend(program.info()?.map_ids()?.context("the kernel tells of a program's maps")?);
    }
    ids.sort_unstable();
    ids.dedup();
    let mut maps = BTreeMap::new();
    for id in ids {
        let info = MapInfo::from_id(id).with_context(|| format!("ask for map {id}"))?;
        let name = info.name_as_str().with_context(|| format!("map {id} has no name"))?.to_owned();
        *maps.entry(name).or_default() += memlock(&info)?;
    }
    Ok(maps)
}

/// What the kernel says in the map's `fdinfo`.
fn memlock(info: &MapInfo) -> Result<u64> {
    let fd = info.fd().context("open a map")?;
    let file = format!("/proc/self/fdinfo/{}", fd.as_fd().as_raw_fd());
    let text = fs::read_to_string(&file).with_context(|| format!("read {file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("memlock:"));
    let bytes = line.with_context(|| format!("{file} tells no memory"))?.trim();
    bytes.parse().with_context(|| format!("{bytes} bytes"))
}
