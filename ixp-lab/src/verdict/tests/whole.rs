//! A run of all sins whose agent is right in everything, for tests to spoil.

use ixp_common::addr::Mac;
use ixp_common::rules::{Needs, Rule, RuleAction};

use super::exact;
use crate::exchange::{Mode, Policy};
use crate::link::LinkCounters;
use crate::matrix::Finding;
use crate::news::{Culprit, Event, Incident};
use crate::sins::{Cue, Deed, Sin, Source, Told, catalogue};
use crate::station::Station;
use crate::verdict::Evidence;

/// Inline, with two members that keep the rules.
pub(in crate::verdict) fn whole(policy: Policy) -> Evidence {
    let mut evidence = Evidence { mode: Mode::Inline, policy, ..exact() };
    for sin in catalogue(2, Mode::Inline) {
        let sent = sent(policy, &sin);
        if sent > 0 {
            evidence.matrix.findings.extend(findings(policy, &sin, sent));
            evidence.news.events.extend(events(policy, &sin));
        }
        let mut link = LinkCounters::default();
        link.tx.packets = sent;
        let kept = match policy {
            Policy::Enforce => sin.rules.iter().map(|rule| dropping(rule, sent)).max().unwrap_or(0),
            Policy::Monitor => 0,
        };
        let reached = |number| {
            let member = Station { number };
            (member, sin.reaching(member, sent).saturating_sub(kept))
        };
        evidence.deeds.push(Deed { received: vec![reached(1), reached(2)], sin, sent, link });
    }
    evidence.news.incidents = incidents(&evidence.deeds);
    evidence
}

/// Who waits for a solicitation hears none if it is dropped.
fn sent(policy: Policy, sin: &Sin) -> u64 {
    match (sin.cue, policy) {
        (Cue::Rate { count, .. }, _) => u64::from(count),
        (Cue::Solicitation, Policy::Monitor) => 50,
        (Cue::Solicitation, Policy::Enforce) => 0,
    }
}

/// Half of the frames of a sin that is one of rate go over it.
fn broken(&(_, told): &(Rule, Told), sent: u64) -> u64 {
    match told {
        Told::Each => sent,
        Told::Some => sent / 2,
    }
}

fn dropping(rule: &(Rule, Told), sent: u64) -> u64 {
    let drops = matches!(rule.0.default_action(), RuleAction::Limit | RuleAction::Drop);
    if drops { broken(rule, sent) } else { 0 }
}

fn findings(policy: Policy, sin: &Sin, sent: u64) -> Vec<Finding> {
    let sources: Vec<Mac> = match sin.source {
        Source::Own | Source::Stolen(_) => sin.culprit().map(Station::mac).into_iter().collect(),
        Source::Forged => {
            sin.frames.iter().map(|frame| Mac(frame[6..12].try_into().expect("six bytes"))).collect()
        }
    };
    let sent = sent / sources.len() as u64;
    let of = |mac: Mac| {
        sin.rules.iter().map(move |rule| {
            let (packets, drops) = (broken(rule, sent), dropping(rule, sent));
            let (dropped, would_drop) = match policy {
                Policy::Enforce => (drops, 0),
                Policy::Monitor => (0, drops),
            };
            Finding { rule: rule.0, mac: Some(mac), packets, dropped, would_drop }
        })
    };
    sources.into_iter().flat_map(of).collect()
}

fn events(policy: Policy, sin: &Sin) -> Vec<Event> {
    let told = |rule: Rule| rule.default_action() >= RuleAction::Alert && rule.needs() != Needs::Agent;
    let rules = sin.rules.iter().map(|(rule, _)| *rule).filter(|rule| told(*rule));
    let event = |rule: Rule| Event {
        rule,
        mac: sin.culprit().map_or(crate::sins::forged(0), Station::mac),
        asn: sin.culprit().map(Station::asn),
        port: Some(sin.sinner.port()),
        outcome: match (dropping(&(rule, Told::Each), 1), policy) {
            (0, _) => "passed",
            (_, Policy::Monitor) => "would-drop",
            (_, Policy::Enforce) => "dropped",
        }
        .to_owned(),
    };
    rules.map(event).collect()
}

fn incidents(deeds: &[Deed]) -> Vec<Incident> {
    let mut incidents = Vec::<Incident>::new();
    let parts = deeds.iter().filter(|deed| deed.sent > 0).filter_map(|deed| Some((deed, deed.sin.part?)));
    for (deed, part) in parts {
        let who = deed.sin.culprit().expect("a member");
        let culprit = Culprit { mac: who.mac(), asn: Some(who.asn()), role: part.role.to_owned() };
        let (kind, rule) = (part.of.kind(), part.of.rule());
        match incidents.iter_mut().find(|known| (known.kind.as_str(), known.rule) == (kind, rule)) {
            Some(known) => known.culprits.push(culprit),
            None => incidents.push(Incident {
                kind: kind.to_owned(),
                rule,
                start: "2026-11-25T10:00:00Z".to_owned(),
                end: None,
                culprits: vec![culprit],
                evidence: vec![format!("10:00:00Z it is seen on {}", deed.sin.sinner.port())],
            }),
        }
    }
    // Two stations make no storm; only with those that were asked is it one.
    incidents.retain(|incident| incident.kind != "ra-storm" || incident.culprits.len() > 2);
    incidents
}
