//! Samples and records in, the bytes of a datagram out.

use std::net::IpAddr;

use super::record::{CounterRecord, Ethernet, FlowRecord, Header, Interface, Switch};
use super::sample::{Counters, Discard, Flow};
use super::{KIND_BITS, VERSION, address, counter, flow, kind};

/// A datagram that is filled sample by sample, never beyond its size.
#[derive(Debug)]
pub struct Encoder {
    bytes: Vec<u8>,
    size: usize,
    head: usize,
    samples: u32,
}

/// A sample does not fit beside those that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the datagram is full")]
pub struct Full;

impl Encoder {
    /// An empty datagram of this agent, of at most `size` bytes.
    #[must_use]
    pub fn new(agent: IpAddr, sub_agent: u32, size: usize) -> Self {
        let mut bytes = Vec::with_capacity(size);
        word(&mut bytes, VERSION);
        match agent {
            IpAddr::V4(agent) => {
                word(&mut bytes, address::IPV4);
                bytes.extend(agent.octets());
            }
            IpAddr::V6(agent) => {
                word(&mut bytes, address::IPV6);
                bytes.extend(agent.octets());
            }
        }
        word(&mut bytes, sub_agent);
        let head = bytes.len();
        words(&mut bytes, [0; 3]);
        Self { bytes, size, head, samples: 0 }
    }

    /// Whether there is no sample in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// Samples in it.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.samples
    }

    /// The datagram as it is to be sent.
    pub fn sealed(&mut self, sequence: u32, uptime_ms: u32) -> &[u8] {
        let words = [sequence, uptime_ms, self.samples];
        for (field, word) in self.bytes[self.head..].as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *field = word.to_be_bytes();
        }
        &self.bytes
    }

    /// Takes all samples out.
    pub fn clear(&mut self) {
        self.bytes.truncate(self.head + 3 * 4);
        self.samples = 0;
    }

    /// Adds a sampled frame, in as few words as its numbers allow.
    ///
    /// # Errors
    /// [`Full`]; the datagram is as it was.
    pub fn flow(&mut self, flow: &Flow, records: &[FlowRecord<'_>]) -> Result<(), Full> {
        let Flow { sequence, source, rate, pool, drops, input, output } = *flow;
        if let (Some(source), Some(input), Some(output)) =
            (source.compact(), input.compact(), output.compact())
        {
            let head = [sequence, source, rate, pool, drops, input, output];
            return self.sample(kind::FLOW, head, records, flow_record);
        }
        let ((in_format, in_value), (out_format, out_value)) = (input.expanded(), output.expanded());
        let (class, index) = (source.class, source.index);
        let head = [sequence, class, index, rate, pool, drops, in_format, in_value, out_format, out_value];
        self.sample(kind::EXPANDED_FLOW, head, records, flow_record)
    }

    /// Adds counters of an interface.
    ///
    /// # Errors
    /// [`Full`]; the datagram is as it was.
    pub fn counters(&mut self, counters: &Counters, records: &[CounterRecord]) -> Result<(), Full> {
        let Counters { sequence, source } = *counters;
        match source.compact() {
            Some(source) => self.sample(kind::COUNTERS, [sequence, source], records, counter_record),
            None => {
                let head = [sequence, source.class, source.index];
                self.sample(kind::EXPANDED_COUNTERS, head, records, counter_record)
            }
        }
    }

    /// Adds a discarded frame.
    ///
    /// # Errors
    /// [`Full`]; the datagram is as it was.
    pub fn discard(&mut self, discard: &Discard, records: &[FlowRecord<'_>]) -> Result<(), Full> {
        let Discard { sequence, source, drops, input, output, reason } = *discard;
        let head = [sequence, source.class, source.index, drops, input, output, reason.0];
        self.sample(kind::DISCARD, head, records, flow_record)
    }

    fn sample<const N: usize, R>(
        &mut self,
        kind: u32,
        head: [u32; N],
        records: &[R],
        record: impl Fn(&mut Vec<u8>, &R),
    ) -> Result<(), Full> {
        let before = self.bytes.len();
        item(&mut self.bytes, kind, |bytes| {
            words(bytes, head);
            word(bytes, u32::try_from(records.len()).unwrap_or(u32::MAX));
            records.iter().for_each(|of| record(bytes, of));
        });
        if self.bytes.len() > self.size {
            self.bytes.truncate(before);
            return Err(Full);
        }
        self.samples += 1;
        Ok(())
    }
}

fn flow_record(bytes: &mut Vec<u8>, record: &FlowRecord<'_>) {
    match *record {
        FlowRecord::Header(header) => item(bytes, flow::HEADER, |bytes| self::header(bytes, &header)),
        FlowRecord::Switch(switch) => item(bytes, flow::SWITCH, |bytes| {
            let Switch { source_vlan, source_priority, destination_vlan, destination_priority } = switch;
            words(bytes, [source_vlan, source_priority, destination_vlan, destination_priority]);
        }),
        FlowRecord::Other { enterprise, kind } => item(bytes, enterprise << KIND_BITS | kind, |_| {}),
    }
}

fn header(into: &mut Vec<u8>, header: &Header<'_>) {
    let Header { protocol, frame_length, stripped, bytes } = *header;
    words(into, [protocol, frame_length, stripped, u32::try_from(bytes.len()).unwrap_or(u32::MAX)]);
    into.extend(bytes);
    into.resize(into.len().next_multiple_of(4), 0);
}

fn counter_record(bytes: &mut Vec<u8>, record: &CounterRecord) {
    match record {
        CounterRecord::Interface(counters) => {
            item(bytes, counter::INTERFACE, |bytes| interface(bytes, counters));
        }
        CounterRecord::Ethernet(counters) => {
            item(bytes, counter::ETHERNET, |bytes| ethernet(bytes, counters));
        }
        CounterRecord::Other { enterprise, kind } => item(bytes, enterprise << KIND_BITS | kind, |_| {}),
    }
}

fn interface(bytes: &mut Vec<u8>, counters: &Interface) {
    words(bytes, [counters.index, counters.kind]);
    double(bytes, counters.speed);
    words(bytes, [counters.direction, counters.status]);
    double(bytes, counters.in_octets);
    words(bytes, [counters.in_unicast, counters.in_multicast, counters.in_broadcast]);
    words(bytes, [counters.in_discards, counters.in_errors, counters.in_unknown_protocols]);
    double(bytes, counters.out_octets);
    words(bytes, [counters.out_unicast, counters.out_multicast, counters.out_broadcast]);
    words(bytes, [counters.out_discards, counters.out_errors, counters.promiscuous]);
}

fn ethernet(bytes: &mut Vec<u8>, counters: &Ethernet) {
    words(bytes, [counters.alignment_errors, counters.fcs_errors]);
    words(bytes, [counters.single_collisions, counters.multiple_collisions]);
    words(bytes, [counters.sqe_test_errors, counters.deferred]);
    words(bytes, [counters.late_collisions, counters.excessive_collisions]);
    words(bytes, [counters.mac_transmit_errors, counters.carrier_sense_errors]);
    words(bytes, [counters.frame_too_longs, counters.mac_receive_errors, counters.symbol_errors]);
}

/// A kind, how many bytes follow, and those.
fn item(bytes: &mut Vec<u8>, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    words(bytes, [kind, 0]);
    let start = bytes.len();
    fill(bytes);
    let len = u32::try_from(bytes.len() - start).unwrap_or(u32::MAX);
    bytes[start - 4..start].copy_from_slice(&len.to_be_bytes());
}

fn word(bytes: &mut Vec<u8>, word: u32) {
    bytes.extend(word.to_be_bytes());
}

fn words<const N: usize>(bytes: &mut Vec<u8>, all: [u32; N]) {
    all.iter().for_each(|value| word(bytes, *value));
}

fn double(bytes: &mut Vec<u8>, value: u64) {
    bytes.extend(value.to_be_bytes());
}
