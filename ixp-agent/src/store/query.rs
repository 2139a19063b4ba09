//! A table, a time and a step in, the rows of that out, summed up as they are read.

use super::catalog::Catalog;
use super::merge::Rows;
use super::segment;
use super::table::{Row, Step, Table};
use crate::snapshot::Source;

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
    open: Option<Row>,
}

impl Catalog {
    /// The rows that are asked for, which are read while they are taken.
    ///
    /// # Errors
    /// [`segment::Error`]: the caller is to put that segment aside and ask again.
    pub fn rows(&self, wanted: &Wanted) -> Result<Sums, segment::Error> {
        let Wanted { table, source, step, from, to, .. } = *wanted;
        let only = wanted.only.iter().map(|(name, least, most)| (table.column(name), *least, *most));
        let bounds: Vec<_> = only.chain([(table.time(), from, to.saturating_sub(1))]).collect();
        let segments = self.segments(table, source, step, (from, to));
        let inputs = segments.iter().map(|segment| segment.open(&bounds)).collect::<Result<_, _>>()?;
        Ok(Sums { table, step, rows: Rows::new(table, inputs)?, open: None })
    }
}

impl Sums {
    /// The next row.
    ///
    /// # Errors
    /// [`segment::Error`].
    pub fn next_row(&mut self) -> Result<Option<Row>, segment::Error> {
        loop {
            let Some(row) = self.rows.next_row()? else {
                return Ok(self.open.take());
            };
            let row = row.of_step(self.table, self.step.millis());
            match &mut self.open {
                Some(open) if open.rank(self.table) == row.rank(self.table) => open.join(self.table, &row),
                open => {
                    if let Some(closed) = open.replace(row) {
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
