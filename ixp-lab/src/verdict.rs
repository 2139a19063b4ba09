//! Truth, kernel counters and matrix go in; how far they differ comes out, as numbers and as text.

mod delivery;
mod events;
mod held;
mod incidents;
mod innocent;
mod sampled;
mod sinners;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use ixp_common::counters::{Counts, PairKey};

use crate::agents::KEPT;
use crate::exchange::{Mode, Policy};
use crate::format::thousands;
use crate::link::LinkCounters;
use crate::matrix::Matrix;
use crate::news::News;
use crate::sampled::Sampled;
use crate::sins::Deed;
use crate::station::Station;
use crate::truth::{Cells, Sent, by_source, total};

/// Differing cells that are written out.
const SHOWN: usize = 20;

/// All that was measured in one run.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What the senders put on the wire.
    pub sent: Sent,
    /// What reached the members by their own addresses.
    pub received: Sent,
    /// What the kernel counted on each member's interface.
    pub members: Vec<(Station, LinkCounters)>,
    /// What the sinners did.
    pub deeds: Vec<Deed>,
    /// Frames that reached the interfaces the agent counts on, as the kernel counted them.
    pub at_agent: u64,
    /// What the agent counted.
    pub matrix: Matrix,
    /// What a second agent made of the first one's samples.
    pub sampled: Sampled,
    /// What the agent told of.
    pub news: News,
    /// Where it counted.
    pub mode: Mode,
    /// What it did about a frame that broke a rule.
    pub policy: Policy,
    /// How long the members spoke.
    pub lasted: Duration,
}

/// A cell in which truth and matrix differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The cell.
    pub key: PairKey,
    /// What was sent.
    pub sent: Counts,
    /// What the agent counted.
    pub counted: Counts,
}

/// The cells in which `sent` and `counted` differ, in order; a cell that one lacks counts as zero there.
#[must_use]
pub fn differences(sent: &Cells, counted: &Cells) -> Vec<Difference> {
    let keys: BTreeSet<PairKey> = sent.keys().chain(counted.keys()).copied().collect();
    let of = |cells: &Cells, key: &PairKey| cells.get(key).copied().unwrap_or_default();
    let all =
        keys.into_iter().map(|key| Difference { key, sent: of(sent, &key), counted: of(counted, &key) });
    all.filter(|cell| cell.sent != cell.counted).collect()
}

/// Every reason why `evidence` does not add up; none when the difference is 0.
#[must_use]
pub fn failures(evidence: &Evidence) -> Vec<String> {
    let Evidence { sent, members, at_agent, matrix, lasted, .. } = evidence;
    let truth = total(&sent.cells);
    let mut failures = Vec::new();
    if *lasted >= KEPT {
        let most = KEPT.as_secs() / 3600;
        failures.push(format!("the agents forget what is older than {most} hours; let the lab run for less"));
    }
    if truth.packets == 0 {
        failures.push("the members sent nothing".to_owned());
    }
    if sent.missed > 0 {
        let missed = thousands(sent.missed);
        failures.push(format!("the truth is incomplete: its sockets missed {missed} frames; lower the load"));
    }
    let dropped: u64 = members.iter().map(|(_, counters)| counters.tx_dropped).sum();
    let lost = dropped.max(truth.packets.saturating_sub(*at_agent));
    if lost > 0 {
        let lost = thousands(lost);
        failures
            .push(format!("the kernel lost {lost} frames before the agent could see them; lower the load"));
    }
    let unlike =
        members.iter().filter(|(station, counters)| !agrees(&sent.cells, *station, counters)).count();
    if unlike > 0 {
        failures.push(format!("truth and interface counters differ for {unlike} members"));
    }
    let differing = differences(&sent.cells, &matrix.cells).len();
    if differing > 0 {
        failures.push(format!("{differing} cells differ"));
    }
    if matrix.seen != truth {
        let (seen, sent) = (thousands(matrix.seen.packets), thousands(truth.packets));
        failures.push(format!(
            "the agent saw {seen} frames of {sent}, {} bytes of {}",
            matrix.seen.bytes, truth.bytes
        ));
    }
    failures.extend(delivery::failures(evidence));
    failures.extend(sampled::failures(evidence));
    failures.extend(innocent::failures(evidence));
    failures.extend(sinners::failures(evidence));
    failures.extend(events::failures(evidence));
    failures.extend(incidents::failures(evidence));
    failures
}

/// Frames that veth hands to NAPI it counts without their Ethernet header (Linux, veth_xdp_rcv), so in inline mode
/// either number of bytes is right.
fn agrees(cells: &Cells, station: Station, counters: &LinkCounters) -> bool {
    const ETHERNET: u64 = 14;
    let sent = by_source(cells).get(&station.mac()).copied().unwrap_or_default();
    let LinkCounters { tx: Counts { packets, bytes }, tx_dropped, .. } = *counters;
    let counted = [bytes, bytes + ETHERNET * packets];
    sent.packets == packets + tx_dropped && (tx_dropped > 0 || counted.contains(&sent.bytes))
}

/// The tables and the last line that a run ends with.
#[must_use]
pub fn report(evidence: &Evidence) -> String {
    let mut text = member_table(evidence);
    let differing = differences(&evidence.sent.cells, &evidence.matrix.cells);
    for cell in differing.iter().take(SHOWN) {
        text += &format!("  {cell}\n");
    }
    if differing.len() > SHOWN {
        text += &format!("  and {} cells more\n", differing.len() - SHOWN);
    }
    text + &delivery::line(evidence)
        + &sampled::lines(evidence)
        + &sinners::table(evidence)
        + &incidents::table(evidence)
        + &last_line(evidence)
}

fn member_table(evidence: &Evidence) -> String {
    let (sent, counted) = (by_source(&evidence.sent.cells), by_source(&evidence.matrix.cells));
    let mut text = format!(
        "{:>6} {:>11} {:>11} {:>11} {:>15} {:>15} {:>5}\n",
        "member", "sent", "kernel", "agent", "sent bytes", "agent bytes", "lost"
    );
    let row = |name: &str, sent: Counts, kernel: u64, agent: Counts, lost: u64| {
        format!(
            "{name:>6} {:>11} {:>11} {:>11} {:>15} {:>15} {:>5}\n",
            thousands(sent.packets),
            thousands(kernel),
            thousands(agent.packets),
            thousands(sent.bytes),
            thousands(agent.bytes),
            thousands(lost),
        )
    };
    for (station, kernel) in &evidence.members {
        let of = |sums: &std::collections::BTreeMap<_, Counts>| {
            sums.get(&station.mac()).copied().unwrap_or_default()
        };
        let name = station.number.to_string();
        let lost = kernel.tx_dropped + delivery::lost_by(evidence, *station);
        text += &row(&name, of(&sent), kernel.tx.packets, of(&counted), lost);
    }
    let truth = total(&evidence.sent.cells);
    let lost = truth.packets.saturating_sub(evidence.at_agent) + delivery::lost(evidence);
    text + &row("sum", truth, evidence.at_agent, total(&evidence.matrix.cells), lost)
}

fn last_line(evidence: &Evidence) -> String {
    let failures = failures(evidence);
    if !failures.is_empty() {
        return format!("verdict: FAILED: {}", failures.join("; "));
    }
    let truth = total(&evidence.sent.cells);
    format!(
        "verdict: {}difference 0 in {} cells, {} frames, {} bytes ({}, {}, {} members, {} s)",
        sinners::summary(evidence),
        thousands(evidence.sent.cells.len() as u64),
        thousands(truth.packets),
        thousands(truth.bytes),
        evidence.mode.name(),
        evidence.policy.name(),
        evidence.members.len(),
        evidence.lasted.as_secs(),
    )
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (vlan, family) = (self.key.vlan(), self.key.family().name());
        write!(
            f,
            "vlan {vlan} {} > {} {family}: sent {} frames, {} bytes; agent {} frames, {} bytes",
            self.key.source(),
            self.key.destination(),
            thousands(self.sent.packets),
            thousands(self.sent.bytes),
            thousands(self.counted.packets),
            thousands(self.counted.bytes),
        )
    }
}

#[cfg(test)]
mod tests;
