//! Words of one CPU's cells and notes in, what they say of that moment out.
//!
//! A program writes them meanwhile, without locks. A cell and a note consist of two words that are each written at once
//! and say whose they are, so whatever is read is right or seen to be unfinished, and what is missing comes with the
//! next reading. Cells are read first and notes after a fence: see [`Batch`] for why no frame is then found in
//! both. `model.rs` tries every order in which a machine may do it.

#[cfg(test)]
mod model;

use std::mem::offset_of;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed};
use std::sync::atomic::{AtomicU64, fence};

use ixp_common::cells::{Batch, Cell, CellKey, NOTES, Note, growth};
use ixp_common::counters::Counts;

use crate::pairs::PairId;

const WORD: usize = size_of::<u64>();
const LAP: usize = offset_of!(Batch, lap) / WORD;
const FIRST_NOTE: usize = offset_of!(Batch, notes) / WORD;
const NOTE_WORDS: usize = size_of::<Note>() / WORD;
/// Words of a [`Batch`].
pub(super) const BATCH_WORDS: usize = size_of::<Batch>() / WORD;
/// Words of a [`Cell`].
pub(super) const CELL_WORDS: usize = size_of::<Cell>() / WORD;

/// A word that others write: of the machine, or of its model.
pub(super) trait Word {
    /// Reads it at once.
    fn load(&self, ordering: Ordering) -> u64;
    /// What is read from here on is not older than what was read before.
    fn fence();
}

impl Word for AtomicU64 {
    fn load(&self, ordering: Ordering) -> u64 {
        self.load(ordering)
    }

    fn fence() {
        fence(Acquire);
    }
}

/// What was told of one CPU's cells.
#[derive(Debug)]
pub(super) struct Region {
    /// Each as it was when it was told of.
    told: Vec<Cell>,
    /// Of each that was told of, its pair.
    ids: Vec<PairId>,
    /// The lap behind which all were read.
    lap: Option<u64>,
}

impl Region {
    /// Nothing told of this many cells.
    pub(super) fn new(cells: usize) -> Self {
        Self { told: vec![Cell::default(); cells], ids: vec![PairId::from_index(0); cells], lap: None }
    }

    /// Appends what the cells counted since they were told of, under the numbers that `id` gives their pairs.
    pub(super) fn grow<W: Word>(
        &mut self,
        batch: &[W],
        cells: &[W],
        mut id: impl FnMut(CellKey) -> PairId,
        grown: &mut Vec<(PairId, Counts)>,
    ) {
        // Whatever a cell counts after this makes the lap another one.
        let lap = batch[LAP].load(Acquire);
        if self.lap == Some(lap) {
            return;
        }
        for ((words, told), known) in cells.chunks_exact(CELL_WORDS).zip(&mut self.told).zip(&mut self.ids) {
            let cell = Cell::from_words([words[0].load(Relaxed), words[1].load(Relaxed)]);
            if cell == *told {
                continue;
            }
            let Some(key) = cell.key() else { continue };
            if told.is_free() {
                *known = id(key);
            }
            grown.push((*known, growth(cell.counts(), told.counts())));
            *told = cell;
        }
        self.lap = Some(lap);
    }
}

/// The frames that are noted and not yet counted: none while the lap is odd.
pub(super) fn notes<W: Word>(batch: &[W]) -> impl Iterator<Item = Note> {
    let lap = batch[LAP].load(Acquire);
    let words = batch[FIRST_NOTE..].chunks_exact(NOTE_WORDS).take(NOTES);
    let notes = words.map(|words| Note::from_words([words[0].load(Relaxed), words[1].load(Relaxed)]));
    notes.filter(move |note| note.is_of(lap))
}
