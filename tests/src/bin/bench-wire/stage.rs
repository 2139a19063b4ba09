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

/// Where it all takes place. The source and the receiving end's softirq have the first CPU to themselves, so that
/// the ring between them, of 256 frames, never fills; what counts has the others.
pub(crate) struct Stage {
    /// Namespace and folder.
    pub(crate) site: Site,
    /// Who speaks there.
    pub(crate) exchange: Exchange,
    source: Paced,
    receiver: Option<Receiver>,
    source_cpu: usize,
}

/// Of the source, among threads of real time.
pub(crate) const SOURCE_PRIORITY: i32 = 1;

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
        let ethtool = Command::new("ethtool").args(["--offload", SAMPLER, "gro", "on"]).output();
        let ethtool = ethtool.context("run ethtool: install it")?;
        ensure!(ethtool.status.success(), "ethtool: {}", String::from_utf8_lossy(&ethtool.stderr));
        let source = Paced::onto(Interface::find(FABRIC)?.index, exchange.links())?;
        Ok(Self { site, exchange, source, receiver: None, source_cpu: cpus[0] })
    }

    /// Lets the receiving softirq run in a thread of its own from here on, so that the scheduler accounts its time.
    pub(crate) fn account_softirq(&mut self) -> Result<()> {
        let receiver = Receiver::start()?;
        receiver.keep_on(self.source_cpu)?;
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
        let (source, cpu) = (&mut self.source, self.source_cpu);
        let paced = || {
            cpu::pin(cpu)?;
            cpu::put_first(0, SOURCE_PRIORITY)?;
            source.send(rate, frames)
        };
        let ended = thread::scope(|scope| scope.spawn(paced).join());
        let sent = ended.map_err(|_| anyhow!("the source broke off"))??;
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

fn arrived() -> Result<Arrived> {
    let counters = nic_counters(SAMPLER).with_context(|| format!("no counters of {SAMPLER}"))?;
    Ok(Arrived { received: counters.received.packets, overflowed: counters.dropped })
}
