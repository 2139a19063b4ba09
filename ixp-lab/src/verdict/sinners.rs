//! Deeds and what the agent holds against whom go in; each culprit with the evidence, and every gap in it, come out.

use std::collections::{BTreeMap, BTreeSet};

use ixp_common::names;
use ixp_common::rules::{Rule, RuleAction};

use super::{Evidence, incidents};
use crate::exchange::Policy;
use crate::format::thousands;
use crate::matrix::Finding;
use crate::sins::{Cue, Deed, Source, Told};

/// Forged addresses that find room beside each other in the agent's table of strangers, each by all of the rules
/// that its frame breaks. The frames of the rest are counted without their addresses.
const NAMED: u64 = names::STRANGER_RULES_ROOM as u64 / 3;

/// What the agent held against one sin: per rule, frames and those dropped.
type Held = BTreeMap<Rule, (u64, u64)>;

fn held(evidence: &Evidence, deed: &Deed) -> Held {
    let mut held = Held::new();
    for Finding { rule, packets, dropped, .. } in about(evidence, deed) {
        let sum = held.entry(*rule).or_default();
        *sum = (sum.0 + packets, sum.1 + dropped);
    }
    held
}

/// The findings about a sin. Those against a stolen address are about the thief.
fn about<'a>(evidence: &'a Evidence, deed: &'a Deed) -> impl Iterator<Item = &'a Finding> {
    let is_robbed = evidence.deeds.iter().any(|other| other.sin.source == Source::Stolen(deed.sin.sinner));
    evidence.matrix.findings.iter().filter(move |finding| !is_robbed && deed.sin.is_by(finding.mac))
}

/// Frames of a sin that the agent dropped: each rule that a dropped frame breaks counts it.
fn dropped(held: &Held) -> u64 {
    held.values().map(|(_, dropped)| *dropped).max().unwrap_or(0)
}

/// Why the sinners are not all found out, each with all of its frames; nothing when they are.
pub(super) fn failures(evidence: &Evidence) -> Vec<String> {
    let mut failures = Vec::new();
    for deed in &evidence.deeds {
        let name = format!("{} of AS{}", deed.sin.name, deed.sin.sinner.asn());
        failures.extend(unsent(deed).into_iter().map(|what| format!("{name}: {what}")));
        failures.extend(untold(evidence, deed).into_iter().map(|what| format!("{name}: {what}")));
        failures.extend(unexpected(evidence, deed).into_iter().map(|what| format!("{name}: {what}")));
    }
    failures
}

fn unsent(deed: &Deed) -> Option<String> {
    let (sent, kernel) = (deed.sent, deed.link.tx.packets);
    (sent != kernel || deed.link.tx_dropped > 0)
        .then(|| format!("sent {} frames, and the kernel counted {}", thousands(sent), thousands(kernel)))
}

fn untold(evidence: &Evidence, deed: &Deed) -> Vec<String> {
    let held = held(evidence, deed);
    let sent = deed.sent;
    let mut untold = Vec::new();
    for (rule, told) in &deed.sin.rules {
        let packets = held.get(rule).map_or(0, |(packets, _)| *packets);
        let is_right = match told {
            Told::Each => packets == sent,
            Told::Some => packets > 0,
        };
        if !is_right {
            untold.push(format!(
                "{rule} is held against {} frames of {}",
                thousands(packets),
                thousands(sent)
            ));
        }
    }
    let (dropped, due) = (dropped(&held), expected_drops(evidence, deed));
    if dropped != due {
        untold.push(format!("{} frames are dropped instead of {}", thousands(dropped), thousands(due)));
    }
    if deed.sin.source == Source::Forged {
        let (named, due) = (addresses(evidence, deed) as u64, sent.min(NAMED));
        if named < due {
            untold.push(format!("{} addresses are named of {}", thousands(named), thousands(due)));
        }
    }
    untold
}

fn addresses(evidence: &Evidence, deed: &Deed) -> usize {
    about(evidence, deed).filter_map(|finding| finding.mac).collect::<BTreeSet<_>>().len()
}

/// What the agent drops reaches nobody, and the rest everybody it is for.
fn unexpected(evidence: &Evidence, deed: &Deed) -> Vec<String> {
    let drops = expected_drops(evidence, deed);
    let mut unexpected = Vec::new();
    for (station, received) in &deed.received {
        let due = deed.sin.reaching(*station, deed.sent).saturating_sub(drops);
        if *received != due {
            let (number, received, due) = (station.number, thousands(*received), thousands(due));
            unexpected.push(format!("member {number} received {received} frames instead of {due}"));
        }
    }
    unexpected
}

fn expected_drops(evidence: &Evidence, deed: &Deed) -> u64 {
    let drops = |rule: &Rule| rule.default_action() == RuleAction::Drop;
    let is_stateless = deed.sin.rules.iter().any(|(rule, told)| *told == Told::Each && drops(rule));
    match evidence.policy {
        Policy::Monitor => 0,
        Policy::Enforce if is_stateless => deed.sent,
        Policy::Enforce => dropped(&held(evidence, deed)),
    }
}

/// The culprits; nothing in a run without.
pub(super) fn table(evidence: &Evidence) -> String {
    if evidence.deeds.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\n{:<8} {:<15} {:>7} {:>7} {:>7} {:>9}  held against it\n",
        "culprit", "sin", "sent", "broken", "dropped", "reached"
    );
    for deed in &evidence.deeds {
        text += &row(evidence, deed);
    }
    text + "\n"
}

fn row(evidence: &Evidence, deed: &Deed) -> String {
    let held = held(evidence, deed);
    let each = |rule: &Rule| deed.sin.rules.contains(&(*rule, Told::Each));
    let most = |stateless: bool| {
        held.iter().filter(|(rule, _)| !stateless || each(rule)).map(|(_, (packets, _))| *packets).max()
    };
    let broken = most(true).or_else(|| most(false)).unwrap_or(0);
    let reached = deed.received.iter().filter(|(_, received)| *received > 0).count();
    let rules: Vec<String> = held.keys().map(ToString::to_string).collect();
    format!(
        "AS{:<6} {:<15} {:>7} {:>7} {:>7} {:>9}  {}\n",
        deed.sin.sinner.asn(),
        deed.sin.name,
        thousands(deed.sent),
        thousands(broken),
        thousands(dropped(&held)),
        format!("{reached} of {}", deed.received.len()),
        match (rules.is_empty(), deed.sin.source) {
            (false, _) => rules.join(" "),
            (true, Source::Stolen(_)) => "nothing: a tap has no ports".to_owned(),
            (true, _) if deed.sin.cue == Cue::Solicitation => "nothing: it was not asked".to_owned(),
            (true, _) => "nothing".to_owned(),
        },
    )
}

/// What the last line says of them.
pub(super) fn summary(evidence: &Evidence) -> String {
    let is_culprit = |deed: &&Deed| deed.sent > 0 && !deed.sin.rules.is_empty();
    match evidence.deeds.iter().filter(is_culprit).count() {
        0 => String::new(),
        culprits => format!("{culprits} culprits{} found; ", incidents::summary(evidence)),
    }
}
