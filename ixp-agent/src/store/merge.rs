//! Sorted segments in, one out, and beside it the sums of longer steps: in memory that does not grow with their rows.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;

use super::disk::Disk;
use super::segment::read::Reader;
use super::segment::write::{Writer, Written};
use super::segment::{self, Kin};
use super::table::{Row, Step, Table};

/// Rows between two calls of who bounds the share of a processor that merging takes.
const PACE: u64 = 1 << 16;

/// Why segments were not merged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One that was read.
    #[error(transparent)]
    Read(#[from] segment::Error),
    /// One that was written.
    #[error("{0}")]
    Write(#[from] io::Error),
    /// It is to be done another time.
    #[error("stopped")]
    Stopped,
}

/// A segment that is made, of a step of its own.
pub(super) struct Output {
    step: Step,
    keeps_peaks: bool,
    writer: Writer,
    open: Option<Row>,
}

impl Output {
    pub(super) fn new(kin: Kin, keeps_peaks: bool, writer: Writer) -> Self {
        Self { step: kin.step, keeps_peaks, writer, open: None }
    }

    /// Takes the next row, which may be of the same step as the last one.
    fn take(&mut self, table: Table, row: &Row) -> io::Result<()> {
        let row = row.of_step(table, self.step.millis());
        match &mut self.open {
            Some(open) if open.rank(table) == row.rank(table) => open.join(table, &row),
            open => {
                if let Some(closed) = open.replace(row) {
                    self.write(table, &closed)?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, table: Table, row: &Row) -> io::Result<()> {
        let row = if self.keeps_peaks { *row } else { row.without_peaks(table) };
        self.writer.push(&row)
    }

    fn finish(mut self, table: Table, disk: &dyn Disk) -> io::Result<Written> {
        if let Some(closed) = self.open.take() {
            self.write(table, &closed)?;
        }
        self.writer.finish(disk)
    }
}

/// Merges segments of one kind. Rows of the same key become one. `pace` is called now and then, may wait, and says whether to go on.
pub(super) fn merge(
    disk: &dyn Disk,
    kin: Kin,
    inputs: Vec<Reader>,
    mut outputs: Vec<Output>,
    pace: &mut dyn FnMut() -> bool,
) -> Result<Vec<Written>, Error> {
    let table = kin.table;
    let mut rows = Rows::new(table, inputs)?;
    let mut taken = 0;
    while let Some(row) = rows.next_row()? {
        // Nothing is finer than these, so here begins what peaks are.
        let row = if kin.step == Step::TenSeconds { row.with_peaks(table) } else { row };
        for output in &mut outputs {
            output.take(table, &row)?;
        }
        taken += 1;
        if taken % PACE == 0 && !pace() {
            return Err(Error::Stopped);
        }
    }
    Ok(outputs.into_iter().map(|output| output.finish(table, disk)).collect::<Result<_, _>>()?)
}

/// The rows of several segments in the order of their keys, those of the same key joined.
pub(super) struct Rows {
    table: Table,
    inputs: Vec<Reader>,
    heads: BinaryHeap<Head>,
}

impl Rows {
    pub(super) fn new(table: Table, inputs: Vec<Reader>) -> Result<Self, segment::Error> {
        let mut rows = Self { table, heads: BinaryHeap::with_capacity(inputs.len()), inputs };
        for from in 0..rows.inputs.len() {
            rows.advance(from)?;
        }
        Ok(rows)
    }

    /// The next row.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, segment::Error> {
        let Some(mut row) = self.take()? else {
            return Ok(None);
        };
        let rank = row.rank(self.table);
        while self.heads.peek().is_some_and(|head| head.rank == rank)
            && let Some(same) = self.take()?
        {
            row.join(self.table, &same);
        }
        Ok(Some(row))
    }

    /// The first row of all inputs, behind which its input's next one comes.
    fn take(&mut self) -> Result<Option<Row>, segment::Error> {
        let Some(mut head) = self.heads.peek_mut() else {
            return Ok(None);
        };
        let row = head.row;
        match self.inputs[head.from].next_row()? {
            Some(next) => (head.rank, head.row) = (next.rank(self.table), next),
            None => drop(PeekMut::pop(head)),
        }
        Ok(Some(row))
    }

    fn advance(&mut self, from: usize) -> Result<(), segment::Error> {
        if let Some(row) = self.inputs[from].next_row()? {
            self.heads.push(Head { rank: row.rank(self.table), row, from });
        }
        Ok(())
    }
}

/// The next row of an input; the greatest is the one that comes first.
struct Head {
    rank: (u128, i64),
    row: Row,
    from: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        other.rank.cmp(&self.rank).then(other.from.cmp(&self.from))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}
