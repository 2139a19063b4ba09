//! Deeds and the agent's events go in; each culprit that no event names rightly, and each event that names another,
//! come out.

use ixp_common::rules::{Needs, Rule, RuleAction};

use super::Evidence;
use super::innocent::HARMLESS;
use crate::exchange::{Mode, Policy};
use crate::news::Event;
use crate::sins::{Deed, Source};

/// What an event of a deed and rule must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    rule: Rule,
    asn: Option<u32>,
    /// One of these.
    ports: Vec<String>,
    outcome: &'static str,
}

/// Why the events do not fit the deeds; nothing when they do.
pub(super) fn failures(evidence: &Evidence) -> Vec<String> {
    let mut failures = Vec::new();
    for deed in evidence.deeds.iter().filter(|deed| deed.sent > 0) {
        let about: Vec<&Event> = evidence.news.events.iter().filter(|event| is_about(deed, event)).collect();
        let missing = due(evidence, deed).into_iter().filter(|due| !about.iter().any(|event| due.is(event)));
        failures.extend(missing.map(|due| missed(deed, &due, &about)));
    }
    for event in evidence.news.events.iter().filter(|event| !HARMLESS.contains(event.rule)) {
        if !evidence.deeds.iter().any(|deed| is_about(deed, event)) {
            failures.push(format!("an event says that {} breaks {}", event.mac, event.rule));
        }
    }
    failures
}

fn is_about(deed: &Deed, event: &Event) -> bool {
    deed.sin.is_by(Some(event.mac))
}

/// The events that a deed must have. Rules that are only counted, and those that the agent itself decides, have none.
pub(super) fn due(evidence: &Evidence, deed: &Deed) -> Vec<Due> {
    let rules = deed.sin.rules.iter().map(|(rule, _)| *rule);
    let told =
        rules.filter(|rule| rule.default_action() >= RuleAction::Alert && rule.needs() != Needs::Agent);
    let due = |rule: Rule| Due {
        rule,
        asn: deed.sin.culprit().map(crate::station::Station::asn),
        ports: ports(evidence.mode, deed, rule),
        outcome: outcome(evidence.policy, rule),
    };
    told.map(due).collect()
}

/// On a tap the port is that of the members file. The owner of a stolen address moves back.
fn ports(mode: Mode, deed: &Deed, rule: Rule) -> Vec<String> {
    let mut ports = vec![deed.sin.sinner.port()];
    match (mode, deed.sin.source) {
        (Mode::Tap, Source::Forged) => ports.clear(),
        (Mode::Tap, Source::Stolen(owner)) => ports = vec![owner.port()],
        (Mode::Inline, Source::Stolen(owner)) if rule == Rule::L08 => ports.push(owner.port()),
        (Mode::Tap | Mode::Inline, _) => {}
    }
    ports
}

fn outcome(policy: Policy, rule: Rule) -> &'static str {
    match (rule.default_action(), policy) {
        (RuleAction::Off | RuleAction::Observe | RuleAction::Alert, _) => "passed",
        (RuleAction::Limit | RuleAction::Drop, Policy::Monitor) => "would-drop",
        (RuleAction::Limit | RuleAction::Drop, Policy::Enforce) => "dropped",
    }
}

impl Due {
    fn is(&self, event: &Event) -> bool {
        let Self { rule, asn, ports, outcome } = self;
        let is_port = match &event.port {
            Some(port) => ports.contains(port),
            None => ports.is_empty(),
        };
        (event.rule, event.asn) == (*rule, *asn) && is_port && event.outcome == *outcome
    }
}

/// What is missing, and what is there instead.
fn missed(deed: &Deed, due: &Due, about: &[&Event]) -> String {
    let Due { rule, asn, ports, outcome } = due;
    let asn = asn.map_or_else(|| "no member".to_owned(), |asn| format!("AS{asn}"));
    let instead = about.iter().find(|event| event.rule == *rule).map_or_else(String::new, |event| {
        let port = event.port.as_deref().unwrap_or("no port");
        let asn = event.asn.map_or_else(|| "no member".to_owned(), |asn| format!("AS{asn}"));
        format!(", but one that says {asn}, {port}, {}", event.outcome)
    });
    let port = if ports.is_empty() { "no port".to_owned() } else { ports.join(" or ") };
    format!(
        "{} of AS{}: no event says {rule}, {asn}, {port}, {outcome}{instead}",
        deed.sin.name,
        deed.sin.sinner.asn()
    )
}

#[cfg(test)]
mod tests;
