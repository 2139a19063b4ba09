//! A table, a time and a step in, the rows of that out, summed up as they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::catalog::Catalog;
use super::merge::{Ranked, Rows};
use super::place::Segment;
use super::segment;
use super::step::Step;
use super::table::{Row, Table};
use crate::snapshot::Source;

/// Segments that are read at once: each takes a file that is open, and one or two megabytes of memory.
const AT_ONCE: usize = 32;
/// Rows between two times that it is looked whether anybody waits for them.
const LOOK: u32 = 4096;

/// Which rows are asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What they are.
    pub table: Table,
    /// How they came about.
    pub source: Source,
    /// How long their intervals are.
    pub step: Step,
    /// From this moment on, milliseconds since 1970.
    pub from: i64,
    /// Up to before this one.
    pub to: i64,
    /// Key columns by name, and the values that they may have: from the first to the last.
    pub only: Vec<(&'static str, i64, i64)>,
}

/// Rows in the order of their keys, of one step.
pub struct Sums {
    table: Table,
    step: Step,
    rows: Rows,
    open: Option<Ranked>,
    unwanted: Option<Arc<AtomicBool>>,
    taken: u32,
}

impl Catalog {
    /// The rows that are asked for, which are read while they are taken.
    ///
    /// # Errors
    /// [`segment::Error`]: the caller is to put that segment aside and ask again.
    pub fn rows(&self, wanted: &Wanted) -> Result<Sums, segment::Error> {
        self.sums(&self.wanted(wanted), wanted)
    }

    /// Hands over the rows that are asked for, in no order. A row can come in parts, whose sum it is: however long the time is,
    /// few files are open at once.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn each(&self, wanted: &Wanted, mut take: impl FnMut(&Row)) -> Result<(), segment::Error> {
        let mut segments = self.wanted(wanted);
        // Those of one time have parts of the same rows.
        segments.sort_by_key(|segment| segment.span);
        for some in segments.chunks(AT_ONCE) {
            let mut rows = self.sums(some, wanted)?;
            while let Some(row) = rows.next_row()? {
                take(&row);
            }
        }
        Ok(())
    }

    /// What is asked for of some segments.
    fn sums(&self, segments: &[Arc<Segment>], wanted: &Wanted) -> Result<Sums, segment::Error> {
        let Wanted { table, step, from, to, .. } = *wanted;
        let only = wanted.only.iter().map(|(name, least, most)| (table.column(name), *least, *most));
        let bounds: Vec<_> = only.chain([(table.time(), from, to.saturating_sub(1))]).collect();
        let mut inputs = Vec::with_capacity(segments.len());
        for segment in segments {
            is_wanted(self.unwanted.as_ref())?;
            inputs.push(segment.open(&bounds)?);
        }
        let (rows, unwanted) = (Rows::new(table, inputs)?, self.unwanted.clone());
        Ok(Sums { table, step, rows, open: None, unwanted, taken: 0 })
    }

    fn wanted(&self, wanted: &Wanted) -> Vec<Arc<Segment>> {
        let Wanted { table, source, step, from, to, .. } = *wanted;
        self.segments(table, source, step, (from, to))
    }
}

impl Sums {
    /// The next row.
    ///
    /// # Errors
    /// [`segment::Error`].
    pub fn next_row(&mut self) -> Result<Option<Row>, segment::Error> {
        let time = self.table.time();
        loop {
            self.taken = self.taken.wrapping_add(1);
            if self.taken.is_multiple_of(LOOK) {
                is_wanted(self.unwanted.as_ref())?;
            }
            let Some((place, row)) = self.rows.next_row()? else {
                return Ok(self.open.take().map(|(_, row)| row));
            };
            let row = row.of_step(self.table, self.step.millis());
            match &mut self.open {
                Some((of, open)) if *of == place && open.0[time] == row.0[time] => {
                    open.join(self.table, &row);
                }
                open => {
                    if let Some((_, closed)) = open.replace((place, row)) {
                        return Ok(Some(closed));
                    }
                }
            }
        }
    }

    /// All of them.
    ///
    /// # Errors
    /// [`segment::Error`].
    pub fn collect(mut self) -> Result<Vec<Row>, segment::Error> {
        let mut rows = Vec::new();
        while let Some(row) = self.next_row()? {
            rows.push(row);
        }
        Ok(rows)
    }
}

fn is_wanted(unwanted: Option<&Arc<AtomicBool>>) -> Result<(), segment::Error> {
    match unwanted {
        Some(unwanted) if unwanted.load(Ordering::Relaxed) => Err(segment::Error::Unwanted),
        Some(_) | None => Ok(()),
    }
}
