//! Names and sizes that kernel and agent agree on.

/// Changes whenever a map, a record or their meaning does. The agent loads no object with another.
pub const ABI_VERSION: u32 = 1;
/// The ELF section of the object that holds [`ABI_VERSION`].
pub const ABI_SECTION: &str = "ixp_abi";

/// The XDP program.
pub const PROGRAM: &str = "ixp_sampler";

/// Settings per interface: `HASH`, ifindex → [`PortPolicy`](crate::policy::PortPolicy).
pub const PORT_POLICIES: &str = "PORT_POLICIES";
/// `PERCPU_ARRAY`, slot → [`PortCounters`](crate::counters::PortCounters).
pub const PORT_COUNTERS: &str = "PORT_COUNTERS";
/// `PERCPU_ARRAY`, slot × reason → [`Counts`](crate::counters::Counts).
pub const REASON_COUNTERS: &str = "REASON_COUNTERS";
/// `PERCPU_HASH`, [`PairKey`](crate::counters::PairKey) → [`Counts`](crate::counters::Counts).
pub const PAIRS: &str = "PAIRS";
/// `HASH`, [`StationKey`](crate::counters::StationKey) → when it was first seen.
pub const STATIONS: &str = "STATIONS";
/// `RINGBUF` of [`StationRecord`](crate::sample::StationRecord)s.
pub const STATION_RING: &str = "STATION_RING";
/// `RINGBUF` of [`SampleRecord`](crate::sample::SampleRecord)s.
pub const SAMPLE_RING: &str = "SAMPLE_RING";

/// Cells that the pair table holds unless the configuration says otherwise.
pub const DEFAULT_PAIRS: u32 = 1 << 18;
/// Stations that are remembered as reported.
pub const DEFAULT_STATIONS: u32 = 1 << 14;
/// Bytes of the station ring, a power of two.
pub const STATION_RING_BYTES: u32 = 1 << 17;
/// Bytes of the sample ring, a power of two.
pub const SAMPLE_RING_BYTES: u32 = 1 << 20;
/// Stations that one CPU reports per second at most; more are counted as suppressed and reported
/// by their next new pair.
pub const STATIONS_PER_SECOND: u32 = 1000;
