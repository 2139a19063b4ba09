//! The start of a frame in, what of it is told out: headers and nothing behind them, with or without hosts' addresses.

use std::ops::Range;

use ixp_common::bytes::{Captured, FrameBytes};
use ixp_common::frame::l4::{Transport, protocol};
use ixp_common::frame::{self, Link, Network};

use super::Settings;

/// An Ethernet header.
const ETHERNET: usize = 14;
/// An ARP packet between Ethernet and IPv4 (RFC 826): its length, and where sender and target have their protocol addresses.
const ARP: usize = 28;
const ARP_ADDRESSES: [Range<usize>; 2] = [14..18, 24..28];
/// Where IPv4 and IPv6 headers have both addresses.
const IPV4_ADDRESSES: Range<usize> = 12..20;
const IPV4_OPTIONS: usize = 20;
const IPV6_ADDRESSES: Range<usize> = 8..40;
/// LLC, and with SNAP behind it.
const LLC: usize = 3;
const SNAP: usize = 8;

/// What is told of a frame, written over its start.
pub(super) fn told<'b>(
    start: &'b mut [u8],
    frame: &Captured<'_>,
    link: Option<&Link>,
    settings: &Settings,
) -> &'b [u8] {
    let len = frame.bytes().len().min(start.len());
    let start = &mut start[..len];
    let Some(link) = link else {
        return &start[..len.min(ETHERNET).min(settings.header)];
    };
    let network = frame::network(frame, link).ok();
    if settings.hides_hosts {
        for range in network.iter().flat_map(|network| addresses(network, link)) {
            let end = range.end.min(start.len());
            start.get_mut(range.start..end).into_iter().for_each(|bytes| bytes.fill(0));
        }
    }
    let end = network.map_or(link.payload, |network| end(frame, &network, link, settings));
    &start[..len.min(end).min(settings.header)]
}

/// Where hosts' addresses stand. Options of IPv4 can be addresses, too.
fn addresses(network: &Network, link: &Link) -> [Range<usize>; 2] {
    let within = |range: Range<usize>| link.payload + range.start..link.payload + range.end;
    match network {
        Network::Arp(_) => ARP_ADDRESSES.map(within),
        Network::Ipv4(packet) => {
            [within(IPV4_ADDRESSES), within(IPV4_OPTIONS..usize::from(packet.header_len))]
        }
        Network::Ipv6(_) => [within(IPV6_ADDRESSES), 0..0],
        Network::Llc(_) | Network::Other => [0..0, 0..0],
    }
}

/// The first byte behind all headers.
fn end(frame: &Captured<'_>, network: &Network, link: &Link, settings: &Settings) -> usize {
    match network {
        Network::Arp(_) => link.payload + ARP,
        Network::Ipv4(packet) => {
            let at = link.payload + usize::from(packet.header_len);
            at + transport(frame, packet.transport, packet.protocol, at)
        }
        // A routing header has addresses of hosts.
        Network::Ipv6(packet) if settings.hides_hosts && packet.extensions > 0 => {
            link.payload + IPV6_ADDRESSES.end
        }
        Network::Ipv6(packet) => {
            let at = usize::from(packet.transport_at);
            at + transport(frame, packet.transport, packet.protocol, at)
        }
        Network::Llc(header) => link.payload + if header.snap.is_some() { SNAP } else { LLC },
        Network::Other => link.payload,
    }
}

/// Bytes of a transport header. Of ICMP only its first eight: the rest is of another packet, or of no header.
fn transport(frame: &Captured<'_>, transport: Transport, number: u8, at: usize) -> usize {
    match transport {
        Transport::Icmp { .. } => 8,
        Transport::Ports { .. } => match number {
            // RFC 9293 §3.1, RFC 4340 §5.1: in words.
            protocol::TCP => {
                4 * frame.load::<2>(at + 12).map_or(5, |[words, _]| usize::from(words >> 4)).max(5)
            }
            protocol::DCCP => 4 * frame.load::<2>(at + 4).map_or(3, |[words, _]| usize::from(words)).max(3),
            // RFC 9260 §3.1.
            protocol::SCTP => 12,
            _ => 8,
        },
        Transport::Opaque | Transport::Truncated | Transport::Hidden | Transport::Undecided => 0,
    }
}
