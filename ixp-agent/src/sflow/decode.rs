//! A datagram's bytes in, its samples and their records out, one after the other and without a copy. Total: whatever the
//! bytes, there is an end, and what is not understood is passed over by its length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::record::{CounterRecord, Ethernet, FlowRecord, Header, Interface, Switch};
use super::sample::{Counters, Discard, Flow, Port, Reason, Source};
use super::{KIND_BITS, VERSION, address, counter, flow, kind};

/// Samples of one datagram, or records of one sample, that are looked at.
pub const MOST: u32 = 1000;

/// What is wrong with a datagram, or with what of it was not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Fault {
    /// Another version of sFlow, or something else.
    #[error("not sFlow version 5")]
    Version,
    /// An agent address that is neither of IPv4 nor of IPv6.
    #[error("an agent address of an unknown kind")]
    Address,
    /// It ends before its header does.
    #[error("a datagram that ends within its header")]
    Header,
    /// A sample that says more than there is.
    #[error("a sample that is cut off")]
    Sample,
    /// A record that says more than its sample has.
    #[error("a record that is cut off")]
    Record,
    /// More samples than [`MOST`].
    #[error("too many samples")]
    Samples,
    /// More records than [`MOST`].
    #[error("too many records")]
    Records,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Version,
        Self::Address,
        Self::Header,
        Self::Sample,
        Self::Record,
        Self::Samples,
        Self::Records,
    ];

    /// The name in metrics and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Address => "agent-address",
            Self::Header => "header-truncated",
            Self::Sample => "sample-truncated",
            Self::Record => "record-truncated",
            Self::Samples => "samples-too-many",
            Self::Records => "records-too-many",
        }
    }
}

/// What a datagram says of itself, and its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'d> {
    /// The agent's address.
    pub agent: IpAddr,
    /// Which of the agent's parts.
    pub sub_agent: u32,
    /// Grows by one with each datagram of the sub-agent.
    pub sequence: u32,
    /// Since the agent's start, modulo 2³².
    pub uptime_ms: u32,
    left: u32,
    rest: Bytes<'d>,
}

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample<'d> {
    /// A sampled frame.
    Flow(Flow, FlowRecords<'d>),
    /// Counters of an interface.
    Counters(Counters, CounterRecords<'d>),
    /// A discarded frame.
    Discard(Discard, FlowRecords<'d>),
    /// A sample that is not looked into.
    Other {
        /// Whose kind it is, 0 for sFlow itself.
        enterprise: u32,
        /// The kind.
        kind: u32,
    },
}

impl<'d> Datagram<'d> {
    /// Reads the header. Bytes after the last sample are padding, as some switches have it.
    ///
    /// # Errors
    /// [`Fault::Version`], [`Fault::Address`], [`Fault::Header`], [`Fault::Samples`].
    pub fn read(bytes: &'d [u8]) -> Result<Self, Fault> {
        let mut rest = Bytes(bytes);
        if rest.word().ok_or(Fault::Header)? != VERSION {
            return Err(Fault::Version);
        }
        let agent = match rest.word().ok_or(Fault::Header)? {
            address::IPV4 => rest.array().map(|octets| IpAddr::V4(Ipv4Addr::from_octets(octets))),
            address::IPV6 => rest.array().map(|octets| IpAddr::V6(Ipv6Addr::from_octets(octets))),
            _ => return Err(Fault::Address),
        };
        let agent = agent.ok_or(Fault::Header)?;
        let [sub_agent, sequence, uptime_ms, left] = rest.words().ok_or(Fault::Header)?;
        if left > MOST {
            return Err(Fault::Samples);
        }
        Ok(Self { agent, sub_agent, sequence, uptime_ms, left, rest })
    }

    /// Samples that it says to have, less those that were taken.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.left
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.left == 0
    }
}

impl<'d> Iterator for Datagram<'d> {
    type Item = Result<Sample<'d>, Fault>;

    /// The next sample; after a fault there is none.
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let sample = self.rest.item().ok_or(Fault::Sample).and_then(|item| sample(&item));
        // Where a sample of a known length is not understood, the next one is still where it is.
        if sample == Err(Fault::Sample) {
            self.left = 0;
        }
        Some(sample)
    }
}

#[inline]
fn sample<'d>(item: &Item<'d>) -> Result<Sample<'d>, Fault> {
    let Item { enterprise, kind: of, mut bytes } = *item;
    let sample = match (enterprise, of) {
        (0, kind::FLOW) => compact_flow(&mut bytes).map(|flow| (Head::Flow(flow), bytes)),
        (0, kind::EXPANDED_FLOW) => expanded_flow(&mut bytes).map(|flow| (Head::Flow(flow), bytes)),
        (0, kind::COUNTERS) => compact_counters(&mut bytes).map(|of| (Head::Counters(of), bytes)),
        (0, kind::EXPANDED_COUNTERS) => expanded_counters(&mut bytes).map(|of| (Head::Counters(of), bytes)),
        (0, kind::DISCARD) => discard(&mut bytes).map(|discard| (Head::Discard(discard), bytes)),
        (enterprise, kind) => return Ok(Sample::Other { enterprise, kind }),
    };
    let (head, mut bytes) = sample.ok_or(Fault::Record)?;
    let left = bytes.word().ok_or(Fault::Record)?;
    if left > MOST {
        return Err(Fault::Records);
    }
    let items = Items { left, rest: bytes };
    Ok(match head {
        Head::Flow(flow) => Sample::Flow(flow, FlowRecords(items)),
        Head::Counters(counters) => Sample::Counters(counters, CounterRecords(items)),
        Head::Discard(discard) => Sample::Discard(discard, FlowRecords(items)),
    })
}

enum Head {
    Flow(Flow),
    Counters(Counters),
    Discard(Discard),
}

fn compact_flow(bytes: &mut Bytes<'_>) -> Option<Flow> {
    let [sequence, source, rate, pool, drops, input, output] = bytes.words()?;
    let source = Source::from_compact(source);
    let (input, output) = (Port::from_compact(input), Port::from_compact(output));
    Some(Flow { sequence, source, rate, pool, drops, input, output })
}

fn expanded_flow(bytes: &mut Bytes<'_>) -> Option<Flow> {
    let [sequence, class, index, rate, pool, drops] = bytes.words()?;
    let source = Source { class, index };
    let [in_format, in_value, out_format, out_value] = bytes.words()?;
    let input = Port::from_expanded(in_format, in_value);
    let output = Port::from_expanded(out_format, out_value);
    Some(Flow { sequence, source, rate, pool, drops, input, output })
}

fn compact_counters(bytes: &mut Bytes<'_>) -> Option<Counters> {
    let [sequence, source] = bytes.words()?;
    Some(Counters { sequence, source: Source::from_compact(source) })
}

fn expanded_counters(bytes: &mut Bytes<'_>) -> Option<Counters> {
    let [sequence, class, index] = bytes.words()?;
    Some(Counters { sequence, source: Source { class, index } })
}

fn discard(bytes: &mut Bytes<'_>) -> Option<Discard> {
    let [sequence, class, index, drops, input, output, reason] = bytes.words()?;
    let (source, reason) = (Source { class, index }, Reason(reason));
    Some(Discard { sequence, source, drops, input, output, reason })
}

/// The records of a flow sample or a discard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowRecords<'d>(Items<'d>);

impl<'d> Iterator for FlowRecords<'d> {
    type Item = Result<FlowRecord<'d>, Fault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.and_then(|item| flow_record(item).ok_or(Fault::Record)))
    }
}

fn flow_record(item: Item<'_>) -> Option<FlowRecord<'_>> {
    let Item { enterprise, kind, mut bytes } = item;
    Some(match (enterprise, kind) {
        (0, flow::HEADER) => {
            let [protocol, frame_length, stripped, len] = bytes.words()?;
            let bytes = bytes.split(len)?;
            FlowRecord::Header(Header { protocol, frame_length, stripped, bytes })
        }
        (0, flow::SWITCH) => {
            let [source_vlan, source_priority, destination_vlan, destination_priority] = bytes.words()?;
            let switch = Switch { source_vlan, source_priority, destination_vlan, destination_priority };
            FlowRecord::Switch(switch)
        }
        (enterprise, kind) => FlowRecord::Other { enterprise, kind },
    })
}

/// The records of a counter sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterRecords<'d>(Items<'d>);

impl Iterator for CounterRecords<'_> {
    type Item = Result<CounterRecord, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.and_then(|item| counter_record(item).ok_or(Fault::Record)))
    }
}

fn counter_record(item: Item<'_>) -> Option<CounterRecord> {
    let Item { enterprise, kind, mut bytes } = item;
    Some(match (enterprise, kind) {
        (0, counter::INTERFACE) => CounterRecord::Interface(interface(&mut bytes)?),
        (0, counter::ETHERNET) => CounterRecord::Ethernet(ethernet(&mut bytes)?),
        (enterprise, kind) => CounterRecord::Other { enterprise, kind },
    })
}

fn interface(bytes: &mut Bytes<'_>) -> Option<Interface> {
    let [index, kind] = bytes.words()?;
    let speed = bytes.double()?;
    let [direction, status] = bytes.words()?;
    let in_octets = bytes.double()?;
    let [in_unicast, in_multicast, in_broadcast, in_discards, in_errors, in_unknown_protocols] =
        bytes.words()?;
    let out_octets = bytes.double()?;
    let [out_unicast, out_multicast, out_broadcast, out_discards, out_errors, promiscuous] = bytes.words()?;
    Some(Interface {
        index,
        kind,
        speed,
        direction,
        status,
        in_octets,
        in_unicast,
        in_multicast,
        in_broadcast,
        in_discards,
        in_errors,
        in_unknown_protocols,
        out_octets,
        out_unicast,
        out_multicast,
        out_broadcast,
        out_discards,
        out_errors,
        promiscuous,
    })
}

fn ethernet(bytes: &mut Bytes<'_>) -> Option<Ethernet> {
    let [alignment_errors, fcs_errors, single_collisions, multiple_collisions] = bytes.words()?;
    let [sqe_test_errors, deferred, late_collisions, excessive_collisions] = bytes.words()?;
    let [mac_transmit_errors, carrier_sense_errors, frame_too_longs, mac_receive_errors, symbol_errors] =
        bytes.words()?;
    Some(Ethernet {
        alignment_errors,
        fcs_errors,
        single_collisions,
        multiple_collisions,
        sqe_test_errors,
        deferred,
        late_collisions,
        excessive_collisions,
        mac_transmit_errors,
        carrier_sense_errors,
        frame_too_longs,
        mac_receive_errors,
        symbol_errors,
    })
}

/// So many of what says its kind and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Items<'d> {
    left: u32,
    rest: Bytes<'d>,
}

impl<'d> Iterator for Items<'d> {
    type Item = Result<Item<'d>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let item = self.rest.item().ok_or(Fault::Record);
        if item.is_err() {
            self.left = 0;
        }
        Some(item)
    }
}

/// A sample or a record, by its kind.
#[derive(Debug, Clone, Copy)]
struct Item<'d> {
    enterprise: u32,
    kind: u32,
    bytes: Bytes<'d>,
}

/// XDR (RFC 4506): words of 32 bits, the high byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bytes<'d>(&'d [u8]);

impl<'d> Bytes<'d> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn word(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn double(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn words<const N: usize>(&mut self) -> Option<[u32; N]> {
        let (bytes, rest) = self.0.split_at_checked(N * 4)?;
        self.0 = rest;
        let mut words = [0; N];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        Some(words)
    }

    fn split(&mut self, len: u32) -> Option<&'d [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn item(&mut self) -> Option<Item<'d>> {
        let [of, len] = self.words()?;
        let bytes = Bytes(self.split(len)?);
        Some(Item { enterprise: of >> KIND_BITS, kind: of & ((1 << KIND_BITS) - 1), bytes })
    }
}
