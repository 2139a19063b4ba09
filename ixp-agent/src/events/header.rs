//! A frame's start in, how many of its bytes are headers out: what is kept of a frame never has payload.

use ixp_common::bytes::Captured;
use ixp_common::frame::ipv4::Ipv4;
use ixp_common::frame::ipv6::Ipv6;
use ixp_common::frame::l4::{Fragment, Transport, protocol};
use ixp_common::frame::{self, Link, Network};

mod size {
    /// Addresses and the type or length.
    pub(super) const ETHERNET: usize = 14;
    /// ARP of Ethernet and IPv4 (RFC 826).
    pub(super) const ARP: usize = 28;
    /// DSAP, SSAP, control.
    pub(super) const LLC: usize = 3;
    /// OUI and protocol identifier.
    pub(super) const SNAP: usize = 5;
    /// IPv4 without options.
    pub(super) const IPV4: usize = 20;
    /// IPv6 without extensions.
    pub(super) const IPV6: usize = 40;
    /// The least that an extension header has, and all of UDP's or ICMP's.
    pub(super) const UNIT: usize = 8;
    /// TCP without options.
    pub(super) const TCP: usize = 20;
    /// SCTP's and DCCP's common header.
    pub(super) const COMMON: usize = 12;
    /// What is kept of a message of neighbour discovery or MLD: it is all addresses and options.
    pub(super) const NEIGHBOUR: usize = 64;
}

/// Bytes at the start of `frame`, which was `wire_len` long on the wire, that are headers: the link layer
/// with tags and LLC, ARP whole, IP with options and extensions, the transport header, messages of
/// neighbour discovery up to 64 bytes.
#[must_use]
pub fn headers(frame: &[u8], wire_len: u32) -> usize {
    let captured = Captured::new(frame, wire_len);
    let Ok(link) = frame::link(&captured) else {
        return size::ETHERNET.min(frame.len());
    };
    let behind = match frame::network(&captured, &link) {
        Ok(Network::Arp(_)) => link.payload + size::ARP,
        Ok(Network::Ipv4(packet)) => ipv4(&link, &packet),
        Ok(Network::Ipv6(packet)) => ipv6(&link, &packet),
        Ok(Network::Llc(llc)) => link.payload + size::LLC + llc.snap.map_or(0, |_| size::SNAP),
        Ok(Network::Other) => link.payload,
        Err(_) => unread(&link),
    };
    behind.min(frame.len())
}

fn ipv4(link: &Link, packet: &Ipv4) -> usize {
    let transport = link.payload + usize::from(packet.header_len);
    let end = link.payload + usize::from(packet.total_len);
    let len = match packet.fragment {
        Fragment::Later => 0,
        Fragment::Whole | Fragment::First => transport_len(packet.protocol, packet.transport),
    };
    (transport + len).min(end)
}

fn ipv6(link: &Link, packet: &Ipv6) -> usize {
    let end = link.payload + usize::try_from(packet.total_len).unwrap_or(usize::MAX);
    let walked = link.payload + size::IPV6 + usize::from(packet.extensions) * size::UNIT;
    let transport = match packet.transport_at {
        // The walk did not get there; each header that it passed has at least its fixed part.
        0 => return walked.min(end),
        at => usize::from(at),
    };
    (transport + transport_len(packet.protocol, packet.transport)).min(end)
}

/// Only what the transport says of itself: what ICMP errors quote of other packets is payload.
fn transport_len(number: u8, transport: Transport) -> usize {
    match transport {
        // ICMPv6 types of MLD and neighbour discovery (RFC 2710, RFC 3810, RFC 4861).
        Transport::Icmp { kind: 130..=137 | 143, .. } if number == protocol::ICMPV6 => size::NEIGHBOUR,
        Transport::Icmp { .. } => size::UNIT,
        Transport::Ports { .. } => match number {
            protocol::TCP => size::TCP,
            protocol::SCTP | protocol::DCCP => size::COMMON,
            _ => size::UNIT,
        },
        Transport::Opaque | Transport::Truncated | Transport::Hidden | Transport::Undecided => 0,
    }
}

/// The fixed header of what could not be read whole.
fn unread(link: &Link) -> usize {
    use ixp_common::addr::Family;
    link.payload
        + match link.family() {
            Family::Ipv4 => size::IPV4,
            Family::Ipv6 => size::IPV6 + size::UNIT,
            Family::Arp => size::ARP,
            Family::Other => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;
    use proptest::prelude::*;

    fn check(frame: &[u8], expected: usize) {
        assert_eq!(headers(frame, 0), expected);
    }

    fn built(build: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        build(&mut bytes);
        bytes
    }

    #[test]
    fn udp_and_tcp_end_with_their_headers() {
        let udp = built(|bytes| {
            let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64);
            packet.udp(1, 2).write(bytes, b"a secret").expect("it fits");
        });
        check(&udp, 14 + 20 + 8);
        let vlan = etherparse::VlanId::try_new(7).expect("12 bits");
        let tcp = built(|bytes| {
            let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).single_vlan(vlan);
            let packet = packet.ipv6([1; 16], [2; 16], 64).tcp(179, 2, 3, 4);
            packet.write(bytes, b"a secret").expect("it fits");
        });
        check(&tcp, 14 + 4 + 40 + 20);
    }

    #[test]
    fn neighbour_discovery_is_kept_whole_and_a_ping_is_not() {
        let icmp = |kind| {
            built(|bytes| {
                let packet = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6([1; 16], [2; 16], 255);
                packet.icmpv6_raw(kind, 0, [0; 4]).write(bytes, &[9; 80]).expect("it fits");
            })
        };
        check(&icmp(134), 14 + 40 + 64);
        check(&icmp(128), 14 + 40 + 8);
    }

    #[test]
    fn snap_is_kept_and_what_it_carries_is_not() {
        let mut frame = vec![0u8; 60];
        frame[12..22].copy_from_slice(&[0, 46, 0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0]);
        check(&frame, 14 + 3 + 5);
        let mut unknown = vec![0u8; 60];
        unknown[12..14].copy_from_slice(&[0x88, 0x09]);
        check(&unknown, 14);
    }

    proptest! {
        #[test]
        fn no_payload_of_udp_is_ever_kept(
            options in 0usize..10, len in 0usize..40, tags in 0usize..3, cut in 0usize..128,
        ) {
            let mut frame = vec![0u8; 12];
            (0..tags).for_each(|_| frame.extend([0x81, 0, 0, 7]));
            frame.extend([0x08, 0]);
            let total = u16::try_from(20 + options * 4 + 8 + len).expect("small").to_be_bytes();
            frame.extend([0x40 | (5 + u8::try_from(options).expect("small")), 0, total[0], total[1], 0, 0, 0, 0, 64, 17]);
            frame.extend([0u8; 10]);
            frame.extend(std::iter::repeat_n(0u8, options * 4 + 8));
            frame.extend(std::iter::repeat_n(0xee, len));
            let wire = u32::try_from(frame.len()).expect("small");
            frame.truncate(cut.max(60));
            let kept = &frame[..headers(&frame, wire)];
            prop_assert!(!kept.contains(&0xee), "{kept:02x?}");
        }

        #[test]
        fn any_bytes_have_a_start_that_is_kept(
            bytes in proptest::collection::vec(any::<u8>(), 0..128), wire in 0u32..2000,
        ) {
            prop_assert!(headers(&bytes, wire) <= bytes.len());
        }
    }
}
