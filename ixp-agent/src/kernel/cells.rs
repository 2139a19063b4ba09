//! The cells of numbered stations in mapped memory in, what each pair exchanged since the last reading out.

mod words;

use std::os::fd::AsFd as _;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use aya::maps::Map;
use ixp_common::addr::Mac;
use ixp_common::cells::{CellKey, LINE_CELLS, STATION_NUMBERS};
use ixp_common::counters::{Counts, PairKey, StationKey};
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

/// Who sent the first frame of a pair, which is not yet counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newcomer {
    /// Its VLAN and address.
    pub station: StationKey,
    /// The slot of the interface that its frame came in by.
    pub slot: u32,
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

    /// Appends the frames that are noted and not yet counted, and who sent the first ones of a pair; to be called
    /// after the cells, and all else that they may be counted in, were read.
    pub(super) fn noted(
        &self,
        book: &mut PairBook,
        noted: &mut Vec<(PairId, Counts)>,
        newcomers: &mut Vec<Newcomer>,
    ) {
        AtomicU64::fence();
        for batch in self.batches.words().chunks_exact(BATCH_WORDS) {
            for note in words::notes(batch) {
                let (pair, met) = (pair(note.key(), &self.addresses), book.keys().len());
                noted.push((book.id(&pair), Counts::frame(note.bytes())));
                if book.keys().len() > met {
                    let station = StationKey::new(pair.vlan(), pair.source());
                    newcomers.push(Newcomer { station, slot: note.slot() });
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

/// A cell's pair by addresses, which were written before their numbers were used.
fn pair(key: CellKey, addresses: &Mapped) -> PairKey {
    let address = |number: u16| Mac::from_bits(addresses.words()[usize::from(number)].load(Relaxed));
    PairKey::new(key.vlan(), address(key.source()), address(key.destination()), key.family())
}
