//! The cells of numbered stations in mapped memory in, what each pair exchanged since the last reading out.

mod words;

use std::os::fd::AsFd as _;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use aya::maps::Map;
use ixp_common::addr::Mac;
use ixp_common::cells::{CellKey, LINE_CELLS, STATION_NUMBERS};
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names::{BATCHES, CELLS, NUMBERED};

use self::words::{BATCH_WORDS, CELL_WORDS, Region, Word as _};
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
    /// By CPU.
    regions: Vec<Region>,
}

impl CellTable {
    /// Maps the maps, which have `lines` lines for each of `cpus` CPUs.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(super) fn new(
        (batches, cells): (Map, Map),
        addresses: &Map,
        cpus: u32,
        lines: u32,
    ) -> Result<Self, Error> {
        let (cpus, each) = (cpus as usize, lines as usize * LINE_CELLS);
        Ok(Self {
            addresses: mapped(NUMBERED, addresses, STATION_NUMBERS as usize)?,
            batches: mapped(BATCHES, &batches, cpus * BATCH_WORDS)?,
            cells: mapped(CELLS, &cells, cpus * each * CELL_WORDS)?,
            _maps: (batches, cells),
            regions: (0..cpus).map(|_| Region::new(each)).collect(),
        })
    }

    /// Cells in use at the last reading, on the CPU that has most.
    pub(super) fn fill(&self) -> usize {
        self.regions.iter().map(Region::fill).max().unwrap_or(0)
    }

    /// Appends what cells counted since the last reading, one entry per cell and CPU.
    pub(super) fn grow(&mut self, book: &mut PairBook, grown: &mut Vec<(PairId, Counts)>) {
        let Self { addresses, batches, cells, regions, .. } = self;
        let each = cells.words().len() / regions.len();
        let batches = batches.words().chunks_exact(BATCH_WORDS);
        let cells = cells.words().chunks_exact(each);
        for ((batch, cells), region) in batches.zip(cells).zip(regions) {
            region.grow(batch, cells, |key| book.id(&pair(key, addresses)), grown);
        }
    }

    /// Appends the frames that are noted and not yet counted; to be called after the cells, and all else that they
    /// may be counted in, were read.
    pub(super) fn noted(&self, book: &mut PairBook, noted: &mut Vec<(PairId, Counts)>) {
        AtomicU64::fence();
        for batch in self.batches.words().chunks_exact(BATCH_WORDS) {
            let notes = words::notes(batch);
            noted.extend(
                notes.map(|note| (book.id(&pair(note.key(), &self.addresses)), Counts::frame(note.bytes()))),
            );
        }
    }
}

fn mapped(name: &'static str, map: &Map, words: usize) -> Result<Mapped, Error> {
    let Map::Array(map) = map else {
        return Err(Error::map("type", name, "not an array"));
    };
    Mapped::new(map.fd().as_fd(), words).map_err(|error| Error::map("mapping", name, error))
}

/// A cell's pair by addresses, which were written before their numbers were used.
fn pair(key: CellKey, addresses: &Mapped) -> PairKey {
    let address = |number: u16| Mac::from_bits(addresses.words()[usize::from(number)].load(Relaxed));
    PairKey::new(key.vlan(), address(key.source()), address(key.destination()), key.family())
}
