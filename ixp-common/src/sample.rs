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

/// A station whose address was not seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct StationRecord {
    /// Nanoseconds of `CLOCK_MONOTONIC` when it was seen.
    pub monotonic_ns: u64,
    /// The interface it came in by.
    pub ifindex: u32,
    /// The outer VLAN, 0 if untagged.
    pub vlan: u16,
    /// Its address.
    pub mac: [u8; 6],
    /// Always 0: rounds the record to 8 bytes.
    pub zero: u32,
}

const _: () = assert!(size_of::<StationRecord>() == 24);
