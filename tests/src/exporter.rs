//! Frames in, sFlow datagrams as a switch would send them out, sound ones and broken ones.

use std::net::UdpSocket;

use anyhow::{Context as _, Result};
use ixp_agent::sflow::encode::Encoder;
use ixp_agent::sflow::{
    CounterRecord, Counters, Discard, Ethernet, Flow, FlowRecord, Header, PROTOCOL_ETHERNET, Port, Reason,
    Source, Switch,
};
use ixp_lab::random::Random;

/// Bytes of the FCS.
const FCS: u32 = 4;
/// Bytes of a datagram at most.
const SIZE: usize = 1400;

/// A switch with one port that samples.
#[derive(Debug)]
pub struct Exporter {
    socket: UdpSocket,
    to: String,
    encoder: Encoder,
    sequence: u32,
    flows: u32,
}

impl Exporter {
    /// A switch at an address of this host, and its collector.
    ///
    /// # Errors
    /// The address is not this host's.
    pub fn open(from: &str, to: &str) -> Result<Self> {
        let socket = UdpSocket::bind((from, 0)).with_context(|| format!("open a port at {from}"))?;
        let agent = socket.local_addr()?.ip();
        Ok(Self { socket, to: to.to_owned(), encoder: Encoder::new(agent, 0, SIZE), sequence: 0, flows: 0 })
    }

    /// Sends frames that were sampled at one in `rate`, in a datagram.
    ///
    /// # Errors
    /// There is no way to the collector, or no room for as many frames.
    pub fn send(&mut self, rate: u32, frames: &[&[u8]]) -> Result<()> {
        let datagram = self.datagram(rate, frames)?;
        self.socket.send_to(&datagram, &self.to).with_context(|| format!("send to {}", self.to))?;
        Ok(())
    }

    /// The next datagram, which is not sent.
    ///
    /// # Errors
    /// There is no room for as many frames.
    pub fn datagram(&mut self, rate: u32, frames: &[&[u8]]) -> Result<Vec<u8>> {
        self.encoder.clear();
        for frame in frames {
            self.flows += 1;
            let flow = Flow {
                sequence: self.flows,
                source: Source::interface(1),
                rate,
                pool: self.flows.wrapping_mul(rate),
                input: Port::interface(1),
                output: Port::interface(2),
                ..Flow::default()
            };
            self.encoder.flow(&flow, &[header(frame), FlowRecord::Switch(Switch::default())])?;
        }
        self.sequence += 1;
        Ok(self.encoder.sealed(self.sequence, self.sequence * 10).to_vec())
    }
}

fn header(frame: &[u8]) -> FlowRecord<'_> {
    let frame_length = u32::try_from(frame.len()).unwrap_or(u32::MAX).saturating_add(FCS);
    let bytes = &frame[..frame.len().min(128)];
    FlowRecord::Header(Header { protocol: PROTOCOL_ETHERNET, frame_length, stripped: FCS, bytes })
}

/// A datagram in which a few things are wrong; another for each seed.
#[must_use]
pub fn mutated(seed: u64) -> Vec<u8> {
    let mut chance = Random::new(seed);
    let mut bytes = sound(seed, &mut chance);
    for _ in 0..chance.index(4) {
        let at = chance.index(bytes.len().max(1));
        match chance.index(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << chance.index(8),
            // The words that say how much follows.
            2 => word(&mut bytes, at, [0, 1, 3, 1000, 1001, u32::MAX, 1 << 31][chance.index(7)]),
            3 => word(&mut bytes, at, u32::try_from(chance.index(64)).unwrap_or(0)),
            4 => bytes.extend_from_within(at..),
            _ => bytes[at..].fill(0),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// A datagram with a sample of each kind.
fn sound(seed: u64, chance: &mut Random) -> Vec<u8> {
    let number = u32::try_from(seed).unwrap_or(u32::MAX);
    let sub_agent = u32::try_from(chance.index(3)).unwrap_or(0);
    let mut encoder = Encoder::new([192, 0, 2, 1].into(), sub_agent, 4000);
    let mut frame = [0u8; 128];
    frame.iter_mut().for_each(|byte| *byte = u8::try_from(chance.index(256)).unwrap_or(0));
    let kinds = [[8, 0, 0x45], [0x86, 0xdd, 0x60], [8, 6, 0], [0x81, 0, 0]];
    frame[12..15].copy_from_slice(&kinds[chance.index(kinds.len())]);
    let records = [header(&frame), FlowRecord::Switch(Switch::default())];
    let rate = [0, 1, 1000, 1 << 28, u32::MAX][chance.index(5)];
    let source = Source { class: number & 1, index: number % 7 };
    let flow = Flow { sequence: number, source, rate, drops: number % 5, ..Flow::default() };
    let counters = Counters { sequence: number, source };
    let discard = Discard { sequence: number, source, drops: 0, input: 1, output: 2, reason: Reason::ACL };
    let counted = [CounterRecord::Ethernet(Ethernet::default())];
    // They fit.
    let _fits = encoder.flow(&flow, &records[..chance.index(3)]).is_ok()
        && encoder.counters(&counters, &counted).is_ok()
        && encoder.discard(&discard, &records).is_ok();
    encoder.sealed(number, number).to_vec()
}

fn word(bytes: &mut [u8], at: usize, word: u32) {
    if let Some(field) = bytes.get_mut(at / 4 * 4..).and_then(|rest| rest.first_chunk_mut::<4>()) {
        *field = word.to_be_bytes();
    }
}
