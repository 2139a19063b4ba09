//! Rows of the past in, the matrix of them out.

use std::collections::BTreeMap;

use ixp_common::addr::{Family, VlanId};

use super::catalog::Catalog;
use super::ends::EndId;
use super::past::Past;
use super::plan::Plan;
use super::query::Wanted;
use super::segment;
use super::step::Step;
use super::sum::{Broken, Sum, Whole};
use super::table::{Row, Table, small};
use crate::matrix::{By, Cell, End, Filter, Matrix, Span};
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

    /// Who sent how much to whom. Where nothing finer is there, an edge is that of the step that is, and the span says so.
    ///
    /// # Errors
    /// [`segment::Error`].
    pub fn matrix<'p>(&self, past: &'p Past, query: &Query) -> Result<Matrix<'p>, segment::Error> {
        let mut sheet = Sheet::default();
        let plan = Plan::of(self, query.source, (query.from, query.to))?;
        for (step, from, to) in plan.stretches() {
            let query = Query { from, to, ..*query };
            self.each_of(&query, step, |table, row| sheet.take(table, row, &query, past))?;
        }
        sheet.whole.observed(plan.observed()?);
        let (span, gaps) = (sheet.whole.span(), sheet.whole.gaps());
        Ok(sheet.matrix(query, past, span).with_gaps(gaps))
    }

    /// Hands over the rows of a matrix in steps, as [`each`](Self::each) does.
    pub(super) fn each_of(
        &self,
        query: &Query,
        step: Step,
        mut take: impl FnMut(Table, &Row),
    ) -> Result<(), segment::Error> {
        let Query { source, from, to, .. } = *query;
        for table in [Table::Matrix, Table::Rules, Table::Intervals] {
            let wanted = Wanted { table, source, step, from, to, only: Vec::new() };
            self.each(&wanted, |row| take(table, row))?;
        }
        Ok(())
    }
}

/// A matrix that is added up.
#[derive(Debug, Default)]
pub(super) struct Sheet<'p> {
    cells: BTreeMap<Place<'p>, Sum>,
    broken: BTreeMap<(u8, EndId), Broken>,
    pub(super) whole: Whole,
}

impl<'p> Sheet<'p> {
    /// Takes in a row, if it is asked for.
    pub(super) fn take(&mut self, table: Table, row: &Row, query: &Query, past: &'p Past) {
        match table {
            Table::Matrix => {
                if let Some(place) = Place::of(row, query, past) {
                    self.cells.entry(place).or_default().add(row, 5, 7);
                }
            }
            Table::Rules => {
                if query.filter.vlan.is_none_or(|on| i64::from(on.get()) == row.0[2]) {
                    self.broken.entry((small(row.0[0]), small(row.0[1]))).or_default().add(row);
                }
            }
            Table::Intervals => self.whole.add(row),
            Table::Totals | Table::Networks | Table::Lans | Table::Sizes => {}
        }
    }

    /// How many cells it has.
    pub(super) fn cells(&self) -> usize {
        self.cells.len()
    }

    /// The matrix of it.
    pub(super) fn matrix(&self, query: &Query, past: &'p Past, span: Span) -> Matrix<'p> {
        let cells = self.cells.iter().map(|(place, sum)| place.cell(sum, query.by, past)).collect();
        let broken = self.broken.iter();
        let rules = broken.filter_map(|((rule, id), broken)| broken.rule(*rule, *id, query, past));
        Matrix {
            span,
            gaps: Vec::new(),
            by: query.by,
            source: query.source,
            filter: query.filter,
            frames: self.whole.frames(),
            cells,
            rules: rules.collect(),
        }
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
        let family = super::sum::family(family);
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
