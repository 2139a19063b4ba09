//! Frames that the kernel sampled or dropped, and counters of interfaces, in; sFlow datagrams out. Where they go is another
//! room's.

mod header;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ixp_common::addr::{Mac, VlanId};
use ixp_common::bytes::Captured;
use ixp_common::counters::{Outcome, PortCounters};
use ixp_common::frame::{self, Link};
use ixp_common::sample::{EventRecord, SampleRecord};

use crate::members::{Registry, ifindex};
use crate::sflow::encode::{Encoder, Full};
use crate::sflow::{
    CounterRecord, Counters, Discard, Flow, FlowRecord, Header, Interface, PROTOCOL_ETHERNET, Port, Reason,
    Source, Switch,
};

/// Bytes of the FCS, which a frame has on the wire and the kernel does not see.
const FCS: u32 = 4;

/// How datagrams are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who says it.
    pub agent: IpAddr,
    /// Which of the agent's parts.
    pub sub_agent: u32,
    /// Bytes of a frame's start at most; those behind the transport header are never told.
    pub header: usize,
    /// Bytes of a datagram at most.
    pub datagram: usize,
    /// Whether addresses of hosts are zero in what is told.
    pub hides_hosts: bool,
}

/// Fills datagrams. Every sequence number is one of its source.
#[derive(Debug)]
pub struct Exporter {
    settings: Settings,
    encoder: Encoder,
    sequence: u32,
    sources: BTreeMap<u32, Numbers>,
    /// The last dropped frame that was told of: each rule that it broke has a record of its own.
    last_dropped: Option<(u64, u32, [u8; 6])>,
}

/// What is counted per interface.
#[derive(Debug, Clone, Copy, Default)]
struct Numbers {
    flows: u32,
    counters: u32,
    discards: u32,
    pool: Option<Pool>,
    drops: u32,
    discards_lost: u32,
}

/// How many frames could have been sampled until a sample was taken.
#[derive(Debug, Clone, Copy)]
struct Pool {
    /// As told with the last sample.
    told: u32,
    /// What was seen since.
    growth: u32,
    /// Samples that wait to be told of it.
    samples: u32,
}

impl Pool {
    /// Moves on to the next sample. Collectors take a sample for what the pool has grown by since the one before: growth that
    /// all stood in the first of many would count for that one alone, and once more for each of the others by its rate.
    fn step(&mut self) {
        let step = self.growth.checked_div(self.samples).unwrap_or(0);
        self.told = self.told.wrapping_add(step);
        self.growth -= step;
        self.samples = self.samples.saturating_sub(1);
    }
}

/// A finished datagram's way out.
pub type Out<'a> = &'a mut dyn FnMut(&[u8]);

impl Exporter {
    /// Nothing told yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let encoder = Encoder::new(settings.agent, settings.sub_agent, settings.datagram);
        Self { settings, encoder, sequence: 0, sources: BTreeMap::new(), last_dropped: None }
    }

    /// Takes note of what an interface has counted by the time that so many of its samples are to be told: the sample pool
    /// is every frame that it saw, and what found no room in the ring was dropped.
    #[expect(clippy::cast_possible_truncation, reason = "sFlow counts modulo 2³²")]
    pub fn counted(&mut self, ifindex: u32, counters: &PortCounters, samples: u32) {
        let numbers = self.sources.entry(ifindex).or_default();
        let seen = counters.seen.packets as u32;
        // What was seen before the first of them is no growth.
        let told = numbers.pool.map_or(seen, |pool| pool.told);
        numbers.pool = Some(Pool { told, growth: seen.wrapping_sub(told), samples });
        numbers.drops = counters.samples_lost as u32;
    }

    /// Tells of a sampled frame.
    pub fn sampled(&mut self, record: &SampleRecord, registry: &Registry, uptime_ms: u32, out: Out<'_>) {
        let frame = Captured::new(record.header(), record.wire_len);
        let link = frame::link(&frame).ok();
        let numbers = self.sources.entry(record.ifindex).or_default();
        numbers.flows = numbers.flows.wrapping_add(1);
        if let Some(pool) = &mut numbers.pool {
            pool.step();
        }
        let flow = Flow {
            sequence: numbers.flows,
            source: Source::interface(record.ifindex),
            rate: record.rate,
            pool: numbers.pool.map_or(0, |pool| pool.told),
            drops: numbers.drops,
            input: input(link.as_ref(), record.ifindex, registry),
            output: output(link.as_ref(), registry),
        };
        let mut start = record.header;
        let bytes = header::told(&mut start, &frame, link.as_ref(), &self.settings);
        let records = records(record.wire_len, bytes, link.as_ref());
        self.put(uptime_ms, out, |encoder| encoder.flow(&flow, &records));
    }

    /// Tells of a frame that rules dropped; any other, and one that it told of for another rule, it passes over.
    #[expect(clippy::cast_possible_truncation, reason = "sFlow counts modulo 2³²")]
    pub fn dropped(&mut self, record: &EventRecord, registry: &Registry, uptime_ms: u32, out: Out<'_>) {
        if Outcome::from_number(record.outcome) != Some(Outcome::Dropped) {
            return;
        }
        let this = Some((record.monotonic_ns, record.ifindex, record.mac));
        if self.last_dropped == this {
            return;
        }
        self.last_dropped = this;
        let frame = Captured::new(record.header(), record.wire_len);
        let link = frame::link(&frame).ok();
        let numbers = self.sources.entry(record.ifindex).or_default();
        numbers.discards = numbers.discards.wrapping_add(1);
        numbers.discards_lost = numbers.discards_lost.wrapping_add(record.suppressed as u32);
        let index = |port: Port| port.index().unwrap_or(0);
        let discard = Discard {
            sequence: numbers.discards,
            source: Source::interface(record.ifindex),
            drops: numbers.discards_lost,
            input: index(input(link.as_ref(), record.ifindex, registry)),
            output: index(output(link.as_ref(), registry)),
            reason: Reason::ACL,
        };
        let mut start = record.header;
        let bytes = header::told(&mut start, &frame, link.as_ref(), &self.settings);
        let records = records(record.wire_len, bytes, link.as_ref());
        self.put(uptime_ms, out, |encoder| encoder.discard(&discard, &records));
    }

    /// Tells an interface's own counters.
    pub fn counters(&mut self, counters: &Interface, uptime_ms: u32, out: Out<'_>) {
        let numbers = self.sources.entry(counters.index).or_default();
        numbers.counters = numbers.counters.wrapping_add(1);
        let head = Counters { sequence: numbers.counters, source: Source::interface(counters.index) };
        let records = [CounterRecord::Interface(*counters)];
        self.put(uptime_ms, out, |encoder| encoder.counters(&head, &records));
    }

    /// Gives out what waits for more.
    pub fn flush(&mut self, uptime_ms: u32, out: Out<'_>) {
        if self.encoder.is_empty() {
            return;
        }
        self.sequence = self.sequence.wrapping_add(1);
        out(self.encoder.sealed(self.sequence, uptime_ms));
        self.encoder.clear();
    }

    fn put(&mut self, uptime_ms: u32, out: Out<'_>, add: impl Fn(&mut Encoder) -> Result<(), Full>) {
        if add(&mut self.encoder) == Err(Full) {
            self.flush(uptime_ms, out);
            // The configuration allows no datagram that is too short for one sample.
            let _fits = add(&mut self.encoder);
        }
    }
}

/// The member that sent, or the interface that heard it.
fn input(link: Option<&Link>, ifindex: u32, registry: &Registry) -> Port {
    let member = link.and_then(|link| index_of(registry, link.vlan(), link.source()));
    Port::interface(member.unwrap_or(ifindex))
}

/// The member that it is for, several, or nobody known.
fn output(link: Option<&Link>, registry: &Registry) -> Port {
    match link {
        Some(link) if link.destination().is_group() => Port::several(0),
        Some(link) => {
            index_of(registry, link.vlan(), link.destination()).map_or(Port::UNKNOWN, Port::interface)
        }
        None => Port::UNKNOWN,
    }
}

fn index_of(registry: &Registry, vlan: VlanId, mac: Mac) -> Option<u32> {
    ifindex(registry.member_of(vlan, mac)?.asn)
}

/// The header, and behind it the outer tag: who reads tags takes the last that is said.
fn records<'b>(wire_len: u32, bytes: &'b [u8], link: Option<&Link>) -> [FlowRecord<'b>; 2] {
    let frame_length = wire_len.saturating_add(FCS);
    let vlan = link.map_or(0, |link| u32::from(link.vlan().get()));
    let header = Header { protocol: PROTOCOL_ETHERNET, frame_length, stripped: FCS, bytes };
    let switch = Switch { source_vlan: vlan, destination_vlan: vlan, ..Switch::default() };
    [FlowRecord::Header(header), FlowRecord::Switch(switch)]
}
