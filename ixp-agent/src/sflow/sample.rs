//! What stands at the head of a sample.

use std::hash::{Hash, Hasher};

/// What a sample is of: an interface by its ifIndex, where the class is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Source {
    /// 0 ifIndex, 1 VLAN, 2 physical entity.
    pub class: u32,
    /// Its number in its class.
    pub index: u32,
}

impl Source {
    const INDEX_BITS: u32 = 24;

    /// An interface.
    #[must_use]
    pub const fn interface(index: u32) -> Self {
        Self { class: 0, index }
    }

    /// In one word: eight bits of class above 24 of index.
    #[must_use]
    pub(super) const fn compact(self) -> Option<u32> {
        if self.class >> (32 - Self::INDEX_BITS) == 0 && self.index >> Self::INDEX_BITS == 0 {
            Some(self.class << Self::INDEX_BITS | self.index)
        } else {
            None
        }
    }

    #[must_use]
    pub(super) const fn from_compact(word: u32) -> Self {
        Self { class: word >> Self::INDEX_BITS, index: word & ((1 << Self::INDEX_BITS) - 1) }
    }
}

/// One word, since each sample is looked up by it.
impl Hash for Source {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.class) << 32 | u64::from(self.index));
    }
}

/// Where a frame came in or went out. A format that sFlow does not define stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Port {
    format: u32,
    value: u32,
}

impl Port {
    const VALUE_BITS: u32 = 30;
    const LOCAL_VALUE: u32 = (1 << Self::VALUE_BITS) - 1;

    /// Nobody says.
    pub const UNKNOWN: Self = Self::from_expanded(0, 0);
    /// The agent itself.
    pub const LOCAL: Self = Self::from_expanded(0, Self::LOCAL_VALUE);

    /// An interface, by ifIndex; neither 0 nor that of [`Port::LOCAL`].
    #[must_use]
    pub const fn interface(index: u32) -> Self {
        Self::from_expanded(0, index)
    }

    /// It went nowhere.
    #[must_use]
    pub const fn discarded(reason: Reason) -> Self {
        Self::from_expanded(1, reason.0)
    }

    /// So many interfaces, 0 if nobody says how many.
    #[must_use]
    pub const fn several(interfaces: u32) -> Self {
        Self::from_expanded(2, interfaces)
    }

    /// The ifIndex of an interface.
    #[must_use]
    pub const fn index(self) -> Option<u32> {
        match (self.format, self.value) {
            (0, 0 | Self::LOCAL_VALUE) => None,
            (0, index) => Some(index),
            _ => None,
        }
    }

    /// Format and value.
    #[must_use]
    pub(super) const fn expanded(self) -> (u32, u32) {
        (self.format, self.value)
    }

    #[must_use]
    pub(super) const fn from_expanded(format: u32, value: u32) -> Self {
        Self { format, value }
    }

    /// In one word: two bits of format above 30 of value.
    #[must_use]
    pub(super) const fn compact(self) -> Option<u32> {
        let Self { format, value } = self;
        if format >> 2 == 0 && value >> Self::VALUE_BITS == 0 {
            Some(format << Self::VALUE_BITS | value)
        } else {
            None
        }
    }

    #[must_use]
    pub(super) const fn from_compact(word: u32) -> Self {
        Self::from_expanded(word >> Self::VALUE_BITS, word & Self::LOCAL_VALUE)
    }
}

/// Why a frame was discarded: below 256 a code of ICMP's "destination unreachable", above it sFlow's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason(pub u32);

impl Reason {
    /// A policy.
    pub const ACL: Self = Self(258);
}

/// One frame in `rate`, which stands for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flow {
    /// Grows by one with each flow sample of the source.
    pub sequence: u32,
    /// What sampled.
    pub source: Source,
    /// One frame in this many is sampled.
    pub rate: u32,
    /// Frames that could have been sampled since the agent's start, modulo 2³².
    pub pool: u32,
    /// Samples that were lost inside the agent since its start.
    pub drops: u32,
    /// Where it came in.
    pub input: Port,
    /// Where it went.
    pub output: Port,
}

/// Counters of an interface at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Grows by one with each counter sample of the source.
    pub sequence: u32,
    /// What counted.
    pub source: Source,
}

/// A frame that was discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discard {
    /// Grows by one with each notification of the source.
    pub sequence: u32,
    /// What discarded it.
    pub source: Source,
    /// Notifications that were lost inside the agent since its start.
    pub drops: u32,
    /// The ifIndex where it came in, 0 if nobody says.
    pub input: u32,
    /// The ifIndex where it would have gone, 0 if nobody says.
    pub output: u32,
    /// Why.
    pub reason: Reason,
}
