//! A frame, noted; 32 of them wait to be counted.

use super::{Cell, CellKey, FAMILY_BITS, NUMBER_BITS, VLAN_BITS};

/// Frames that are counted at once.
pub const NOTES: usize = 32;

const SLOT_BITS: u32 = 8;
const LEN_BITS: u32 = 20;
const FIRST_LAP_BITS: u32 = 64 - 2 * NUMBER_BITS - SLOT_BITS;
const SECOND_LAP_BITS: u32 = 64 - 1 - VLAN_BITS - FAMILY_BITS - LEN_BITS;

const FIRST_LAP: u64 = (1 << FIRST_LAP_BITS) - 1;
const SECOND_LAP: u64 = (1 << SECOND_LAP_BITS) - 1;
const LEN: u64 = (1 << LEN_BITS) - 1;

/// A frame that is noted and not yet counted: its key above, then the slot of its interface and the lap in the
/// first word, the lap and its length in the second. Each word says by its lap whether it is of now, so that a
/// reader needs no other order between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Note([u64; 2]);

#[expect(clippy::cast_possible_truncation, reason = "fields are cut out by their width")]
impl Note {
    /// Longer frames are not noted: they have no room in it.
    pub const LONGEST: u32 = LEN as u32;

    /// A frame of at most [`LONGEST`](Self::LONGEST) bytes that came in by the interface of this slot.
    #[inline(always)]
    #[must_use]
    pub const fn new(key: CellKey, slot: u32, bytes: u32, lap: u64) -> Self {
        let slot = (slot as u64 & ((1 << SLOT_BITS) - 1)) << FIRST_LAP_BITS;
        let lap_and_len = (lap & SECOND_LAP) << LEN_BITS | bytes as u64 & LEN;
        Self([key.0[0] | slot | lap & FIRST_LAP, key.0[1] | lap_and_len])
    }

    /// A note that was read, word by word.
    #[must_use]
    pub const fn from_words(words: [u64; 2]) -> Self {
        Self(words)
    }

    /// As it lies in memory.
    #[inline(always)]
    #[must_use]
    pub const fn words(self) -> [u64; 2] {
        self.0
    }

    /// What counts it.
    #[inline(always)]
    #[must_use]
    pub const fn key(self) -> CellKey {
        CellKey([self.0[0] & !super::PACKETS, self.0[1] & !super::BYTES])
    }

    /// The slot of the interface by which it came in.
    #[inline(always)]
    #[must_use]
    pub const fn slot(self) -> u32 {
        (self.0[0] >> FIRST_LAP_BITS) as u32 & ((1 << SLOT_BITS) - 1)
    }

    /// Its bytes on the wire without FCS.
    #[inline(always)]
    #[must_use]
    pub const fn bytes(self) -> u32 {
        (self.0[1] & LEN) as u32
    }

    /// Whether both words were written in this lap.
    #[must_use]
    pub const fn is_of(self, lap: u64) -> bool {
        Cell::from_words(self.0).key().is_some()
            && self.0[0] & FIRST_LAP == lap & FIRST_LAP
            && self.0[1] >> LEN_BITS & SECOND_LAP == lap & SECOND_LAP
    }
}

/// What one CPU has noted and not yet counted. Two CPUs share no line of it, nor the pair of lines that some
/// CPUs fetch together.
///
/// When all notes are taken the lap becomes odd, they are counted, and it becomes even again; both steps are full
/// barriers. So whoever reads the cells first and the lap after them finds no note of that lap among what those
/// had counted, and cells that were read behind a lap have counted nothing more by the time that the same is read again,
/// but what that lap itself was still counting, which the next one tells.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(128))]
pub struct Batch {
    /// Twice as often as all notes were taken; odd while they are counted.
    pub lap: u64,
    /// Notes that are taken.
    pub len: u64,
    /// Those of this lap first, then of the one before.
    pub notes: [Note; NOTES],
    /// Where the cell of each most likely is.
    pub lines: [u32; NOTES],
}

const _: () = assert!(size_of::<Batch>() == 768);
