//! Datagrams in, the time that one core takes from their bytes to the matrix of a second out.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ixp_agent::intake::{Exporter, Facts, Moment, Room, Tally};
use ixp_agent::members::{VlanTags, parse};
use ixp_agent::policy::{Policy, Ports, build};
use ixp_agent::snapshot::{Amount as _, Delta};
use jiff::Timestamp;
use serde::Serialize;

use crate::stream::{SAMPLES, Stream};

/// What one core takes in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Inside {
    /// How many pairs samples are of.
    pub(crate) pairs: usize,
    /// Samples in all.
    pub(crate) samples: u64,
    /// Nanoseconds of CPU that each took: decoded, parsed, held against the rules, counted, and taken out each time the
    /// stream ended.
    pub(crate) sample_ns: f64,
}

/// How often the agent takes out what was counted.
const PERIOD: Duration = Duration::from_secs(1);

pub(crate) fn measure(stream: &Stream, at_least: Duration) -> Result<Inside> {
    let (registry, _) = parse("members.toml", &stream.members(), &VlanTags::new()).context("members")?;
    let tables = build(&Policy::default(), &registry, &Ports::default(), Timestamp::UNIX_EPOCH, 0)?;
    let facts = Facts::new(tables, &registry);
    let mut tally = Tally::new(Room { members: stream.pairs, strangers: 0 });
    let mut exporter = Exporter::new(IpAddr::V4(Ipv4Addr::LOCALHOST), None, None);
    let mut delta = Delta::default();
    let (mut took, mut taken, mut samples) = (Duration::ZERO, Duration::ZERO, 0);
    while took < at_least {
        let now = Moment { at: Timestamp::UNIX_EPOCH, since_start: took };
        let started = cpu_time()?;
        for datagram in &stream.datagrams {
            exporter.hear(datagram, now, &facts, &mut tally);
        }
        if took >= taken + PERIOD {
            delta.pairs.clear();
            tally.take(&mut delta);
            taken = took;
        }
        took += cpu_time()?.saturating_sub(started);
        samples += (stream.datagrams.len() * SAMPLES) as u64;
    }
    tally.take(&mut delta);
    let heard = delta.seen.sampled().context("it is sampled")?.samples;
    ensure!(heard == samples && delta.unattributed.is_nothing(), "{heard} of {samples} samples");
    Ok(Inside { pairs: stream.pairs, samples, sample_ns: took.as_nanos() as f64 / samples as f64 })
}

/// CPU time of this thread so far.
pub(crate) fn cpu_time() -> Result<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives until the call returns.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    ensure!(result == 0, "time of this thread: {}", std::io::Error::last_os_error());
    Ok(Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?))
}
