//! A rate, a number of frames and who sends to whom in, these frames on a wire out, at that pace.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aya::Ebpf;
use aya::maps::{Array, MapData};
use ixp_ebpf::paced::{Link, Pace, Words};

use crate::kernel::run_live;
use crate::traffic::{load, xdp};

/// Bytes of a frame without FCS.
pub const FRAME: usize = 64;

/// How often the program runs in one call: it can be told to end only between two.
const RUNS: u32 = 1 << 23;

/// UDP ports, length and no checksum (RFC 768), as they stand behind the headers that the program writes.
const UDP: [u8; 8] = [0xc3, 0x50, 0xc3, 0x51, 0, 30, 0, 0];

/// A source of frames on an interface of the calling thread's network namespace.
pub struct Paced {
    ebpf: Ebpf,
    pace: Array<MapData, Words>,
}

/// What a source sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Frames.
    pub frames: u64,
    /// From the first to the last.
    pub took: Duration,
}

impl Sent {
    /// Frames per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.frames as f64 / self.took.as_secs_f64()
    }
}

impl Paced {
    /// Loads it. Its frames go between these stations, in turn, and are received at the other end of the interface
    /// only if a program or GRO is on there.
    ///
    /// # Errors
    /// As [`load`]; or there are not as many links as the program goes through.
    pub fn onto(ifindex: u32, links: &[Link]) -> Result<Self> {
        let mut ebpf = load(&[PROGRAM])?;
        let mut take = |name| ebpf.take_map(name).with_context(|| format!("the probe has no {name}"));
        let pace = Array::try_from(take("PACE")?)?;
        let mut to: Array<MapData, u32> = Array::try_from(take("PACED_TO")?)?;
        to.set(0, ifindex, 0).context("write the interface")?;
        let mut table: Array<MapData, u32> = Array::try_from(take("PACED_LINKS")?)?;
        ensure!(u32::try_from(links.len()) == Ok(table.len()), "{} links, {}", links.len(), table.len());
        for (number, link) in (0..).zip(links) {
            table.set(number, link.word(), 0).context("write who sends to whom")?;
        }
        Ok(Self { ebpf, pace })
    }

    /// Sends `frames` frames, in whole groups, `rate` in a second, beginning with the first link. Whoever else uses
    /// the CPU makes it slower: what it says of itself is how it was.
    ///
    /// # Errors
    /// As [`run_live`].
    pub fn send(&mut self, rate: u64, frames: u64) -> Result<Sent> {
        self.pace.set(0, Pace::new(rate, frames).words(), 0).context("write the pace")?;
        let mut frame = [0x5a; FRAME];
        frame[34..42].copy_from_slice(&UDP);
        loop {
            run_live(xdp(&self.ebpf, PROGRAM)?, &frame, RUNS)?;
            let pace = Pace::read(self.pace.get(&0, 0).context("read the pace")?);
            if pace.is_done() {
                return Ok(Sent { frames: pace.sent(), took: Duration::from_nanos(pace.took()) });
            }
        }
    }
}

const PROGRAM: &str = "ixp_paced";
