//! What is kept in, from when on there are rows of each step out.

use super::catalog::Catalog;
use super::query::Wanted;
use super::segment;
use super::step::Step;
use super::table::Table;
use crate::snapshot::Source;

/// From when on there are rows of each step, or of shorter ones that make it up; milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach([Option<i64>; Step::ALL.len()]);

impl Reach {
    /// That of cells and what is kept as long as they are, counted or sampled.
    pub(super) fn of(catalog: &Catalog, source: Source) -> Result<Self, segment::Error> {
        let mut reach = Self::of_observation(catalog, source)?;
        for (observed, counted) in reach.0.iter_mut().zip(catalog.first_cells(source).into_iter().flatten()) {
            *observed = observed.zip(counted).map(|(observed, counted)| observed.max(counted));
        }
        Ok(reach)
    }

    /// That of what members exchanged in all, and of whether it was observed.
    pub(super) fn of_observation(catalog: &Catalog, source: Source) -> Result<Self, segment::Error> {
        let mut reach = [None; Step::ALL.len()];
        for step in Step::ALL {
            let always = (i64::MIN, i64::MAX);
            let all = catalog.segments(Table::Intervals, source, step, always);
            let Some((_, end)) = all.iter().map(|segment| segment.span).min() else { continue };
            let (from, only) = (i64::MIN, Vec::new());
            let wanted = Wanted { table: Table::Intervals, source, step, from, to: end, only };
            let first = catalog.rows(&wanted)?.next_row()?;
            reach[step as usize] = first.map(|row| row.0[Table::Intervals.time()]);
        }
        Ok(Self(reach))
    }

    /// The first moment that there are rows of a step of.
    pub(super) fn first(&self, step: Step) -> Option<i64> {
        self.0[step as usize]
    }

    /// Whether rows of a step say of a moment all that can be said.
    pub(super) fn reaches(&self, step: Step, moment: i64) -> bool {
        let Some(first) = self.0[step as usize] else { return false };
        let longer = Step::ALL.into_iter().filter(|longer| *longer > step);
        let mut older = longer.filter_map(|longer| Some((longer, self.0[longer as usize]?)));
        first <= moment || older.all(|(longer, oldest)| oldest >= longer.floor(first))
    }
}
