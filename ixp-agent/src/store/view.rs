//! Rows of the past in, the matrix of them out.

use std::collections::BTreeMap;

use ixp_common::addr::{Family, VlanId};

use super::catalog::Catalog;
use super::ends::EndId;
use super::interval::family_of;
use super::past::Past;
use super::query::Wanted;
use super::segment;
use super::stretch::Reach;
use super::sum::{Broken, Sum, Whole};
use super::table::{Row, Table, small};
use crate::matrix::{By, Cell, End, Filter, Matrix};
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
        let mut sums: BTreeMap<Place, Sum> = BTreeMap::new();
        let mut broken: BTreeMap<(u8, EndId), Broken> = BTreeMap::new();
        let mut whole = Whole::default();
        let reach = Reach::of(self, query.source)?;
        for (step, from, to) in reach.stretches(query.from, query.to) {
            let wanted = |table| Wanted { table, source: query.source, step, from, to, only: Vec::new() };
            let mut rows = self.rows(&wanted(Table::Matrix))?;
            while let Some(row) = rows.next_row()? {
                let place = Place::of(&row, query.by, past);
                sums.entry(place).or_default().add(&row, 5, 7);
            }
            let mut rows = self.rows(&wanted(Table::Rules))?;
            while let Some(row) = rows.next_row()? {
                broken.entry((small(row.0[0]), small(row.0[1]))).or_default().add(&row);
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
        let cells = sums.iter().filter_map(|(place, sum)| place.cell(sum, query, past)).collect();
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
struct Place {
    vlan: Option<u16>,
    source: Rank,
    destination: Rank,
    family: u8,
}

/// Interfaces and members first, then what is unknown, then groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Member(u32),
    Interface(u32, u32, EndId),
    Unknown,
    Group(EndId),
}

impl Place {
    fn of(row: &Row, by: By, past: &Past) -> Self {
        let [source, destination, family, vlan, ..] = row.0;
        let vlan = match by {
            By::Mac | By::Interface => Some(small(vlan)),
            By::Asn => None,
        };
        let family = family_of(family);
        let rank = |id| Rank::of(small(id), by, past);
        Self { vlan, source: rank(source), destination: rank(destination), family: family as u8 }
    }

    fn cell<'p>(self, sum: &Sum, query: &Query, past: &'p Past) -> Option<Cell<'p>> {
        let end = |rank: Rank| rank.end(query.by, past);
        let (source, destination) = (end(self.source), end(self.destination));
        let family = Family::from_number(self.family);
        let Filter { family: only, asn, vlan } = query.filter;
        let is_wanted = only.is_none_or(|only| only == family)
            && asn.is_none_or(|asn| source.asn() == Some(asn) || destination.asn() == Some(asn))
            && vlan.is_none_or(|vlan| self.vlan.is_none_or(|own| own == vlan.get()));
        is_wanted.then(|| Cell {
            vlan: self.vlan.map(VlanId::from_tci),
            source,
            destination,
            family,
            counts: sum.counts,
            sampled: sum.sampled(),
        })
    }
}

impl Rank {
    fn of(id: EndId, by: By, past: &Past) -> Self {
        match past.end(id, by) {
            End::Group(_) => Self::Group(id),
            End::Member(member) => Self::Member(member.asn.0),
            End::Interface(owner) => {
                Self::Interface(owner.member.asn.0, past.interfaces.get(&id).map_or(0, |id| id.0), id)
            }
            End::Unknown | End::Station { .. } => Self::Unknown,
        }
    }

    fn end(self, by: By, past: &Past) -> End<'_> {
        match self {
            Self::Group(id) | Self::Interface(_, _, id) => past.end(id, by),
            Self::Unknown => End::Unknown,
            Self::Member(asn) => {
                let member = past.registry.members().iter().find(|member| member.asn.0 == asn);
                member.map_or(End::Unknown, End::Member)
            }
        }
    }
}
