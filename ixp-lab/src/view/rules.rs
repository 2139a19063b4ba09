//! What stood against stations a moment ago and what stands now becomes rows: rule, how often, by whom.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use ixp_common::addr::Mac;
use ixp_common::counters::Counts;
use ixp_common::rules::{Rule, RuleAction};

use super::per_second;
use crate::format::thousands;
use crate::matrix::Matrix;
use crate::station::Station;

/// A terminal's columns.
const COLUMNS: usize = 100;

/// Of a rule's title.
const TITLE: usize = 40;

/// A rule that was broken in between.
#[derive(Debug)]
pub(super) struct Broken {
    rule: Rule,
    frames: u64,
    /// The stations, whoever broke it most first; none for those beyond the agent's table.
    by: Vec<Option<Mac>>,
}

/// The rules that were broken between two matrices, whichever most first; last those that are only counted.
pub(super) fn broken(before: &Matrix, after: &Matrix) -> Vec<Broken> {
    let known: BTreeMap<(Rule, Option<Mac>), u64> =
        before.findings.iter().map(|finding| ((finding.rule, finding.mac), finding.packets)).collect();
    let mut gains = BTreeMap::<Rule, Vec<(Reverse<u64>, Option<Mac>)>>::new();
    for finding in &after.findings {
        let before = known.get(&(finding.rule, finding.mac)).copied().unwrap_or(0);
        let gained = finding.packets.saturating_sub(before);
        if gained > 0 {
            gains.entry(finding.rule).or_default().push((Reverse(gained), finding.mac));
        }
    }
    let mut broken: Vec<Broken> = gains
        .into_iter()
        .map(|(rule, mut by)| {
            by.sort_unstable();
            let frames = by.iter().map(|(Reverse(gained), _)| gained).sum();
            Broken { rule, frames, by: by.into_iter().map(|(_, mac)| mac).collect() }
        })
        .collect();
    let is_counted = |rule: Rule| rule.default_action() <= RuleAction::Observe;
    broken.sort_by_key(|broken| (is_counted(broken.rule), Reverse(broken.frames), broken.rule));
    broken
}

/// A row for each, as far as `room` goes.
pub(super) fn rows(broken: &[Broken], interval: Duration, room: usize) -> Vec<String> {
    let shown = if broken.len() > room { room.saturating_sub(1) } else { broken.len() };
    let mut rows: Vec<String> = broken.iter().take(shown).map(|broken| broken.row(interval)).collect();
    if broken.len() > shown {
        let rest: Vec<&str> = broken.iter().skip(shown).map(|broken| broken.rule.name()).collect();
        rows.push(cut(&format!("  {} more: {}", rest.len(), rest.join(" ")), COLUMNS));
    }
    rows
}

/// The rules that were broken most, in a line.
pub(super) fn line(broken: &[Broken], interval: Duration) -> String {
    let mut line = "        broken:".to_owned();
    for (at, broken) in broken.iter().enumerate() {
        let next = format!(" {} {}/s", broken.rule, broken.rate(interval));
        let rest = " and others";
        if line.len() + next.len() + rest.len() > COLUMNS {
            return line + rest;
        }
        line += if at > 0 { "," } else { "" };
        line += &next;
    }
    line
}

impl Broken {
    fn row(&self, interval: Duration) -> String {
        let Self { rule, by, .. } = self;
        let head = format!("  {rule} {:<TITLE$} {:>7}/s  ", cut(rule.title(), TITLE), self.rate(interval));
        let room = COLUMNS - head.chars().count();
        head + &named(by, room)
    }

    fn rate(&self, interval: Duration) -> String {
        match per_second(Counts { packets: self.frames, bytes: 0 }, interval).packets {
            0 => "<1".to_owned(),
            rate => thousands(rate),
        }
    }
}

/// Members by their numbers, as many as there is room for, and how many others there are.
fn named(by: &[Option<Mac>], room: usize) -> String {
    let members: Vec<u32> = by.iter().filter_map(|mac| Station::of((*mac)?)).map(Station::asn).collect();
    let listed = by.iter().flatten().count() - members.len();
    let strangers = match (listed, by.contains(&None)) {
        (0, false) => None,
        (0, true) => Some("strangers".to_owned()),
        (1, false) => Some("a stranger".to_owned()),
        (listed, false) => Some(format!("{} strangers", thousands(listed as u64))),
        (listed, true) => Some(format!("{} strangers and more", thousands(listed as u64))),
    };
    let with = |shown: usize| {
        let more = (shown < members.len()).then(|| format!("+{}", members.len() - shown));
        let members = members.iter().take(shown).map(|asn| format!("AS{asn}"));
        members.chain(more).chain(strangers.clone()).collect::<Vec<_>>().join(" ")
    };
    (0..=members.len()).rev().map(with).find(|text| text.len() <= room).unwrap_or_default()
}

fn cut(text: &str, length: usize) -> String {
    match text.chars().count() > length {
        true => text.chars().take(length - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}
