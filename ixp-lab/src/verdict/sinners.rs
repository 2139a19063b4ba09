//! Deeds and what the agent holds against whom go in; each culprit with the evidence, and every gap in it, come out.

use ixp_common::names;
use ixp_common::rules::{Rule, RuleAction};

use super::held::Held;
use super::{Evidence, incidents};
use crate::exchange::Policy;
use crate::format::thousands;
use crate::sins::{Cue, Deed, Source, Told};

/// Forged addresses that find room beside each other in the agent's table of strangers, each by all of the rules
/// that its frame breaks. The frames of the rest are counted without their addresses.
const NAMED: u64 = names::STRANGER_RULES_ROOM as u64 / 3;

/// Why the sinners are not all found out, each with all of its frames; nothing when they are.
pub(super) fn failures(evidence: &Evidence) -> Vec<String> {
    let mut failures = Vec::new();
    for deed in &evidence.deeds {
        let held = Held::against(evidence, deed);
        let mut reasons = Vec::new();
        reasons.extend(unsent(deed));
        reasons.extend(untold(deed, &held));
        reasons.extend(wrongly_dropped(evidence, deed, &held));
        reasons.extend(unexpected(evidence, deed, &held));
        let name = format!("{} of AS{}", deed.sin.name, deed.sin.sinner.asn());
        failures.extend(reasons.into_iter().map(|reason| format!("{name}: {reason}")));
    }
    failures
}

fn unsent(deed: &Deed) -> Option<String> {
    let (sent, kernel) = (deed.sent, deed.link.tx.packets);
    (sent != kernel || deed.link.tx_dropped > 0)
        .then(|| format!("sent {} frames, and the kernel counted {}", thousands(sent), thousands(kernel)))
}

fn untold(deed: &Deed, held: &Held) -> Vec<String> {
    let sent = deed.sent;
    let mut untold = Vec::new();
    for (rule, told) in deed.sin.rules.iter().filter(|_| sent > 0) {
        let packets = held.packets(*rule);
        let is_right = match told {
            Told::Each => packets == sent,
            Told::Some => packets > 0,
        };
        if !is_right {
            let (packets, sent) = (thousands(packets), thousands(sent));
            untold.push(format!("{rule} is held against {packets} frames of {sent}"));
        }
    }
    let due = if deed.sin.source == Source::Forged { sent.min(NAMED) } else { 0 };
    if held.addresses < due {
        untold.push(format!("{} addresses are named of {}", thousands(held.addresses), thousands(due)));
    }
    untold
}

fn wrongly_dropped(evidence: &Evidence, deed: &Deed, held: &Held) -> Vec<String> {
    let mut wrong = Vec::new();
    let (dropped, due) = (held.dropped(), expected_drops(evidence, deed, held));
    if dropped != due {
        wrong.push(format!("{} frames are dropped instead of {}", thousands(dropped), thousands(due)));
    }
    let would_drop = held.would_drop();
    let is_right = match (evidence.policy, does_each_drop(deed)) {
        (Policy::Enforce, _) => would_drop == 0,
        (Policy::Monitor, true) => would_drop == deed.sent,
        (Policy::Monitor, false) => (would_drop > 0) == does_drop(deed, RuleAction::Limit),
    };
    if !is_right {
        let (would_drop, sent) = (thousands(would_drop), thousands(deed.sent));
        wrong.push(format!("{would_drop} frames of {sent} are said to be dropped by enforce"));
    }
    wrong
}

/// What the agent drops reaches nobody, and the rest everybody it is for.
fn unexpected(evidence: &Evidence, deed: &Deed, held: &Held) -> Vec<String> {
    let drops = expected_drops(evidence, deed, held);
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

fn expected_drops(evidence: &Evidence, deed: &Deed, held: &Held) -> u64 {
    match evidence.policy {
        Policy::Monitor => 0,
        Policy::Enforce if does_each_drop(deed) => deed.sent,
        // Over a rate: how many depends on how evenly they came.
        Policy::Enforce if does_drop(deed, RuleAction::Limit) => held.dropped(),
        Policy::Enforce => 0,
    }
}

/// Whether `enforce` drops each of its frames.
fn does_each_drop(deed: &Deed) -> bool {
    let drops = |rule: &Rule| rule.default_action() == RuleAction::Drop;
    deed.sin.rules.iter().any(|(rule, told)| *told == Told::Each && drops(rule))
}

fn does_drop(deed: &Deed, by: RuleAction) -> bool {
    deed.sent > 0 && deed.sin.rules.iter().any(|(rule, _)| rule.default_action() == by)
}

/// The culprits; nothing in a run without.
pub(super) fn table(evidence: &Evidence) -> String {
    if evidence.deeds.is_empty() {
        return String::new();
    }
    let dropped = match evidence.policy {
        Policy::Monitor => "would drop",
        Policy::Enforce => "dropped",
    };
    let mut text = format!(
        "\n{:<8} {:<15} {:>7} {:>7} {dropped:>10} {:>9}  held against it\n",
        "culprit", "sin", "sent", "broken", "reached"
    );
    for deed in &evidence.deeds {
        text += &row(evidence, deed);
    }
    text + "\n"
}

fn row(evidence: &Evidence, deed: &Deed) -> String {
    let held = Held::against(evidence, deed);
    let each = |rule: &Rule| deed.sin.rules.contains(&(*rule, Told::Each));
    let most = |stateless: bool| {
        held.rules.values().filter(|sum| !stateless || each(&sum.rule)).map(|sum| sum.packets).max()
    };
    let broken = most(true).or_else(|| most(false)).unwrap_or(0);
    let dropped = match evidence.policy {
        Policy::Monitor => held.would_drop(),
        Policy::Enforce => held.dropped(),
    };
    let reached = deed.received.iter().filter(|(_, received)| *received > 0).count();
    let rules: Vec<&str> = held.rules.keys().map(|rule| rule.name()).collect();
    format!(
        "AS{:<6} {:<15} {:>7} {:>7} {:>10} {:>9}  {}\n",
        deed.sin.sinner.asn(),
        deed.sin.name,
        thousands(deed.sent),
        thousands(broken),
        thousands(dropped),
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

#[cfg(test)]
mod tests;
