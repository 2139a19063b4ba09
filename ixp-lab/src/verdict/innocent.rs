//! What the agent holds against members that keep the rules goes in; every reason to doubt it comes out.

use ixp_common::rules::{Rule, RuleSet};

use super::Evidence;
use crate::format::thousands;
use crate::matrix::Finding;

/// Told of what every kernel sends, and never dropped.
pub(super) const HARMLESS: RuleSet = RuleSet::of(&[Rule::N10, Rule::I13]);

/// Why the members are not clean; nothing when they are.
pub(super) fn failures(evidence: &Evidence) -> Vec<String> {
    let mut failures = Vec::new();
    let is_sin = |finding: &&Finding| evidence.deeds.iter().any(|deed| deed.sin.is_by(finding.mac));
    for finding in evidence.matrix.findings.iter().filter(|finding| !is_sin(finding)) {
        let Finding { rule, mac, packets, dropped, .. } = *finding;
        if HARMLESS.contains(rule) && dropped == 0 {
            continue;
        }
        let who = mac.map_or_else(|| "stations beyond its table".to_owned(), |mac| mac.to_string());
        failures.push(format!(
            "the agent holds {rule} ({}) against {who}: {} frames, {} dropped",
            rule.title(),
            thousands(packets),
            thousands(dropped)
        ));
    }
    failures
}
