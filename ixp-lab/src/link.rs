//! Veth pairs on which every frame counted is a frame on the wire, and what the kernel counts on them.

use anyhow::{Context, Result};
use ixp_common::addr::Mac;
use ixp_common::counters::Counts;
use serde::Deserialize;

use crate::command::{ip, output};
use crate::netns::Namespace;

/// What would merge, split or strip frames on their way, or leave their checksums open.
const OFFLOADS: &str = "gro off gso off tso off tx off rx off txvlan off rxvlan off";

/// One end of a veth pair.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// Where it lives.
    pub namespace: &'a Namespace,
    /// Its name there.
    pub name: &'a str,
    /// Its address; without one the kernel draws it.
    pub mac: Option<Mac>,
}

/// A veth pair between two namespaces: down, all offloads off.
///
/// # Errors
/// An end exists, or `ip` or `ethtool` fails.
pub fn veth(one: End<'_>, other: End<'_>) -> Result<()> {
    ip(&format!("link add {} type veth peer {}", described(one), described(other)))?;
    for end in [one, other] {
        let mut ethtool = end.namespace.command("ethtool");
        output(ethtool.args(["-K", end.name]).args(OFFLOADS.split(' ')))?;
    }
    Ok(())
}

fn described(end: End<'_>) -> String {
    let address = end.mac.map_or_else(String::new, |mac| format!(" address {mac}"));
    format!("name {} netns {}{address}", end.name, end.namespace.name())
}

/// What the kernel counts on an interface since it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "Reported")]
pub struct LinkCounters {
    /// Received.
    pub rx: Counts,
    /// Frames received and then dropped by the interface.
    pub rx_dropped: u64,
    /// Sent.
    pub tx: Counts,
    /// Frames the interface was given and did not send.
    pub tx_dropped: u64,
}

/// The counters of interface `name` inside `namespace`.
///
/// # Errors
/// There is no such interface.
pub fn counters(namespace: &Namespace, name: &str) -> Result<LinkCounters> {
    let report = namespace.ip(&format!("-s -j link show dev {name}"))?;
    let [counters]: [LinkCounters; 1] =
        serde_json::from_str(&report).with_context(|| format!("read the counters of {name}"))?;
    Ok(counters)
}

#[derive(Deserialize)]
struct Reported {
    stats64: Directions,
}

#[derive(Deserialize)]
struct Directions {
    rx: Direction,
    tx: Direction,
}

#[derive(Deserialize)]
struct Direction {
    bytes: u64,
    packets: u64,
    dropped: u64,
}

impl From<Reported> for LinkCounters {
    fn from(reported: Reported) -> Self {
        let Directions { rx, tx } = reported.stats64;
        Self {
            rx: Counts { packets: rx.packets, bytes: rx.bytes },
            rx_dropped: rx.dropped,
            tx: Counts { packets: tx.packets, bytes: tx.bytes },
            tx_dropped: tx.dropped,
        }
    }
}
