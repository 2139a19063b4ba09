//! A number of members in, the exchange that all programs are told of out, and the frames that they send.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use ixp_agent::kernel::load::Capacity;
use ixp_common::addr::EtherType;
use ixp_common::names::DEFAULT_STATIONS;
use ixp_common::policy::{Deployment, PortPolicy, RuleActions};
use ixp_common::table::{Lan, PolicyTable, Station};
use ixp_ebpf::traffic::station;
use ixp_tests::frames::{ethernet, ipv4};
use ixp_tests::sampler::{Sampler, policy};
use serde::Serialize;

/// Members in most measurements: the largest exchanges have about a thousand.
pub(crate) const MEMBERS: u16 = ixp_tests::traffic::MEMBERS;

/// What is done about frames that break rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Rules {
    /// Nothing: each rule is off.
    Off,
    /// They are told of.
    Monitor,
    /// They are dropped.
    Enforce,
}

impl Rules {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Off, Self::Monitor, Self::Enforce];

    /// The name in a table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Monitor => "monitor",
            Self::Enforce => "enforce",
        }
    }

    /// The settings of the interface.
    pub(crate) const fn port(self) -> PortPolicy {
        let port = policy(Deployment::Inline, false, 0);
        match self {
            Self::Off | Self::Monitor => port,
            Self::Enforce => port.enforcing(),
        }
    }
}

/// The number, from 1 on, under which a member's only station stands in the table.
pub(crate) const fn interface(member: u16) -> u16 {
    member + 1
}

/// One untagged LAN of these members, each with one station, wherever it is.
///
/// # Errors
/// If the table has no room for them.
pub(crate) fn table(members: u16, rules: Rules) -> Result<Box<PolicyTable>> {
    let mut table = Box::new(PolicyTable::EMPTY);
    table.set_lans(&[Lan::new(0, 1500, 0).with_ipv4([192, 0, 2, 0], 20, true)]);
    if rules != Rules::Off {
        table.set_actions(0, RuleActions::usual());
    }
    let mut ethertypes = [EtherType(0); 8];
    ethertypes[..3].copy_from_slice(&[EtherType::IPV4, EtherType::ARP, EtherType::IPV6]);
    table.set_ethertypes(ethertypes);
    // As on each host with two ports of the exchange.
    table.watch_moves();
    let mut stations: Vec<Station> = (0..members)
        .map(|member| Station::new(0, station(member), interface(member), 0).with_addresses(true, true))
        .collect();
    table.set_stations(&mut stations).map_err(|error| anyhow!("place the stations: {error:?}"))?;
    Ok(table)
}

/// The agent's own program, told of these members.
///
/// # Errors
/// If the kernel refuses.
pub(crate) fn sampler(members: u16, pairs: u32, port: PortPolicy, rules: Rules) -> Result<Sampler> {
    let mut sampler = Sampler::load(capacity(pairs))?;
    sampler.set(port)?;
    sampler.loaded.policy.put(&*table(members, rules)?, &BTreeMap::new())?;
    Ok(sampler)
}

/// Room for so many pairs, as for people who know theirs.
pub(crate) fn capacity(pairs: u32) -> Capacity {
    Capacity { pairs: pairs.next_power_of_two().max(1 << 10), stations: DEFAULT_STATIONS }
}

/// Transit: a UDP packet from and to elsewhere.
pub(crate) fn frame(bytes: u32) -> Vec<u8> {
    let mut packet =
        ipv4::Packet { body: vec![0x5a; bytes as usize - 34], ..ipv4::Packet::default() }.bytes();
    packet[12..20].copy_from_slice(&[8, 8, 8, 8, 9, 9, 9, 9]);
    ethernet(0x0800, &packet)
}
