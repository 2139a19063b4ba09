//! Frames of 802.3: LLC, SNAP, lengths that are none.

use super::{Fixture, ethernet};

/// Payloads as they are met on peering LANs and should not be.
const PAYLOADS: [(&str, &[u8]); 7] = [
    ("stp", &[0x42, 0x42, 0x03, 0, 0, 0, 0, 0]),
    ("cdp", &[0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00, 2, 180]),
    ("snap ipv4", &[0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00, 0x45, 0]),
    ("snap of another control", &[0xaa, 0xaa, 0xf3, 0, 0, 0, 0x08, 0x00]),
    ("half a snap address", &[0xaa, 0xab, 0x03, 0, 0, 0, 0x08, 0x00]),
    ("is-is", &[0xfe, 0xfe, 0x03, 0x83, 0x1b, 1]),
    ("netware", &[0xff, 0xff, 0x00, 0x22]),
];

/// The frames.
#[must_use]
pub fn fixtures() -> Vec<Fixture> {
    let mut frames = Vec::new();
    for (name, payload) in PAYLOADS {
        let length = u16::try_from(payload.len()).expect("short");
        for length in [0, 1, 2, 3, 4, 7, 8, length - 1, length, length + 1, 46, 47, 0x05dc] {
            frames.push(framed(name, length, payload, 46));
        }
        for room in 0..payload.len() {
            frames.push(framed(name, length, payload, room));
        }
    }
    for length in (0x05d8..=0x0602).chain([0x00ff, 0x0100, 0x05ff]) {
        frames.push(framed("length", length, &[0x42, 0x42, 3], 1504));
    }
    frames.sort_by(|one, other| one.name.cmp(&other.name));
    frames.dedup_by(|one, other| one.name == other.name);
    frames
}

/// A frame with `room` bytes behind the length field.
fn framed(name: &str, length: u16, payload: &[u8], room: usize) -> Fixture {
    let mut bytes = ethernet(length, payload);
    bytes.resize(14 + room, 0);
    Fixture::new(format!("llc: {name}, length {length}, {room} bytes there"), bytes)
}
