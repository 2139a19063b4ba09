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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::tests::exact;
    use ixp_common::addr::{Family, Mac, VlanId};
    use ixp_common::counters::{Counts, PairKey};

    fn way(from: Mac, to: Mac) -> PairKey {
        PairKey::new(VlanId::UNTAGGED, from, to, Family::Ipv4)
    }

    #[track_caller]
    fn check(spoil: impl FnOnce(&mut Evidence), expected: &str, lost: [u64; 3]) {
        let mut evidence = exact();
        spoil(&mut evidence);
        assert_eq!(failures(&evidence).join("; "), expected);
        let [one, other] = [1, 2].map(|number| lost_by(&evidence, Station { number }));
        assert_eq!([one, other, super::lost(&evidence)], lost);
    }

    fn counted(evidence: &mut Evidence, from: u8, to: u8) -> &mut Counts {
        let [from, to] = [from, to].map(|number| Station { number }.mac());
        evidence.received.cells.get_mut(&way(from, to)).unwrap()
    }

    #[test]
    fn frames_that_all_arrive_pass() {
        check(|_| {}, "", [0, 0, 0]);
    }

    #[test]
    fn a_lost_frame_fails_and_is_its_senders() {
        check(
            |evidence| *counted(evidence, 2, 1) = Counts { packets: 4, bytes: 256 },
            "of 5 ipv4 frames, 320 bytes, from 02:00:00:00:00:02 to 02:00:00:00:00:01 4 frames, 256 bytes arrived",
            [0, 1, 1],
        );
        check(
            |evidence| evidence.received.cells.clear(),
            "of 10 ipv4 frames, 1,000 bytes, from 02:00:00:00:00:01 to 02:00:00:00:00:02 0 frames, 0 bytes arrived; \
             of 5 ipv4 frames, 320 bytes, from 02:00:00:00:00:02 to 02:00:00:00:00:01 0 frames, 0 bytes arrived",
            [10, 5, 15],
        );
    }

    #[test]
    fn a_frame_that_arrives_twice_or_changed_fails() {
        check(
            |evidence| *counted(evidence, 1, 2) = Counts { packets: 11, bytes: 1100 },
            "of 10 ipv4 frames, 1,000 bytes, from 02:00:00:00:00:01 to 02:00:00:00:00:02 11 frames, 1,100 bytes arrived",
            [0, 0, 0],
        );
        check(
            |evidence| counted(evidence, 1, 2).bytes = 999,
            "of 10 ipv4 frames, 1,000 bytes, from 02:00:00:00:00:01 to 02:00:00:00:00:02 10 frames, 999 bytes arrived",
            [0, 0, 0],
        );
    }

    #[test]
    fn a_frame_that_the_listeners_missed_fails() {
        check(
            |evidence| evidence.received.missed = 7,
            "what the members received is incomplete: its sockets missed 7 frames",
            [0, 0, 0],
        );
    }

    #[test]
    fn what_sinners_send_and_groups_receive_is_not_asked_for() {
        let others = |evidence: &mut Evidence| {
            let (member, sinner) = (Station { number: 1 }.mac(), Station { number: 3 }.mac());
            let counts = Counts { packets: 9, bytes: 900 };
            evidence.sent.cells.insert(way(member, Mac::BROADCAST), counts);
            evidence.sent.cells.insert(way(sinner, member), counts);
            evidence.received.cells.insert(way(sinner, member), Counts { packets: 1, bytes: 100 });
        };
        check(others, "", [0, 0, 0]);
    }

    #[test]
    fn members_of_whom_none_sends_to_another_prove_nothing() {
        let silent = |evidence: &mut Evidence| {
            evidence.sent.cells.clear();
            evidence.received.cells.clear();
        };
        check(silent, "no member sent anything to another", [0, 0, 0]);
    }
}
