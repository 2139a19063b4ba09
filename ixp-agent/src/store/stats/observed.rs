//! Rows of what was observed in, how long that was in each step and on each day out.

use std::collections::BTreeMap;

use crate::snapshot::Source;
use crate::store::Wanted;
use crate::store::catalog::Catalog;
use crate::store::segment;
use crate::store::step::Step;
use crate::store::table::Table;

/// A time, and what of it was observed.
#[derive(Debug)]
pub(super) struct Observed {
    /// The step that percentiles are of.
    pub(super) step: Step,
    pub(super) from: i64,
    pub(super) to: i64,
    /// What of it there may be rows of.
    within: (i64, i64),
    /// Milliseconds by step.
    steps: BTreeMap<i64, i64>,
    /// Steps that percentiles are of.
    known: usize,
    /// Those of the days that are whole, by their number since 1970.
    days: BTreeMap<i64, i64>,
}

impl Observed {
    /// What was observed from `from` to `to`, multiples of `step`.
    pub(super) fn of(
        catalog: &Catalog,
        source: Source,
        step: Step,
        (from, to): (i64, i64),
    ) -> Result<Self, segment::Error> {
        let within = (from.max(catalog.first().unwrap_or(to)), to.min(catalog.end().unwrap_or(from)));
        let (steps, days) = (BTreeMap::new(), BTreeMap::new());
        let mut observed = Self { step, from, to, within, steps, known: 0, days };
        for (from, to) in observed.batches() {
            let (table, only) = (Table::Intervals, Vec::new());
            let mut rows = catalog.rows(&Wanted { table, source, step, from, to, only })?;
            while let Some(row) = rows.next_row()? {
                *observed.steps.entry(row.0[0]).or_default() += row.0[1];
            }
        }
        let day = Step::Day.millis();
        for (at, millis) in &observed.steps {
            *observed.days.entry(at.div_euclid(day)).or_default() += millis;
        }
        // Of a day that is not whole nobody knows what the rest of it was like.
        observed.days.retain(|number, millis| {
            number * day >= from && (number + 1) * day <= to && *millis * 10 >= day * 9
        });
        observed.known = observed.steps.keys().filter(|at| observed.in_step(**at).is_some()).count();
        Ok(observed)
    }

    /// The days that the time is read by: so few files are open at once.
    pub(super) fn batches(&self) -> Vec<(i64, i64)> {
        let day = Step::Day.millis();
        let (from, to) = (self.step.floor(self.within.0), self.step.ceil(self.within.1));
        let first = Step::Day.floor(from);
        let starts = (0..).map(|number| first + number * day).take_while(|start| *start < to);
        starts.map(|start| (start.max(from), (start + day).min(to))).collect()
    }

    /// Milliseconds in all.
    pub(super) fn all(&self) -> i64 {
        self.steps.values().sum()
    }

    /// How long was observed in a step that is one of those that percentiles are of: at least half of it.
    pub(super) fn in_step(&self, at: i64) -> Option<i64> {
        self.steps.get(&at).copied().filter(|millis| *millis * 2 >= self.step.millis())
    }

    /// How many steps percentiles are of.
    pub(super) fn steps_known(&self) -> usize {
        self.known
    }

    /// The days that are whole, by their number since 1970, and how many milliseconds of each were observed.
    pub(super) fn days(&self) -> &BTreeMap<i64, i64> {
        &self.days
    }

    /// So many steps, all of them observed.
    #[cfg(test)]
    pub(super) fn whole(step: Step, many: usize) -> Self {
        let steps: BTreeMap<i64, i64> =
            (0..many as i64).map(|number| (number * step.millis(), step.millis())).collect();
        let to = many as i64 * step.millis();
        Self { step, from: 0, to, within: (0, to), steps, known: many, days: BTreeMap::new() }
    }
}
