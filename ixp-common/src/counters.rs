//! What the counting maps hold. All counters only grow; the agent subtracts.

mod claims;
mod rules;

pub use self::claims::{ClaimKey, Heard, SessionKey};
pub use self::rules::{Outcome, RULE_PLACES, RuleCounts, RuleKey, RuleState, rule_index};

use core::hash::{Hash, Hasher};

use crate::addr::{Family, Mac, VlanId};
use crate::frame::{Malformed, Oddity};

/// Interfaces that can be attached at once. Slot 0 is for frames of an interface without a policy.
pub const PORT_SLOTS: u32 = 256;

/// Kinds of broken frame per slot: first [`Malformed`], then [`Oddity`].
pub const REASONS: u32 = 32;

#[expect(clippy::cast_possible_truncation, reason = "a list of a few names")]
const FIRST_ODDITY: u32 = Malformed::ALL.len() as u32;

const _: () = assert!(Malformed::ALL.len() + Oddity::ALL.len() <= REASONS as usize);

/// What a cell counts: one direction between two stations on a VLAN, by family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct PairKey {
    vlan: u16,
    source: [u8; 6],
    destination: [u8; 6],
    family: u8,
    zero: u8,
}

const _: () = assert!(size_of::<PairKey>() == 16);

impl PairKey {
    /// The cell of a frame from `source` to `destination`.
    #[inline(always)]
    #[must_use]
    pub const fn new(vlan: VlanId, source: Mac, destination: Mac, family: Family) -> Self {
        Self { vlan: vlan.get(), source: source.0, destination: destination.0, family: family as u8, zero: 0 }
    }

    /// The outer VLAN.
    #[must_use]
    pub const fn vlan(&self) -> VlanId {
        VlanId::from_tci(self.vlan)
    }

    /// Who sent.
    #[must_use]
    pub const fn source(&self) -> Mac {
        Mac(self.source)
    }

    /// To whom.
    #[must_use]
    pub const fn destination(&self) -> Mac {
        Mac(self.destination)
    }

    /// The family. A number that no family has reads as [`Family::Other`].
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::from_number(self.family)
    }
}

/// Two words. What the compiler derives goes through the fields, and through arrays with their lengths.
impl Hash for PairKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.vlan) << 48 | self.source().to_bits());
        state.write_u64(u64::from(self.family) << 48 | self.destination().to_bits());
    }
}

/// Frames and their bytes on the wire without FCS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(C)]
pub struct Counts {
    /// Frames.
    pub packets: u64,
    /// Bytes without FCS.
    pub bytes: u64,
}

const _: () = assert!(size_of::<Counts>() == 16);

impl Counts {
    /// One frame of `bytes`.
    #[must_use]
    pub const fn frame(bytes: u32) -> Self {
        Self { packets: 1, bytes: bytes as u64 }
    }

    /// Adds a frame. Wraps as the kernel does, after 2⁶⁴ of either.
    #[inline(always)]
    pub const fn add_frame(&mut self, bytes: u32) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes as u64);
    }

    /// Adds other counts.
    pub const fn add(&mut self, other: Self) {
        self.packets = self.packets.wrapping_add(other.packets);
        self.bytes = self.bytes.wrapping_add(other.bytes);
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self {
            packets: self.packets.wrapping_sub(earlier.packets),
            bytes: self.bytes.wrapping_sub(earlier.bytes),
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.packets == 0 && self.bytes == 0
    }
}

/// What is counted per attached interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct PortCounters {
    /// Every frame that the program saw.
    pub seen: Counts,
    /// Frames that found no room in the pair table, or whose addresses were not visible.
    pub unattributed: Counts,
    /// Frames of a tap that went no further than the program: counted, then consumed.
    pub consumed: Counts,
    /// Header samples handed over.
    pub samples: u64,
    /// Header samples lost, the ring being full.
    pub samples_lost: u64,
    /// Stations reported.
    pub stations: u64,
    /// Stations not reported: too many at once, the ring or the table being full.
    pub stations_suppressed: u64,
    /// Frames that rules dropped.
    pub dropped: Counts,
    /// Frames that rules would have dropped, had drops been real here.
    pub would_drop: Counts,
    /// Events handed over.
    pub events: u64,
    /// Events lost, the ring being full.
    pub events_lost: u64,
    /// Events not told: too many at once, of stations that are not registered or of all.
    pub events_suppressed: u64,
    /// Claims of an address by a station that were not known before.
    pub claims: u64,
}

const _: () = assert!(size_of::<PortCounters>() == 144);

impl PortCounters {
    /// Adds another CPU's counters.
    pub const fn add(&mut self, other: &Self) {
        self.seen.add(other.seen);
        self.unattributed.add(other.unattributed);
        self.consumed.add(other.consumed);
        self.samples = self.samples.wrapping_add(other.samples);
        self.samples_lost = self.samples_lost.wrapping_add(other.samples_lost);
        self.stations = self.stations.wrapping_add(other.stations);
        self.stations_suppressed = self.stations_suppressed.wrapping_add(other.stations_suppressed);
        self.dropped.add(other.dropped);
        self.would_drop.add(other.would_drop);
        self.events = self.events.wrapping_add(other.events);
        self.events_lost = self.events_lost.wrapping_add(other.events_lost);
        self.events_suppressed = self.events_suppressed.wrapping_add(other.events_suppressed);
        self.claims = self.claims.wrapping_add(other.claims);
    }
}

/// Where in the table of reasons a slot counts a kind of malformed frame.
#[inline(always)]
#[must_use]
pub const fn malformed_index(slot: u32, reason: Malformed) -> u32 {
    slot * REASONS + reason as u32
}

/// Where in the table of reasons a slot counts an oddity.
#[inline(always)]
#[must_use]
pub const fn oddity_index(slot: u32, oddity: Oddity) -> u32 {
    slot * REASONS + FIRST_ODDITY + oddity as u32
}

/// A station on a VLAN, the key of the table of stations that were reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct StationKey {
    vlan: u16,
    mac: [u8; 6],
}

const _: () = assert!(size_of::<StationKey>() == 8);

impl StationKey {
    /// The station with this address on this VLAN.
    #[inline(always)]
    #[must_use]
    pub const fn new(vlan: VlanId, mac: Mac) -> Self {
        Self { vlan: vlan.get(), mac: mac.0 }
    }

    /// The VLAN.
    #[must_use]
    pub const fn vlan(&self) -> VlanId {
        VlanId::from_tci(self.vlan)
    }

    /// The address.
    #[must_use]
    pub const fn mac(&self) -> Mac {
        Mac(self.mac)
    }

    /// The VLAN over the address, as one number.
    #[inline(always)]
    #[must_use]
    pub const fn to_bits(&self) -> u64 {
        (self.vlan as u64) << 48 | self.mac().to_bits()
    }

    /// The station of a number that [`to_bits`](Self::to_bits) gave.
    #[inline(always)]
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        let [v0, v1, a, b, c, d, e, f] = bits.to_be_bytes();
        Self { vlan: u16::from_be_bytes([v0, v1]), mac: [a, b, c, d, e, f] }
    }
}
