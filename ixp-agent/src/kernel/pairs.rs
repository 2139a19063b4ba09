//! Cells, pair tables and notes in, what each pair exchanged since the last reading out.

use std::mem;

use aya::maps::Map;
use ixp_common::counters::Counts;
use ixp_common::names::{PAIRS, STRANGER_PAIRS};

use super::Error;
use super::ahead::Ahead;
use super::cells::CellTable;
pub use super::cells::Newcomer;
use super::hashed::HashedPairs;
use crate::pairs::{PairBook, PairId};

/// Where pairs are counted: in cells between numbered stations, among the other pairs of members, and among those
/// which forged addresses can make.
#[derive(Debug)]
pub struct PairTable {
    cells: CellTable,
    members: HashedPairs,
    strangers: HashedPairs,
    book: PairBook,
    ahead: Ahead,
    /// What all three counted, and of which nothing was told yet.
    counted: Vec<(PairId, Counts)>,
    /// Frames that are noted and not counted.
    noted: Vec<(PairId, Counts)>,
    newcomers: Vec<Newcomer>,
}

impl PairTable {
    /// Takes the maps.
    pub(super) fn new(cells: CellTable, members: Map, strangers: Map) -> Result<Self, Error> {
        Ok(Self {
            cells,
            members: HashedPairs::new(PAIRS, members)?,
            strangers: HashedPairs::new(STRANGER_PAIRS, strangers)?,
            book: PairBook::default(),
            ahead: Ahead::default(),
            counted: Vec::new(),
            noted: Vec::new(),
            newcomers: Vec::new(),
        })
    }

    /// Pairs that were met: members', each of which has a cell on the CPUs that saw it, and strangers'.
    #[must_use]
    pub fn fill(&self) -> [usize; 2] {
        let strangers = self.strangers.fill();
        [self.book.keys().len().saturating_sub(strangers), strangers]
    }

    /// Takes who was met in frames that are noted and not yet counted; the kernel reports others itself.
    pub fn take_newcomers(&mut self) -> Vec<Newcomer> {
        mem::take(&mut self.newcomers)
    }

    /// The pairs that were met, with the numbers by which they are told of.
    #[must_use]
    pub fn book(&self) -> &PairBook {
        &self.book
    }

    /// Appends what each pair exchanged since it was last told of, frames that are noted and not yet in its cell
    /// included. A pair can come several times: once per CPU, and one that was registered while its first frames came
    /// can be in all tables. What is appended is told, and does not come again.
    ///
    /// # Errors
    /// [`Error::Map`]. What was read before comes with the next reading.
    pub fn grow(&mut self, grown: &mut Vec<(PairId, Counts)>) -> Result<(), Error> {
        let Self { cells, members, strangers, book, ahead, counted, noted, newcomers } = self;
        cells.grow(book, counted);
        members.grow(book, counted)?;
        strangers.grow(book, counted)?;
        noted.clear();
        cells.noted(book, noted, newcomers);
        ahead.settle(book.keys().len(), noted, counted);
        if grown.is_empty() {
            mem::swap(grown, counted);
        } else {
            grown.append(counted);
        }
        Ok(())
    }
}
