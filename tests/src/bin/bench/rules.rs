//! Clean transit between registered stations in, what the rules add to counting out; no frame may break any.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow, ensure};
use ixp_agent::kernel::load::Capacity;
use ixp_common::names::DEFAULT_STATIONS;
use ixp_common::policy::{Deployment, PortPolicy, RuleActions};
use ixp_common::table::{Lan, PolicyTable, Station};
use ixp_ebpf::traffic::{Traffic, stations};
use ixp_tests::frames::{ethernet, ipv4};
use ixp_tests::sampler::{Sampler, policy};
use ixp_tests::traffic::Generator;
use serde::Serialize;

use crate::median;
use crate::rates::Effort;

/// Pairs that exchange frames in turn, between about a thousand stations.
const PAIRS: u32 = 10_000;

/// What clean frames cost under the rules. All times are nanoseconds per frame, over the same floor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Held {
    /// Registered stations.
    pub(crate) stations: usize,
    /// Counting alone.
    pub(crate) off_ns: u128,
    /// Counting, and rules whose drops are not real.
    pub(crate) monitor_ns: u128,
    /// Counting, and rules whose drops are real.
    pub(crate) enforce_ns: u128,
}

/// Measures counting without rules and with them, in turn.
pub(crate) fn measure(effort: &Effort) -> Result<Held> {
    let registered: BTreeSet<_> = (0..PAIRS).flat_map(|pair| <[_; 2]>::from(stations(pair))).collect();
    let table = table(registered.iter().copied().collect())?;
    let port = policy(Deployment::Inline, false, 0);
    let mut off = sampler(port, None)?;
    let mut monitor = sampler(port, Some(&table))?;
    let mut enforce = sampler(port.enforcing(), Some(&table))?;
    let frame = frame();
    let mut generator = Generator::load()?;
    let repeat = effort.frames.div_ceil(PAIRS) * PAIRS;
    let mut floors = Vec::new();
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..effort.rounds {
        generator.feed(None)?;
        floors.push(generator.run(&frame, Traffic::among(PAIRS), repeat)?.each.as_nanos());
        for (sampler, times) in [&off, &monitor, &enforce].into_iter().zip(&mut times) {
            generator.feed(Some(sampler.program()?))?;
            times.push(generator.run(&frame, Traffic::among(PAIRS), repeat)?.each.as_nanos());
        }
    }
    generator.feed(None)?;
    for sampler in [&mut off, &mut monitor, &mut enforce] {
        let snapshot = sampler.snapshot()?;
        ensure!(snapshot.pairs.len() == PAIRS as usize, "{} cells", snapshot.pairs.len());
        ensure!(snapshot.rules.is_empty(), "clean frames break rules: {:?}", snapshot.rules);
    }
    let floor = median(&mut floors);
    let [off_ns, monitor_ns, enforce_ns] = times.map(|mut times| median(&mut times).saturating_sub(floor));
    Ok(Held { stations: registered.len(), off_ns, monitor_ns, enforce_ns })
}

fn sampler(port: PortPolicy, table: Option<&PolicyTable>) -> Result<Sampler> {
    let mut sampler = Sampler::load(Capacity { pairs: 1 << 14, stations: DEFAULT_STATIONS })?;
    sampler.set(port)?;
    if let Some(table) = table {
        sampler.loaded.policy.put(table, &BTreeMap::new())?;
    }
    Ok(sampler)
}

/// One LAN under the usual rules, on which all of these stations are registered.
fn table(macs: Vec<ixp_common::addr::Mac>) -> Result<Box<PolicyTable>> {
    let mut table = Box::new(PolicyTable::EMPTY);
    table.set_lans(&[Lan::new(0, 1500, 0).with_ipv4([192, 0, 2, 0], 22, true)]);
    table.set_actions(0, RuleActions::usual());
    let mut ethertypes = [ixp_common::addr::EtherType(0); 8];
    ethertypes[0] = ixp_common::addr::EtherType::IPV4;
    table.set_ethertypes(ethertypes);
    let numbered = macs.into_iter().zip(1u16..);
    let mut stations: Vec<Station> =
        numbered.map(|(mac, at)| Station::new(0, mac, at, 0).with_addresses(true, true)).collect();
    table.set_stations(&mut stations).map_err(|error| anyhow!("place the stations: {error:?}"))?;
    Ok(table)
}

/// Transit: a UDP packet from and to elsewhere, in 64 bytes.
fn frame() -> Vec<u8> {
    let mut packet = ipv4::Packet { body: vec![0x5a; 30], ..ipv4::Packet::default() }.bytes();
    packet[12..20].copy_from_slice(&[8, 8, 8, 8, 9, 9, 9, 9]);
    ethernet(0x0800, &packet)
}
