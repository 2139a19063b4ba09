//! The matrix's cells between numbered stations: frames noted, and counted 32 at a time. Pairs for which there is
//! no room here have it in [`pairs`](crate::pairs).

use core::hint::cold_path;
use core::ptr::{addr_of, read_volatile};

use aya_ebpf::bindings::BPF_F_MMAPABLE;
use aya_ebpf::helpers::bpf_get_smp_processor_id;
use aya_ebpf::macros::map;
use aya_ebpf::maps::Array;
use ixp_common::addr::Mac;
use ixp_common::cells::{Batch, Cell, CellKey, LINE_CELLS, Line, NOTES, Note, PROBES, STATION_NUMBERS};
use ixp_common::counters::PairKey;
use ixp_ebpf::assembly::{exchange, ones_if_zero};

use crate::pairs::{self, Recorded, Table};
use crate::{ports, stations};

/// A [`Batch`] per CPU; the agent says how many there are.
#[map]
static BATCHES: Array<Batch> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// [`CELL_LINES`] per CPU, one CPU's after the other's.
#[map]
static CELLS: Array<Line> = Array::with_max_entries(2, BPF_F_MMAPABLE);

/// The addresses of numbered stations, as [`Mac::to_bits`].
#[map]
static NUMBERED: Array<u64> = Array::with_max_entries(STATION_NUMBERS, BPF_F_MMAPABLE);

/// Lines that each CPU has; the agent sets it before the program is loaded.
#[unsafe(no_mangle)]
static CELL_LINES: u32 = 2;

/// What became of a frame.
pub enum Noted {
    /// It is counted with those that follow.
    Yes,
    /// It is counted with those before it, now: [`count`] is to be called for this CPU.
    Last(u32),
    /// There is no place for it.
    No,
}

/// Notes a frame of an interface.
#[inline(always)]
pub fn note(key: CellKey, slot: u32, bytes: u32) -> Noted {
    // SAFETY: the helper has no preconditions.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    let Some(batch) = BATCHES.get_ptr_mut(cpu) else {
        return Noted::No;
    };
    // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU. The agent reads words of
    // it meanwhile, each of which is written at once.
    let batch = unsafe { &mut *batch };
    let len = batch.len;
    #[expect(clippy::cast_possible_truncation, reason = "below NOTES")]
    let len = len as usize;
    if len >= NOTES || bytes > Note::LONGEST {
        return Noted::No;
    }
    batch.notes[len] = Note::new(key, slot, bytes, batch.lap);
    // Known beforehand, so that all lines can be asked for in one go.
    batch.lines[len] = place(cpu, key, 0);
    batch.len += 1;
    if batch.len == NOTES as u64 { Noted::Last(cpu) } else { Noted::Yes }
}

/// Counts the notes of this CPU, all of which are taken. Whether one of them is the first of its CPU and slot that finds
/// no room anywhere.
#[inline(always)]
pub fn count(cpu: u32) -> bool {
    let counted = ixp_count_notes(cpu);
    let (mut new, without) = (counted & FIRST, counted >> NOTES);
    let mut is_first_missed = false;
    if without != 0 {
        let elsewhere = ixp_count_elsewhere(cpu, without);
        new |= elsewhere & FIRST;
        is_first_missed = elsewhere >> NOTES != 0;
    }
    if new != 0 {
        ixp_discover(cpu, new);
    }
    is_first_missed
}

/// A bit per note.
const FIRST: u64 = (1 << NOTES) - 1;

/// Counts in cells. Gives a bit per note whose cell is new, and above those one per note without a cell.
///
/// A global function of numbers, which the verifier looks at once, as the others here.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_count_notes(cpu: u32) -> u64 {
    let Some(batch) = BATCHES.get_ptr_mut(cpu) else {
        return 0;
    };
    // SAFETY: as in `note`.
    let batch = unsafe { &mut *batch };
    let lap = batch.lap;
    // SAFETY: a word of this CPU's entry.
    unsafe { exchange(&raw mut batch.lap, lap.wrapping_add(1)) };
    batch.len = 0;
    // Compilers repeat the body of a short loop, and leave a long one as it is, at a twentieth of a frame's time.
    for lines in batch.lines.as_chunks::<8>().0 {
        for line in lines {
            touch(*line);
        }
    }
    let mut is_any_left = false;
    for (notes, lines) in batch.notes.as_chunks::<8>().0.iter().zip(batch.lines.as_chunks_mut::<8>().0) {
        for (note, line) in notes.iter().zip(lines) {
            if !add_to_known(*line, *note) {
                *line = LEFT;
                is_any_left = true;
            }
        }
    }
    let left = if is_any_left { ixp_count_left(cpu) } else { 0 };
    // SAFETY: as above.
    unsafe { exchange(&raw mut batch.lap, lap.wrapping_add(2)) };
    left
}

/// The line of a note whose cell is new, or not where it most likely is. No map has as many.
const LEFT: u32 = u32::MAX;

/// Counts the notes that are [left](LEFT). Gives what [`ixp_count_notes`] does.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_count_left(cpu: u32) -> u64 {
    let Some(batch) = BATCHES.get_ptr(cpu) else {
        return 0;
    };
    // SAFETY: as in `note`.
    let batch = unsafe { &*batch };
    let mut left = 0;
    for (at, (note, line)) in batch.notes.iter().zip(&batch.lines).enumerate() {
        if *line != LEFT {
            continue;
        }
        match add(cpu, *note) {
            Added::Known => {}
            Added::New => left |= 1 << at,
            Added::NoRoom => left |= 1 << (at + NOTES),
        }
    }
    left
}

/// What became of a note.
enum Added {
    Known,
    New,
    NoRoom,
}

/// Asks for a line: none waits for the one before.
#[inline(always)]
fn touch(line: u32) {
    if let Some(line) = CELLS.get_ptr(line) {
        // SAFETY: an entry of the map, read as one word.
        let _word = unsafe { read_volatile(line.cast::<u64>()) };
    }
}

/// Counts a frame in its cell if that is in the line `first`, as most are, in whichever place: where it is no branch depends
/// on, which the processor would guess wrong every other time. Two of the same numbers, of other VLANs or families, make it
/// look in a place that is neither's, and it finds nothing.
#[inline(always)]
fn add_to_known(first: u32, note: Note) -> bool {
    let Some(line) = CELLS.get_ptr_mut(first) else {
        return false;
    };
    // SAFETY: as in `add`.
    let cells = unsafe { &mut (*line).cells };
    let key = note.key();
    let [_, b, c, d] = cells.map(|cell| cell.distance(key));
    let place = ones_if_zero::<1>(b) + (ones_if_zero::<1>(c) << 1) + ones_if_zero::<2>(d);
    #[expect(clippy::cast_possible_truncation, reason = "at most 3")]
    let cell = &mut cells[place as usize & (LINE_CELLS - 1)];
    if let Some(counted) = cell.counted(key, note.bytes()) {
        *cell = counted;
        return true;
    }
    cold_path();
    false
}

/// Counts a frame in its cell.
#[inline(always)]
fn add(cpu: u32, note: Note) -> Added {
    let key = note.key();
    for probe in 0..PROBES {
        let Some(line) = CELLS.get_ptr_mut(place(cpu, key, probe)) else {
            return Added::NoRoom;
        };
        // SAFETY: this CPU's line; otherwise as in `note`.
        for cell in unsafe { &mut (*line).cells } {
            if cell.is_of(key) {
                *cell = cell.with_frame(note.bytes());
                return Added::Known;
            }
            if cell.is_free() {
                *cell = Cell::first(key, note.bytes());
                return Added::New;
            }
        }
    }
    Added::NoRoom
}

/// Where a cell of this CPU may be.
#[inline(always)]
fn place(cpu: u32, key: CellKey, probe: usize) -> u32 {
    // SAFETY: a number in the object's read-only data.
    let lines = unsafe { read_volatile(addr_of!(CELL_LINES)) };
    cpu.wrapping_mul(lines).wrapping_add(key.spread().line(probe, lines))
}

/// Counts those of the notes that have no cell among the pairs. Gives a bit per note whose pair is new, and one above
/// those if a pair is the first of its slot that finds no room.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_count_elsewhere(cpu: u32, which: u64) -> u64 {
    let mut found = 0;
    for at in 0..NOTES {
        let (true, Some(note)) = (which >> at & 1 == 1, taken(cpu, at)) else {
            continue;
        };
        // Every number has an entry, which the verifier does not know.
        let Some(pair) = pair(note.key()) else {
            continue;
        };
        match pairs::record(&pair, Table::Members, note.bytes()) {
            Recorded::Known => {}
            Recorded::New => found |= 1 << at,
            Recorded::Missed => {
                if let Some(counters) = ports::counters(note.slot()) {
                    found |= u64::from(pairs::missed(counters, note.bytes())) << NOTES;
                }
            }
        }
    }
    found
}

/// Reports the sources of those of the notes that are the first of their pair.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_discover(cpu: u32, which: u64) -> u64 {
    for at in 0..NOTES {
        if which >> at & 1 == 1
            && let Some(note) = taken(cpu, at)
            && let (Some(pair), Some(counters)) = (pair(note.key()), ports::counters(note.slot()))
        {
            stations::discover(&pair, note.slot(), counters);
        }
    }
    0
}

/// A note of this CPU.
#[inline(always)]
fn taken(cpu: u32, at: usize) -> Option<Note> {
    // SAFETY: as in `note`.
    BATCHES.get_ptr(cpu).map(|batch| unsafe { (*batch).notes[at & (NOTES - 1)] })
}

/// A cell's key by addresses.
#[inline(always)]
fn pair(key: CellKey) -> Option<PairKey> {
    let source = NUMBERED.get(u32::from(key.source()))?;
    let destination = NUMBERED.get(u32::from(key.destination()))?;
    Some(PairKey::new(key.vlan(), Mac::from_bits(*source), Mac::from_bits(*destination), key.family()))
}
