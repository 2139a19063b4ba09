//! A matrix in, its JSON out: the only types that say how a matrix is written in JSON.

use std::collections::BTreeMap;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;
use ixp_common::frame::{Malformed, Oddity};
use jiff::Timestamp;
use serde::Serialize;
use serde::ser::Serializer;

use super::{BrokenRule, By, Cell, Figure, Filter, Group, Matrix};
use crate::members::Asn;
use crate::snapshot::Sampled;

/// A matrix as JSON. Borrows the matrix, so that a million cells are not copied first.
#[derive(Debug, Serialize)]
pub struct MatrixDto<'m> {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    by: &'static str,
    source: &'static str,
    byte_basis: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<FilterDto>,
    gaps: Vec<GapDto>,
    frames: FramesDto,
    #[serde(serialize_with = "cells")]
    cells: (By, &'m [Cell<'m>]),
    #[serde(serialize_with = "rules")]
    rules: &'m [BrokenRule<'m>],
}

#[derive(Debug, Serialize)]
struct FilterDto {
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asn: Option<Asn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vlan: Option<u16>,
}

#[derive(Debug, Serialize)]
struct GapDto {
    from: Timestamp,
    to: Timestamp,
}

#[derive(Debug, Serialize)]
struct FramesDto {
    seen: u64,
    bytes: u64,
    malformed: u64,
    malformed_bytes: u64,
    unattributed: u64,
    unattributed_bytes: u64,
    malformed_reasons: BTreeMap<&'static str, FigureDto>,
    odd: BTreeMap<&'static str, FigureDto>,
    #[serde(flatten)]
    sampled: Option<SampledDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed_sampled: Option<SampledDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unattributed_sampled: Option<SampledDto>,
}

/// So many frames and bytes as JSON, and how sure that is.
#[derive(Debug, Serialize)]
pub struct FigureDto {
    packets: u64,
    bytes: u64,
    #[serde(flatten)]
    sampled: Option<SampledDto>,
}

/// Not there where each frame was counted.
#[derive(Debug, Serialize)]
struct SampledDto {
    samples: u64,
    relative_error: f64,
    bytes_relative_error: f64,
}

/// `None` where a matrix has no such key; `null` in JSON where it has and what stands there is unknown.
type Key<T> = Option<Option<T>>;

#[derive(Debug, Serialize)]
struct CellDto<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    vlan: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_mac: Option<MacDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_mac: Option<MacDto>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_interface: Key<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_interface: Key<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lan: Key<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_switch: Key<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_switch: Key<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_facility: Key<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_facility: Key<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_asn: Key<Asn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst_asn: Key<Asn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dst: Option<&'static str>,
    family: &'static str,
    packets: u64,
    bytes: u64,
    #[serde(flatten)]
    sampled: Option<SampledDto>,
}

#[derive(Debug, Serialize)]
struct RuleDto {
    rule: &'static str,
    vlan: Option<u16>,
    mac: Option<MacDto>,
    asn: Option<Asn>,
    packets: u64,
    bytes: u64,
    dropped: u64,
    would_drop: u64,
    #[serde(flatten)]
    sampled: Option<SampledDto>,
}

#[derive(Debug)]
struct MacDto(Mac);

impl Serialize for MacDto {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'m> From<&'m Matrix<'m>> for MatrixDto<'m> {
    fn from(matrix: &'m Matrix<'m>) -> Self {
        Self {
            from: matrix.span.from,
            to: matrix.span.to,
            by: matrix.by.name(),
            source: matrix.source.name(),
            byte_basis: super::BYTE_BASIS,
            filter: FilterDto::of(&matrix.filter),
            gaps: matrix.gaps.iter().map(|&(from, to)| GapDto { from, to }).collect(),
            frames: FramesDto::of(matrix),
            cells: (matrix.by, &matrix.cells),
            rules: &matrix.rules,
        }
    }
}

impl FilterDto {
    fn of(filter: &Filter) -> Option<Self> {
        if filter.is_empty() {
            return None;
        }
        Some(Self {
            family: filter.family.map(Family::name),
            asn: filter.asn,
            vlan: filter.vlan.map(VlanId::get),
        })
    }
}

impl FramesDto {
    fn of(matrix: &Matrix<'_>) -> Self {
        let frames = &matrix.frames;
        let sampled = |figure: &Figure| figure.sampled.map(SampledDto::from);
        Self {
            seen: frames.seen.counts.packets,
            bytes: frames.seen.counts.bytes,
            malformed: frames.malformed.counts.packets,
            malformed_bytes: frames.malformed.counts.bytes,
            unattributed: frames.unattributed.counts.packets,
            unattributed_bytes: frames.unattributed.counts.bytes,
            malformed_reasons: named(&frames.reasons, Malformed::name),
            odd: named(&frames.odd, Oddity::name),
            sampled: sampled(&frames.seen),
            malformed_sampled: sampled(&frames.malformed),
            unattributed_sampled: sampled(&frames.unattributed),
        }
    }
}

impl From<Sampled> for SampledDto {
    fn from(Sampled { samples, relative_error, bytes_relative_error }: Sampled) -> Self {
        Self { samples, relative_error, bytes_relative_error }
    }
}

impl From<&Figure> for FigureDto {
    fn from(&Figure { counts: Counts { packets, bytes }, sampled }: &Figure) -> Self {
        Self { packets, bytes, sampled: sampled.map(SampledDto::from) }
    }
}

fn named<K: Copy>(
    figures: &BTreeMap<K, Figure>,
    name: impl Fn(K) -> &'static str,
) -> BTreeMap<&'static str, FigureDto> {
    figures.iter().map(|(key, figure)| (name(*key), FigureDto::from(figure))).collect()
}

fn cells<S: Serializer>((by, cells): &(By, &[Cell<'_>]), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(cells.iter().map(|cell| CellDto::of(*by, cell)))
}

fn rules<S: Serializer>(rules: &[BrokenRule<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rules.iter().map(RuleDto::of))
}

impl RuleDto {
    fn of(row: &BrokenRule<'_>) -> Self {
        let Counts { packets, bytes } = row.counts.broken;
        Self {
            rule: row.rule.name(),
            vlan: row.station.map(|(vlan, _)| vlan.get()),
            mac: row.station.map(|(_, mac)| MacDto(mac)),
            asn: row.owner.map(|owner| owner.member.asn),
            packets,
            bytes,
            dropped: row.counts.dropped,
            would_drop: row.counts.would_drop,
            sampled: row.sampled.map(SampledDto::from),
        }
    }
}

impl<'m> CellDto<'m> {
    fn of(by: By, cell: &Cell<'m>) -> Self {
        let (source, destination) = (&cell.source, &cell.destination);
        let has_asns = match by {
            By::Mac | By::Interface | By::Asn => true,
            By::Lan | By::Switch | By::Facility => false,
        };
        Self {
            vlan: cell.vlan.map(VlanId::get),
            src_mac: source.mac().map(MacDto),
            dst_mac: destination.mac().map(MacDto),
            src_interface: (by == By::Interface).then(|| source.interface()),
            dst_interface: (by == By::Interface).then(|| destination.interface()),
            lan: (by == By::Lan).then(|| source.place()),
            src_switch: (by == By::Switch).then(|| source.place()),
            dst_switch: (by == By::Switch).then(|| destination.place()),
            src_facility: (by == By::Facility).then(|| source.place()),
            dst_facility: (by == By::Facility).then(|| destination.place()),
            src_asn: has_asns.then(|| source.asn()),
            dst_asn: has_asns.then(|| destination.asn()),
            dst: destination.group().map(Group::name),
            family: cell.family.name(),
            packets: cell.counts.packets,
            bytes: cell.counts.bytes,
            sampled: cell.sampled.map(SampledDto::from),
        }
    }
}
