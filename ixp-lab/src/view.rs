//! Two matrices, a moment apart, become a screen of 80 columns, or 100 where rules are broken.

mod rules;

use std::collections::BTreeMap;
use std::time::Duration;

use ixp_common::addr::Mac;
use ixp_common::counters::Counts;

use crate::format::{bit_rate, thousands};
use crate::matrix::Matrix;
use crate::station::Station;
use crate::truth::Cells;

/// Rows of members; with more members than fit, two stand side by side, and then the rest is left out.
const MEMBER_ROWS: usize = 8;

/// Rows of pairs.
const PAIR_ROWS: usize = 6;

/// Rows of members and of pairs above broken rules, in a terminal that is not high.
const FEW: (usize, usize) = (4, 2);

/// Rows of a terminal that has room for everything.
const HIGH: usize = 36;

/// Rows of a terminal that does not say how many it has.
pub const USUAL_ROWS: usize = 24;

/// What is on the screen beside the numbers.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// What runs, as `tap, 8 members`.
    pub title: &'a str,
    /// Where the agent serves.
    pub url: &'a str,
    /// Where the one that has its samples serves.
    pub sampled: &'a str,
    /// Since the members speak.
    pub elapsed: Duration,
    /// Between the two matrices.
    pub interval: Duration,
    /// Rows of the terminal.
    pub rows: usize,
    /// Whether the terminal takes escape sequences for bold text.
    pub styled: bool,
}

/// The whole screen, for a terminal.
#[must_use]
pub fn screen(frame: &Frame<'_>, before: &Matrix, after: &Matrix) -> String {
    let rates = rates(&before.cells, &after.cells);
    let bold = |text: &str| {
        if frame.styled { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    };
    let (seconds, now) = (frame.elapsed.as_secs(), gained(frame, before, after));
    let mut lines = vec![bold(&format!("ixp lab  {}  {seconds} s  {now}", frame.title)), seen(after)];
    let broken = rules::broken(before, after);
    let is_narrow = !broken.is_empty() && frame.rows < HIGH;
    let (members, pairs) = if is_narrow { FEW } else { (MEMBER_ROWS, PAIR_ROWS) };
    lines.push(String::new());
    lines.extend(member_rows(frame, &rates, members, &bold));
    lines.push(String::new());
    lines.push(bold("busiest pairs"));
    lines.extend(pair_rows(frame, &rates, pairs));
    lines.push(String::new());
    if !broken.is_empty() {
        lines.push(bold("rules broken now"));
        // The last line, and the one that the cursor rests on.
        let room = frame.rows.max(USUAL_ROWS).saturating_sub(lines.len() + 2);
        lines.extend(rules::rows(&broken, frame.interval, room));
    }
    lines.push(format!("exact {}/  sampled {}/  Ctrl-C: verdict", frame.url, frame.sampled));
    // Home, each line over what was there, then clear below.
    lines.iter().fold(String::from("\x1b[H"), |text, line| text + line + "\x1b[K\n") + "\x1b[J"
}

/// One line, for a log, and another if rules are broken.
#[must_use]
pub fn line(frame: &Frame<'_>, before: &Matrix, after: &Matrix) -> String {
    let line = format!("{:>4} s  {}; {}", frame.elapsed.as_secs(), seen(after), gained(frame, before, after));
    match rules::broken(before, after) {
        broken if broken.is_empty() => line,
        broken => format!("{line}\n{}", rules::line(&broken, frame.interval)),
    }
}

fn seen(matrix: &Matrix) -> String {
    let Counts { packets, bytes } = matrix.seen;
    format!("{} frames, {} bytes, {} cells", thousands(packets), thousands(bytes), matrix.cells.len())
}

fn gained(frame: &Frame<'_>, before: &Matrix, after: &Matrix) -> String {
    let rate = per_second(after.seen.since(before.seen), frame.interval);
    format!("{} frames/s, {}", thousands(rate.packets), bit_rate(rate.bytes * 8))
}

type Rates = BTreeMap<(Mac, Mac), Counts>;

/// What each pair gained, over all VLANs and families.
fn rates(before: &Cells, after: &Cells) -> Rates {
    let mut rates = Rates::new();
    for (key, &counts) in after {
        let gained = counts.since(before.get(key).copied().unwrap_or_default());
        rates.entry((key.source(), key.destination())).or_default().add(gained);
    }
    rates
}

fn per_second(gained: Counts, interval: Duration) -> Counts {
    let milliseconds = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = |number: u64| number.saturating_mul(1000) / milliseconds;
    Counts { packets: rate(gained.packets), bytes: rate(gained.bytes) }
}

fn member_rows(frame: &Frame<'_>, rates: &Rates, most: usize, bold: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut members = BTreeMap::<Station, (Counts, Counts)>::new();
    for ((source, destination), &gained) in rates {
        if let Some(station) = Station::of(*source) {
            members.entry(station).or_default().0.add(gained);
        }
        if let Some(station) = Station::of(*destination) {
            members.entry(station).or_default().1.add(gained);
        }
    }
    let cells: Vec<String> = members
        .iter()
        .map(|(station, &(sent, received))| {
            let [sent, received] =
                [sent, received].map(|gained| per_second(gained, frame.interval).bytes * 8);
            format!("{:>6}  {:>12}  {:>12}", station.number, bit_rate(sent), bit_rate(received))
        })
        .collect();
    let heading = format!("{:>6}  {:>12}  {:>12}", "member", "sends", "receives");
    let columns = cells.len().div_ceil(most).clamp(1, 2);
    let rows = cells.len().div_ceil(columns).min(most);
    let mut lines = vec![bold(&vec![heading; columns].join("      "))];
    lines.extend((0..rows).map(|row| {
        let side_by_side: Vec<&str> =
            (0..columns).filter_map(|column| cells.get(column * rows + row)).map(String::as_str).collect();
        side_by_side.join("      ")
    }));
    if cells.len() > rows * columns {
        lines.push(format!("{:>6}  {} members more", "", cells.len() - rows * columns));
    }
    lines
}

fn pair_rows(frame: &Frame<'_>, rates: &Rates, rows: usize) -> Vec<String> {
    let mut busiest: Vec<(&(Mac, Mac), &Counts)> = rates.iter().collect();
    busiest.sort_by_key(|(pair, gained)| (std::cmp::Reverse(gained.bytes), **pair));
    let row = |((source, destination), gained): (&(Mac, Mac), &Counts)| {
        let rate = per_second(*gained, frame.interval);
        let pair = format!("{} > {}", named(*source), named(*destination));
        format!("  {pair:<42}{:>10} frames/s {:>15}", thousands(rate.packets), bit_rate(rate.bytes * 8))
    };
    busiest.into_iter().take(rows).map(row).collect()
}

fn named(mac: Mac) -> String {
    match Station::of(mac) {
        Some(station) => format!("AS{} (member {})", station.asn(), station.number),
        None if mac == Mac::BROADCAST => "broadcast".to_owned(),
        None => mac.to_string(),
    }
}

#[cfg(test)]
mod tests;
