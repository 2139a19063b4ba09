//! Frames that show the link layer: addresses, EtherTypes, tags, runts and jumbos.

use super::{Fixture, TPIDS, ethernet, ipv4, tagged};

/// Multicast and broadcast destinations and sources that no station may have.
const ADDRESSES: [(&str, [u8; 12]); 5] = [
    ("broadcast", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1]),
    ("ipv6 multicast", [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1]),
    ("group source", [2, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1]),
    ("zero source", [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ("to itself", [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1]),
];

/// EtherTypes that are not looked into, and the edges of the registry.
const OTHER: [u16; 12] =
    [0x0600, 0x0601, 0x0805, 0x0807, 0x86dc, 0x86de, 0x8847, 0x8863, 0x8902, 0x88cc, 0x8906, 0xffff];

/// The frames.
#[must_use]
pub fn fixtures() -> Vec<Fixture> {
    let mut frames = lengths();
    for (name, addresses) in ADDRESSES {
        let mut bytes = ethernet(0x0800, &ipv4::udp());
        bytes[..12].copy_from_slice(&addresses);
        frames.push(Fixture::new(format!("ethernet: {name}"), bytes));
    }
    for ethertype in OTHER {
        frames
            .push(Fixture::new(format!("ethernet: type {ethertype:#06x}"), ethernet(ethertype, &[0x45; 46])));
    }
    frames.extend(tags());
    frames
}

/// Runts and jumbos.
fn lengths() -> Vec<Fixture> {
    let of = |len: usize, ethertype: u16| {
        let mut bytes = ethernet(ethertype, &[0x5a; 9000]);
        bytes.truncate(len);
        bytes
    };
    let runts = (0..=60).map(|len| Fixture::new(format!("runt: {len} bytes"), of(len, 0x88b5)));
    let sizes =
        [61, 127, 128, 129, 255, 256, 1023, 1024, 1025, 1499, 1500, 1514, 2047, 2048, 3519, 3520, 3521]
            .into_iter()
            .chain([4095, 4096, 4097, 8999, 9000]);
    let jumbos = sizes.map(|len| Fixture::new(format!("size: {len} bytes"), of(len, 0x88b5)));
    let ipv4 = [3600, 9000].into_iter().map(|len| {
        let packet = ipv4::Packet { body: vec![0x5a; len - 34], ..ipv4::Packet::default() };
        Fixture::new(format!("jumbo: ipv4 of {len} bytes"), ethernet(0x0800, &packet.bytes()))
    });
    runts.chain(jumbos).chain(ipv4).collect()
}

/// One, two, three and four tags of each kind, whole and cut.
fn tags() -> Vec<Fixture> {
    let mut frames = Vec::new();
    for outer in TPIDS {
        for control in [0x0000, 0x0001, 0x0064, 0x0ffe, 0x0fff, 0xe000, 0x1064] {
            let name = format!("tags: {outer:#06x} with {control:#06x}");
            frames.push(Fixture::new(name, tagged(&[(outer, control)], 0x0800, &ipv4::udp())));
        }
        for inner in TPIDS {
            let pair = [(outer, 0x0064), (inner, 0x0fff)];
            let name = format!("tags: {outer:#06x} {inner:#06x}");
            frames.push(Fixture::new(name.clone(), tagged(&pair, 0x0800, &ipv4::udp())));
            for third in TPIDS {
                let three = [pair[0], pair[1], (third, 7)];
                let name = format!("{name} {third:#06x}");
                frames.push(Fixture::new(name, tagged(&three, 0x0800, &ipv4::udp())));
            }
        }
        for (depth, tags) in [1usize, 2, 3].map(|depth| (depth, vec![(outer, 0x0064); depth])) {
            let whole = tagged(&tags, 0x0806, &[]);
            for len in 14..whole.len() {
                let name = format!("tags: {depth} of {outer:#06x} cut at {len}");
                frames.push(Fixture::new(name, &whole[..len]));
            }
        }
    }
    frames.push(Fixture::new("tags: four", tagged(&[(0x8100, 1); 4], 0x86dd, &[0x60; 40])));
    frames.push(Fixture::new("tags: undefined length behind", tagged(&[(0x8100, 1)], 0x05f0, &[0; 46])));
    frames.push(Fixture::new("tags: llc behind", tagged(&[(0x88a8, 1)], 3, &[0x42, 0x42, 3, 0, 0])));
    frames
}
