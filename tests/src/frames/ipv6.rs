//! IPv6 frames: extension headers alone and in chains, fragments, lengths that lie.

use super::{Fixture, ethernet};

/// The numbers of the headers that the walk follows.
const EXTENSIONS: [u8; 8] = [0, 43, 44, 51, 60, 135, 139, 140];

/// A UDP header and some payload.
const UDP: [u8; 16] = [0xc0, 0x01, 0x00, 0x35, 0x00, 0x10, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

/// The frames.
#[must_use]
pub fn fixtures() -> Vec<Fixture> {
    [protocols(), lengths(), single_extensions(), chains(), fragments()].concat()
}

/// A frame whose fixed header says `next` and `length`.
fn frame(name: impl std::fmt::Display, next: u8, length: u16, body: &[u8]) -> Fixture {
    let [high, low] = length.to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, high, low, next, 255];
    packet.extend([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet.extend([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 2]);
    packet.extend(body);
    Fixture::new(format!("ipv6: {name}"), ethernet(0x86dd, &packet))
}

/// A frame whose length is true.
fn sound(name: impl std::fmt::Display, next: u8, body: &[u8]) -> Fixture {
    frame(name, next, u16::try_from(body.len()).expect("at most 65,535 bytes"), body)
}

/// An extension header of `units` times eight bytes beyond its least length.
fn extension(kind: u8, next: u8, units: u8) -> Vec<u8> {
    let (length, bytes) = match kind {
        44 => (0, 8),
        51 => (1 + units * 2, 12 + usize::from(units) * 8),
        _ => (units, 8 + usize::from(units) * 8),
    };
    let mut header = vec![0; bytes];
    header[..2].copy_from_slice(&[next, length]);
    header
}

/// The chain of these headers before `last`.
fn chain(kinds: &[u8], last: u8, units: u8) -> Vec<u8> {
    let following = kinds.iter().skip(1).chain([&last]);
    let mut bytes: Vec<u8> =
        kinds.iter().zip(following).flat_map(|(kind, next)| extension(*kind, *next, units)).collect();
    bytes.extend(UDP);
    bytes
}

/// Every next header over the same bytes, and ICMPv6 messages.
fn protocols() -> Vec<Fixture> {
    let numbers = (0..=u8::MAX).map(|next| sound(format_args!("next header {next}"), next, &UDP));
    let kinds = [1u8, 128, 133, 134, 135, 136, 137, 143];
    let messages = kinds.map(|kind| {
        let mut message = [0; 24];
        message[0] = kind;
        sound(format_args!("icmpv6 type {kind}"), 58, &message)
    });
    let versions = [0u8, 4, 5, 7, 15].map(|version| {
        let mut fixture = sound(format_args!("version {version}"), 17, &UDP);
        fixture.bytes[14] = version << 4;
        fixture
    });
    numbers.chain(messages).chain(versions).collect()
}

/// Payload lengths that are not true, and short payloads.
fn lengths() -> Vec<Fixture> {
    let mut frames = Vec::new();
    for length in [0, 1, 3, 4, 7, 8, 15, 16, 17, 100, 0x7fff, 0xffff] {
        for next in [0, 17, 59, 60] {
            frames.push(frame(format_args!("next header {next}, length {length}"), next, length, &UDP));
        }
    }
    for len in 0..8 {
        for next in [6, 17, 58, 59, 0, 51] {
            frames.push(sound(format_args!("next header {next} of {len} bytes"), next, &UDP[..len]));
        }
    }
    let mut jumbogram = chain(&[0], 17, 0);
    jumbogram[2..8].copy_from_slice(&[0xc2, 4, 0, 0, 0, 24]);
    for len in 0..40 {
        let mut fixture = sound(format_args!("header cut at {len}"), 17, &UDP);
        fixture.bytes.truncate(14 + len);
        frames.push(fixture);
    }
    frames.push(frame("jumbogram", 0, 0, &jumbogram));
    frames.push(frame("jumbogram cut in its option", 0, 0, &jumbogram[..7]));
    frames
}

/// Each extension header alone, of several lengths, whole and cut at each byte.
fn single_extensions() -> Vec<Fixture> {
    let mut frames = Vec::new();
    for kind in EXTENSIONS {
        for units in [0, 1, 4, 63, 124] {
            let whole = chain(&[kind], 17, units);
            frames.push(sound(format_args!("extension {kind}, {units} units"), kind, &whole));
            if units > 1 {
                continue;
            }
            for len in 0..whole.len() {
                let name = format_args!("extension {kind}, {units} units, cut at {len}").to_string();
                frames.push(sound(&name, kind, &whole[..len]));
                let length = u16::try_from(whole.len()).expect("short");
                frames.push(frame(format_args!("{name} of {length}"), kind, length, &whole[..len]));
            }
        }
        let mut endless = chain(&[kind], 17, 0);
        endless[1] = 255;
        frames.push(sound(format_args!("extension {kind} of length 255"), kind, &endless));
    }
    frames
}

/// Chains of 2 to 10 headers, of one kind and of all, short and beyond the window.
fn chains() -> Vec<Fixture> {
    let mut frames = Vec::new();
    for len in 2..=10 {
        for kind in EXTENSIONS {
            let name = format_args!("{len} of extension {kind}").to_string();
            frames.push(sound(&name, kind, &chain(&vec![kind; len], 17, 0)));
            frames.push(sound(format_args!("{name} and no next"), kind, &chain(&vec![kind; len], 59, 0)));
        }
        for (turn, units) in [(0, 0), (3, 1), (5, 15), (6, 31)] {
            let kinds: Vec<u8> = EXTENSIONS.into_iter().cycle().skip(turn).take(len).collect();
            let name = format_args!("{len} extensions from the {turn}th on, {units} units").to_string();
            frames.push(sound(&name, kinds[0], &chain(&kinds, 6, units)));
        }
    }
    let whole = chain(&[0, 60, 43, 51, 60, 135, 139, 140], 58, 0);
    for len in 0..whole.len() {
        frames.push(sound(format_args!("eight extensions cut at {len}"), 0, &whole[..len]));
    }
    frames
}

/// Fragment headers: first, middle, last, atomic (RFC 6946), and one behind a later one.
fn fragments() -> Vec<Fixture> {
    let words = [0x0000u16, 0x0001, 0x0006, 0x0008, 0x0009, 0x5a01, 0xfff8, 0xffff];
    let mut frames = Vec::new();
    for word in words {
        for last in [6, 17, 44, 58, 59] {
            let mut bytes = chain(&[44], last, 0);
            bytes[2..4].copy_from_slice(&word.to_be_bytes());
            frames.push(sound(format_args!("fragment {word:#06x} of {last}"), 44, &bytes));
            let mut behind = chain(&[60, 44], last, 0);
            behind[10..12].copy_from_slice(&word.to_be_bytes());
            frames.push(sound(format_args!("fragment {word:#06x} of {last} behind 60"), 60, &behind));
        }
    }
    frames
}
