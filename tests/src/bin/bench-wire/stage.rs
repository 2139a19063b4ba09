//! A pair of interfaces, a source at one end and whatever counts at the other: a pace in, how many frames were sent
//! and how many arrived out.

use std::ops::Add;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use ixp_agent::kernel::interface::{Interface, nic_counters};
use ixp_lab::cpu::Split;
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::cpu;
use ixp_tests::paced::{Paced, Sent};
use serde::Serialize;

use crate::exchange::Exchange;
use crate::receiver::Receiver;

/// Where it all takes place. A source and the receiving end's softirq share a CPU, so that the ring between them, of 256
/// frames, never fills. The first CPU is theirs alone. What counts has the others, where there may be more sources.
pub(crate) struct Stage {
    /// Namespace and folder.
    pub(crate) site: Site,
    /// Who speaks there.
    pub(crate) exchange: Exchange,
    sources: Vec<Source>,
    /// How many of them send.
    queues: usize,
    receiver: Option<Receiver>,
}

/// What sends from a CPU, and so into the queue of that CPU.
struct Source {
    cpu: usize,
    frames: Paced,
}

/// Of the source that has its CPU to itself, among threads of real time.
pub(crate) const SOURCE_PRIORITY: i32 = 1;

/// Sources at most: each has who sends to whom in a map of 8 MiB.
const MOST_SOURCES: usize = 8;

/// What came to the receiving end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Arrived {
    /// Frames that were taken out of the ring.
    pub(crate) received: u64,
    /// Frames for which the ring had no room.
    pub(crate) overflowed: u64,
}

impl Arrived {
    /// Frames that were sent.
    pub(crate) const fn sent(self) -> u64 {
        self.received + self.overflowed
    }
}

impl Add for Arrived {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { received: self.received + more.received, overflowed: self.overflowed + more.overflowed }
    }
}

impl Stage {
    /// Builds it around the calling thread, which is kept off the source's CPU from here on, with all that it starts.
    pub(crate) fn build(exchange: Exchange) -> Result<Self> {
        let cpus = cpu::allowed()?;
        ensure!(cpus.len() > 1, "a source and what counts its frames need a CPU each, and there is one");
        Split::of_this_host()?.watch_from_here()?;
        let site = Site::enter()?;
        // A veth takes redirected frames only with a program or GRO on; no two of these frames are of one stream.
        ethtool(&["--offload", SAMPLER, "gro", "on"])?;
        let fabric = Interface::find(FABRIC)?.index;
        let sources = cpus.into_iter().take(MOST_SOURCES);
        let source = |cpu| Ok(Source { cpu, frames: Paced::onto(fabric, exchange.links())? });
        let sources = sources.map(source).collect::<Result<_>>()?;
        Ok(Self { site, exchange, sources, queues: 1, receiver: None })
    }

    /// Queues that there can be, one per CPU.
    pub(crate) fn most_queues(&self) -> usize {
        self.sources.len()
    }

    /// Queues into which frames come from here on.
    pub(crate) const fn queues(&self) -> usize {
        self.queues
    }

    /// Has frames come into so many queues, each from a source on a CPU of its own.
    pub(crate) fn spread_over(&mut self, queues: usize) -> Result<()> {
        ethtool(&["--set-channels", SAMPLER, "rx", &queues.to_string()])?;
        self.queues = queues;
        Ok(())
    }

    /// Lets the receiving softirq run in a thread of its own from here on, so that the scheduler accounts its time.
    pub(crate) fn account_softirq(&mut self) -> Result<()> {
        let receiver = Receiver::start()?;
        receiver.keep_on(self.sources[0].cpu)?;
        self.receiver = Some(receiver);
        Ok(())
    }

    /// CPU time of that thread so far.
    pub(crate) fn softirq_time(&self) -> Result<Duration> {
        self.receiver.as_ref().map_or(Ok(Duration::ZERO), Receiver::cpu_time)
    }

    /// Sends so many frames at this rate, and waits until each has arrived or was lost in the ring.
    pub(crate) fn send(&mut self, rate: u64, frames: u64) -> Result<(Sent, Arrived)> {
        let before = arrived()?;
        let each = self.queues as u64;
        let send = |(number, source): (usize, &mut Source)| {
            cpu::pin(source.cpu)?;
            // The others share their CPU with what counts.
            if number == 0 {
                cpu::put_first(0, SOURCE_PRIORITY)?;
            }
            source.frames.send(rate / each, frames / each)
        };
        let sources = self.sources.iter_mut().take(self.queues).enumerate();
        let ended: Vec<_> = thread::scope(|scope| {
            let sending: Vec<_> = sources.map(|source| scope.spawn(move || send(source))).collect();
            sending.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut sent = Sent { frames: 0, took: Duration::ZERO };
        for source in ended {
            let source = source.map_err(|_| anyhow!("a source broke off"))??;
            sent = Sent { frames: sent.frames + source.frames, took: sent.took.max(source.took) };
        }
        let arrived = ixp_tests::agent::wait("all frames arrive or are lost", || {
            let now = arrived()?;
            let came = Arrived {
                received: now.received - before.received,
                overflowed: now.overflowed - before.overflowed,
            };
            ensure!(came.sent() <= sent.frames, "{came:?}, and {} were sent", sent.frames);
            Ok((came.sent() == sent.frames).then_some(came))
        })?;
        Ok((sent, arrived))
    }
}

fn ethtool(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ethtool").args(arguments).output().context("run ethtool: install it")?;
    ensure!(output.status.success(), "ethtool: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn arrived() -> Result<Arrived> {
    let counters = nic_counters(SAMPLER).with_context(|| format!("no counters of {SAMPLER}"))?;
    Ok(Arrived { received: counters.received.packets, overflowed: counters.dropped })
}
