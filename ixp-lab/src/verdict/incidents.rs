//! Deeds and the agent's incidents go in; each incident that is missing, and each that names an innocent, come out.

use std::collections::BTreeMap;

use ixp_common::addr::Mac;

use super::Evidence;
use crate::news;
use crate::sins::{Deed, Incident, Part, Source};

/// Those who have a part in an incident.
type Cast<'a> = Vec<(&'a Deed, Part)>;

/// The incidents that the deeds make.
fn due(evidence: &Evidence) -> BTreeMap<Incident, Cast<'_>> {
    let mut due = BTreeMap::<Incident, Cast<'_>>::new();
    for deed in evidence.deeds.iter().filter(|deed| deed.sent > 0) {
        if let Some(part) = deed.sin.part {
            due.entry(part.of).or_default().push((deed, part));
        }
    }
    due.retain(|incident, cast| cast.iter().filter(|(_, part)| part.is_sure).count() >= incident.least());
    due
}

/// Why the incidents are not those that the deeds make; nothing when they are.
pub(super) fn failures(evidence: &Evidence) -> Vec<String> {
    let mut failures = Vec::new();
    let due = due(evidence);
    for (incident, cast) in &due {
        let (kind, rule) = (incident.kind(), incident.rule());
        match told(evidence, *incident).as_slice() {
            [] => failures.push(format!("no incident {kind} ({rule})")),
            [told] => failures.extend(amiss(*incident, cast, told)),
            more => failures.push(format!("{} incidents {kind} ({rule}) instead of one", more.len())),
        }
    }
    let is_due = |told: &&news::Incident| due.keys().any(|incident| is(*incident, told));
    for told in evidence.news.incidents.iter().filter(|told| !is_due(told)) {
        let culprits: Vec<String> = told.culprits.iter().map(named).collect();
        let (kind, rule) = (&told.kind, told.rule);
        failures.push(format!("an incident {kind} ({rule}) of {} that nobody made", culprits.join(", ")));
    }
    failures
}

fn is(incident: Incident, told: &news::Incident) -> bool {
    (incident.kind(), incident.rule()) == (told.kind.as_str(), told.rule)
}

fn told(evidence: &Evidence, incident: Incident) -> Vec<&news::Incident> {
    evidence.news.incidents.iter().filter(|told| is(incident, told)).collect()
}

/// What is wrong with an incident that was told of.
fn amiss(incident: Incident, cast: &Cast<'_>, told: &news::Incident) -> Vec<String> {
    let name = format!("incident {} ({})", incident.kind(), incident.rule());
    let mut amiss = Vec::new();
    let is_part = |(deed, part): &(&Deed, Part), culprit: &news::Culprit| {
        let who = deed.sin.culprit();
        Some(culprit.mac) == who.map(crate::station::Station::mac)
            && culprit.asn == who.map(crate::station::Station::asn)
            && culprit.role == part.role
    };
    for (deed, part) in cast.iter().filter(|(_, part)| part.is_sure) {
        if !told.culprits.iter().any(|culprit| is_part(&(*deed, *part), culprit)) {
            let asn = deed.sin.culprit().unwrap_or(deed.sin.sinner).asn();
            amiss.push(format!("{name} does not name AS{asn} as {}", part.role));
        }
    }
    for culprit in &told.culprits {
        if !cast.iter().any(|one| is_part(one, culprit)) {
            amiss.push(format!("{name} names {}, who has no such part", named(culprit)));
        }
    }
    if told.end.as_ref().is_some_and(|end| *end < told.start) {
        amiss.push(format!("{name} ends before it begins"));
    }
    if told.evidence.is_empty() {
        amiss.push(format!("{name} has no evidence"));
    }
    for port in stolen(cast).map(|deed| deed.sin.sinner.port()) {
        if !told.evidence.iter().any(|line| line.split(' ').any(|word| word == port)) {
            amiss.push(format!("{name} has no evidence of port {port}"));
        }
    }
    amiss
}

fn named(culprit: &news::Culprit) -> String {
    let news::Culprit { mac, asn, role } = culprit;
    asn.map_or_else(|| format!("{mac} as {role}"), |asn| format!("AS{asn} as {role}"))
}

/// The incidents that were to be told of; nothing in a run without.
pub(super) fn table(evidence: &Evidence) -> String {
    let due = due(evidence);
    if due.is_empty() {
        return String::new();
    }
    let mut text = format!("{:<18} {:<5} {:<9} {}\n", "incident", "rule", "began", "who takes part");
    for (incident, cast) in &due {
        let places: Vec<String> = stolen(cast).map(|deed| deed.sin.sinner.port()).collect();
        for told in told(evidence, *incident) {
            text += &row(told, &places);
        }
    }
    text + "\n"
}

/// Those of a cast that use another's address: the port gives them away.
fn stolen<'a>(cast: &Cast<'a>) -> impl Iterator<Item = &'a Deed> {
    cast.iter().map(|(deed, _)| *deed).filter(|deed| matches!(deed.sin.source, Source::Stolen(_)))
}

fn row(told: &news::Incident, places: &[String]) -> String {
    let mut roles = BTreeMap::<&str, Vec<String>>::new();
    for news::Culprit { mac, asn, role } in &told.culprits {
        let who = asn.map_or_else(|| Mac::to_string(mac), |asn| format!("AS{asn}"));
        roles.entry(role).or_default().push(who);
    }
    // Who called the others forth comes first.
    let mut roles: Vec<(&str, Vec<String>)> = roles.into_iter().collect();
    roles.sort_by_key(|(role, _)| *role != "trigger");
    let mut parts: Vec<String> =
        roles.iter().map(|(role, who)| format!("{role} {}", who.join(" "))).collect();
    parts.extend(places.iter().map(|port| format!("seen on {port}")));
    let clock = told.start.get(11..19).unwrap_or(&told.start);
    format!("{:<18} {:<5} {clock:<9} {}\n", told.kind, told.rule.name(), parts.join(", "))
}

/// What the last line says of them.
pub(super) fn summary(evidence: &Evidence) -> String {
    match due(evidence).len() {
        0 => String::new(),
        1 => " and 1 incident".to_owned(),
        incidents => format!(" and {incidents} incidents"),
    }
}

#[cfg(test)]
mod tests;
