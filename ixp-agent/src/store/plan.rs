//! A time in, the steps whose rows are put together for it out: the longest that fit, and shorter ones at its edges and where
//! longer ones are damaged.

use std::collections::BTreeMap;

use super::catalog::Catalog;
use super::query::Wanted;
use super::segment::Error;
use super::step::Step;
use super::sum::SLACK;
use super::table::Table;
use crate::snapshot::Source;

/// How long a time may be for its gaps to be told to the step.
const TOLD_TO: [(Step, i64); 3] = [(Step::TenSeconds, DAY), (Step::Minute, 8 * DAY), (Step::Hour, 800 * DAY)];
const DAY: i64 = Step::Day.millis();

/// Steps that together have each row of a time once, by their start: how long they are, and how much of each was observed, in
/// milliseconds.
type Told = BTreeMap<i64, (Step, i64)>;

/// The steps of a time.
pub(super) struct Plan<'c> {
    planner: Planner<'c>,
    /// How long the time is, in milliseconds.
    length: i64,
    /// Those that were observed, if only in part.
    told: Told,
}

/// What a plan is made by.
struct Planner<'c> {
    catalog: &'c Catalog,
    source: Source,
    /// From when on there are cells of each step. What was observed is kept longer than they are.
    first: [i64; Step::ALL.len()],
}

impl<'c> Plan<'c> {
    /// For cells from `from` to before `to`. Where an edge is within a step of which nothing finer is there, all of that step is.
    pub(super) fn of(catalog: &'c Catalog, source: Source, (from, to): (i64, i64)) -> Result<Self, Error> {
        let planner = Planner::new(catalog, source);
        let mut told = planner.told(Step::ALL.len(), (from, to))?;
        for step in Step::ALL {
            for edge in [from, to] {
                planner.round(step, edge, &mut told)?;
            }
        }
        Ok(Self { planner, length: to.saturating_sub(from), told })
    }

    /// Stretches of time, in order, and the step that each is to be read by.
    pub(super) fn stretches(&self) -> Vec<(Step, i64, i64)> {
        stretches(&self.told)
    }

    /// Steps that were observed, by their start: how long each is, and how much of it was observed, in milliseconds. They are
    /// shorter ones where those tell as much, if the time is not so long that they are many.
    pub(super) fn observed(&self) -> Result<BTreeMap<i64, (i64, i64)>, Error> {
        self.planner.to_the_step(&self.told, self.length)
    }
}

impl<'c> Planner<'c> {
    fn new(catalog: &'c Catalog, source: Source) -> Self {
        let first = catalog
            .first_cells(source)
            .map_or([i64::MIN; _], |first| first.map(|first| first.unwrap_or(i64::MAX)));
        Self { catalog, source, first }
    }

    /// How much was observed in each step of a time, by its start.
    fn observed(&self, step: Step, (from, to): (i64, i64)) -> Result<BTreeMap<i64, i64>, Error> {
        let mut observed = BTreeMap::new();
        let from = from.max(self.first[step as usize]);
        if from < to {
            let (table, source, only) = (Table::Intervals, self.source, Vec::new());
            self.catalog.each(&Wanted { table, source, step, from, to, only }, |row| {
                *observed.entry(row.0[0]).or_default() += row.0[1];
            })?;
        }
        Ok(observed)
    }

    /// Of a time, the longest of the first `many` steps that there are rows of, but for those that finer ones know more of: some of
    /// what they were made of was damaged.
    fn told(&self, many: usize, time: (i64, i64)) -> Result<Told, Error> {
        let (mut told, mut left) = (Told::new(), vec![time]);
        for step in Step::ALL.into_iter().take(many).rev() {
            let mut rest = Vec::new();
            for (from, to) in left {
                let mut at = from;
                for (start, observed) in self.observed(step, (step.ceil(from), step.floor(to)))? {
                    let end = start + step.millis();
                    let is_part = observed + SLACK < step.millis();
                    if is_part && self.sum(step as usize, (start, end))? > observed {
                        continue;
                    }
                    rest.extend((at < start).then_some((at, start)));
                    told.insert(start, (step, observed));
                    at = end;
                }
                rest.extend((at < to).then_some((at, to)));
            }
            left = rest;
        }
        Ok(told)
    }

    /// How much the first `many` steps know of a time.
    fn sum(&self, many: usize, time: (i64, i64)) -> Result<i64, Error> {
        Ok(self.told(many, time)?.values().map(|(_, observed)| observed).sum())
    }

    /// If more is known of the step around an edge than finer ones tell, all of it is told.
    fn round(&self, step: Step, edge: i64, told: &mut Told) -> Result<(), Error> {
        let (start, end) = (step.floor(edge), step.ceil(edge));
        let within = start..end;
        if within.is_empty() || told.range(within.clone()).any(|(_, (of, _))| *of >= step) {
            return Ok(());
        }
        let Some(observed) = self.observed(step, (start, end))?.remove(&start) else { return Ok(()) };
        if self.sum(step as usize, (start, end))? < observed {
            told.retain(|at, _| !within.contains(at));
            told.insert(start, (step, observed));
        }
        Ok(())
    }

    /// How much of each step was observed, by shorter ones that tell as much, if the time is not so long that they are many.
    fn to_the_step(&self, told: &Told, length: i64) -> Result<BTreeMap<i64, (i64, i64)>, Error> {
        let finest = TOLD_TO.into_iter().find(|(_, longest)| length <= *longest);
        let finest = finest.map_or(Step::Day, |(step, _)| step);
        let (mut left, mut done) = (told.clone(), BTreeMap::new());
        for step in Step::ALL.into_iter().filter(|step| *step >= finest) {
            let mut finer = BTreeMap::new();
            for (_, from, to) in stretches(&left).into_iter().filter(|(longer, ..)| *longer > step) {
                finer.extend(self.observed(step, (from, to))?);
            }
            left.retain(|start, (longer, observed)| {
                let parts = || finer.range(*start..start + longer.millis());
                let is_told = *longer > step && parts().map(|(_, part)| part).sum::<i64>() == *observed;
                done.extend(parts().filter(|_| is_told).map(|(at, part)| (*at, (step.millis(), *part))));
                !is_told
            });
        }
        done.extend(left.into_iter().map(|(start, (step, observed))| (start, (step.millis(), observed))));
        Ok(done)
    }
}

/// Stretches of time, in order, and the step that each is told by.
fn stretches(told: &Told) -> Vec<(Step, i64, i64)> {
    let mut stretches: Vec<(Step, i64, i64)> = Vec::new();
    for (start, (step, _)) in told {
        let end = start + step.millis();
        match stretches.last_mut() {
            Some((of, _, last)) if of == step && last == start => *last = end,
            _ => stretches.push((*step, *start, end)),
        }
    }
    stretches
}
