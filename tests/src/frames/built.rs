//! Frames as another library builds them: sound packets of each family and transport.

use etherparse::{IcmpEchoHeader, PacketBuilder, VlanId};

use super::{DESTINATION, Fixture, SOURCE};

const V4: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];
const V6: [[u8; 16]; 2] = [
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
];

/// The frames.
#[must_use]
pub fn fixtures() -> Vec<Fixture> {
    [untagged(), vlan()].concat()
}

/// Payload sizes around those that matter.
const SIZES: [usize; 6] = [0, 1, 18, 46, 1400, 8900];

fn untagged() -> Vec<Fixture> {
    let echo = IcmpEchoHeader { id: 7, seq: 9 };
    let ethernet = || PacketBuilder::ethernet2(SOURCE, DESTINATION);
    let v4 = || ethernet().ipv4(V4[0], V4[1], 64);
    let v6 = || ethernet().ipv6(V6[0], V6[1], 64);
    let mut frames = Vec::new();
    for size in SIZES {
        let payload = vec![0x33; size];
        let mut built = |name: &str, write: &dyn Fn(&mut Vec<u8>, &[u8])| {
            let mut bytes = Vec::new();
            write(&mut bytes, &payload);
            frames.push(Fixture::new(format!("built: {name} with {size} bytes"), bytes));
        };
        built("udp over ipv4", &|into, payload| v4().udp(179, 50_000).write(into, payload).expect(WRITES));
        built("tcp over ipv4", &|into, payload| {
            v4().tcp(179, 50_000, 1, 2).write(into, payload).expect(WRITES);
        });
        built("echo over ipv4", &|into, payload| {
            v4().icmpv4_echo_request(echo.id, echo.seq).write(into, payload).expect(WRITES);
        });
        built("udp over ipv6", &|into, payload| v6().udp(179, 50_000).write(into, payload).expect(WRITES));
        built("tcp over ipv6", &|into, payload| {
            v6().tcp(179, 50_000, 1, 2).write(into, payload).expect(WRITES);
        });
        built("echo over ipv6", &|into, payload| {
            v6().icmpv6_echo_request(echo.id, echo.seq).write(into, payload).expect(WRITES);
        });
    }
    frames
}

const WRITES: &str = "a vector takes it";

fn vlan() -> Vec<Fixture> {
    let id = |id: u16| VlanId::try_new(id).expect("12 bits");
    let mut frames = Vec::new();
    for (outer, inner) in [(1, 2), (100, 7), (4094, 4095)] {
        let ethernet = || PacketBuilder::ethernet2(SOURCE, DESTINATION);
        let mut single = Vec::new();
        let builder = ethernet().single_vlan(id(outer)).ipv6(V6[0], V6[1], 64).udp(1, 2);
        builder.write(&mut single, &[0x44; 30]).expect(WRITES);
        frames.push(Fixture::new(format!("built: vlan {outer}"), single));
        let mut double = Vec::new();
        let builder = ethernet().double_vlan(id(outer), id(inner)).ipv4(V4[0], V4[1], 64).tcp(1, 2, 3, 4);
        builder.write(&mut double, &[0x44; 30]).expect(WRITES);
        frames.push(Fixture::new(format!("built: vlans {outer} and {inner}"), double));
    }
    frames
}
