//! A time in, the steps that it is put together of out: the longest that fit, and shorter ones at its edges, as far as they are
//! kept.

use super::catalog::Catalog;
use super::query::Wanted;
use super::segment;
use super::table::{Step, Table};
use crate::snapshot::Source;

/// From when on there are rows of each step, or of shorter ones that make it up; milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach([Option<i64>; Step::ALL.len()]);

/// How long a time may be for its gaps to be told to the step.
const TOLD_TO: [(Step, i64); 4] =
    [(Step::TenSeconds, DAY), (Step::Minute, 8 * DAY), (Step::FiveMinutes, 8 * DAY), (Step::Hour, 800 * DAY)];
const DAY: i64 = Step::Day.millis();

fn floor(step: Step, moment: i64) -> i64 {
    moment.div_euclid(step.millis()) * step.millis()
}

fn up(step: Step, moment: i64) -> i64 {
    floor(step, moment.saturating_add(step.millis() - 1))
}

impl Reach {
    /// That of cells and what is kept as long as they are, counted or sampled.
    pub(super) fn of(catalog: &Catalog, source: Source) -> Result<Self, segment::Error> {
        let mut reach = Self::of_observation(catalog, source)?;
        let first = |step| {
            let cells = catalog.segments(Table::Matrix, source, step, (i64::MIN, i64::MAX));
            cells.iter().map(|segment| segment.span.0).min()
        };
        let firsts = Step::ALL.map(first);
        if firsts.iter().any(Option::is_some) {
            // What was observed is kept longer than what was counted then.
            for (observed, counted) in reach.0.iter_mut().zip(firsts) {
                *observed = observed.zip(counted).map(|(observed, counted)| observed.max(counted));
            }
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
        first <= moment || older.all(|(longer, oldest)| oldest >= floor(longer, first))
    }

    /// The stretches of time that make up `from..to`, each with the longest step that it is a multiple of. Where nothing finer
    /// is kept any more an edge is that of the step that is.
    pub(super) fn stretches(&self, from: i64, to: i64) -> Vec<(Step, i64, i64)> {
        let mut stretches = Vec::new();
        self.split(Step::ALL.len() - 1, from, to, &mut stretches);
        stretches.sort_by_key(|(_, from, _)| *from);
        stretches
    }

    fn split(&self, at: usize, from: i64, to: i64, into: &mut Vec<(Step, i64, i64)>) {
        if from >= to {
            return;
        }
        let step = Step::ALL[at];
        let finer = at.checked_sub(1).map(|finer| Step::ALL[finer]);
        let has_finer = |moment: i64| finer.is_some_and(|finer| self.reaches(finer, moment));
        let first = if has_finer(from) { up(step, from) } else { floor(step, from) };
        let last = if has_finer(floor(step, to)) { floor(step, to) } else { up(step, to) };
        if first >= last {
            if at > 0 {
                self.split(at - 1, from, to, into);
            }
            return;
        }
        into.push((step, first, last));
        if at > 0 {
            self.split(at - 1, from, first, into);
            self.split(at - 1, last, to, into);
        }
    }

    /// The step by which it is told what of `from..to` was observed, and its edges.
    pub(super) fn coverage(&self, from: i64, to: i64) -> (Step, i64, i64) {
        let length = to.saturating_sub(from);
        let mut short = TOLD_TO.into_iter().filter(|(_, longest)| length <= *longest).map(|(step, _)| step);
        let step = short.find(|step| self.reaches(*step, from)).unwrap_or(Step::Day);
        (step, floor(step, from), up(step, to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = Step::Hour.millis();

    #[test]
    fn what_began_lately_is_told_to_the_finest_step() {
        // Ten seconds alone, since 04:43 of some day.
        let begun = 100 * DAY + 4 * HOUR + 43 * 60_000;
        let reach = Reach([
            Some(begun),
            Some(begun),
            Some(floor(Step::FiveMinutes, begun)),
            Some(floor(Step::Hour, begun)),
            Some(100 * DAY),
        ]);
        let (from, to) = (begun - HOUR, begun + 7 * 60_000);
        assert_eq!(reach.coverage(from, to), (Step::TenSeconds, from, to));
        let stretches = reach.stretches(from, to);
        assert_eq!((stretches[0].1, stretches.last().map(|last| last.2)), (from, Some(to)));
    }

    #[test]
    fn where_the_finer_is_forgotten_an_edge_is_coarse() {
        let now = 100 * DAY;
        let reach = Reach([
            Some(now - DAY),
            Some(now - 7 * DAY),
            Some(now - 90 * DAY),
            Some(now - 90 * DAY),
            Some(now - 90 * DAY),
        ]);
        let from = now - 20 * DAY + 70_000;
        assert_eq!(
            reach.stretches(from, from + 400_000),
            [(Step::FiveMinutes, from - 70_000, from - 70_000 + 600_000)]
        );
    }

    proptest! {
        #[test]
        fn stretches_are_a_time_without_holes_and_each_fits_its_step(
            from in 0i64..40 * 8640, length in 1i64..20 * 8640, firsts in proptest::collection::vec(0i64..50 * 8640, 5),
        ) {
            let mut reach = [None; 5];
            let mut oldest = i64::MAX;
            for (at, first) in firsts.into_iter().enumerate() {
                // Longer steps are kept longer.
                oldest = oldest.min(first * 10_000);
                reach[at] = Some(floor(Step::ALL[at], oldest));
            }
            let reach = Reach(reach);
            let (from, to) = (from * 10_000, (from + length) * 10_000);
            let stretches = reach.stretches(from, to);
            for (step, from, to) in &stretches {
                prop_assert!(from < to && from % step.millis() == 0 && to % step.millis() == 0);
            }
            for pair in stretches.windows(2) {
                prop_assert_eq!(pair[0].2, pair[1].1, "{:?}", stretches);
            }
            let (first, last) = (stretches[0].1, stretches[stretches.len() - 1].2);
            prop_assert!(first <= from && to <= last);
            if reach.reaches(Step::TenSeconds, from) {
                prop_assert_eq!((first, last), (from, to));
            }
        }
    }
}
