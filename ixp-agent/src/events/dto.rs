//! Events and incidents in, their JSON out.

use jiff::Timestamp;
use serde::Serialize;

use super::{Event, Incident, News, advice};
use crate::members::Asn;

/// An event as JSON.
#[derive(Debug, Serialize)]
pub struct EventDto<'a> {
    id: u64,
    at: Timestamp,
    rule: &'static str,
    title: &'static str,
    severity: &'static str,
    vlan: u16,
    mac: String,
    asn: Option<Asn>,
    member: Option<&'a str>,
    interface: Option<&'a str>,
    port: Option<&'a str>,
    outcome: &'static str,
    packets: u64,
    suppressed: u64,
    summary: &'a str,
    advice: String,
    header: String,
}

/// An incident as JSON.
#[derive(Debug, Serialize)]
pub struct IncidentDto<'a> {
    id: u64,
    kind: &'static str,
    rule: &'static str,
    severity: &'static str,
    start: Timestamp,
    end: Option<Timestamp>,
    vlan: u16,
    culprits: Vec<CulpritDto<'a>>,
    more_culprits: u64,
    evidence: &'a [String],
    more_evidence: u64,
    summary: &'a str,
    advice: String,
}

#[derive(Debug, Serialize)]
struct CulpritDto<'a> {
    mac: String,
    asn: Option<Asn>,
    member: Option<&'a str>,
    role: &'static str,
}

/// Either, as webhooks send it.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum NewsDto<'a> {
    /// An event.
    Event(EventDto<'a>),
    /// An incident.
    Incident(IncidentDto<'a>),
}

impl<'a> From<&'a Event> for EventDto<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: event.id,
            at: event.at,
            rule: event.rule.name(),
            title: event.rule.title(),
            severity: event.severity.name(),
            vlan: event.station.vlan().get(),
            mac: event.station.mac().to_string(),
            asn: event.asn,
            member: event.member.as_deref(),
            interface: event.interface.as_deref(),
            port: event.port.as_deref(),
            outcome: event.outcome.name(),
            packets: event.suppressed.saturating_add(1),
            suppressed: event.suppressed,
            summary: &event.summary,
            advice: advice::of_rule(event.rule),
            header: event.header.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

impl<'a> From<&'a Incident> for IncidentDto<'a> {
    fn from(incident: &'a Incident) -> Self {
        let culprits = incident.culprits.iter().map(|culprit| CulpritDto {
            mac: culprit.station.mac().to_string(),
            asn: culprit.asn,
            member: culprit.member.as_deref(),
            role: culprit.role.name(),
        });
        Self {
            id: incident.id,
            kind: incident.kind.name(),
            rule: incident.rule.name(),
            severity: incident.severity.name(),
            start: incident.start,
            end: incident.end,
            vlan: incident.vlan.get(),
            culprits: culprits.collect(),
            more_culprits: incident.more_culprits,
            evidence: &incident.evidence,
            more_evidence: incident.more_evidence,
            summary: &incident.summary,
            advice: advice::of_incident(incident.kind, incident.rule),
        }
    }
}

impl<'a> From<&'a News> for NewsDto<'a> {
    fn from(news: &'a News) -> Self {
        match news {
            News::Event(event) => Self::Event(EventDto::from(&**event)),
            News::Incident(incident) => Self::Incident(IncidentDto::from(&**incident)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::{arp_frame, breach, registry};
    use crate::events::{Breach, Events};
    use ixp_common::rules::Rule;

    #[test]
    fn an_event_has_the_shape_that_readers_rely_on() {
        let (mut events, registry) = (Events::default(), registry());
        let mut frame = arp_frame(2, 3, [192, 0, 2, 7], [192, 0, 2, 1]);
        frame.extend([0xee; 18]);
        events.breach(&Breach { frame: &frame, suppressed: 4, ..breach(Rule::A06, 3, 60) }, &registry);
        let news = events.take_news();
        let json = serde_json::to_value(NewsDto::from(&news[0])).expect("JSON");
        let advice = advice::of_rule(Rule::A06);
        assert_eq!(
            json,
            serde_json::json!({
                "type": "event", "id": 1, "at": "1970-01-01T00:01:00Z", "rule": "A06", "title": "proxy ARP",
                "severity": "critical", "vlan": 0, "mac": "02:00:00:00:00:03", "asn": 64503, "member": "Example 3",
                "interface": "eth1", "port": null, "outcome": "passed", "packets": 5, "suppressed": 4,
                "summary": "AS64503 (Example 3) says by ARP that 192.0.2.7 is at 02:00:00:00:00:03; it belongs to AS64507 (Example 7)",
                "advice": advice,
                "header": "ffffffffffff02000000000308060001080006040002020000000003c0000207000000000000c0000201",
            })
        );
    }

    #[test]
    fn an_incident_has_the_shape_that_readers_rely_on() {
        let (mut events, registry) = (Events::default(), registry());
        events.breach(&breach(Rule::L08, 3, 60), &registry);
        let incident = events.incidents().iter().next().expect("one").clone();
        let json = serde_json::to_value(IncidentDto::from(&*incident)).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "id": 1, "kind": "mac-move", "rule": "L08", "severity": "critical", "start": "1970-01-01T00:01:00Z",
                "end": null, "vlan": 0, "more_culprits": 0, "more_evidence": 0,
                "culprits": [{"mac": "02:00:00:00:00:03", "asn": 64503, "member": "Example 3", "role": "source"}],
                "evidence": ["00:01:00Z AS64503 (Example 3) at 02:00:00:00:00:03 is seen on eth1"],
                "summary": "AS64503 (Example 3) at 02:00:00:00:00:03 has moved to eth1",
                "advice": advice::of_incident(crate::events::Kind::MacMove, Rule::L08),
            })
        );
    }
}
