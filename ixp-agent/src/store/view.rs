//! Rows of the past in, the matrix of them out.

use std::collections::BTreeMap;

use ixp_common::addr::{Family, VlanId};

use super::catalog::Catalog;
use super::ends::EndId;
use super::past::Past;
use super::query::Wanted;
use super::segment;
use super::stretch::Reach;
use super::sum::{Broken, Sum, Whole};
use super::table::{Row, Table, small};
use crate::matrix::{By, Cell, End, Filter, Matrix};
use crate::members::Asn;
use crate::snapshot::Source;

/// What is asked of the past.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// What a cell stands for; the past has no MACs.
    pub by: By,
    /// From when on, milliseconds since 1970: a multiple of ten seconds.
    pub from: i64,
    /// Until when.
    pub to: i64,
    /// Which cells.
    pub filter: Filter,
    /// How they came about.
    pub source: Source,
}

impl Catalog {
    /// The members as they were at a time, milliseconds since 1970.
    #[must_use]
    pub fn past(&self, at: i64) -> Past {
        Past::new(&self.ends, at)
    }

    /// Who sent how much to whom. Where nothing finer is kept any more, an edge is that of the step that is, and the span
    /// says so.
    ///
    /// # Errors
    /// [`segment::Error`].
    pub fn matrix<'p>(&self, past: &'p Past, query: &Query) -> Result<Matrix<'p>, segment::Error> {
        let mut sums: BTreeMap<Place<'_>, Sum> = BTreeMap::new();
        let mut broken: BTreeMap<(u8, EndId), Broken> = BTreeMap::new();
        let mut whole = Whole::default();
        let reach = Reach::of(self, query.source)?;
        for (step, from, to) in reach.stretches(query.from, query.to) {
            let wanted = |table| Wanted { table, source: query.source, step, from, to, only: Vec::new() };
            let mut rows = self.rows(&wanted(Table::Matrix))?;
            while let Some(row) = rows.next_row()? {
                if let Some(place) = Place::of(&row, query, past) {
                    sums.entry(place).or_default().add(&row, 5, 7);
                }
            }
            let mut rows = self.rows(&wanted(Table::Rules))?;
            while let Some(row) = rows.next_row()? {
                if query.filter.vlan.is_none_or(|on| i64::from(on.get()) == row.0[2]) {
                    broken.entry((small(row.0[0]), small(row.0[1]))).or_default().add(&row);
                }
            }
            let mut rows = self.rows(&wanted(Table::Intervals))?;
            while let Some(row) = rows.next_row()? {
                whole.add(&row);
            }
        }
        let (step, from, to) = reach.coverage(query.from, query.to);
        let table = Table::Intervals;
        let mut rows =
            self.rows(&Wanted { table, source: query.source, step, from, to, only: Vec::new() })?;
        while let Some(row) = rows.next_row()? {
            whole.cover(&row, step);
        }
        let cells = sums.iter().map(|(place, sum)| place.cell(sum, query.by, past)).collect();
        let rules = broken.iter().filter_map(|((rule, id), broken)| broken.rule(*rule, *id, query, past));
        let frames = whole.frames();
        Ok(Matrix {
            span: whole.span(),
            gaps: whole.gaps(),
            by: query.by,
            source: query.source,
            filter: query.filter,
            frames,
            cells,
            rules: rules.collect(),
        })
    }
}

/// A cell's place in the order that matrices have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'p> {
    vlan: Option<u16>,
    source: Rank<'p>,
    destination: Rank<'p>,
    family: u8,
}

/// Interfaces, members and what else has a name first, then what is unknown, then groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank<'p> {
    Member(u32),
    Interface(u32, u32, EndId),
    Named(&'p str),
    Unknown,
    Group(EndId),
}

impl<'p> Place<'p> {
    /// Where a row belongs, unless it is not asked for.
    fn of(row: &Row, query: &Query, past: &'p Past) -> Option<Self> {
        let [source, destination, family, vlan, ..] = row.0;
        let ids: [EndId; 2] = [small(source), small(destination)];
        let family = match family {
            4 => Family::Ipv4,
            6 => Family::Ipv6,
            1 => Family::Arp,
            _ => Family::Other,
        };
        let vlan = VlanId::from_tci(small(vlan));
        let Filter { family: only, asn, vlan: on } = query.filter;
        let touches =
            |asn: Asn| ids.iter().any(|id| past.owner(*id).is_some_and(|owner| owner.member.asn == asn));
        let is_wanted = only.is_none_or(|only| only == family)
            && on.is_none_or(|on| on == vlan)
            && asn.is_none_or(touches);
        if !is_wanted {
            return None;
        }
        let [source, destination] = match query.by {
            By::Lan => [Rank::of(past.lan(vlan, ids), ids[0], past); 2],
            By::Mac | By::Interface | By::Asn | By::Switch | By::Facility => {
                ids.map(|id| Rank::of(past.end(id, query.by), id, past))
            }
        };
        let vlan = query.by.has_vlan().then(|| vlan.get());
        Some(Self { vlan, source, destination, family: family as u8 })
    }

    fn cell(self, sum: &Sum, by: By, past: &'p Past) -> Cell<'p> {
        Cell {
            vlan: self.vlan.map(VlanId::from_tci),
            source: self.source.end(by, past),
            destination: self.destination.end(by, past),
            family: Family::from_number(self.family),
            counts: sum.counts,
            sampled: sum.sampled(),
        }
    }
}

impl<'p> Rank<'p> {
    fn of(end: End<'p>, id: EndId, past: &Past) -> Self {
        match end {
            End::Group(_) => Self::Group(id),
            End::Member(member) => Self::Member(member.asn.0),
            End::Interface(owner) => {
                Self::Interface(owner.member.asn.0, past.interfaces.get(&id).map_or(0, |id| id.0), id)
            }
            End::Place(name) => Self::Named(name),
            End::Unknown | End::Station { .. } => Self::Unknown,
        }
    }

    fn end(self, by: By, past: &'p Past) -> End<'p> {
        match self {
            Self::Group(id) | Self::Interface(_, _, id) => past.end(id, by),
            Self::Named(name) => End::Place(name),
            Self::Unknown => End::Unknown,
            Self::Member(asn) => {
                let member = past.registry.members().iter().find(|member| member.asn.0 == asn);
                member.map_or(End::Unknown, End::Member)
            }
        }
    }
}
