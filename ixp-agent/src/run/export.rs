//! What was sampled and dropped in, told to the collectors; the clock and the sockets of [`samples`](crate::samples).

use std::time::{Duration, Instant};

use ixp_common::sample::{EventRecord, SampleRecord};
use tracing::{info, warn};

use super::watch::Watch;
use super::{Error, clock};
use crate::config::Config;
use crate::kernel::interface::{Statistics, statistics};
use crate::kernel::load::Loaded;
use crate::live::SflowState;
use crate::members::Registry;
use crate::samples::{Exporter, Settings};
use crate::sflow;
use crate::sflow::send::Sender;

/// Samples that are taken from the ring at once: more than it holds, so that what the pool has grown by is that of them all.
const AT_ONCE: usize = 8192;
/// Of Ethernet, as RFC 2863 numbers kinds of interfaces.
const ETHERNET: u32 = 6;

/// The way of samples out of the agent.
pub(super) struct Export {
    exporter: Exporter,
    sender: Sender,
    since: Instant,
    every: Duration,
    /// When interfaces' counters are told next.
    next: Instant,
    taken: Vec<SampleRecord>,
}

impl Export {
    /// Opens the way to the collectors; `None` where there are none.
    ///
    /// # Errors
    /// [`Error::Agent`].
    pub(super) fn new(config: &Config) -> Result<Option<(Self, SflowState)>, Error> {
        let config = &config.sflow;
        if config.collectors.is_empty() {
            return Ok(None);
        }
        let sender = Sender::open(&config.collectors);
        let agent = config.agent.or_else(|| sender.own_address()).ok_or(Error::Agent)?;
        let settings = Settings {
            agent,
            sub_agent: config.sub_agent,
            header: config.header as usize,
            datagram: config.datagram as usize,
            hides_hosts: config.hides_hosts,
        };
        let state = SflowState { agent, deliveries: sender.deliveries() };
        info!(%agent, collectors = config.collectors.len(), "samples are told by sFlow");
        let (since, every) = (clock::instant(), config.counters.unsigned_abs());
        let exporter = Exporter::new(settings);
        Ok(Some((Self { exporter, sender, since, every, next: since, taken: Vec::new() }, state)))
    }

    /// Takes what was sampled out of the ring, hands it over and tells it. What interfaces have counted by then goes with it.
    pub(super) fn samples(
        &mut self,
        loaded: &mut Loaded,
        watch: &Watch,
        registry: &Registry,
        mut each: impl FnMut(&[SampleRecord]),
    ) {
        loop {
            self.taken.extend(std::iter::from_fn(|| loaded.rings.sample()).take(AT_ONCE));
            if self.taken.is_empty() {
                return;
            }
            for (ifindex, slot) in watch.slots() {
                let samples = self.taken.iter().filter(|record| record.ifindex == ifindex).count();
                let Some(samples) = u32::try_from(samples).ok().filter(|samples| *samples > 0) else {
                    continue;
                };
                match loaded.counters.port(slot) {
                    Ok(counters) => self.exporter.counted(ifindex, &counters, samples),
                    Err(error) => warn!(%error, "the sample pool was not read; the last one stands"),
                }
            }
            each(&self.taken);
            let uptime = self.uptime();
            let Self { exporter, sender, taken, .. } = self;
            for record in taken.iter() {
                exporter.sampled(record, registry, uptime, &mut |datagram| sender.send(datagram));
            }
            let is_last = taken.len() < AT_ONCE;
            taken.clear();
            if is_last {
                return;
            }
        }
    }

    /// Tells a frame that rules dropped.
    pub(super) fn event(&mut self, record: &EventRecord, registry: &Registry) {
        let uptime = self.uptime();
        let Self { exporter, sender, .. } = self;
        exporter.dropped(record, registry, uptime, &mut |datagram| sender.send(datagram));
    }

    /// Once a second: counters of interfaces if it is time, and nothing waits any longer.
    pub(super) fn tick(&mut self, watch: &Watch) {
        self.sender.retry();
        let now = clock::instant();
        if now >= self.next {
            self.next = (self.next + self.every).max(now);
            let uptime = self.uptime();
            let Self { exporter, sender, .. } = self;
            for (index, name) in watch.names() {
                if let Some(counted) = statistics(name) {
                    let counters = counters(index, &counted);
                    exporter.counters(&counters, uptime, &mut |datagram| sender.send(datagram));
                }
            }
        }
        self.flush();
    }

    /// Sends what waits for more.
    pub(super) fn flush(&mut self) {
        let uptime = self.uptime();
        let Self { exporter, sender, .. } = self;
        exporter.flush(uptime, &mut |datagram| sender.send(datagram));
    }

    /// Milliseconds since the start, modulo 2³².
    #[expect(clippy::cast_possible_truncation, reason = "sFlow counts modulo 2³²")]
    fn uptime(&self) -> u32 {
        clock::instant().duration_since(self.since).as_millis() as u32
    }
}

/// What the kernel counts, as RFC 2863 has it. Who is sent to by broadcast it does not count.
#[expect(clippy::cast_possible_truncation, reason = "sFlow counts modulo 2³²")]
fn counters(index: u32, counted: &Statistics) -> sflow::Interface {
    const UNKNOWN: u32 = sflow::Interface::UNKNOWN;
    let Statistics { received, multicast, sent, .. } = *counted;
    sflow::Interface {
        index,
        kind: ETHERNET,
        speed: counted.speed.unwrap_or(sflow::SPEED_UNKNOWN),
        direction: match counted.is_full_duplex {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        },
        status: u32::from(counted.is_up) | u32::from(counted.is_running) << 1,
        in_octets: received.bytes,
        in_unicast: received.packets.wrapping_sub(multicast) as u32,
        in_multicast: multicast as u32,
        in_broadcast: UNKNOWN,
        in_discards: received.dropped as u32,
        in_errors: received.errors as u32,
        in_unknown_protocols: UNKNOWN,
        out_octets: sent.bytes,
        out_unicast: sent.packets as u32,
        out_multicast: UNKNOWN,
        out_broadcast: UNKNOWN,
        out_discards: sent.dropped as u32,
        out_errors: sent.errors as u32,
        promiscuous: if counted.is_promiscuous { 1 } else { 2 },
    }
}
