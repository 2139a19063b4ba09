//! A matrix in, a table for people out: the heaviest cells first, totals below, 80 columns wide.

use std::cmp::Reverse;
use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use ixp_common::addr::VlanId;
use ixp_common::counters::Counts;

use super::{By, Cell, End, Figure, Frames, Matrix};
use crate::format::{clipped, human, percent, thousands};
use crate::snapshot::Source;

mod rules;

/// Cells that are shown at most; the other formats have all.
pub const LINES: usize = 1000;
/// Characters that a member's name and number take.
const NAME_WIDTH: usize = 24;

/// Writes the `lines` heaviest cells, the totals, and as many broken rules. What is left out is said.
/// Without colours.
///
/// # Errors
/// Those of `out`.
pub fn write(matrix: &Matrix<'_>, lines: usize, out: &mut impl Write) -> io::Result<()> {
    let mut heaviest: Vec<&Cell<'_>> = matrix.cells.iter().collect();
    heaviest.sort_by_key(|cell| Reverse(cell.counts.bytes));
    let rest = heaviest.split_off(heaviest.len().min(lines));
    if matrix.cells.is_empty() {
        writeln!(out, "no cells")?;
    } else {
        writeln!(out, "{}", table(matrix, &heaviest).trim_fmt())?;
    }
    if !rest.is_empty() {
        let left = Figure::sum(rest.iter().map(|cell| cell.figure())).counts;
        let (count, all) = (thousands(rest.len() as u64), thousands(matrix.cells.len() as u64));
        writeln!(
            out,
            "… {count} of {all} cells not shown, the lightest, together {}",
            human(left.bytes, "B")
        )?;
    }
    writeln!(out)?;
    totals(matrix, out)?;
    rules::write(&matrix.rules, lines, out)
}

fn table(matrix: &Matrix<'_>, cells: &[&Cell<'_>]) -> Table {
    let has_vlans = matrix.cells.iter().any(|cell| cell.vlan.is_some_and(|vlan| vlan != VlanId::UNTAGGED));
    let vlan_header = has_vlans.then_some("VLAN");
    let error_header = (matrix.source == Source::Sampled).then_some("±");
    let ends: &[&str] = if matrix.by == By::Lan { &["LAN"] } else { &["FROM", "TO"] };
    let header = ends.iter().copied().chain(["FAMILY", "PACKETS", "BYTES"]);
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(vlan_header.into_iter().chain(header).chain(error_header));
    for cell in cells {
        let vlan = has_vlans.then(|| shown(cell.vlan));
        let line = [
            cell.family.name().to_owned(),
            match cell.sampled {
                None => thousands(cell.counts.packets),
                Some(_) => human(cell.counts.packets, ""),
            },
            human(cell.counts.bytes, "B"),
        ];
        let error = cell.sampled.map(|sampled| percent(sampled.bytes_relative_error));
        let ends = [&cell.source, &cell.destination].into_iter().take(ends.len()).map(name);
        table.add_row(vlan.into_iter().chain(ends).chain(line).chain(error));
    }
    let numbers = 2 + usize::from(error_header.is_some());
    let columns = table.column_count();
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if at + numbers >= columns {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn totals(matrix: &Matrix<'_>, out: &mut impl Write) -> io::Result<()> {
    let Frames { seen, malformed, reasons, unattributed, odd } = &matrix.frames;
    let span = &matrix.span;
    writeln!(out, "observed  {} to {}", shown(span.from), shown(span.to))?;
    for (from, to) in &matrix.gaps {
        writeln!(out, "not       {from} to {to}")?;
    }
    if matrix.source == Source::Sampled {
        writeln!(out, "sampled   ± is what bytes are off by at most in 95 of 100 cases")?;
    }
    total("seen", seen, out)?;
    let attributed = matrix.attributed();
    match matrix.filter.is_empty() {
        true => total("in cells", &attributed, out)?,
        false => total("in cells, filtered", &attributed, out)?,
    }
    for (oddity, figure) in odd {
        total(&format!("  odd: {}", oddity.name()), figure, out)?;
    }
    total("malformed", malformed, out)?;
    for (reason, figure) in reasons {
        total(&format!("  {}", reason.name()), figure, out)?;
    }
    total("unattributed", unattributed, out)
}

fn total(name: &str, figure: &Figure, out: &mut impl Write) -> io::Result<()> {
    let Counts { packets, bytes } = figure.counts;
    let unit = if packets == 1 { "frame" } else { "frames" };
    let error = match figure.sampled {
        Some(sampled) if sampled.samples > 0 => format!(" ±{}", percent(sampled.bytes_relative_error)),
        Some(_) | None => String::new(),
    };
    let (packets, bytes) = (thousands(packets), human(bytes, "B"));
    writeln!(out, "{name:<28} {packets:>15} {unit:<6} {bytes:>9}{error}")
}

fn shown(value: Option<impl Display>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

fn name(end: &End<'_>) -> String {
    match end {
        End::Station { mac, .. } => match end.asn() {
            Some(asn) => format!("{mac} {asn}"),
            None => mac.to_string(),
        },
        End::Interface(owner) => clipped(&owner.interface.label, NAME_WIDTH),
        End::Member(member) => clipped(format!("{} {}", member.asn, member.name).trim_end(), NAME_WIDTH),
        End::Place(name) => clipped(name, NAME_WIDTH),
        End::Unknown => "unknown".to_owned(),
        End::Group(group) => group.name().to_owned(),
    }
}
