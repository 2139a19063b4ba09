//! The datagrams of one exporter in, what their samples stand for and how well it is heard out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::time::Duration;

use foldhash::fast::RandomState;
use ixp_common::bytes::Captured;
use jiff::Timestamp;

use super::debt::{Debt, Way};
use super::facts::Facts;
use super::health::{Directions, Health, Reason};
use super::sequence::{Sequence, Step};
use super::tagged::Tagged;
use super::tally::Tally;
use crate::sflow::decode::{Datagram, FlowRecords, Sample};
use crate::sflow::{Flow, FlowRecord, Header, PROTOCOL_ETHERNET, Port, Source, Switch};

/// Bytes of the FCS, which `frame_length` has and the matrix has not.
const FCS: u32 = 4;
/// Rates above are taken for errors: a port of 100 Gbit/s, full of long frames, would give a sample each half minute.
const MOST_RATE: u32 = 1 << 28;
/// Bytes of a frame at most; hosts that put packets together before they sample them have the longest.
const MOST_LENGTH: u32 = 1 << 20;
/// Parts of an exporter that number their datagrams on their own.
const AGENTS: usize = 64;
/// Sources of one exporter whose samples are numbered.
const SOURCES: usize = 4096;
/// After so long without a datagram what was lost meanwhile is of another time, and not made up for.
const SILENCE: Duration = Duration::from_secs(10);
/// A part that was silent for so long makes room for another.
const GONE: Duration = Duration::from_mins(10);

/// A moment: by the wall clock, and since the start by one that never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By the wall clock.
    pub at: Timestamp,
    /// Since the start.
    pub since_start: Duration,
}

/// A switch, or another host, that sends samples.
#[derive(Debug)]
pub struct Exporter {
    health: Health,
    agents: HashMap<(IpAddr, u32), Agent, RandomState>,
    sources: usize,
}

/// A part of it that numbers its datagrams.
#[derive(Debug)]
struct Agent {
    sequence: Sequence,
    heard: Duration,
    /// Datagrams that were lost and are to be made up for.
    lost: u64,
    /// The most samples that one datagram had.
    most: u32,
    clock: Clock,
    sources: HashMap<Source, Tracked, RandomState>,
}

/// Its clock beside ours.
#[derive(Debug, Clone, Copy)]
struct Clock {
    uptime_ms: u32,
    /// What passed by its clock since it was first heard, and when that was.
    passed_ms: i64,
    first: Duration,
}

#[derive(Debug)]
struct Tracked {
    debt: Debt,
    rate: u32,
}

impl Exporter {
    /// Nothing heard of it yet.
    #[must_use]
    pub fn new(address: IpAddr, name: Option<String>, directions: Option<Directions>) -> Self {
        Self { health: Health::new(address, name, directions), agents: HashMap::default(), sources: 0 }
    }

    /// How well it is heard.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Takes a datagram. What is wrong with it is counted by [`Reason`].
    pub fn hear(&mut self, datagram: &[u8], now: Moment, facts: &Facts, tally: &mut Tally) {
        self.health.heard(now.at, datagram.len());
        let datagram = match Datagram::read(datagram) {
            Ok(datagram) => datagram,
            Err(fault) => return self.health.refuse(Reason::Fault(fault)),
        };
        let key = (datagram.agent, datagram.sub_agent);
        if self.agents.len() >= AGENTS && !self.agents.contains_key(&key) && !self.make_room(now) {
            return self.health.refuse(Reason::Agents);
        }
        let Self { health, agents, sources } = self;
        let (agent, turn) = match agents.entry(key) {
            Entry::Vacant(entry) => {
                health.agents += 1;
                (entry.insert(Agent::new(&datagram, now)), Turn::default())
            }
            Entry::Occupied(entry) => {
                let agent = entry.into_mut();
                let Some(turn) = agent.step(&datagram, now, health, sources) else { return };
                (agent, turn)
            }
        };
        let mut hearing = Hearing { health, agent, sources, turn, facts, tally };
        for sample in datagram {
            match sample {
                Ok(sample) => hearing.sample(&sample),
                Err(fault) => hearing.health.refuse(Reason::Fault(fault)),
            }
        }
    }

    /// Forgets the part that was silent the longest, if that is long enough.
    fn make_room(&mut self, now: Moment) -> bool {
        let longest = self.agents.iter().min_by_key(|(_, agent)| agent.heard);
        let Some((key, _)) = longest.filter(|(_, agent)| now.since_start.saturating_sub(agent.heard) > GONE)
        else {
            return false;
        };
        let key = *key;
        if let Some(agent) = self.agents.remove(&key) {
            self.sources -= agent.sources.len();
            self.health.agents -= 1;
        }
        true
    }
}

/// How a datagram came.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    order: Order,
    /// Whether nothing was heard for long before it.
    is_after_silence: bool,
}

/// Where a datagram stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    /// Behind those that came.
    #[default]
    InTurn,
    /// Before one that came, and it was counted as lost.
    Late,
    /// Before the first that came.
    Early,
}

impl Agent {
    fn new(datagram: &Datagram<'_>, now: Moment) -> Self {
        Self {
            sequence: Sequence::new(datagram.sequence, datagram.uptime_ms),
            heard: now.since_start,
            lost: 0,
            most: datagram.len(),
            clock: Clock { uptime_ms: datagram.uptime_ms, passed_ms: 0, first: now.since_start },
            sources: HashMap::default(),
        }
    }

    /// Where a datagram stands among those before it; `None` if it is none of its own.
    fn step(
        &mut self,
        datagram: &Datagram<'_>,
        now: Moment,
        health: &mut Health,
        sources: &mut usize,
    ) -> Option<Turn> {
        let is_after_silence = now.since_start.saturating_sub(self.heard) > SILENCE;
        let mut order = Order::InTurn;
        match self.sequence.step(datagram.sequence, datagram.uptime_ms) {
            Step::Twice => {
                health.refuse(Reason::Twice);
                return None;
            }
            Step::Late => {
                order = Order::Late;
                health.late += 1;
                health.lost = health.lost.saturating_sub(1);
            }
            Step::Early => order = Order::Early,
            Step::Next { lost } => {
                health.lost += u64::from(lost);
                self.lost += if is_after_silence { 0 } else { u64::from(lost) };
                self.follow(datagram, now);
            }
            Step::Anew => {
                health.restarts += 1;
                *sources -= self.sources.len();
                *self = Self::new(datagram, now);
            }
        }
        self.most = self.most.max(datagram.len());
        health.clock(self.clock.uptime_ms, self.clock.ahead_ms(now));
        Some(Turn { order, is_after_silence })
    }

    fn follow(&mut self, datagram: &Datagram<'_>, now: Moment) {
        let passed = i64::from(datagram.uptime_ms.wrapping_sub(self.clock.uptime_ms).cast_signed());
        self.clock.passed_ms = self.clock.passed_ms.saturating_add(passed);
        self.clock.uptime_ms = datagram.uptime_ms;
        self.heard = now.since_start;
    }
}

impl Clock {
    /// How much more passed by its clock than by ours.
    fn ahead_ms(&self, now: Moment) -> i64 {
        let here = now.since_start.saturating_sub(self.first).as_millis();
        self.passed_ms.saturating_sub(i64::try_from(here).unwrap_or(i64::MAX))
    }
}

/// What a datagram's samples are taken with.
struct Hearing<'h> {
    health: &'h mut Health,
    agent: &'h mut Agent,
    sources: &'h mut usize,
    turn: Turn,
    facts: &'h Facts,
    tally: &'h mut Tally,
}

impl Hearing<'_> {
    fn sample(&mut self, sample: &Sample<'_>) {
        match sample {
            Sample::Flow(flow, records) => self.flow(flow, *records),
            Sample::Counters(..) => self.health.counters += 1,
            Sample::Discard(..) => self.health.discards += 1,
            Sample::Other { .. } => self.health.others += 1,
        }
    }

    fn flow(&mut self, flow: &Flow, records: FlowRecords<'_>) {
        self.health.samples += 1;
        if !(1..=MOST_RATE).contains(&flow.rate) {
            return self.health.refuse(Reason::Rate);
        }
        let is_counted = self.health.takes(flow);
        let Some(weight) = self.weigh(flow).filter(|_| is_counted) else { return };
        let (mut header, mut switch) = (None, None);
        for record in records {
            match record {
                Ok(FlowRecord::Header(found)) => header = header.or(Some(found)),
                Ok(FlowRecord::Switch(found)) => switch = switch.or(Some(found)),
                Ok(FlowRecord::Other { .. }) => {}
                Err(fault) => self.health.refuse(Reason::Fault(fault)),
            }
        }
        match header {
            Some(header) if header.frame_length > MOST_LENGTH => {
                self.health.refuse(Reason::Length);
                self.tally.unknown(0, weight);
            }
            Some(header) if header.protocol == PROTOCOL_ETHERNET => self.frame(&header, switch, weight),
            Some(header) => {
                self.health.refuse(Reason::Protocol);
                self.tally.unknown(header.frame_length.saturating_sub(FCS), weight);
            }
            None => {
                self.health.refuse(Reason::NoHeader);
                self.tally.unknown(0, weight);
            }
        }
    }

    /// How many frames a sample stands for; `None` if others stand for it already.
    fn weigh(&mut self, flow: &Flow) -> Option<u64> {
        let Self { agent, health, turn, .. } = self;
        let way = Way { lost: agent.lost, most: agent.most, is_after_silence: turn.is_after_silence };
        let rate = u64::from(flow.rate);
        health.rate(flow.rate);
        if turn.order == Order::Early {
            return Some(rate);
        }
        let Some(tracked) = agent.sources.get_mut(&flow.source) else {
            if *self.sources >= SOURCES {
                health.refuse(Reason::Sources);
                return Some(rate);
            }
            *self.sources += 1;
            let debt = Debt::new(flow.sequence, flow.drops, way);
            agent.sources.insert(flow.source, Tracked { debt, rate: flow.rate });
            return Some(rate);
        };
        if turn.order == Order::Late {
            let is_owed = tracked.debt.is_owed();
            if !is_owed {
                health.refuse(Reason::MadeUpFor);
            }
            health.samples_lost = health.samples_lost.saturating_sub(u64::from(is_owed));
            return is_owed.then_some(rate);
        }
        if tracked.rate != flow.rate {
            tracked.rate = flow.rate;
            health.rate_changes += 1;
        }
        let lost = tracked.debt.sample(flow.sequence, flow.drops, way);
        health.samples_lost += u64::from(lost.on_the_way);
        health.samples_dropped += u64::from(lost.by_the_agent);
        health.samples_unexplained += u64::from(lost.unexplained);
        Some(rate * u64::from(tracked.debt.pay()))
    }

    fn frame(&mut self, header: &Header<'_>, switch: Option<Switch>, weight: u64) {
        let wire_len = header.frame_length.saturating_sub(FCS);
        let tag = switch.and_then(|switch| {
            self.facts.tag(switch.source_vlan).or_else(|| self.facts.tag(switch.destination_vlan))
        });
        match tag.and_then(|tag| Tagged::new(header.bytes, tag)) {
            Some(tagged) => {
                let frame = Captured::new(tagged.bytes(), wire_len.saturating_add(Tagged::INSERTED));
                self.tally.sample(&frame, Tagged::INSERTED, weight, self.facts);
            }
            None => self.tally.sample(&Captured::new(header.bytes, wire_len), 0, weight, self.facts),
        }
    }
}

/// Which way a frame went where it was sampled.
pub(super) fn is_ingress(flow: &Flow) -> Option<bool> {
    let is_there = |port: Port| flow.source.class == 0 && port.index() == Some(flow.source.index);
    match (is_there(flow.input), is_there(flow.output)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}
