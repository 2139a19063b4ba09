//! Headers become frames, byte by byte: the agent's own parser has no part in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ixp_common::addr::Mac;

/// The shortest frame, without FCS.
const SHORTEST: usize = 60;

/// An Ethernet frame: `kind` is an EtherType, `payload` is padded.
pub(super) fn ethernet(destination: Mac, source: Mac, kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = [&destination.0[..], &source.0, &kind.to_be_bytes(), payload].concat();
    frame.resize(frame.len().max(SHORTEST), 0);
    frame
}

/// An 802.3 frame: a length, then LLC.
pub(super) fn llc(destination: Mac, source: Mac, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a short payload");
    ethernet(destination, source, length, payload)
}

/// ARP's operations (RFC 826).
#[derive(Debug, Clone, Copy)]
#[repr(u16)]
pub(super) enum Operation {
    Request = 1,
    Reply = 2,
}

/// An ARP packet; `sender` and `target` are hardware and protocol address.
pub(super) fn arp(operation: Operation, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Vec<u8> {
    let head = [0, 1, 0x08, 0, 6, 4];
    let operation = (operation as u16).to_be_bytes();
    [&head, &operation[..], &sender.0.0, &sender.1.octets(), &target.0.0, &target.1.octets()].concat()
}

/// An IPv4 packet without options. To a group it lives for one hop (RFC 1112 §6.1).
pub(super) fn ipv4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("a short payload").to_be_bytes();
    let hops = if destination.is_multicast() { 1 } else { 64 };
    let mut header = [0x45, 0, length[0], length[1], 0, 0, 0, 0, hops, protocol, 0, 0].to_vec();
    header.extend(source.octets());
    header.extend(destination.octets());
    sum_up(&mut header, 10);
    [header, payload.to_vec()].concat()
}

/// A UDP datagram without checksum, as IPv4 allows (RFC 768).
pub(super) fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).expect("a short payload");
    let words = [source, destination, length, 0].map(u16::to_be_bytes);
    [words.as_flattened(), payload].concat()
}

/// An ICMPv6 message in an IPv6 packet with hop limit 255. `message` is without its checksum.
pub(super) fn icmpv6(source: Ipv6Addr, destination: Ipv6Addr, kind: u8, message: &[u8]) -> Vec<u8> {
    const ICMPV6: u8 = 58;
    let length = u16::try_from(4 + message.len()).expect("a short message").to_be_bytes();
    let addresses = [source.octets(), destination.octets()];
    let mut body = [&[kind, 0, 0, 0], message].concat();
    // RFC 8200 §8.1: the pseudo-header is a part of the sum.
    let pseudo = [addresses.as_flattened(), &[0, 0, length[0], length[1], 0, 0, 0, ICMPV6], &body].concat();
    body[2..4].copy_from_slice(&checksum(&pseudo).to_be_bytes());
    let head = [0x60, 0, 0, 0, length[0], length[1], ICMPV6, 255];
    [&head, addresses.as_flattened(), &body].concat()
}

/// The group address that an IPv6 group has on Ethernet (RFC 2464 §7).
pub(super) const fn group(address: Ipv6Addr) -> Mac {
    let [.., a, b, c, d] = address.octets();
    Mac([0x33, 0x33, a, b, c, d])
}

/// The IPv4 and the IPv6 form of an address that is known to have it.
pub(super) fn v4(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

/// As [`v4`].
pub(super) fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V6(address) => address,
        IpAddr::V4(_) => Ipv6Addr::UNSPECIFIED,
    }
}

/// Writes the checksum of `bytes` at `field`, which is zero.
pub(super) fn sum_up(bytes: &mut [u8], field: usize) {
    let sum = checksum(bytes);
    bytes[field..field + 2].copy_from_slice(&sum.to_be_bytes());
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_over_what_has_its_checksum_is_zero() {
        let packet = ipv4(Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST, 17, &udp(68, 67, &[1; 5]));
        assert_eq!((packet.len(), checksum(&packet[..20])), (33, 0));
    }

    #[test]
    fn a_sum_is_that_of_rfc_1071() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn a_length_is_that_of_the_payload_and_the_frame_is_padded() {
        let frame = llc(Mac::BROADCAST, Mac([2; 6]), &[0x42, 0x42, 3]);
        assert_eq!((&frame[12..17], frame.len()), (&[0, 3, 0x42, 0x42, 3][..], SHORTEST));
    }
}
