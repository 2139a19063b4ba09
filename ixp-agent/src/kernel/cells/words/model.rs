//! A program that counts and an agent that reads, in every order that a machine may give their steps.

use ixp_common::addr::{Family, VlanId};
use ixp_common::cells::{Cell, CellKey, Note};
use ixp_common::counters::Counts;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};
use loom::sync::atomic::{AtomicU64, fence};
use loom::thread;

use super::{CELL_WORDS, FIRST_NOTE, LAP, NOTE_WORDS, Region, Word, notes};
use crate::kernel::ahead::Ahead;
use crate::pairs::PairId;

/// Notes of the model: as many as are counted at once.
const NOTES: usize = 2;
const FRAMES: u64 = 3;
const BYTES: u32 = 60;

impl Word for AtomicU64 {
    fn load(&self, ordering: std::sync::atomic::Ordering) -> u64 {
        self.load(ordering)
    }

    fn fence() {
        fence(Acquire);
    }
}

/// The pair of all frames.
fn only() -> PairId {
    PairId::from_index(0)
}

/// One CPU's memory: its batch, one cell, and how many frames its program has seen.
struct Memory {
    batch: Vec<AtomicU64>,
    cell: [AtomicU64; CELL_WORDS],
    seen: AtomicU64,
}

impl Memory {
    fn new() -> Self {
        let batch = (0..FIRST_NOTE + NOTES * NOTE_WORDS).map(|_| AtomicU64::new(0)).collect();
        Self { batch, cell: [AtomicU64::new(0), AtomicU64::new(0)], seen: AtomicU64::new(0) }
    }

    /// As `cells::note` and `ixp_count_notes` of the program do it. `len` is theirs alone.
    fn frame(&self, len: &mut usize) {
        let key = CellKey::new(1, 2, VlanId::UNTAGGED, Family::Ipv4);
        self.seen.fetch_add(1, SeqCst);
        let lap = self.batch[LAP].load(Relaxed);
        let at = FIRST_NOTE + *len * NOTE_WORDS;
        store(&self.batch[at..], Note::new(key, 1, BYTES, lap).words());
        *len += 1;
        if *len < NOTES {
            return;
        }
        self.exchange(lap + 1);
        *len = 0;
        for _ in 0..NOTES {
            let cell = Cell::from_words([self.cell[0].load(Relaxed), self.cell[1].load(Relaxed)]);
            let counted = if cell.is_free() { Cell::first(key, BYTES) } else { cell.with_frame(BYTES) };
            store(&self.cell, counted.words());
        }
        self.exchange(lap + 2);
    }

    fn exchange(&self, lap: u64) {
        fence(SeqCst);
        self.batch[LAP].swap(lap, SeqCst);
        fence(SeqCst);
    }
}

fn store(words: &[AtomicU64], [first, second]: [u64; 2]) {
    words[0].store(first, Relaxed);
    words[1].store(second, Relaxed);
}

/// What the agent knows of it.
struct Reader {
    region: Region,
    ahead: Ahead,
    told: Counts,
}

impl Reader {
    fn new() -> Self {
        Self { region: Region::new(1), ahead: Ahead::default(), told: Counts::default() }
    }

    fn read(&mut self, memory: &Memory) {
        let mut grown = Vec::new();
        self.region.grow(&memory.batch, &memory.cell, |_| only(), &mut grown);
        AtomicU64::fence();
        let noted: Vec<_> = notes(&memory.batch).map(|note| (only(), Counts::frame(note.bytes()))).collect();
        self.ahead.settle(1, &noted, &mut grown);
        grown.into_iter().for_each(|(_, counts)| self.told.add(counts));
    }
}

#[test]
fn no_frame_is_told_twice_none_is_lost_and_the_last_ones_are_told() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let memory = Arc::new(Memory::new());
        let program = Arc::clone(&memory);
        let writer = thread::spawn(move || {
            let mut len = 0;
            (0..FRAMES).for_each(|_| program.frame(&mut len));
        });
        let mut reader = Reader::new();
        for _ in 0..2 {
            reader.read(&memory);
            let seen = memory.seen.fetch_add(0, SeqCst);
            assert!(reader.told.packets <= seen, "{:?} of {seen}", reader.told);
            assert!(reader.told.bytes <= seen * u64::from(BYTES), "{:?} of {seen}", reader.told);
        }
        writer.join().expect("it ends");
        reader.read(&memory);
        let sent = Counts { packets: FRAMES, bytes: FRAMES * u64::from(BYTES) };
        assert_eq!(reader.told, sent);
    });
}
