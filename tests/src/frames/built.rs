//! Frames as another library builds them: sound packets of each family and transport.

use etherparse::err::packet::BuildWriteError;
use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep, VlanId};

use super::{DESTINATION, Fixture, SOURCE};

const V4: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];
const V6: [[u8; 16]; 2] = [
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
];

/// What builds a frame around a payload.
type Build = fn(&[u8]) -> Vec<u8>;

const KINDS: [(&str, Build); 6] = [
    ("udp over ipv4", |payload| written(|into| v4().udp(179, 50_000).write(into, payload))),
    ("tcp over ipv4", |payload| written(|into| v4().tcp(179, 50_000, 1, 2).write(into, payload))),
    ("echo over ipv4", |payload| written(|into| v4().icmpv4_echo_request(7, 9).write(into, payload))),
    ("udp over ipv6", |payload| written(|into| v6().udp(179, 50_000).write(into, payload))),
    ("tcp over ipv6", |payload| written(|into| v6().tcp(179, 50_000, 1, 2).write(into, payload))),
    ("echo over ipv6", |payload| written(|into| v6().icmpv6_echo_request(7, 9).write(into, payload))),
];

/// Payload sizes around those that matter.
const SIZES: [usize; 6] = [0, 1, 18, 46, 1400, 8900];

/// The frames.
#[must_use]
pub fn fixtures() -> Vec<Fixture> {
    let mut frames = vlan();
    for (name, build) in KINDS {
        for size in SIZES {
            frames.push(Fixture::new(format!("built: {name} with {size} bytes"), build(&vec![0x33; size])));
        }
    }
    frames
}

fn v4() -> PacketBuilderStep<IpHeaders> {
    PacketBuilder::ethernet2(SOURCE, DESTINATION).ipv4(V4[0], V4[1], 64)
}

fn v6() -> PacketBuilderStep<IpHeaders> {
    PacketBuilder::ethernet2(SOURCE, DESTINATION).ipv6(V6[0], V6[1], 64)
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> Result<(), BuildWriteError>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("a vector takes it");
    bytes
}

/// One tag and two.
fn vlan() -> Vec<Fixture> {
    let id = |id: u16| VlanId::try_new(id).expect("12 bits");
    let ethernet = || PacketBuilder::ethernet2(SOURCE, DESTINATION);
    let mut frames = Vec::new();
    for (outer, inner) in [(1, 2), (100, 7), (4094, 4095)] {
        let single = ethernet().single_vlan(id(outer)).ipv6(V6[0], V6[1], 64).udp(1, 2);
        let double = ethernet().double_vlan(id(outer), id(inner)).ipv4(V4[0], V4[1], 64).tcp(1, 2, 3, 4);
        let single = written(|into| single.write(into, &[0x44; 30]));
        let double = written(|into| double.write(into, &[0x44; 30]));
        frames.push(Fixture::new(format!("built: vlan {outer}"), single));
        frames.push(Fixture::new(format!("built: vlans {outer} and {inner}"), double));
    }
    frames
}
