//! The cells of numbered stations in mapped memory in, what each pair exchanged since the last reading out.
//!
//! A program writes them meanwhile, without locks. A cell and a note consist of words that are written at once and say
//! whose they are, so whatever was read is right or seen to be unfinished; what is missing comes with the next
//! reading. The order in which cells and notes are read makes sure that no frame is found in both: see
//! [`Batch`].

use std::mem::offset_of;
use std::os::fd::AsFd as _;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicU64, fence};

use aya::maps::Map;
use ixp_common::addr::Mac;
use ixp_common::cells::{Batch, Cell, CellKey, LINE_CELLS, NOTES, Note, STATION_NUMBERS, growth};
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names::{BATCHES, CELLS, NUMBERED};

use super::Error;
use super::mapped::Mapped;
use crate::pairs::{PairBook, PairId};

/// CPUs that have cells: those up to the last that is online. One that comes later counts where pairs without a
/// cell do.
///
/// # Errors
/// [`Error::Map`].
pub(super) fn cpus() -> Result<u32, Error> {
    let online = aya::util::online_cpus().map_err(|(_, error)| Error::map("CPU count", CELLS, error))?;
    Ok(online.into_iter().max().map_or(1, |last| last + 1))
}

/// The cells, and what was told of them.
#[derive(Debug)]
pub(super) struct CellTable {
    /// Kept open: what a process's maps take is found by their descriptors.
    _maps: (Map, Map),
    addresses: Mapped,
    batches: Mapped,
    cells: Mapped,
    /// Per CPU, the lap behind which its cells were read; `None` if they may have changed since.
    laps: Vec<Option<u64>>,
    /// Per cell, as it was when it was told of.
    told: Vec<Cell>,
    /// Per cell that was told of, its pair.
    ids: Vec<PairId>,
    /// Per CPU, cells that were told of.
    fill: Vec<usize>,
}

const WORD: usize = size_of::<u64>();
const BATCH_WORDS: usize = size_of::<Batch>() / WORD;
const CELL_WORDS: usize = size_of::<Cell>() / WORD;
const NOTE_WORDS: usize = size_of::<Note>() / WORD;
const LAP: usize = offset_of!(Batch, lap) / WORD;
const FIRST_NOTE: usize = offset_of!(Batch, notes) / WORD;

impl CellTable {
    /// Maps the maps, which have `lines` lines for each of `cpus` CPUs.
    pub(super) fn new(
        (batches, cells): (Map, Map),
        addresses: &Map,
        cpus: u32,
        lines: u32,
    ) -> Result<Self, Error> {
        let cpus = cpus as usize;
        let number = cpus * lines as usize * LINE_CELLS;
        Ok(Self {
            addresses: mapped(NUMBERED, addresses, STATION_NUMBERS as usize)?,
            batches: mapped(BATCHES, &batches, cpus * BATCH_WORDS)?,
            cells: mapped(CELLS, &cells, number * CELL_WORDS)?,
            _maps: (batches, cells),
            laps: vec![None; cpus],
            told: vec![Cell::default(); number],
            ids: vec![PairId::from_index(0); number],
            fill: vec![0; cpus],
        })
    }

    /// Cells in use at the last reading, on the CPU that has most.
    pub(super) fn fill(&self) -> usize {
        self.fill.iter().copied().max().unwrap_or(0)
    }

    /// Adds what cells counted since the last reading, one entry per cell and CPU.
    pub(super) fn grow(&mut self, book: &mut PairBook, grown: &mut Vec<(PairId, Counts)>) {
        let Self { addresses, batches, cells, laps, told, ids, fill, _maps } = self;
        let each = told.len() / laps.len();
        let batches = batches.words().chunks_exact(BATCH_WORDS);
        let cells = cells.words().chunks_exact(each * CELL_WORDS);
        let told = told.chunks_exact_mut(each).zip(ids.chunks_exact_mut(each));
        for (((batch, words), (told, ids)), (before, fill)) in batches.zip(cells).zip(told).zip(laps.iter_mut().zip(fill)) {
            // Of those of the lap that it was when the last reading of these cells began, all had been counted.
            let lap = lap(batch);
            if lap.is_some() && *before == lap {
                continue;
            }
            for ((words, told), id) in words.chunks_exact(CELL_WORDS).zip(told).zip(ids) {
                let cell = Cell::from_words([words[0].load(Relaxed), words[1].load(Relaxed)]);
                if cell == *told {
                    continue;
                }
                let Some(key) = cell.key() else { continue };
                if told.is_free() {
                    *id = book.id(&pair(key, addresses));
                    *fill += 1;
                }
                grown.push((*id, growth(cell.counts(), told.counts())));
                *told = cell;
            }
            *before = lap;
        }
    }

    /// Adds the frames that are noted and not yet counted; to be called after the cells, and all else that they may be
    /// counted in, were read.
    pub(super) fn noted(&self, book: &mut PairBook, noted: &mut Vec<(PairId, Counts)>) {
        fence(Acquire);
        for batch in self.batches.words().chunks_exact(BATCH_WORDS) {
            let Some(lap) = lap(batch) else { continue };
            for words in batch[FIRST_NOTE..].chunks_exact(NOTE_WORDS).take(NOTES) {
                let note = Note::from_words([words[0].load(Relaxed), words[1].load(Relaxed)]);
                if note.is_of(lap) {
                    noted.push((book.id(&pair(note.key(), &self.addresses)), Counts::frame(note.bytes())));
                }
            }
        }
    }
}

fn mapped(name: &'static str, map: &Map, words: usize) -> Result<Mapped, Error> {
    let Map::Array(map) = map else {
        return Err(Error::map("type", name, "not an array"));
    };
    Mapped::new(map.fd().as_fd(), words).map_err(|error| Error::map("mapping", name, error))
}

/// The lap of a batch; `None` while it is counted.
fn lap(batch: &[AtomicU64]) -> Option<u64> {
    let lap = batch[LAP].load(Acquire);
    lap.is_multiple_of(2).then_some(lap)
}

/// A cell's pair by addresses, which were written before their numbers were used.
fn pair(key: CellKey, addresses: &Mapped) -> PairKey {
    let address = |number: u16| Mac::from_bits(addresses.words()[usize::from(number)].load(Relaxed));
    PairKey::new(key.vlan(), address(key.source()), address(key.destination()), key.family())
}
