//! `events`: what the agent tells of broken rules, now and as it comes.

use std::io::Write;

use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::text::{Look, counted, cut, indented, safe};
use super::{Error, Format, Sent, Server};

/// Events before those that come.
const BEFORE: &str = "10";

/// Flags of `events`.
#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(flatten)]
    server: Server,
    /// Go on with events as they come
    #[arg(short, long)]
    follow: bool,
    /// Only this rule, as N01
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Only this member, as 64500 or AS64500
    #[arg(long, value_name = "ASN")]
    member: Option<String>,
    /// Only since this moment: RFC 3339, or relative as -1h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
    /// The newest so many [default: 500, with --follow 10]
    #[arg(long, value_name = "NUMBER")]
    limit: Option<String>,
    /// How events are written; with --follow, JSON is one object a line
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Deserialize)]
struct Answer {
    events: Vec<Event>,
    incidents: Vec<Incident>,
    suppressed: u64,
    held: u64,
    lost: u64,
}

#[derive(Debug, Deserialize)]
struct Event {
    id: u64,
    at: Timestamp,
    rule: String,
    title: String,
    severity: String,
    outcome: String,
    packets: u64,
    summary: String,
}

#[derive(Debug, Deserialize)]
struct Incident {
    id: u64,
    kind: String,
    rule: String,
    severity: String,
    start: Timestamp,
    end: Option<Timestamp>,
    culprits: Vec<Culprit>,
    more_culprits: u64,
    evidence: Vec<String>,
    more_evidence: u64,
    summary: String,
    advice: String,
}

#[derive(Debug, Deserialize)]
struct Culprit {
    mac: String,
    asn: Option<u32>,
    member: Option<String>,
    role: String,
}

#[derive(Debug, Deserialize)]
struct Lost {
    lost: u64,
}

/// Writes what is asked for.
///
/// # Errors
/// [`Error`].
pub fn run(args: &EventsArgs, out: &mut impl Write) -> Result<(), Error> {
    let filter = [("rule", args.rule.as_deref()), ("member", args.member.as_deref())];
    let limit = args.limit.as_deref().or(args.follow.then_some(BEFORE));
    let query = [filter[0], filter[1], ("since", args.since.as_deref()), ("limit", limit)];
    if !args.follow {
        return listed(args, &query, out).map(drop);
    }
    let out = std::cell::RefCell::new(out);
    let last = std::cell::Cell::new(0);
    let ready = || {
        last.set(listed(args, &query, &mut *out.borrow_mut())?);
        Ok(())
    };
    // The stream first, so that nothing falls between the two answers.
    args.server.follow("/api/v1/events/stream", &filter, ready, |sent| {
        one(&args.server, args.format, &sent, last.get(), &mut *out.borrow_mut())
    })
}

/// Writes what there is; gives the id of the last event.
fn listed(args: &EventsArgs, query: &[(&str, Option<&str>)], out: &mut impl Write) -> Result<u64, Error> {
    let json: Value = args.server.ask("/api/v1/events", query)?;
    let answer = Answer::deserialize(&json).map_err(|error| strange(&args.server, &error))?;
    let last = answer.events.last().map_or(0, |event| event.id);
    match (args.format, args.follow) {
        (Format::Json, false) => writeln!(out, "{json:#}")?,
        (Format::Json, true) => {
            for event in json["events"].as_array().into_iter().flatten() {
                writeln!(out, "{event}")?;
            }
        }
        (Format::Table, is_following) => write(&answer, is_following, Look::of_output(), out)?,
    }
    out.flush()?;
    Ok(last)
}

fn one(server: &Server, format: Format, sent: &Sent, last: u64, out: &mut impl Write) -> Result<(), Error> {
    let json: Value = serde_json::from_str(&sent.text).map_err(|error| strange(server, &error))?;
    if sent.name == "event" && json["id"].as_u64().is_some_and(|id| id <= last) {
        return Ok(());
    }
    if format == Format::Json {
        writeln!(out, "{json}")?;
        return Ok(out.flush()?);
    }
    let look = Look::of_output();
    match sent.name.as_str() {
        "event" => write_event(&parsed(server, json)?, look, out)?,
        "incident" => write_incident(&parsed(server, json)?, look, out)?,
        "lost" => {
            let Lost { lost } = parsed(server, json)?;
            writeln!(out, "({lost} were lost: this reader is too slow)")?;
        }
        _ => {}
    }
    Ok(out.flush()?)
}

fn parsed<T: for<'a> Deserialize<'a>>(server: &Server, json: Value) -> Result<T, Error> {
    serde_json::from_value(json).map_err(|error| strange(server, &error))
}

fn strange(server: &Server, error: &serde_json::Error) -> Error {
    Error::Strange { url: server.url.clone(), reason: error.to_string() }
}

fn write(answer: &Answer, is_following: bool, look: Look, out: &mut impl Write) -> Result<(), Error> {
    for event in &answer.events {
        write_event(event, look, out)?;
    }
    if is_following {
        return Ok(());
    }
    if answer.events.is_empty() {
        writeln!(out, "no events")?;
    }
    for incident in &answer.incidents {
        writeln!(out)?;
        write_incident(incident, look, out)?;
    }
    writeln!(out)?;
    let told = counted(answer.events.len() as u64, "event");
    let incidents = counted(answer.incidents.len() as u64, "incident");
    let (suppressed, held, lost) = (counted(answer.suppressed, "frame"), answer.held, answer.lost);
    writeln!(out, "{told}, {incidents}")?;
    writeln!(out, "since the start {suppressed} told together with another, {held} wait, {lost} not told")?;
    Ok(())
}

fn write_event(event: &Event, look: Look, out: &mut impl Write) -> Result<(), Error> {
    let (at, severity) = (event.at.strftime("%Y-%m-%d %H:%M:%SZ"), look.severity(&event.severity));
    let (rule, title, outcome) = (safe(&event.rule), cut(&event.title, 34), safe(&event.outcome));
    let more = match event.packets {
        1 => String::new(),
        packets => format!(" ×{packets}"),
    };
    writeln!(out, "{at} {severity} {rule} {title} {outcome}{more}")?;
    write!(out, "{}", indented(&event.summary, 4))?;
    Ok(())
}

fn write_incident(incident: &Incident, look: Look, out: &mut impl Write) -> Result<(), Error> {
    let start = incident.start.strftime("%Y-%m-%d %H:%M:%SZ");
    let end = incident.end.map_or("open".to_owned(), |end| end.strftime("to %H:%M:%SZ").to_string());
    let severity = look.severity(&incident.severity);
    let (id, kind, rule) = (incident.id, safe(&incident.kind), safe(&incident.rule));
    writeln!(out, "{start} {severity} {rule} incident {id}: {kind}, {end}")?;
    write!(out, "{}", indented(&incident.summary, 4))?;
    for culprit in &incident.culprits {
        let who = match (culprit.asn, &culprit.member) {
            (Some(asn), Some(name)) => format!("AS{asn} {name}"),
            (Some(asn), None) => format!("AS{asn}"),
            (None, _) => "no member's".to_owned(),
        };
        writeln!(out, "    {:9} {} {}", safe(&culprit.role), safe(&culprit.mac), cut(&who, 48))?;
    }
    more(incident.more_culprits, "more stations", out)?;
    for line in &incident.evidence {
        write!(out, "{}", indented(line, 6))?;
    }
    more(incident.more_evidence, "more lines", out)?;
    write!(out, "{}", indented(&incident.advice, 4))?;
    Ok(())
}

fn more(count: u64, of: &str, out: &mut impl Write) -> Result<(), Error> {
    if count > 0 {
        writeln!(out, "    … and {count} {of}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_incidents_fit_a_terminal_of_80_columns() {
        let json = serde_json::json!({
            "events": [{"id": 1, "at": "2026-11-22T10:00:00.5Z", "rule": "A06", "title": "proxy ARP", "severity": "critical",
                "outcome": "would-drop", "packets": 5,
                "summary": "AS64503 (Example 3) says by ARP that 192.0.2.7 is at 02:00:00:00:00:03; it belongs to AS64507 (Example 7)"}],
            "incidents": [{"id": 1, "kind": "loop", "rule": "L08", "severity": "critical", "start": "2026-11-22T10:00:00Z",
                "end": null, "culprits": [{"mac": "02:00:00:00:00:03", "asn": 64503, "member": "Example 3", "role": "source"}],
                "more_culprits": 2, "evidence": ["10:00:00Z seen"], "more_evidence": 0, "summary": "a loop", "advice": "shut it"}],
            "suppressed": 4, "held": 2, "lost": 0,
        });
        let answer = Answer::deserialize(&json).expect("sound");
        let mut out = Vec::new();
        write(&answer, false, Look::Plain, &mut out).expect("a vector takes it");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(
            text.starts_with("2026-11-22 10:00:00Z critical A06 proxy ARP would-drop ×5\n    AS64503"),
            "{text}"
        );
        assert!(
            text.contains("    source    02:00:00:00:00:03 AS64503 Example 3\n    … and 2 more stations\n"),
            "{text}"
        );
    }
}
