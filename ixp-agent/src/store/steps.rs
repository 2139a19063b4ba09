//! A time and a step in, the matrix of each step in their order out; a few at a time, so that a year takes no more memory than
//! they do.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Shelf;
use super::catalog::Catalog;
use super::past::Past;
use super::reach::Reach;
use super::segment::Error;
use super::step::Step;
use super::table::Table;
use super::view::{Query, Sheet};
use crate::matrix::{Matrix, Span};
use crate::members::Lan;

/// Cells that are held at a time, if one step alone has no more.
const MOST: i64 = 500_000;

/// The matrix of a step.
#[derive(Debug, Clone)]
pub struct OfStep<'p> {
    /// Milliseconds of it that were observed; without any there is nothing in the matrix.
    pub observed: i64,
    /// Its span is that of the step.
    pub matrix: Matrix<'p>,
}

/// The matrices of a time, step by step.
#[derive(Debug)]
pub struct Steps {
    shelf: Shelf,
    /// The LANs as they are now.
    lans: Vec<Lan>,
    query: Query,
    step: Step,
    /// The first step that was not read.
    next: i64,
    /// How many are read at a time.
    many: i64,
}

/// Why there are no matrices of a step.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// They are not kept for so long.
    #[error("steps of {step} are kept from {from} on; write a later from, or step={longer}")]
    Forgotten {
        /// The step.
        step: &'static str,
        /// The first moment of what is kept of them.
        from: Timestamp,
        /// A step that is kept longer.
        longer: &'static str,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] super::Error),
}

impl Steps {
    /// Edges are those of the step that they are in.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn new(shelf: Shelf, lans: &[Lan], query: Query, step: Step) -> Result<Self, StepError> {
        let millis = step.millis();
        let from = query.from.div_euclid(millis) * millis;
        let to = query.to.saturating_add(millis - 1).div_euclid(millis) * millis;
        let (is_there, first, longer) = shelf.ask(|catalog| {
            let reach = Reach::of(catalog, query.source)?;
            let longer = Step::ALL.into_iter().find(|longer| *longer > step && reach.reaches(*longer, from));
            Ok((reach.reaches(step, from) || longer.is_none(), reach.first(step), longer))
        })?;
        if let (false, Some(longer)) = (is_there, longer) {
            let from = Timestamp::from_millisecond(first.unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
            return Err(StepError::Forgotten { step: step.name(), from, longer: longer.name() });
        }
        let (lans, query) = (lans.to_vec(), Query { from, to, ..query });
        Ok(Self { shelf, lans, query, step, next: from, many: 1 })
    }

    /// Hands over the next steps; whether there were any.
    ///
    /// # Errors
    /// [`super::Error`], or what `each` says.
    pub fn next<E: From<super::Error>>(
        &mut self,
        mut each: impl FnMut(&OfStep<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let Query { to, .. } = self.query;
        if self.next >= to {
            return Ok(false);
        }
        let end = self.next.saturating_add(self.many * self.step.millis()).min(to);
        let query = Query { from: self.next, to: end, ..self.query };
        let past = self.shelf.now().past(end).with_lans(&self.lans);
        let sheets = self.shelf.ask(|catalog| catalog.sheets(&past, &query, self.step))?;
        let most = sheets.values().map(|(_, sheet)| sheet.cells()).max().unwrap_or(0);
        for at in (0..).map(|number| self.next + number * self.step.millis()).take_while(|at| *at < end) {
            each(&of_step(sheets.get(&at), at, (&query, self.step), &past))?;
        }
        self.next = end;
        self.many = (MOST / i64::try_from(most).unwrap_or(MOST).max(1)).clamp(1, 1000);
        Ok(true)
    }
}

impl Catalog {
    /// The sheet of each step that was observed, and for how long it was.
    fn sheets<'p>(
        &self,
        past: &'p Past,
        query: &Query,
        step: Step,
    ) -> Result<BTreeMap<i64, (i64, Sheet<'p>)>, Error> {
        let mut sheets: BTreeMap<i64, (i64, Sheet<'p>)> = BTreeMap::new();
        self.each_of(query, step, |table, row| {
            let (observed, sheet) = sheets.entry(row.0[table.time()]).or_default();
            if table == Table::Intervals {
                *observed += row.0[1];
                sheet.whole.cover(row, step);
            }
            sheet.take(table, row, query, past);
        })?;
        Ok(sheets)
    }
}

fn of_step<'p>(
    sheet: Option<&(i64, Sheet<'p>)>,
    at: i64,
    (query, step): (&Query, Step),
    past: &'p Past,
) -> OfStep<'p> {
    let moment = |millis| Timestamp::from_millisecond(millis).ok();
    let span = Span { from: moment(at), to: moment(at + step.millis()) };
    let (observed, matrix) = match sheet {
        Some((observed, sheet)) => (*observed, sheet.matrix(query, past, span)),
        None => (0, Sheet::default().matrix(query, past, span)),
    };
    let gaps = match sheet {
        Some((1.., sheet)) => sheet.whole.gaps(),
        _ => span.from.zip(span.to).into_iter().collect(),
    };
    OfStep { observed, matrix: matrix.with_gaps(gaps) }
}
