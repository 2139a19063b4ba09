//! How frames between numbered stations are counted: noted one after the other, and added to their cells
//! 32 at a time, so that the memory which they wait for is fetched at once. The shapes of both, which
//! kernel and agent share; each has one writer, the CPU whose it is, and the agent reads along.

mod note;

pub use self::note::{Batch, NOTES, Note};

use crate::addr::{Family, VlanId};
use crate::counters::Counts;

/// Numbers that stations can have; 0 is that of none.
pub const STATION_NUMBERS: u32 = 1 << NUMBER_BITS;
/// Cells of a [`Line`].
pub const LINE_CELLS: usize = 4;
/// Lines that are looked at for a cell: both halves of one bucket, then both of another.
pub const PROBES: usize = 4;

const NUMBER_BITS: u32 = 14;
const PACKET_BITS: u32 = 64 - 2 * NUMBER_BITS;
const VLAN_BITS: u32 = 12;
const FAMILY_BITS: u32 = 2;
const BYTE_BITS: u32 = 64 - 1 - VLAN_BITS - FAMILY_BITS;

const NUMBER: u64 = (1 << NUMBER_BITS) - 1;
const PACKETS: u64 = (1 << PACKET_BITS) - 1;
const BYTES: u64 = (1 << BYTE_BITS) - 1;
const USED: u64 = 1 << 63;

/// What a cell counts: one direction between two numbered stations on a VLAN, by family. As it stands in a
/// cell, above the counts: numbers in the first word, a mark, VLAN and family in the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey([u64; 2]);

#[expect(clippy::cast_possible_truncation, reason = "fields are cut out by their width")]
impl CellKey {
    /// The cell of frames from `source` to `destination`, numbers below [`STATION_NUMBERS`] and not 0.
    #[inline(always)]
    #[must_use]
    pub const fn new(source: u16, destination: u16, vlan: VlanId, family: Family) -> Self {
        let numbers = (source as u64 & NUMBER) << NUMBER_BITS | destination as u64 & NUMBER;
        let network = (vlan.get() as u64) << FAMILY_BITS | family as u64;
        Self([numbers << PACKET_BITS, USED | network << BYTE_BITS])
    }

    /// The number of who sent.
    #[must_use]
    pub const fn source(self) -> u16 {
        (self.0[0] >> (PACKET_BITS + NUMBER_BITS)) as u16
    }

    /// The number of whom it was for.
    #[must_use]
    pub const fn destination(self) -> u16 {
        (self.0[0] >> PACKET_BITS & NUMBER) as u16
    }

    /// The outer VLAN.
    #[must_use]
    pub const fn vlan(self) -> VlanId {
        VlanId::from_tci((self.0[1] >> (BYTE_BITS + FAMILY_BITS)) as u16)
    }

    /// The family.
    #[must_use]
    pub const fn family(self) -> Family {
        Family::from_number((self.0[1] >> BYTE_BITS) as u8 & 3)
    }

    /// All its bits, spread: its place among any number of lines.
    #[inline(always)]
    #[must_use]
    pub const fn spread(self) -> Spread {
        let key = (self.0[0] | self.0[1] >> BYTE_BITS & PACKETS).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Spread((key ^ key >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93))
    }
}

/// Where a cell may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread(u64);

impl Spread {
    /// The line of the probe of this number, below `lines`, an even number: the half of a bucket where cells
    /// begin, its other half, which lies beside it in memory, and the same of a second bucket.
    #[inline(always)]
    #[must_use]
    pub const fn line(self, probe: usize, lines: u32) -> u32 {
        let bits = if probe < 2 { self.0 >> 32 } else { self.0 & 0xffff_ffff };
        let half = (self.0 >> 31 ^ probe as u64) & 1;
        let bucket = ((bits * (lines as u64 >> 1)) >> 32) as u32;
        bucket << 1 | half as u32
    }
}

/// A cell: frames and bytes of a [`CellKey`] on one CPU. Both wrap, at 2³⁶ frames and 2⁴⁹ bytes, which takes
/// 48 minutes at 24 M frames/s and three hours at 400 Gbit/s: the agent reads it each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Cell([u64; 2]);

impl Cell {
    /// A cell that was read, word by word.
    #[must_use]
    pub const fn from_words(words: [u64; 2]) -> Self {
        Self(words)
    }

    /// The first frame of a key.
    #[inline(always)]
    #[must_use]
    pub const fn first(key: CellKey, bytes: u32) -> Self {
        Self([key.0[0] | 1, key.0[1] | bytes as u64])
    }

    /// As it lies in memory.
    #[inline(always)]
    #[must_use]
    pub const fn words(self) -> [u64; 2] {
        self.0
    }

    /// Whether it is nobody's yet.
    #[inline(always)]
    #[must_use]
    pub const fn is_free(self) -> bool {
        self.0[0] == 0
    }

    /// Whether it is this key's.
    #[inline(always)]
    #[must_use]
    pub const fn is_of(self, key: CellKey) -> bool {
        ((self.0[0] ^ key.0[0]) & !PACKETS) | ((self.0[1] ^ key.0[1]) & !BYTES) == 0
    }

    /// 0 if it is one of the numbers of this key.
    #[inline(always)]
    #[must_use]
    pub const fn distance(self, key: CellKey) -> u64 {
        (self.0[0] ^ key.0[0]) >> PACKET_BITS
    }

    /// The same with one more frame, if it is this key's and neither count wraps.
    #[inline(always)]
    #[must_use]
    pub const fn counted(self, key: CellKey, bytes: u32) -> Option<Self> {
        let [packets, sum] = [self.0[0].wrapping_add(1), self.0[1].wrapping_add(bytes as u64)];
        let numbers = (packets ^ self.0[0]) | (packets ^ key.0[0]);
        let network = (sum ^ self.0[1]) | (sum ^ key.0[1]);
        let above = numbers >> PACKET_BITS | network >> BYTE_BITS;
        if above == 0 { Some(Self([packets, sum])) } else { None }
    }

    /// The same with one more frame.
    #[inline(always)]
    #[must_use]
    pub const fn with_frame(self, bytes: u32) -> Self {
        let [packets, sum] = self.0;
        let packets = packets & !PACKETS | packets.wrapping_add(1) & PACKETS;
        Self([packets, sum & !BYTES | sum.wrapping_add(bytes as u64) & BYTES])
    }

    /// Whose it is; `None` while it is nobody's, or its writer has written one word and not yet the other.
    #[must_use]
    pub const fn key(self) -> Option<CellKey> {
        let [packets, bytes] = self.0;
        if packets & !PACKETS == 0 || bytes & USED == 0 {
            return None;
        }
        Some(CellKey([packets & !PACKETS, bytes & !BYTES]))
    }

    /// What it counted, as far as its width goes.
    #[must_use]
    pub const fn counts(self) -> Counts {
        Counts { packets: self.0[0] & PACKETS, bytes: self.0[1] & BYTES }
    }
}

/// What a cell counted since `told`, as far as its width goes.
#[must_use]
pub const fn growth(counts: Counts, told: Counts) -> Counts {
    let grown = counts.since(told);
    Counts { packets: grown.packets & PACKETS, bytes: grown.bytes & BYTES }
}

/// Four cells: what comes into a CPU's cache at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C, align(64))]
pub struct Line {
    /// In the order in which they were taken.
    pub cells: [Cell; LINE_CELLS],
}

const _: () = assert!(size_of::<Line>() == 64);

/// Lines that one CPU needs for this many cells: half as many places again, so that a few cells in a thousand
/// find none when all are in use. Even.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "at most MOST_LINES")]
pub const fn lines_for(cells: u32) -> u32 {
    let lines = (cells as u64 * 3).div_ceil(2 * 2 * LINE_CELLS as u64) * 2;
    if lines > MOST_LINES as u64 { MOST_LINES } else { lines as u32 }
}

/// More than any memory has.
const MOST_LINES: u32 = 1 << 28;

#[cfg(test)]
mod tests;
