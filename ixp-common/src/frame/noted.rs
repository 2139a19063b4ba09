//! An IP packet as it is written down in a map and read back: every bit is defined, and the verifier knows of
//! none, so that it does not follow each kind of packet through each rule.

use super::ipv4::Ipv4;
use super::ipv6::Ipv6;
use super::l4::{self, Fragment};
use crate::addr::Ip6;

/// The addresses of a packet, source first; those of IPv4 as IPv6 maps them (RFC 4291 §2.5.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Addresses([u64; 4]);

/// The rest of a packet. Of IPv4 there is no hop limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Chain {
    total_len: u32,
    transport_at: u16,
    transport: [u16; 3],
    hop_limit: u8,
    protocol: u8,
    extensions: u8,
    /// 0 whole, 1 first, 2 later; 4 more if there is a fragment header.
    fragment: u8,
}

const _: () = assert!(size_of::<Addresses>() == 32 && size_of::<Chain>() == 16);

/// A packet that is read back from a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    addresses: Addresses,
    chain: Chain,
}

impl Addresses {
    /// None.
    pub const NONE: Self = Self([0; 4]);

    /// These two.
    #[inline(always)]
    #[must_use]
    pub const fn of(source: Ip6, destination: Ip6) -> Self {
        let ([a, b], [c, d]) = (source.halves(), destination.halves());
        Self([a, b, c, d])
    }
}

impl Chain {
    /// None.
    pub const NONE: Self = Self {
        total_len: 0,
        transport_at: 0,
        transport: [0; 3],
        hop_limit: 0,
        protocol: 0,
        extensions: 0,
        fragment: 0,
    };

    /// All of an IPv4 packet but its addresses, which starts at `offset` in the frame.
    #[inline(always)]
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "headers end within the header window")]
    pub const fn ipv4(packet: &Ipv4, offset: usize) -> Self {
        Self {
            total_len: packet.total_len as u32,
            transport_at: offset as u16 + packet.header_len as u16,
            transport: packet.transport.pack(),
            hop_limit: 0,
            protocol: packet.protocol,
            extensions: 0,
            fragment: packet.fragment as u8,
        }
    }

    /// All of an IPv6 packet but its addresses.
    #[inline(always)]
    #[must_use]
    pub const fn ipv6(packet: &Ipv6) -> Self {
        Self {
            total_len: packet.total_len,
            transport_at: packet.transport_at,
            transport: packet.transport.pack(),
            hop_limit: packet.hop_limit,
            protocol: packet.protocol,
            extensions: packet.extensions,
            fragment: packet.fragment as u8 | (packet.has_fragment_header as u8) << 2,
        }
    }
}

impl Chain {
    /// Header and payload, in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn total_len(self) -> u32 {
        self.total_len
    }
}

impl Noted {
    /// The packet of these addresses and this chain.
    #[inline(always)]
    #[must_use]
    pub const fn new(addresses: Addresses, chain: Chain) -> Self {
        Self { addresses, chain }
    }

    /// Source address.
    #[inline(always)]
    #[must_use]
    pub const fn source(&self) -> Ip6 {
        Ip6::of(self.addresses.0[0], self.addresses.0[1])
    }

    /// Destination address.
    #[inline(always)]
    #[must_use]
    pub const fn destination(&self) -> Ip6 {
        Ip6::of(self.addresses.0[2], self.addresses.0[3])
    }

    /// Header and payload, in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn total_len(&self) -> u32 {
        self.chain.total_len()
    }

    /// Hop limit.
    #[inline(always)]
    #[must_use]
    pub const fn hop_limit(&self) -> u8 {
        self.chain.hop_limit
    }

    /// The number of the first header that is no extension, or of the one where the walk stopped.
    #[inline(always)]
    #[must_use]
    pub const fn protocol(&self) -> u8 {
        self.chain.protocol
    }

    /// The offset in the frame of what follows the extension headers.
    #[inline(always)]
    #[must_use]
    pub const fn transport_at(&self) -> usize {
        self.chain.transport_at as usize
    }

    /// Whether there is a fragment header.
    #[inline(always)]
    #[must_use]
    pub const fn has_fragment_header(&self) -> bool {
        self.chain.fragment & 4 != 0
    }

    /// Whether it is a later fragment.
    #[inline(always)]
    #[must_use]
    pub const fn is_later(&self) -> bool {
        self.chain.fragment & 3 == Fragment::Later as u8
    }

    /// Type and code of a message of ICMP or ICMPv6, whichever `protocol` is.
    #[inline(always)]
    #[must_use]
    pub fn icmp(&self, protocol: u8) -> Option<(u8, u8)> {
        let [tag, kind, code] = self.chain.transport;
        #[expect(clippy::cast_possible_truncation, reason = "packed from bytes")]
        let numbers = (kind as u8, code as u8);
        (tag == l4::tag::ICMP && self.chain.protocol == protocol).then_some(numbers)
    }

    /// Source and destination port.
    #[inline(always)]
    #[must_use]
    pub fn ports(&self) -> Option<(u16, u16)> {
        let [tag, source, destination] = self.chain.transport;
        (tag == l4::tag::PORTS).then_some((source, destination))
    }

    /// Whether the extension headers go on beyond the bound of the walk.
    #[inline(always)]
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        self.chain.transport[0] == l4::tag::UNDECIDED
    }

    /// Whether the transport header does not fit into the packet.
    #[inline(always)]
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.chain.transport[0] == l4::tag::TRUNCATED
    }
}
