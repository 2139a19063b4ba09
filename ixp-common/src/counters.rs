//! What the counting maps hold. All counters only grow; the agent subtracts.

use crate::addr::{Family, Ip6, Mac, VlanId};
use crate::frame::{Malformed, Oddity};
use crate::rules::{RULES, Rule};
use crate::table::mapped;

/// Interfaces that can be attached at once. Slot 0 is for frames of an interface without a policy.
pub const PORT_SLOTS: u32 = 256;

/// Kinds of broken frame per slot: first [`Malformed`], then [`Oddity`].
pub const REASONS: u32 = 32;

#[expect(clippy::cast_possible_truncation, reason = "a list of a few names")]
const FIRST_ODDITY: u32 = Malformed::ALL.len() as u32;

const _: () = assert!(Malformed::ALL.len() + Oddity::ALL.len() <= REASONS as usize);

/// What a cell counts: one direction between two stations on a VLAN, by family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        match self.family {
            0 => Family::Ipv4,
            1 => Family::Ipv6,
            2 => Family::Arp,
            _ => Family::Other,
        }
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

/// Whose frames break which rule: the key of the table of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct RuleKey {
    station: StationKey,
    rule: u64,
}

const _: () = assert!(size_of::<RuleKey>() == 16);

impl RuleKey {
    /// The rule of this number, broken by a station.
    #[inline(always)]
    #[must_use]
    pub const fn new(station: StationKey, rule: u8) -> Self {
        Self { station, rule: rule as u64 }
    }

    /// Who breaks it.
    #[inline(always)]
    #[must_use]
    pub const fn station(&self) -> StationKey {
        self.station
    }

    /// Which rule; `None` if the number is that of none.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        u8::try_from(self.rule).ok().and_then(Rule::from_number)
    }
}

/// Frames that break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(C)]
pub struct RuleCounts {
    /// All of them.
    pub broken: Counts,
    /// Those that the rule dropped.
    pub dropped: u64,
    /// Those that it would have dropped, had drops been real.
    pub would_drop: u64,
}

const _: () = assert!(size_of::<RuleCounts>() == 32);

impl RuleCounts {
    /// Adds a frame of `bytes`.
    #[inline(always)]
    pub const fn add_frame(&mut self, bytes: u32, outcome: Outcome) {
        self.broken.add_frame(bytes);
        match outcome {
            Outcome::Passed => {}
            Outcome::WouldDrop => self.would_drop = self.would_drop.wrapping_add(1),
            Outcome::Dropped => self.dropped = self.dropped.wrapping_add(1),
        }
    }

    /// Adds other counts.
    pub const fn add(&mut self, other: &Self) {
        self.broken.add(other.broken);
        self.dropped = self.dropped.wrapping_add(other.dropped);
        self.would_drop = self.would_drop.wrapping_add(other.would_drop);
    }

    /// What was counted since `earlier`.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            broken: self.broken.since(earlier.broken),
            dropped: self.dropped.wrapping_sub(earlier.dropped),
            would_drop: self.would_drop.wrapping_sub(earlier.would_drop),
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.broken.is_zero() && self.dropped == 0 && self.would_drop == 0
    }
}

/// What a rule made of a frame that breaks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// It went on.
    Passed = 0,
    /// It went on, since drops are not real here.
    WouldDrop = 1,
    /// It was dropped.
    Dropped = 2,
}

impl Outcome {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::WouldDrop => "would-drop",
            Self::Dropped => "dropped",
        }
    }

    /// The outcome of a number in a record.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Passed),
            1 => Some(Self::WouldDrop),
            2 => Some(Self::Dropped),
            _ => None,
        }
    }
}

/// Rules per slot in the table of those that found no room.
pub const RULE_PLACES: u32 = 64;

const _: () = assert!(RULES <= RULE_PLACES as usize);

/// Where a slot counts the rule of a number, broken by stations for which there was no room.
#[inline(always)]
#[must_use]
pub const fn rule_index(slot: u32, rule: u8) -> u32 {
    slot * RULE_PLACES + rule as u32
}

/// A station that says an address is its own, in ARP or neighbour discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct ClaimKey {
    address: [u64; 2],
    vlan: u16,
    mac: [u8; 6],
}

const _: () = assert!(size_of::<ClaimKey>() == 24);

impl ClaimKey {
    /// An IPv4 address, as IPv6 maps it (RFC 4291 §2.5.5.2).
    #[inline(always)]
    #[must_use]
    pub const fn ipv4(vlan: VlanId, mac: Mac, address: [u8; 4]) -> Self {
        Self { address: mapped(address), vlan: vlan.get(), mac: mac.0 }
    }

    /// An IPv6 address.
    #[inline(always)]
    #[must_use]
    pub const fn ipv6(vlan: VlanId, mac: Mac, address: Ip6) -> Self {
        Self { address: address.halves(), vlan: vlan.get(), mac: mac.0 }
    }

    /// Who claims.
    #[inline(always)]
    #[must_use]
    pub const fn station(&self) -> StationKey {
        StationKey { vlan: self.vlan, mac: self.mac }
    }

    /// As numbers that a function takes under BPF.
    #[inline(always)]
    #[must_use]
    pub const fn to_words(&self) -> [u64; 3] {
        [self.address[0], self.address[1], self.station().to_bits()]
    }

    /// What [`to_words`](Self::to_words) gave.
    #[inline(always)]
    #[must_use]
    pub const fn from_words([high, low, station]: [u64; 3]) -> Self {
        let StationKey { vlan, mac } = StationKey::from_bits(station);
        Self { address: [high, low], vlan, mac }
    }

    /// What it claims; IPv4 as IPv6 maps it.
    #[must_use]
    pub const fn address(&self) -> Ip6 {
        Ip6::of(self.address[0], self.address[1])
    }
}

/// When a claim was heard, in nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Heard {
    /// First.
    pub first: u64,
    /// Last.
    pub last: u64,
}

const _: () = assert!(size_of::<Heard>() == 16);

/// Two stations that speak BGP to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct SessionKey {
    vlan: u16,
    lower: [u8; 6],
    higher: [u8; 6],
    zero: [u8; 2],
}

const _: () = assert!(size_of::<SessionKey>() == 16);

impl SessionKey {
    /// The two, in either order.
    #[inline(always)]
    #[must_use]
    pub fn new(vlan: VlanId, one: Mac, other: Mac) -> Self {
        let is_ordered = one.to_bits() <= other.to_bits();
        let (lower, higher) = if is_ordered { (one, other) } else { (other, one) };
        Self { vlan: vlan.get(), lower: lower.0, higher: higher.0, zero: [0; 2] }
    }

    /// As numbers that a function takes under BPF.
    #[inline(always)]
    #[must_use]
    pub const fn to_words(&self) -> [u64; 2] {
        let (lower, higher) = self.stations();
        [lower.to_bits(), higher.to_bits()]
    }

    /// What [`to_words`](Self::to_words) gave.
    #[inline(always)]
    #[must_use]
    pub const fn from_words([lower, higher]: [u64; 2]) -> Self {
        let (lower, higher) = (StationKey::from_bits(lower), StationKey::from_bits(higher));
        Self { vlan: lower.vlan, lower: lower.mac, higher: higher.mac, zero: [0; 2] }
    }

    /// The two, the lower address first.
    #[must_use]
    pub const fn stations(&self) -> (StationKey, StationKey) {
        (StationKey { vlan: self.vlan, mac: self.lower }, StationKey { vlan: self.vlan, mac: self.higher })
    }
}

/// What a CPU counts of a rule and station, and when it last told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct RuleState {
    /// The frames.
    pub counts: RuleCounts,
    /// When the last event was told, in nanoseconds of `CLOCK_MONOTONIC`; 0 is never.
    pub told_at: u64,
    /// How many frames had been counted then.
    pub told_packets: u64,
}

const _: () = assert!(size_of::<RuleState>() == 48);

impl RuleState {
    /// Nothing counted.
    pub const NEW: Self = Self {
        counts: RuleCounts { broken: Counts { packets: 0, bytes: 0 }, dropped: 0, would_drop: 0 },
        told_at: 0,
        told_packets: 0,
    };
}
