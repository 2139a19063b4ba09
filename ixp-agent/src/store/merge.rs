//! Sorted segments in, one out, and beside it the sums of longer steps: in memory that does not grow with their rows.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;

use super::disk::Disk;
use super::segment::read::Reader;
use super::segment::write::{Writer, Written};
use super::segment::{self, Kin};
use super::step::Step;
use super::table::{Row, Table};

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
    open: Option<Ranked>,
}

/// The key of a row as [`Row::rank`] has it.
type Rank = (u128, i64);
/// A row, and its key but for its time.
pub(super) type Ranked = (u128, Row);

impl Output {
    pub(super) fn new(kin: Kin, keeps_peaks: bool, writer: Writer) -> Self {
        Self { step: kin.step, keeps_peaks, writer, open: None }
    }

    /// Takes the next row, which may be of the same step as the last one.
    #[inline]
    fn take(&mut self, table: Table, (place, row): &Ranked) -> io::Result<()> {
        let (row, time) = (row.of_step(table, self.step.millis()), table.time());
        match &mut self.open {
            Some((of, open)) if of == place && open.0[time] == row.0[time] => open.join(table, &row),
            open => {
                if let Some((_, closed)) = open.replace((*place, row)) {
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
        if let Some((_, closed)) = self.open.take() {
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
    while let Some((place, row)) = rows.next_row()? {
        // Nothing is finer than these, so here begins what peaks are.
        let row = (place, if kin.step == Step::TenSeconds { row.with_peaks(table) } else { row });
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
    /// By input, its next row.
    next: Vec<Row>,
}

impl Rows {
    pub(super) fn new(table: Table, inputs: Vec<Reader>) -> Result<Self, segment::Error> {
        let next = vec![Row::new(&[]); inputs.len()];
        let mut rows = Self { table, heads: BinaryHeap::with_capacity(inputs.len()), inputs, next };
        for from in 0..rows.inputs.len() {
            if let Some(row) = rows.inputs[from].next_row()? {
                rows.next[from] = row;
                rows.heads.push(Head { rank: row.rank(table), from });
            }
        }
        Ok(rows)
    }

    /// The next row.
    pub(super) fn next_row(&mut self) -> Result<Option<Ranked>, segment::Error> {
        let Some((rank, mut row)) = self.take()? else {
            return Ok(None);
        };
        while self.heads.peek().is_some_and(|head| head.rank == rank)
            && let Some((_, same)) = self.take()?
        {
            row.join(self.table, &same);
        }
        Ok(Some((rank.0, row)))
    }

    /// The first row of all inputs, behind which its input's next one comes.
    fn take(&mut self) -> Result<Option<(Rank, Row)>, segment::Error> {
        let Some(mut head) = self.heads.peek_mut() else {
            return Ok(None);
        };
        let (rank, row) = (head.rank, self.next[head.from]);
        match self.inputs[head.from].next_row()? {
            Some(next) => {
                head.rank = next.rank(self.table);
                self.next[head.from] = next;
            }
            None => drop(PeekMut::pop(head)),
        }
        Ok(Some((rank, row)))
    }
}

/// Where the next row of an input comes; the greatest is the one that comes first.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    rank: Rank,
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
