//! A number of pairs in, the datagrams of a switch that samples them out.

use std::fmt::Write as _;

use anyhow::Result;
use ixp_common::addr::{Family, Mac};
use ixp_lab::random::Random;
use ixp_tests::agent::lan::Frame;
use ixp_tests::exporter::Exporter;

use crate::outside::PORT;

/// Datagrams that are made; then they come again.
const DATAGRAMS: usize = 20_000;
/// Samples in each: as many as fit 1,400 bytes with 128 bytes of each frame.
pub(crate) const SAMPLES: usize = 6;
/// One frame in so many is sampled.
pub(crate) const RATE: u32 = 1000;

/// Where an untagged frame has its IPv4 addresses.
const ADDRESSES: std::ops::Range<usize> = 26..34;

/// What a switch tells.
pub(crate) struct Stream {
    /// How many pairs exchange frames.
    pub(crate) pairs: usize,
    /// Stations on either side of them.
    stations: usize,
    /// In order of their numbers.
    pub(crate) datagrams: Vec<Vec<u8>>,
}

impl Stream {
    /// Pairs in any order, frames of 60 to 1,460 bytes.
    pub(crate) fn draw(pairs: usize) -> Result<Self> {
        let stations = pairs.isqrt();
        let mut random = Random::new(1);
        let mut exporter = Exporter::open("127.0.0.1", &format!("127.0.0.1:{PORT}"))?;
        let mut frame = || {
            let [from, to] = [0, stations].map(|first| station(first + random.index(stations)));
            let mut frame = Frame::new(from, to, Family::Ipv4, 26 + random.index(1400)).bytes;
            // Transit, of which no rule has anything to say.
            frame[ADDRESSES].copy_from_slice(&[11, 0, 0, 1, 12, 0, 0, 1]);
            frame
        };
        let mut datagrams = Vec::with_capacity(DATAGRAMS);
        for _ in 0..DATAGRAMS {
            let frames: [Vec<u8>; SAMPLES] = std::array::from_fn(|_| frame());
            datagrams.push(exporter.datagram(RATE, &frames.each_ref().map(Vec::as_slice))?);
        }
        Ok(Self { pairs, stations, datagrams })
    }

    /// The members whose stations they are.
    pub(crate) fn members(&self) -> String {
        let mut text = String::from("[[lan]]\nname = \"peering\"\n");
        for (number, asn) in (0..2 * self.stations).zip(64_512..) {
            // A string takes it.
            let _written = write!(
                text,
                "[[member]]\nasn = {asn}\n[[member.interface]]\nlan = \"peering\"\nmacs = [\"{}\"]\n",
                station(number)
            );
        }
        text
    }
}

fn station(number: usize) -> Mac {
    let [.., high, low] = number.to_be_bytes();
    Mac([2, 0, 0, 1, high, low])
}
