//! Names and sizes that kernel and agent agree on.

/// Changes whenever a map, a record or their meaning does. The agent loads no object with another.
pub const ABI_VERSION: u32 = 5;
/// The ELF section of the object that holds [`ABI_VERSION`].
pub const ABI_SECTION: &str = "ixp_abi";

/// The XDP program.
pub const PROGRAM: &str = "ixp_sampler";
/// The programs that hold frames against rules, in the order of [`Kind`](crate::rules::Kind).
pub const RULE_PROGRAM_NAMES: [&str; 5] =
    ["ixp_rules_arp", "ixp_rules_ipv4", "ixp_rules_ipv6", "ixp_rules_other", "ixp_rules_cut_ipv6"];

/// `PROG_ARRAY`, number of a [`Kind`](crate::rules::Kind) → its program.
pub const RULE_PROGRAMS: &str = "RULE_PROGRAMS";
/// Settings per interface: `ARRAY`, ifindex below [`NEAR_PORTS`], else that and a slot →
/// [`PortPolicy`](crate::policy::PortPolicy), whose slot is 0 where none is attached. A look-up in a hash costs as much
/// as all the rest of counting.
pub const PORT_POLICIES: &str = "PORT_POLICIES";
/// Where the settings of other interfaces are: `HASH`, ifindex → place in [`PORT_POLICIES`].
pub const FAR_PORTS: &str = "FAR_PORTS";
/// `PERCPU_ARRAY`, slot → [`PortCounters`](crate::counters::PortCounters).
pub const PORT_COUNTERS: &str = "PORT_COUNTERS";
/// `PERCPU_ARRAY`, slot × reason → [`Counts`](crate::counters::Counts).
pub const REASON_COUNTERS: &str = "REASON_COUNTERS";
/// `ARRAY` in mapped memory, CPU → [`Batch`](crate::cells::Batch).
pub const BATCHES: &str = "BATCHES";
/// `ARRAY` in mapped memory, [`CELL_LINES`] per CPU of [`Line`](crate::cells::Line)s.
pub const CELLS: &str = "CELLS";
/// `ARRAY` in mapped memory, number of a station → [`Mac::to_bits`](crate::addr::Mac::to_bits).
pub const NUMBERED: &str = "NUMBERED";
/// Read-only datum: lines of [`CELLS`] that each CPU has, 32 bits.
pub const CELL_LINES: &str = "CELL_LINES";
/// `PERCPU_HASH`, [`PairKey`](crate::counters::PairKey) → [`Counts`](crate::counters::Counts), of all pairs that have
/// no cell: to groups, and of stations without a number.
pub const PAIRS: &str = "PAIRS";
/// The same of [strangers](crate::rules::Place::Strangers).
pub const STRANGER_PAIRS: &str = "STRANGER_PAIRS";
/// `HASH`, [`StationKey`](crate::counters::StationKey) → when it was first seen.
pub const STATIONS: &str = "STATIONS";
/// `RINGBUF` of [`StationRecord`](crate::sample::StationRecord)s.
pub const STATION_RING: &str = "STATION_RING";
/// `RINGBUF` of [`SampleRecord`](crate::sample::SampleRecord)s.
pub const SAMPLE_RING: &str = "SAMPLE_RING";
/// `ARRAY` of two [`PolicyTable`](crate::table::PolicyTable)s: the one in force and its successor.
pub const POLICY_TABLES: &str = "POLICY_TABLES";
/// The program's one variable, an `ARRAY` of one: which of the two is in force.
pub const ACTIVE_TABLE: &str = ".bss";
/// `HASH`, [`AddressKey`](crate::table::AddressKey) → the number of an interface.
pub const OWNERS: &str = "OWNERS";
/// `ARRAY`, place of a registered station → [`StationState`](crate::limit::StationState).
pub const STATION_STATES: &str = "STATION_STATES";
/// `LRU_HASH`, [`StationKey`](crate::counters::StationKey) of a station that is not registered →
/// [`StationState`](crate::limit::StationState).
pub const STRANGER_STATES: &str = "STRANGER_STATES";
/// `ARRAY`, place of a registered station → [`Seat`](crate::memory::Seat).
pub const SEATS: &str = "SEATS";
/// `PERCPU_HASH`, [`RuleKey`](crate::counters::RuleKey) of a registered station →
/// [`RuleState`](crate::counters::RuleState).
pub const RULES: &str = "RULES";
/// The same of stations that are not registered.
pub const STRANGER_RULES: &str = "STRANGER_RULES";
/// `PERCPU_ARRAY`, slot × rule → [`RuleState`](crate::counters::RuleState) of stations without room.
pub const RULES_MISSED: &str = "RULES_MISSED";
/// `RINGBUF` of [`EventRecord`](crate::sample::EventRecord)s.
pub const EVENT_RING: &str = "EVENT_RING";
/// `LRU_HASH`, [`ClaimKey`](crate::counters::ClaimKey) → [`Heard`](crate::counters::Heard).
pub const CLAIMS: &str = "CLAIMS";
/// `HASH`, [`SessionKey`](crate::counters::SessionKey) → when it was first seen.
pub const SESSIONS: &str = "SESSIONS";

/// Interfaces that [`PORT_POLICIES`] has a place for by their ifindex: the kernel gives those out in order.
pub const NEAR_PORTS: u32 = 1 << 12;
/// Cells that the pair table holds unless the configuration says otherwise.
pub const DEFAULT_PAIRS: u32 = 1 << 18;
/// Cells that strangers have beside those, as a part of their number: forged addresses fill these.
pub const STRANGER_PAIRS_PART: u32 = 4;
/// Stations that are remembered as reported.
pub const DEFAULT_STATIONS: u32 = 1 << 14;
/// Bytes of the station ring, a power of two.
pub const STATION_RING_BYTES: u32 = 1 << 17;
/// Bytes of the sample ring, a power of two.
pub const SAMPLE_RING_BYTES: u32 = 1 << 20;
/// Stations that one CPU reports per second at most; more are counted as suppressed and reported
/// by their next new pair.
pub const STATIONS_PER_SECOND: u64 = 1000;
/// Addresses of members, of two generations.
pub const OWNERS_ROOM: u32 = 1 << 16;
/// Strangers whose rates are remembered.
pub const STRANGERS: u32 = 1 << 13;
/// Rules that registered stations break, one entry per station and rule.
pub const RULES_ROOM: u32 = 1 << 16;
/// Rules that strangers break, one entry per station and rule.
pub const STRANGER_RULES_ROOM: u32 = 1 << 14;
/// Bytes of the event ring, a power of two.
pub const EVENT_RING_BYTES: u32 = 1 << 20;
/// Claims that are remembered.
pub const CLAIMS_ROOM: u32 = 1 << 14;
/// Pairs that speak BGP.
pub const SESSIONS_ROOM: u32 = 1 << 16;
/// Nanoseconds between two events of the same rule and station on one CPU.
pub const EVENT_GAP: u64 = 1_000_000_000;
/// Events that one CPU tells per second at most: of registered stations, and of strangers.
pub const EVENTS_PER_SECOND: u64 = 500;
