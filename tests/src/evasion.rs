//! A frame in, the ways out by which it may hide what it carries: read from its bytes, by nobody's parser but
//! this one.

use std::collections::BTreeSet;

/// A way to hide from a rule that looks at fixed places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evasion {
    /// Behind one VLAN tag.
    Tag,
    /// Behind two of them.
    Tags,
    /// An odd number of bytes.
    Odd,
    /// Bytes behind the packet.
    Padding,
    /// IPv6 extension headers, or IPv4 options.
    Headers,
    /// A piece of a packet.
    Fragment,
}

/// The ways of a frame.
#[must_use]
pub fn of(frame: &[u8]) -> BTreeSet<Evasion> {
    let mut found = BTreeSet::new();
    let (tags, at) = tags(frame);
    match tags {
        0 => {}
        1 => drop(found.insert(Evasion::Tag)),
        _ => drop(found.insert(Evasion::Tags)),
    }
    if frame.len() % 2 == 1 {
        found.insert(Evasion::Odd);
    }
    let payload = frame.get(at + 2..).unwrap_or_default();
    let end = match word(frame, at) {
        0x0800 => ipv4(payload, &mut found),
        0x86dd => ipv6(payload, &mut found),
        0x0806 => Some(28),
        length @ 0..0x0600 => Some(length),
        _ => None,
    };
    if end.is_some_and(|end| end < payload.len()) {
        found.insert(Evasion::Padding);
    }
    found
}

/// How many tags there are, and where the EtherType behind them is.
fn tags(frame: &[u8]) -> (usize, usize) {
    let mut at = 12;
    while [0x8100, 0x88a8, 0x9100].contains(&word(frame, at)) {
        at += 4;
    }
    ((at - 12) / 4, at)
}

/// The length of a packet.
fn ipv4(packet: &[u8], found: &mut BTreeSet<Evasion>) -> Option<usize> {
    if packet.first()? & 0xf > 5 {
        found.insert(Evasion::Headers);
    }
    // More fragments, or an offset.
    if word(packet, 6) & 0x3fff != 0 {
        found.insert(Evasion::Fragment);
    }
    Some(word(packet, 2))
}

/// The length of a packet.
fn ipv6(packet: &[u8], found: &mut BTreeSet<Evasion>) -> Option<usize> {
    let (mut next, mut at) = (*packet.get(6)?, 40);
    while let (0 | 43 | 44 | 51 | 60 | 135, Some([following, units])) = (next, packet.get(at..at + 2)) {
        found.insert(if next == 44 { Evasion::Fragment } else { Evasion::Headers });
        at += match next {
            44 => 8,
            51 => (usize::from(*units) + 2) * 4,
            _ => (usize::from(*units) + 1) * 8,
        };
        next = *following;
    }
    Some(40 + word(packet, 4))
}

/// A number of two bytes; 0 where there are none.
fn word(bytes: &[u8], at: usize) -> usize {
    bytes.get(at..at + 2).map_or(0, |two| usize::from(two[0]) << 8 | usize::from(two[1]))
}

#[cfg(test)]
mod tests {
    use super::Evasion::{Fragment, Headers, Odd, Padding, Tag, Tags};
    use super::*;
    use crate::frames::tagged;

    fn check(tags: &[(u16, u16)], ethertype: u16, payload: &[u8], expected: &[Evasion]) {
        assert_eq!(of(&tagged(tags, ethertype, payload)), expected.iter().copied().collect(), "{expected:?}");
    }

    #[test]
    fn tags_odd_lengths_and_padding_are_seen() {
        check(&[], 0x88cc, &[0; 46], &[]);
        check(&[(0x8100, 100)], 0x88cc, &[0; 47], &[Tag, Odd]);
        check(&[(0x88a8, 100), (0x8100, 7)], 0x0806, &[0; 46], &[Tags, Padding]);
        check(&[], 4, &[0xaa, 0xaa, 3, 0, 0], &[Odd, Padding]);
        check(&[], 5, &[0xaa, 0xaa, 3, 0, 0], &[Odd]);
    }

    #[test]
    fn options_headers_and_fragments_are_seen() {
        let ipv4 = |first: u8, flags: u8| [&[first, 0, 0, 24, 0, 0, flags, 0], &[0; 16][..]].concat();
        check(&[], 0x0800, &ipv4(0x45, 0x40), &[]);
        check(&[], 0x0800, &ipv4(0x46, 0x20), &[Headers, Fragment]);
        let ipv6 = |next, body: &[u8]| {
            let length = u8::try_from(body.len()).expect("short");
            [&[0x60, 0, 0, 0, 0, length, next, 255], &[0; 32][..], body].concat()
        };
        check(&[], 0x86dd, &ipv6(58, &[134, 0]), &[]);
        check(&[], 0x86dd, &ipv6(0, &[58, 0, 0, 0, 0, 0, 0, 0, 134, 0]), &[Headers]);
        check(
            &[],
            0x86dd,
            &ipv6(60, &[44, 0, 0, 0, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 0]),
            &[Headers, Fragment],
        );
    }
}
