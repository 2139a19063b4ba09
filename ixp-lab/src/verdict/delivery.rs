//! What members sent to members and what reached those goes in; every frame that was lost between them comes out.

use super::{Difference, Evidence, differences};
use crate::format::thousands;
use crate::station::Station;
use crate::truth::{Cells, total};

/// Ways that are written out.
const SHOWN: usize = 3;

/// Why not every frame from member to member arrived, once and whole; nothing when all did.
pub(super) fn failures(evidence: &Evidence) -> Vec<String> {
    let mut failures = Vec::new();
    if evidence.received.missed > 0 {
        let missed = thousands(evidence.received.missed);
        failures.push(format!("what the members received is incomplete: its sockets missed {missed} frames"));
    }
    if between(evidence, &evidence.sent.cells).is_empty() {
        failures.push("no member sent anything to another".to_owned());
    }
    let undelivered = undelivered(evidence);
    failures.extend(undelivered.iter().take(SHOWN).map(|Difference { key, sent, counted }| {
        format!(
            "of {} {} frames, {} bytes, from {} to {} {} frames, {} bytes arrived",
            thousands(sent.packets),
            key.family().name(),
            thousands(sent.bytes),
            key.source(),
            key.destination(),
            thousands(counted.packets),
            thousands(counted.bytes),
        )
    }));
    if undelivered.len() > SHOWN {
        failures.push(format!("so it is on {} ways more", undelivered.len() - SHOWN));
    }
    failures
}

/// Frames from `station` to other members that did not arrive.
pub(super) fn lost_by(evidence: &Evidence, station: Station) -> u64 {
    let undelivered = undelivered(evidence);
    undelivered.iter().filter(|way| way.key.source() == station.mac()).map(lost_on).sum()
}

/// Frames from member to member that did not arrive.
pub(super) fn lost(evidence: &Evidence) -> u64 {
    undelivered(evidence).iter().map(lost_on).sum()
}

/// What the table is followed by.
pub(super) fn line(evidence: &Evidence) -> String {
    let frames = |cells| thousands(total(&between(evidence, cells)).packets);
    format!(
        "from member to member: {} frames sent, {} received\n",
        frames(&evidence.sent.cells),
        frames(&evidence.received.cells)
    )
}

fn lost_on(way: &Difference) -> u64 {
    way.sent.packets.saturating_sub(way.counted.packets)
}

fn undelivered(evidence: &Evidence) -> Vec<Difference> {
    let Evidence { sent, received, .. } = evidence;
    differences(&between(evidence, &sent.cells), &between(evidence, &received.cells))
}

/// The cells whose source and destination are members that keep the rules.
fn between(evidence: &Evidence, cells: &Cells) -> Cells {
    let is_member = |mac| evidence.members.iter().any(|(station, _)| station.mac() == mac);
    let of_members = cells.iter().filter(|(key, _)| is_member(key.source()) && is_member(key.destination()));
    of_members.map(|(key, counts)| (*key, *counts)).collect()
}
