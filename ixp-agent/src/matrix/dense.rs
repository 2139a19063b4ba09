//! A matrix of pairs that are few in, a square of bytes as CSV out, for spreadsheets and gravity models: a line per source, a
//! column per destination.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{End, Matrix};
use crate::format::quoted;

/// One end, in the order in which ends stand: members or places, then what is unknown, then groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Axis<'r> {
    Member(u32, &'r str),
    Place(&'r str),
    Unknown,
    Group(&'static str),
}

impl<'r> Axis<'r> {
    fn of(end: &End<'r>) -> Self {
        match end {
            End::Member(member) => Self::Member(member.asn.0, ""),
            End::Interface(owner) => Self::Member(owner.member.asn.0, &owner.interface.label),
            End::Place(name) => Self::Place(name),
            End::Group(group) => Self::Group(group.name()),
            End::Station { .. } | End::Unknown => Self::Unknown,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Member(asn, "") => format!("AS{asn}"),
            Self::Member(_, label) | Self::Place(label) => label.to_owned(),
            Self::Unknown => "unknown".to_owned(),
            Self::Group(name) => name.to_owned(),
        }
    }
}

/// Writes the bytes that each source sent to each destination, those of all families. Who sent or received anything has a
/// line and a column, so that members make a square; what is unknown stands behind them, and groups, which send
/// nothing, have columns alone. All fields together are the bytes in cells.
///
/// # Errors
/// Those of `out`.
pub fn write(matrix: &Matrix<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut bytes: BTreeMap<(Axis<'_>, Axis<'_>), u64> = BTreeMap::new();
    let mut ends = BTreeSet::new();
    for cell in &matrix.cells {
        let [source, destination] = [&cell.source, &cell.destination].map(Axis::of);
        let sum = bytes.entry((source, destination)).or_default();
        *sum = sum.saturating_add(cell.counts.bytes);
        ends.extend([source, destination]);
    }
    write!(out, "bytes")?;
    for end in &ends {
        write!(out, ",{}", quoted(&end.name()))?;
    }
    writeln!(out)?;
    for source in ends.iter().filter(|end| !matches!(end, Axis::Group(_))) {
        write!(out, "{}", quoted(&source.name()))?;
        for destination in &ends {
            write!(out, ",{}", bytes.get(&(*source, *destination)).copied().unwrap_or(0))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
