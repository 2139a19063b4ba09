//! A culprit is found only with all of its frames; what was to be dropped reaches nobody.

use ixp_common::addr::Mac;

use super::*;
use crate::sins::forged;
use crate::verdict::tests::whole::whole;

#[track_caller]
fn check(spoil: impl FnOnce(&mut Evidence), expected: &str) {
    let mut evidence = whole(Policy::Enforce);
    spoil(&mut evidence);
    assert_eq!(failures(&evidence).join("; "), expected);
}

fn deed<'a>(evidence: &'a mut Evidence, name: &str) -> &'a mut Deed {
    evidence.deeds.iter_mut().find(|deed| deed.sin.name == name).unwrap()
}

#[test]
fn culprits_that_are_found_and_dropped_pass() {
    check(|_| {}, "");
    assert_eq!(summary(&whole(Policy::Enforce)), "19 culprits and 5 incidents found; ");
}

#[test]
fn culprits_that_would_be_dropped_pass_where_nothing_is() {
    let evidence = whole(Policy::Monitor);
    assert_eq!(failures(&evidence), Vec::<String>::new());
    assert_eq!(summary(&evidence), "22 culprits and 6 incidents found; ");
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
fn a_frame_that_only_is_told_of_and_does_not_come_through_fails() {
    let kept = |evidence: &mut Evidence| deed(evidence, "ARP sweep").received[1].1 = 49;
    check(kept, "ARP sweep of AS65015: member 2 received 49 frames instead of 50");
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
fn a_drop_that_would_be_and_is_not_told_fails() {
    let mut evidence = whole(Policy::Monitor);
    let of = |finding: &&mut crate::matrix::Finding| matches!(finding.rule, Rule::N07 | Rule::N11);
    evidence.matrix.findings.iter_mut().filter(of).for_each(|finding| finding.would_drop = 0);
    assert_eq!(
        failures(&evidence),
        [
            "spoofed NA of AS65004: 0 frames of 50 are said to be dropped by enforce",
            "NS sweep of AS65016: 0 frames of 300 are said to be dropped by enforce"
        ]
    );
}

#[test]
fn a_robbed_member_that_is_not_heard_fails() {
    let robbed = |evidence: &mut Evidence| deed(evidence, "(robbed of MAC)").received[0].1 = 49;
    check(robbed, "(robbed of MAC) of AS65021: member 1 received 49 frames instead of 50");
}

#[test]
fn forged_addresses_are_named_as_far_as_the_table_has_room() {
    let named = |most: usize| {
        move |evidence: &mut Evidence| {
            let is_forged = |mac: Option<Mac>| mac.is_some_and(|mac| mac >= forged(0) && mac <= forged(9999));
            for rule in [Rule::L06, Rule::L07] {
                let findings = evidence.matrix.findings.iter_mut();
                let forged = findings.filter(|finding| finding.rule == rule && is_forged(finding.mac));
                forged.skip(most).for_each(|finding| finding.mac = None);
            }
        }
    };
    check(named(5461), "");
    check(named(5460), "MAC flood of AS65014: 5,460 addresses are named of 5,461");
}

#[test]
fn a_frame_that_did_not_leave_fails() {
    let kept = |evidence: &mut Evidence| deed(evidence, "STP").link.tx.packets = 49;
    check(kept, "STP of AS65007: sent 50 frames, and the kernel counted 49");
}
