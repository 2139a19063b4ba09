//! IPv4 frames: options, fragments, protocols, lengths that lie.

use super::{Fixture, ethernet};

/// The fields of a packet that a fixture sets; the others are those of a UDP packet.
#[derive(Debug, Clone)]
pub struct Packet {
    /// Version.
    pub version: u8,
    /// Header length in words, if it lies.
    pub ihl: Option<u8>,
    /// Total length, if it lies.
    pub total: Option<u16>,
    /// Flags and fragment offset.
    pub fragment: u16,
    /// Protocol number.
    pub protocol: u8,
    /// Options.
    pub options: Vec<u8>,
    /// What follows the header.
    pub body: Vec<u8>,
}

impl Default for Packet {
    fn default() -> Self {
        let body = vec![0xc0, 0x01, 0x00, 0x35, 0x00, 0x1a, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        Self { version: 4, ihl: None, total: None, fragment: 0, protocol: 17, options: Vec::new(), body }
    }
}

impl Packet {
    /// The packet.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let header = 20 + self.options.len();
        let ihl = self.ihl.unwrap_or(u8::try_from(header / 4).expect("at most 15 words"));
        let whole = u16::try_from(header + self.body.len()).expect("at most 65,535 bytes");
        let [total_high, total_low] = self.total.unwrap_or(whole).to_be_bytes();
        let [fragment_high, fragment_low] = self.fragment.to_be_bytes();
        let mut bytes = vec![self.version << 4 | ihl, 0, total_high, total_low, 0xbe, 0xef];
        bytes.extend([fragment_high, fragment_low, 64, self.protocol, 0, 0]);
        bytes.extend([192, 0, 2, 1, 198, 51, 100, 2]);
        bytes.extend(&self.options);
        bytes.extend(&self.body);
        bytes
    }

    fn fixture(&self, name: impl std::fmt::Display) -> Fixture {
        Fixture::new(format!("ipv4: {name}"), ethernet(0x0800, &self.bytes()))
    }
}

/// A sound UDP packet.
#[must_use]
pub fn udp() -> Vec<u8> {
    Packet::default().bytes()
}

/// The frames.
#[must_use]
pub fn fixtures() -> Vec<Fixture> {
    let mut frames = Vec::new();
    let base = Packet::default;
    for protocol in 0..=u8::MAX {
        frames.push(Packet { protocol, ..base() }.fixture(format_args!("protocol {protocol}")));
    }
    for words in 0..=10u8 {
        let options = vec![1; usize::from(words) * 4];
        frames.push(Packet { options, ..base() }.fixture(format_args!("{words} words of options")));
    }
    for version in [0, 1, 3, 5, 6, 15] {
        frames.push(Packet { version, ..base() }.fixture(format_args!("version {version}")));
    }
    for ihl in 0..=15 {
        frames.push(Packet { ihl: Some(ihl), ..base() }.fixture(format_args!("header length {ihl}")));
    }
    for total in [0, 1, 19, 20, 21, 23, 24, 27, 28, 39, 40, 41, 60, 1500, 0x7fff, 0xffff] {
        frames.push(Packet { total: Some(total), ..base() }.fixture(format_args!("total length {total}")));
    }
    for fragment in [0x2000, 0x2001, 0x0001, 0x1fff, 0x3fff, 0x4000, 0x8000, 0x6000, 0xffff] {
        for protocol in [1, 6, 17, 89] {
            let packet = Packet { fragment, protocol, ..base() };
            frames.push(packet.fixture(format_args!("protocol {protocol}, fragment {fragment:#06x}")));
        }
    }
    for protocol in [1, 6, 17, 33, 58, 132, 136, 89] {
        for len in 0..=5u8 {
            let packet = Packet { protocol, body: vec![8; usize::from(len)], ..base() };
            frames.push(packet.fixture(format_args!("protocol {protocol} of {len} bytes")));
            let mut padded = packet.fixture(format_args!("protocol {protocol} of {len} bytes, padded"));
            padded.bytes.resize(60, 0);
            frames.push(padded);
        }
    }
    for len in 0..=20 {
        frames.push(Fixture::new(format!("ipv4: header cut at {len}"), ethernet(0x0800, &udp()[..len])));
    }
    frames
}
