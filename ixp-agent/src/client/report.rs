//! `policy report`: what is done about each rule and what came of it, as evidence for MANRS IXP action 3
//! (protect the peering platform).

use std::io::Write;

use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::{counted, cut, indented, safe};
use super::{Error, Format, Server};

/// Flags of `policy report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    server: Server,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Deserialize)]
struct Answer {
    profile: String,
    version: String,
    since: Timestamp,
    until: Option<Timestamp>,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    rule: String,
    title: String,
    action: String,
    applicable: bool,
    reason: Option<String>,
    packets: Option<u64>,
    dropped: Option<u64>,
    would_drop: Option<u64>,
    members: Vec<Member>,
    unknown: Option<Unknown>,
}

/// Stations that are nobody's.
#[derive(Debug, Deserialize)]
struct Unknown {
    packets: u64,
}

#[derive(Debug, Deserialize)]
struct Member {
    asn: u32,
    packets: u64,
}

/// The report as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    standard: &'static str,
    from: Timestamp,
    to: Option<Timestamp>,
    profile: &'a str,
    version: &'a str,
    rules: Vec<Line<'a>>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    rule: &'a str,
    title: &'a str,
    applicable: bool,
    reason: Option<&'a str>,
    action: &'a str,
    counted: Option<u64>,
    dropped: Option<u64>,
    would_drop: Option<u64>,
    members: Vec<u32>,
    /// Frames of stations that are no member's.
    of_others: u64,
}

/// Writes the report.
///
/// # Errors
/// [`Error`].
pub fn run(args: &ReportArgs, out: &mut impl Write) -> Result<(), Error> {
    let answer: Answer = args.server.ask("/api/v1/rules", &[])?;
    let report = Report::of(&answer);
    match args.format {
        Format::Json => {
            let json = serde_json::to_string_pretty(&report).map_err(|error| Error::Strange {
                url: args.server.url.clone(),
                reason: error.to_string(),
            })?;
            writeln!(out, "{json}")?;
        }
        Format::Table => write(&report, out)?,
    }
    Ok(())
}

impl<'a> Report<'a> {
    fn of(answer: &'a Answer) -> Self {
        Self {
            standard: "MANRS IXP action 3",
            from: answer.since,
            to: answer.until,
            profile: &answer.profile,
            version: &answer.version,
            rules: answer.rules.iter().map(Line::of).collect(),
        }
    }
}

impl<'a> Line<'a> {
    fn of(rule: &'a Rule) -> Self {
        let concerned = rule.members.iter().filter(|member| member.packets > 0);
        let mut members: Vec<u32> = concerned.map(|member| member.asn).collect();
        members.sort_unstable();
        members.dedup();
        Self {
            rule: &rule.rule,
            title: &rule.title,
            applicable: rule.applicable,
            reason: rule.reason.as_deref(),
            action: &rule.action,
            counted: rule.packets,
            dropped: rule.dropped,
            would_drop: rule.would_drop,
            members,
            of_others: rule.unknown.as_ref().map_or(0, |unknown| unknown.packets),
        }
    }

    fn members(&self) -> String {
        match (self.members.as_slice(), self.of_others) {
            ([], 0) => "-".to_owned(),
            ([], _) => "no member's".to_owned(),
            ([one], 0) => format!("AS{one}"),
            (many, 0) => format!("{} members", many.len()),
            (many, _) => format!("{} + others", many.len()),
        }
    }
}

fn write(report: &Report<'_>, out: &mut impl Write) -> Result<(), Error> {
    let to =
        report.to.map_or("no reading yet".to_owned(), |to| to.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    writeln!(out, "Rules of the peering LAN: evidence for {} (protect the platform)", report.standard)?;
    writeln!(out, "period   {} to {to}", report.from.strftime("%Y-%m-%d %H:%M:%SZ"))?;
    writeln!(out, "profile  {}", safe(report.profile))?;
    writeln!(out, "agent    ixp-agent {}", safe(report.version))?;
    writeln!(out)?;
    let (is_enforcing, kept) = match report.profile {
        "enforce" => (true, "DROPPED"),
        _ => (false, "WOULD DROP"),
    };
    writeln!(out, "RULE ACTION  {:>11} {kept:>11} {:11} BROKEN BY FRAMES WITH", "COUNTED", "MEMBERS")?;
    for line in &report.rules {
        if !line.applicable {
            continue;
        }
        let kept = if is_enforcing { line.dropped } else { line.would_drop };
        let (counted, kept) = (number(line.counted), number(kept));
        let (rule, action, title) = (safe(line.rule), safe(line.action), cut(line.title, 28));
        writeln!(out, "{rule:4} {action:7} {counted:>11} {kept:>11} {:11} {title}", line.members())?;
    }
    elsewhere(report, is_enforcing, out)?;
    let reasons: Vec<&Line<'_>> = report.rules.iter().filter(|line| !line.applicable).collect();
    if !reasons.is_empty() {
        writeln!(out, "\nnot applicable here")?;
    }
    for line in reasons {
        let reason = line.reason.unwrap_or("no reason given");
        write!(out, "{}", indented(&format!("{} {}: {reason}", line.rule, line.title), 2))?;
    }
    Ok(())
}

/// What the column leaves out: an interface can have a profile of its own.
fn elsewhere(report: &Report<'_>, is_enforcing: bool, out: &mut impl Write) -> Result<(), Error> {
    let other = |line: &Line<'_>| if is_enforcing { line.would_drop } else { line.dropped };
    let frames: u64 = report.rules.iter().filter_map(other).sum();
    if frames > 0 {
        let what = match is_enforcing {
            true => "more by rule would have been dropped on interfaces that only monitor",
            false => "more by rule were dropped on interfaces that enforce",
        };
        write!(out, "{}", indented(&format!("{} {what}", counted(frames, "frame")), 0))?;
    }
    Ok(())
}

fn number(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), |count| count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_what_was_kept_back_of_whom_and_what_is_not_applicable() {
        let json = serde_json::json!({
            "profile": "monitor", "version": "1.2.3", "since": "2026-11-22T10:00:00Z", "until": "2026-11-22T11:00:00Z",
            "rules": [
                {"rule": "N01", "title": "router advertisement", "action": "drop", "applicable": true, "reason": null,
                 "packets": 8, "dropped": 0, "would_drop": 8, "members": [{"asn": 64503, "packets": 8}, {"asn": 64503, "packets": 1}],
                 "unknown": null},
                {"rule": "N02", "title": "router solicitation", "action": "drop", "applicable": true, "reason": null,
                 "packets": 9, "dropped": 3, "would_drop": 6, "members": [{"asn": 64503, "packets": 8}],
                 "unknown": {"packets": 1}},
                {"rule": "L06", "title": "source MAC not allowed on this port", "action": "drop", "applicable": false,
                 "reason": "no port is configured", "packets": null, "dropped": null, "would_drop": null, "members": [], "unknown": null},
            ],
        });
        let answer: Answer = serde_json::from_value(json).expect("sound");
        let report = Report::of(&answer);
        let mut out = Vec::new();
        write(&report, &mut out).expect("a vector takes it");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(
            text.contains("N01  drop              8           8 AS64503     router advertisement\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "N02  drop              9           6 1 + others  router solicitation\n3 frames more by"
            ),
            "{text}"
        );
        assert!(
            text.contains("  L06 source MAC not allowed on this port: no port is configured\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(
            (&json["standard"], &json["rules"][0]["members"]),
            (&"MANRS IXP action 3".into(), &serde_json::json!([64503]))
        );
    }
}
