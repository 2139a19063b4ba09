//! Rows in as they come, their columns out.

use crate::store::table::{NOTHING, Row, Table};

/// Rows that are turned at once: they stay in the nearest cache.
const BLOCK: usize = 128;

/// The columns of some rows.
#[derive(Debug)]
pub(super) struct Columns {
    rows: usize,
    columns: Vec<Column>,
    /// Not yet in the columns.
    waiting: Vec<Row>,
}

/// The values of a column.
#[derive(Debug)]
pub(super) enum Column {
    /// None of them is there.
    Nothing,
    /// Some are; [`NOTHING`] stands for those that are not.
    Some(Vec<i64>),
}

impl Columns {
    pub(super) fn new(table: Table) -> Self {
        let columns = table.columns().iter().map(|_| Column::Nothing).collect();
        Self { rows: 0, columns, waiting: Vec::with_capacity(BLOCK) }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows + self.waiting.len()
    }

    pub(super) fn push(&mut self, row: &Row) {
        self.waiting.push(*row);
        if self.waiting.len() == BLOCK {
            let waiting = std::mem::take(&mut self.waiting);
            self.turn(&waiting);
            self.waiting = waiting;
            self.waiting.clear();
        }
    }

    /// The columns of all rows, of which there are none then.
    pub(super) fn take(&mut self) -> (usize, Vec<Column>) {
        let waiting = std::mem::take(&mut self.waiting);
        self.turn(&waiting);
        let columns = self.columns.iter_mut().map(|column| std::mem::replace(column, Column::Nothing));
        (std::mem::take(&mut self.rows), columns.collect())
    }

    fn turn(&mut self, rows: &[Row]) {
        for (at, column) in self.columns.iter_mut().enumerate() {
            let values = rows.iter().map(|row| row.0[at]);
            match column {
                Column::Some(there) => there.extend(values),
                Column::Nothing if values.clone().all(|value| value == NOTHING) => {}
                Column::Nothing => {
                    let mut there = vec![NOTHING; self.rows];
                    there.extend(values);
                    *column = Column::Some(there);
                }
            }
        }
        self.rows += rows.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_are_those_of_the_rows(
            rows in proptest::collection::vec((0i64..9, any::<bool>()), 0..4 * BLOCK), first in 0usize..3 * BLOCK,
        ) {
            let mut columns = Columns::new(Table::Matrix);
            // What is not there at first may come later.
            let value = |at: usize, (value, is_there): (i64, bool)| if at >= first && is_there { value } else { NOTHING };
            let rows: Vec<Row> =
                rows.iter().enumerate().map(|(at, row)| Row::new(&[row.0, 2, 4, 0, 5, 6, 7, value(at, *row)])).collect();
            rows.iter().for_each(|row| columns.push(row));
            prop_assert_eq!(columns.len(), rows.len());
            let (many, found) = columns.take();
            prop_assert_eq!(many, rows.len());
            for (at, found) in found.iter().enumerate() {
                let expected: Vec<i64> = rows.iter().map(|row| row.0[at]).collect();
                let found = match found {
                    Column::Nothing => vec![NOTHING; many],
                    Column::Some(there) => there.clone(),
                };
                prop_assert_eq!(found, expected, "column {}", at);
            }
            prop_assert_eq!(columns.len(), 0);
        }
    }
}
