//! A culprit is found only with all of its frames; what was to be dropped reaches nobody.

use super::*;
use crate::sins::catalogue;
use crate::station::Station;
use crate::verdict::Mode;
use crate::verdict::tests::exact;

/// Everything but the rates, as an agent tells it that drops what it should.
fn enforced() -> Evidence {
    let mut evidence = Evidence { mode: Mode::Inline, policy: Policy::Enforce, ..exact() };
    for sin in catalogue(2, Mode::Inline).into_iter().filter(|sin| sin.name != "broadcast storm") {
        let sent = u64::from(sin.count);
        let mut link = crate::link::LinkCounters::default();
        link.tx.packets = sent;
        let passed = if sin.rules.is_empty() { sent } else { 0 };
        let received = [1, 2].map(|number| (Station { number }, passed)).to_vec();
        for frame in sin.frames.iter().take(if sin.rules.is_empty() { 0 } else { usize::MAX }) {
            let mac = ixp_common::addr::Mac(frame[6..12].try_into().unwrap());
            let packets = sent / sin.frames.len() as u64;
            let finding =
                |(rule, _): &(Rule, Told)| Finding { rule: *rule, mac: Some(mac), packets, dropped: packets };
            evidence.matrix.findings.extend(sin.rules.iter().map(finding));
        }
        evidence.deeds.push(Deed { sin, sent, link, received });
    }
    evidence
}

#[track_caller]
fn check(spoil: impl FnOnce(&mut Evidence), expected: &str) {
    let mut evidence = enforced();
    spoil(&mut evidence);
    assert_eq!(failures(&evidence).join("; "), expected);
}

fn deed<'a>(evidence: &'a mut Evidence, name: &str) -> &'a mut Deed {
    evidence.deeds.iter_mut().find(|deed| deed.sin.name == name).unwrap()
}

#[test]
fn culprits_that_are_found_and_dropped_pass() {
    check(|_| {}, "");
    assert_eq!(summary(&enforced()), "12 culprits found; ");
}

#[test]
fn a_rule_that_missed_a_frame_fails() {
    let missed = |evidence: &mut Evidence| {
        let findings = &mut evidence.matrix.findings;
        findings.iter_mut().find(|finding| finding.rule == Rule::N01).unwrap().packets -= 1;
    };
    check(missed, "RA of AS65005: N01 is held against 49 frames of 50");
}

#[test]
fn a_frame_that_came_through_fails() {
    let through = |evidence: &mut Evidence| deed(evidence, "LLDP").received[1].1 = 1;
    check(through, "LLDP of AS65009: member 2 received 1 frames instead of 0");
}

#[test]
fn a_drop_that_is_not_told_fails() {
    let untold = |evidence: &mut Evidence| {
        let findings = evidence.matrix.findings.iter_mut();
        findings.filter(|finding| finding.rule == Rule::N07).for_each(|finding| finding.dropped = 0);
    };
    check(untold, "spoofed NA of AS65004: 0 frames are dropped instead of 50");
}

#[test]
fn a_robbed_member_that_is_not_heard_fails() {
    let robbed = |evidence: &mut Evidence| deed(evidence, "(robbed of MAC)").received[0].1 = 49;
    check(robbed, "(robbed of MAC) of AS65016: member 1 received 49 frames instead of 50");
}

#[test]
fn a_forged_address_that_is_not_named_fails() {
    let unnamed = |evidence: &mut Evidence| {
        let forged = crate::sins::forged(7);
        let findings = evidence.matrix.findings.iter_mut();
        findings.filter(|finding| finding.mac == Some(forged)).for_each(|finding| finding.mac = None);
    };
    check(unnamed, "MAC flood of AS65014: 1,999 addresses are named of 2,000");
}

#[test]
fn a_frame_that_did_not_leave_fails() {
    let kept = |evidence: &mut Evidence| deed(evidence, "STP").link.tx.packets = 49;
    check(kept, "STP of AS65007: sent 50 frames, and the kernel counted 49");
}
