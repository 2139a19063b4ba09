//! A matrix in, CSV out: quoted as RFC 4180 says, lines ended as other tools of the shell do, by LF.

use std::fmt::Display;
use std::io::{self, Write};

use super::{By, Cell, Group, Matrix};
use crate::snapshot::Source;

/// Writes a header line and a line per cell; an unknown value is an empty field. Broken rules are other
/// lines, and not among them. Cells that are sampled have three fields more.
///
/// # Errors
/// Those of `out`.
pub fn write(matrix: &Matrix<'_>, out: &mut impl Write) -> io::Result<()> {
    let sampled: &[Column] = match matrix.source {
        Source::Exact => &[],
        Source::Sampled => &[Column::Samples, Column::RelativeError, Column::BytesRelativeError],
    };
    let columns = [columns(matrix.by), sampled].concat();
    for (at, column) in columns.iter().enumerate() {
        field(at, Some(column.name()), out)?;
    }
    writeln!(out)?;
    for cell in &matrix.cells {
        for (at, column) in columns.iter().enumerate() {
            column.write(at, cell, out)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Column {
    Vlan,
    SrcMac,
    DstMac,
    SrcInterface,
    DstInterface,
    SrcAsn,
    DstAsn,
    Dst,
    Family,
    Packets,
    Bytes,
    Samples,
    RelativeError,
    BytesRelativeError,
}

const fn columns(by: By) -> &'static [Column] {
    use Column::{Bytes, Dst, DstAsn, DstInterface, DstMac, Family, Packets};
    use Column::{SrcAsn, SrcInterface, SrcMac, Vlan};
    match by {
        By::Mac => &[Vlan, SrcMac, DstMac, SrcAsn, DstAsn, Family, Packets, Bytes],
        By::Interface => &[Vlan, SrcInterface, DstInterface, SrcAsn, DstAsn, Dst, Family, Packets, Bytes],
        By::Asn => &[SrcAsn, DstAsn, Dst, Family, Packets, Bytes],
    }
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Vlan => "vlan",
            Self::SrcMac => "src_mac",
            Self::DstMac => "dst_mac",
            Self::SrcInterface => "src_interface",
            Self::DstInterface => "dst_interface",
            Self::SrcAsn => "src_asn",
            Self::DstAsn => "dst_asn",
            Self::Dst => "dst",
            Self::Family => "family",
            Self::Packets => "packets",
            Self::Bytes => "bytes",
            Self::Samples => "samples",
            Self::RelativeError => "relative_error",
            Self::BytesRelativeError => "bytes_relative_error",
        }
    }

    fn write(self, at: usize, cell: &Cell<'_>, out: &mut impl Write) -> io::Result<()> {
        let (source, destination, sampled) = (&cell.source, &cell.destination, cell.sampled);
        match self {
            Self::Vlan => field(at, cell.vlan, out),
            Self::SrcMac => field(at, source.mac(), out),
            Self::DstMac => field(at, destination.mac(), out),
            Self::SrcInterface => field(at, source.interface().map(quoted), out),
            Self::DstInterface => field(at, destination.interface().map(quoted), out),
            Self::SrcAsn => field(at, source.asn().map(|asn| asn.0), out),
            Self::DstAsn => field(at, destination.asn().map(|asn| asn.0), out),
            Self::Dst => field(at, destination.group().map(Group::name), out),
            Self::Family => field(at, Some(cell.family.name()), out),
            Self::Packets => field(at, Some(cell.counts.packets), out),
            Self::Bytes => field(at, Some(cell.counts.bytes), out),
            Self::Samples => field(at, sampled.map(|sampled| sampled.samples), out),
            Self::RelativeError => field(at, sampled.map(|sampled| sampled.relative_error), out),
            Self::BytesRelativeError => field(at, sampled.map(|sampled| sampled.bytes_relative_error), out),
        }
    }
}

fn field(at: usize, value: Option<impl Display>, out: &mut impl Write) -> io::Result<()> {
    if at > 0 {
        out.write_all(b",")?;
    }
    match value {
        Some(value) => write!(out, "{value}"),
        None => Ok(()),
    }
}

/// RFC 4180 §2.6, §2.7: a text with a comma, a quote or a line end is quoted, its quotes doubled.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_quoted_only_where_it_has_to_be() {
        assert_eq!(quoted("AS64500@peering#2"), "AS64500@peering#2");
        assert_eq!(quoted("AS64500@lan, \"new\""), "\"AS64500@lan, \"\"new\"\"\"");
    }
}
