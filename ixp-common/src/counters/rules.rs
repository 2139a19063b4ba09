//! Who breaks which rule, and what became of the frames.

use super::{Counts, StationKey};
use crate::rules::{RULES, Rule};

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
