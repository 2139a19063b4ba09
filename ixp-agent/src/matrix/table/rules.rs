//! Broken rules in, a table of them for people out.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use ixp_common::addr::VlanId;

use crate::format::{clipped, percent, thousands};
use crate::matrix::BrokenRule;

/// Characters that a rule's title takes.
const TITLE_WIDTH: usize = 24;

/// Writes the first `lines` of them. What is left out is said.
pub(super) fn write(rules: &[BrokenRule<'_>], lines: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out)?;
    if rules.is_empty() {
        return writeln!(out, "no rule is broken");
    }
    let shown = &rules[..rules.len().min(lines)];
    writeln!(out, "{}", table(shown).trim_fmt())?;
    if shown.len() < rules.len() {
        let (left, all) = (thousands((rules.len() - shown.len()) as u64), thousands(rules.len() as u64));
        writeln!(out, "… {left} of {all} lines not shown")?;
    }
    Ok(())
}

fn table(rules: &[BrokenRule<'_>]) -> Table {
    let is_tagged = |row: &BrokenRule<'_>| row.station.is_some_and(|(vlan, _)| vlan != VlanId::UNTAGGED);
    let has_vlans = rules.iter().any(is_tagged);
    let has_drops = rules.iter().any(|row| row.counts.dropped > 0);
    let mut header = vec!["RULE", "BROKEN BY", "STATION", "MEMBER", "PACKETS", "WOULD DROP"];
    if has_drops {
        header.insert(5, "DROPPED");
    }
    if has_vlans {
        header.insert(2, "VLAN");
    }
    let is_sampled = rules.iter().any(|row| row.sampled.is_some());
    if is_sampled {
        header.push("±");
    }
    let numbers = 2 + usize::from(has_drops) + usize::from(is_sampled);
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    for row in rules {
        table.add_row(line(row, has_vlans, has_drops));
    }
    let columns = table.column_count();
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if at + numbers >= columns {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn line(row: &BrokenRule<'_>, has_vlans: bool, has_drops: bool) -> Vec<String> {
    let station = row.station.map_or_else(|| "others".to_owned(), |(_, mac)| mac.to_string());
    let member = row.owner.map_or_else(String::new, |owner| owner.member.asn.to_string());
    let mut line = vec![
        row.rule.to_string(),
        clipped(row.rule.title(), TITLE_WIDTH),
        station,
        member,
        thousands(row.counts.broken.packets),
        thousands(row.counts.would_drop),
    ];
    if has_drops {
        line.insert(5, thousands(row.counts.dropped));
    }
    if has_vlans {
        line.insert(2, row.station.map_or_else(String::new, |(vlan, _)| vlan.to_string()));
    }
    line.extend(row.sampled.map(|sampled| percent(sampled.relative_error)));
    line
}
