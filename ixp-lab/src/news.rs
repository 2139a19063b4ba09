//! The agent's events and incidents, as its HTTP interface serves them.

use anyhow::{Context, Result, anyhow};
use ixp_common::addr::Mac;
use ixp_common::rules::Rule;
use serde::Deserialize;

/// What the agent told people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct News {
    /// Frames that broke a rule.
    pub events: Vec<Event>,
    /// What belongs together.
    pub incidents: Vec<Incident>,
}

/// A frame that broke a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// Which rule.
    #[serde(deserialize_with = "parsed")]
    pub rule: Rule,
    /// The station's address.
    #[serde(deserialize_with = "parsed")]
    pub mac: Mac,
    /// The member that the station belongs to.
    pub asn: Option<u32>,
    /// The switch port.
    pub port: Option<String>,
    /// What became of the frame: `passed`, `would-drop` or `dropped`.
    pub outcome: String,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Incident {
    /// Its kind, as `ra-storm`.
    pub kind: String,
    /// The rule that it breaks.
    #[serde(deserialize_with = "parsed")]
    pub rule: Rule,
    /// When it began (RFC 3339, UTC).
    pub start: String,
    /// When it ended; none while it goes on.
    pub end: Option<String>,
    /// Who takes part.
    pub culprits: Vec<Culprit>,
    /// What was seen.
    pub evidence: Vec<String>,
}

/// One that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Culprit {
    /// The station's address.
    #[serde(deserialize_with = "parsed")]
    pub mac: Mac,
    /// The member that the station belongs to.
    pub asn: Option<u32>,
    /// Its part, as `trigger`.
    pub role: String,
}

impl News {
    /// Reads the answer of `/api/v1/events`.
    ///
    /// # Errors
    /// The answer is not of that shape.
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("read the agent's events")
    }
}

fn parsed<'d, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'d>,
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| serde::de::Error::custom(anyhow!("`{text}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_events_and_incidents() {
        let json = r#"{"events":[{"id":1,"at":"2026-11-25T10:00:00Z","rule":"N01","mac":"02:00:00:00:00:03",
            "asn":65003,"member":"Member 3","interface":"p3","port":"p3","outcome":"would-drop","packets":1}],
            "incidents":[{"id":1,"kind":"sweep","rule":"A11","severity":"warning","start":"2026-11-25T10:00:00Z",
            "end":null,"culprits":[{"mac":"02:00:00:00:00:04","asn":null,"member":null,"role":"source"}],
            "evidence":["10:00:00Z many"]}],"suppressed":7,"lost":0}"#;
        let mac = |last| Mac([2, 0, 0, 0, 0, last]);
        let event = Event {
            rule: Rule::N01,
            mac: mac(3),
            asn: Some(65003),
            port: Some("p3".to_owned()),
            outcome: "would-drop".to_owned(),
        };
        let incident = Incident {
            kind: "sweep".to_owned(),
            rule: Rule::A11,
            start: "2026-11-25T10:00:00Z".to_owned(),
            end: None,
            culprits: vec![Culprit { mac: mac(4), asn: None, role: "source".to_owned() }],
            evidence: vec!["10:00:00Z many".to_owned()],
        };
        assert_eq!(News::parse(json).unwrap(), News { events: vec![event], incidents: vec![incident] });
        assert!(News::parse(&json.replace("N01", "N99")).is_err());
    }
}
