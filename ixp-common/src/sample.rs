//! What the rings carry to the agent.

/// Bytes of a frame's start that a sample keeps.
pub const SAMPLE_BYTES: usize = 128;

/// One sampled frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct SampleRecord {
    /// Nanoseconds of `CLOCK_MONOTONIC` when it was seen.
    pub monotonic_ns: u64,
    /// The interface it came in by.
    pub ifindex: u32,
    /// Its length on the wire without FCS.
    pub wire_len: u32,
    /// One in this many was sampled.
    pub rate: u32,
    /// How much of `header` is filled.
    pub header_len: u32,
    /// The start of the frame.
    pub header: [u8; SAMPLE_BYTES],
}

const _: () = assert!(size_of::<SampleRecord>() == 24 + SAMPLE_BYTES);

impl SampleRecord {
    /// The record in a ring's entry; `None` if the entry is too short for one.
    #[must_use]
    pub fn from_bytes(entry: &[u8]) -> Option<Self> {
        Some(Self {
            monotonic_ns: u64::from_ne_bytes(field(entry, 0)?),
            ifindex: u32::from_ne_bytes(field(entry, 8)?),
            wire_len: u32::from_ne_bytes(field(entry, 12)?),
            rate: u32::from_ne_bytes(field(entry, 16)?),
            header_len: u32::from_ne_bytes(field(entry, 20)?),
            header: field(entry, 24)?,
        })
    }

    /// The start of the frame.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        let len = (self.header_len as usize).min(SAMPLE_BYTES);
        &self.header[..len]
    }
}

/// A station whose address was not seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct StationRecord {
    /// Nanoseconds of `CLOCK_MONOTONIC` when it was seen.
    pub monotonic_ns: u64,
    /// The slot of the interface it came in by.
    pub slot: u32,
    /// The outer VLAN, 0 if untagged.
    pub vlan: u16,
    /// Its address.
    pub mac: [u8; 6],
    /// Always 0: rounds the record to 8 bytes.
    pub zero: u32,
}

const _: () = assert!(size_of::<StationRecord>() == 24);

impl StationRecord {
    /// The record in a ring's entry; `None` if the entry is too short for one.
    #[must_use]
    pub fn from_bytes(entry: &[u8]) -> Option<Self> {
        Some(Self {
            monotonic_ns: u64::from_ne_bytes(field(entry, 0)?),
            slot: u32::from_ne_bytes(field(entry, 8)?),
            vlan: u16::from_ne_bytes(field(entry, 12)?),
            mac: field(entry, 14)?,
            zero: u32::from_ne_bytes(field(entry, 20)?),
        })
    }
}

/// A frame that breaks a rule, and how many of that kind were not told before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct EventRecord {
    /// Nanoseconds of `CLOCK_MONOTONIC` when it was seen.
    pub monotonic_ns: u64,
    /// Frames of this rule and station that this CPU has not told since the event before.
    pub suppressed: u64,
    /// The interface it came in by.
    pub ifindex: u32,
    /// Its length on the wire without FCS.
    pub wire_len: u32,
    /// The outer VLAN, 0 if untagged.
    pub vlan: u16,
    /// Its source.
    pub mac: [u8; 6],
    /// The number of a [`Rule`](crate::rules::Rule).
    pub rule: u8,
    /// The number of an [`Outcome`](crate::counters::Outcome).
    pub outcome: u8,
    /// How much of `header` is filled.
    pub header_len: u16,
    /// Always 0: rounds the record to 8 bytes.
    pub zero: u32,
    /// The start of the frame.
    pub header: [u8; SAMPLE_BYTES],
}

const _: () = assert!(size_of::<EventRecord>() == 40 + SAMPLE_BYTES);

impl EventRecord {
    /// The record in a ring's entry; `None` if the entry is too short for one.
    #[must_use]
    pub fn from_bytes(entry: &[u8]) -> Option<Self> {
        let [rule, outcome] = field(entry, 32)?;
        Some(Self {
            monotonic_ns: u64::from_ne_bytes(field(entry, 0)?),
            suppressed: u64::from_ne_bytes(field(entry, 8)?),
            ifindex: u32::from_ne_bytes(field(entry, 16)?),
            wire_len: u32::from_ne_bytes(field(entry, 20)?),
            vlan: u16::from_ne_bytes(field(entry, 24)?),
            mac: field(entry, 26)?,
            rule,
            outcome,
            header_len: u16::from_ne_bytes(field(entry, 34)?),
            zero: u32::from_ne_bytes(field(entry, 36)?),
            header: field(entry, 40)?,
        })
    }

    /// The start of the frame.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        let len = usize::from(self.header_len).min(SAMPLE_BYTES);
        &self.header[..len]
    }
}

fn field<const N: usize>(entry: &[u8], offset: usize) -> Option<[u8; N]> {
    entry.get(offset..)?.first_chunk().copied()
}
