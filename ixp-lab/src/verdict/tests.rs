//! Evidence that adds up passes; each way in which it does not is named.

pub(super) mod whole;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::rules::Rule;

use super::*;
use crate::matrix::Finding;
use crate::sampled::{Estimate, Fate};

fn key(from: u8, to: u8) -> PairKey {
    let mac = |number| Mac([2, 0, 0, 0, 0, number]);
    PairKey::new(VlanId::UNTAGGED, mac(from), mac(to), Family::Ipv4)
}

pub(super) fn exact() -> Evidence {
    let cells = Cells::from([
        (key(1, 2), Counts { packets: 10, bytes: 1000 }),
        (key(2, 1), Counts { packets: 5, bytes: 320 }),
    ]);
    let counters = |packets, bytes| LinkCounters { tx: Counts { packets, bytes }, ..LinkCounters::default() };
    let members =
        vec![(Station { number: 1 }, counters(10, 1000)), (Station { number: 2 }, counters(5, 320))];
    let seen = Counts { packets: 15, bytes: 1320 };
    let each = |counts: Counts| Estimate { frames: counts.packets, relative_error: 0.0 };
    let sampled = Sampled {
        rate: 1,
        seen: each(seen),
        cells: cells.iter().map(|(key, counts)| (*key, each(*counts))).collect(),
        fate: Fate { taken: 15, heard: 15, ..Fate::default() },
    };
    Evidence {
        sent: Sent { cells: cells.clone(), missed: 0 },
        received: Sent { cells: cells.clone(), missed: 0 },
        members,
        deeds: Vec::new(),
        at_agent: 15,
        matrix: Matrix { seen, cells, ..Matrix::default() },
        sampled,
        news: News::default(),
        mode: Mode::Tap,
        policy: Policy::Monitor,
        lasted: Duration::from_millis(60_040),
    }
}

#[track_caller]
fn check(spoil: impl FnOnce(&mut Evidence), failure: &str) {
    let mut evidence = exact();
    spoil(&mut evidence);
    let report = report(&evidence);
    let last = report.lines().last().unwrap();
    assert!(last.starts_with("verdict: FAILED: ") && last.contains(failure), "{last}");
}

#[test]
fn evidence_that_adds_up_passes() {
    let report = report(&exact());
    assert_eq!(
        report.lines().last().unwrap(),
        "verdict: difference 0 in 2 cells, 15 frames, 1,320 bytes (tap, monitor, 2 members, 60 s)"
    );
}

#[test]
fn silence_is_no_success() {
    check(|evidence| evidence.sent.cells.clear(), "the members sent nothing");
}

#[test]
fn a_run_that_the_agent_does_not_cover_fails() {
    check(|evidence| evidence.lasted = Duration::from_hours(168), "forget what is older than 168 hours");
}

#[test]
fn a_frame_that_the_truth_missed_fails() {
    check(|evidence| evidence.sent.missed = 1, "its sockets missed 1 frames");
}

#[test]
fn a_frame_that_the_kernel_dropped_fails() {
    check(|evidence| evidence.members[0].1.tx_dropped = 3, "the kernel lost 3 frames");
    check(|evidence| evidence.at_agent = 13, "the kernel lost 2 frames");
}

#[test]
fn a_member_whose_interface_counted_otherwise_fails() {
    check(|evidence| evidence.members[1].1.tx.bytes = 319, "differ for 1 members");
}

#[test]
fn bytes_counted_without_the_ethernet_header_pass() {
    let mut evidence = exact();
    evidence.members[1].1.tx.bytes -= 5 * 14;
    assert_eq!(failures(&evidence), Vec::<String>::new());
}

#[test]
fn a_cell_that_the_agent_lacks_fails() {
    check(|evidence| _ = evidence.matrix.cells.remove(&key(1, 2)), "1 cells differ");
}

#[test]
fn a_cell_that_nobody_sent_fails() {
    let invented = |evidence: &mut Evidence| {
        evidence.matrix.cells.insert(key(1, 3), Counts { packets: 1, bytes: 64 });
    };
    check(invented, "1 cells differ");
}

#[test]
fn a_byte_too_many_in_the_total_fails() {
    check(|evidence| evidence.matrix.seen.bytes += 1, "1321 bytes of 1320");
}

fn against(station: u8, rule: Rule, dropped: u64) -> Finding {
    Finding { rule, mac: Some(Station { number: station }.mac()), packets: 3, dropped, would_drop: 0 }
}

#[test]
fn a_rule_held_against_a_member_fails() {
    let told = |evidence: &mut Evidence| evidence.matrix.findings.push(against(2, Rule::N01, 0));
    check(told, "holds N01 (router advertisement) against 02:00:00:00:00:02: 3 frames, 0 dropped");
    let unlisted = Finding { mac: None, ..against(2, Rule::L07, 0) };
    check(|evidence| evidence.matrix.findings.push(unlisted), "against stations beyond its table");
}

#[test]
fn what_every_kernel_sends_passes_unless_it_is_dropped() {
    let mut evidence = exact();
    evidence.matrix.findings.push(against(1, Rule::N10, 0));
    assert_eq!(failures(&evidence), Vec::<String>::new());
    check(|evidence| evidence.matrix.findings.push(against(1, Rule::N10, 1)), "3 frames, 1 dropped");
}

#[test]
fn a_difference_is_shown_with_both_numbers() {
    let mut evidence = exact();
    evidence.matrix.cells.insert(key(1, 2), Counts { packets: 9, bytes: 900 });
    let line = "  vlan 0 02:00:00:00:00:01 > 02:00:00:00:00:02 ipv4: sent 10 frames, 1,000 bytes; agent 9 frames, 900 bytes";
    assert!(report(&evidence).lines().any(|text| text == line));
}
