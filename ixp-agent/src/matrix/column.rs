//! A matrix in, its columns out: their names, and what a cell has in each. CSV and Parquet have the same.

use ixp_common::addr::Mac;

use super::{By, Cell, Group, Matrix};
use crate::snapshot::Source;

/// What a cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Vlan,
    SrcMac,
    DstMac,
    SrcInterface,
    DstInterface,
    Lan,
    SrcSwitch,
    DstSwitch,
    SrcFacility,
    DstFacility,
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
use Column::{
    Bytes, BytesRelativeError, Dst, DstAsn, DstFacility, DstInterface, DstMac, DstSwitch, Family, Lan,
    Packets, RelativeError, Samples, SrcAsn, SrcFacility, SrcInterface, SrcMac, SrcSwitch, Vlan,
};

/// What stands in a column of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'c> {
    Number(u64),
    /// Of one.
    Part(f64),
    Text(&'c str),
    Mac(Mac),
}

/// The columns of a matrix in their order. Where cells are sampled there are three more.
pub(super) fn columns(matrix: &Matrix<'_>) -> Vec<Column> {
    let of_cells: &[Column] = match matrix.by {
        By::Mac => &[Vlan, SrcMac, DstMac, SrcAsn, DstAsn, Family, Packets, Bytes],
        By::Interface => &[Vlan, SrcInterface, DstInterface, SrcAsn, DstAsn, Dst, Family, Packets, Bytes],
        By::Asn => &[SrcAsn, DstAsn, Dst, Family, Packets, Bytes],
        By::Lan => &[Vlan, Lan, Family, Packets, Bytes],
        By::Switch => &[SrcSwitch, DstSwitch, Dst, Family, Packets, Bytes],
        By::Facility => &[SrcFacility, DstFacility, Dst, Family, Packets, Bytes],
    };
    let of_samples: &[Column] = match matrix.source {
        Source::Exact => &[],
        Source::Sampled => &[Samples, RelativeError, BytesRelativeError],
    };
    [of_cells, of_samples].concat()
}

impl Column {
    /// The name in a header.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Vlan => "vlan",
            SrcMac => "src_mac",
            DstMac => "dst_mac",
            SrcInterface => "src_interface",
            DstInterface => "dst_interface",
            Lan => "lan",
            SrcSwitch => "src_switch",
            DstSwitch => "dst_switch",
            SrcFacility => "src_facility",
            DstFacility => "dst_facility",
            SrcAsn => "src_asn",
            DstAsn => "dst_asn",
            Dst => "dst",
            Family => "family",
            Packets => "packets",
            Bytes => "bytes",
            Samples => "samples",
            RelativeError => "relative_error",
            BytesRelativeError => "bytes_relative_error",
        }
    }

    /// What a cell has there; `None` if that is unknown, or there is nothing of the kind.
    pub(super) fn value<'c>(self, cell: &Cell<'c>) -> Option<Value<'c>> {
        use Value::{Number, Part, Text};
        let (source, destination, sampled) = (&cell.source, &cell.destination, cell.sampled);
        Some(match self {
            Vlan => Number(cell.vlan?.get().into()),
            SrcMac => Value::Mac(source.mac()?),
            DstMac => Value::Mac(destination.mac()?),
            SrcInterface => Text(source.interface()?),
            DstInterface => Text(destination.interface()?),
            Lan | SrcSwitch | SrcFacility => Text(source.place()?),
            DstSwitch | DstFacility => Text(destination.place()?),
            SrcAsn => Number(source.asn()?.0.into()),
            DstAsn => Number(destination.asn()?.0.into()),
            Dst => Text(destination.group().map(Group::name)?),
            Family => Text(cell.family.name()),
            Packets => Number(cell.counts.packets),
            Bytes => Number(cell.counts.bytes),
            Samples => Number(sampled?.samples),
            RelativeError => Part(sampled?.relative_error),
            BytesRelativeError => Part(sampled?.bytes_relative_error),
        })
    }
}
