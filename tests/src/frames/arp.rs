//! ARP frames: sound ones, odd address lengths, cut ones.

use super::{Fixture, ethernet, tagged};

/// A request in 28 bytes.
const REQUEST: [u8; 28] =
    [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0x5e, 0x10, 0, 0x50, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2];

/// What is changed, where, and to what.
const CHANGES: [(&str, usize, u8); 11] = [
    ("reply", 7, 2),
    ("operation 0", 7, 0),
    ("hardware 6", 1, 6),
    ("protocol 0x0801", 3, 1),
    ("protocol 0x8600", 2, 0x86),
    ("hlen 0", 4, 0),
    ("hlen 8", 4, 8),
    ("hlen 255", 4, 255),
    ("plen 0", 5, 0),
    ("plen 16", 5, 16),
    ("plen 255", 5, 255),
];

/// The frames.
#[must_use]
pub fn fixtures() -> Vec<Fixture> {
    let padded = |mut packet: Vec<u8>| {
        packet.resize(46, 0);
        packet
    };
    let mut frames = vec![
        Fixture::new("arp: request", ethernet(0x0806, &padded(REQUEST.into()))),
        Fixture::new("arp: tagged request", tagged(&[(0x8100, 0x64)], 0x0806, &padded(REQUEST.into()))),
        Fixture::new("arp: 510 bytes of addresses", ethernet(0x0806, &huge())),
    ];
    for (name, at, value) in CHANGES {
        let mut packet = REQUEST.to_vec();
        packet[at] = value;
        frames.push(Fixture::new(format!("arp: {name}"), ethernet(0x0806, &packet)));
        frames.push(Fixture::new(format!("arp: {name}, padded"), ethernet(0x0806, &padded(packet))));
    }
    for len in 0..REQUEST.len() {
        frames.push(Fixture::new(format!("arp: cut at {len}"), ethernet(0x0806, &REQUEST[..len])));
    }
    frames
}

/// The longest addresses that the length fields can say, all there.
fn huge() -> Vec<u8> {
    let mut packet = REQUEST.to_vec();
    packet[4..6].copy_from_slice(&[255, 255]);
    packet.resize(8 + 2 * (255 + 255), 0xa5);
    packet
}
