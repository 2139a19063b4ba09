//! IPv6 (RFC 8200): the fixed header, a bounded walk along the extension headers, the transport.

use super::l4::{self, Fragment, Transport};
use super::{Malformed, Unread, fits, read};
use crate::addr::Ip6;
use crate::bytes::{FrameBytes, HEADER_WINDOW};

/// Extension headers that the walk follows; a longer chain is undecided (RFC 7112 asks senders to
/// keep it in the first fragment, RFC 8883 lets nodes limit it).
pub const MAX_EXTENSIONS: usize = 8;

mod field {
    /// The length of what follows the fixed header.
    pub(super) const PAYLOAD_LEN: usize = 4;
    /// The source address.
    pub(super) const SOURCE: usize = 8;
    /// The destination address.
    pub(super) const DESTINATION: usize = 24;
    /// The fixed header.
    pub(super) const FIXED: usize = 40;
    /// More fragments, in a fragment header's offset word.
    pub(super) const MORE: u16 = 0x0001;
}

mod next {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const AUTHENTICATION: u8 = 51;
    pub(super) const DESTINATION: u8 = 60;
    pub(super) const MOBILITY: u8 = 135;
    pub(super) const HIP: u8 = 139;
    pub(super) const SHIM6: u8 = 140;
}

/// An IPv6 packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv6 {
    /// Source address.
    pub source: Ip6,
    /// Destination address.
    pub destination: Ip6,
    /// Header and payload, in bytes.
    pub total_len: u32,
    /// Hop limit.
    pub hop_limit: u8,
    /// The number of the first header that is no extension, or of the one where the walk stopped.
    pub protocol: u8,
    /// Extension headers that were walked.
    pub extensions: u8,
    /// Its place among the fragments of a packet.
    pub fragment: Fragment,
    /// Whether there is a fragment header, be it that of a whole packet (RFC 6946).
    pub has_fragment_header: bool,
    /// The offset in the frame of what follows the extension headers.
    pub transport_at: u16,
    /// What follows the extension headers.
    pub transport: Transport,
}

/// The addresses of a packet, source first, as a map holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Addresses([u64; 4]);

/// The rest of an [`Ipv6`] as a map holds it: every bit is defined, and the verifier knows of none.
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

/// Bytes of the fixed header.
pub const FIXED_LEN: u32 = 40;

/// The payload's length, 0 if it has none of its own, and both addresses of a header that [`parse`] found
/// sound.
#[inline(always)]
pub fn outline<F: FrameBytes>(frame: &F, offset: usize) -> Option<(u16, Ip6, Ip6)> {
    let [l0, l1] = frame.load::<2>(offset + field::PAYLOAD_LEN)?;
    let Addresses([a, b, c, d]) = Addresses::read(frame, offset)?;
    Some((u16::from_be_bytes([l0, l1]), Ip6::of(a, b), Ip6::of(c, d)))
}

impl Addresses {
    /// None.
    pub const NONE: Self = Self([0; 4]);

    /// Reads the addresses of a packet at `offset`; `None` where they are not visible.
    #[inline(always)]
    pub fn read<F: FrameBytes>(frame: &F, offset: usize) -> Option<Self> {
        let [a, b] = Ip6::new(frame.load::<16>(offset + field::SOURCE)?).halves();
        let [c, d] = Ip6::new(frame.load::<16>(offset + field::DESTINATION)?).halves();
        Some(Self([a, b, c, d]))
    }
}

impl Ipv6 {
    /// All but the addresses, for a map.
    #[inline(always)]
    #[must_use]
    pub const fn chain(&self) -> Chain {
        Chain {
            total_len: self.total_len,
            transport_at: self.transport_at,
            transport: self.transport.pack(),
            hop_limit: self.hop_limit,
            protocol: self.protocol,
            extensions: self.extensions,
            fragment: self.fragment as u8 | (self.has_fragment_header as u8) << 2,
        }
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
        self.chain.total_len
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

    /// Type and code of an ICMPv6 message.
    #[inline(always)]
    #[must_use]
    pub fn icmp(&self) -> Option<(u8, u8)> {
        let [tag, kind, code] = self.chain.transport;
        #[expect(clippy::cast_possible_truncation, reason = "packed from bytes")]
        let numbers = (kind as u8, code as u8);
        (tag == l4::tag::ICMP && self.chain.protocol == l4::protocol::ICMPV6).then_some(numbers)
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

/// Reads an IPv6 packet.
///
/// # Errors
/// The `Ipv6…` reasons of [`Malformed`].
#[inline(always)]
pub fn parse<F: FrameBytes>(frame: &F, offset: usize) -> Result<Ipv6, Unread> {
    let [version, _, _, _, l0, l1, first, hop_limit] = read::<8, F>(frame, offset, Malformed::Ipv6Truncated)?;
    let source = Ip6::new(read::<16, F>(frame, offset + field::SOURCE, Malformed::Ipv6Truncated)?);
    let destination = Ip6::new(read::<16, F>(frame, offset + field::DESTINATION, Malformed::Ipv6Truncated)?);
    if version >> 4 != 6 {
        return Err(Unread::Malformed(Malformed::Ipv6Version));
    }
    let start = offset + field::FIXED;
    let end = end_of_payload(frame, start, u16::from_be_bytes([l0, l1]), first)?;
    let chain = walk(frame, first, start, end)?;
    #[expect(clippy::cast_possible_truncation, reason = "no frame has 2³² bytes")]
    let total_len = (end - offset) as u32;
    Ok(Ipv6 {
        source,
        destination,
        total_len,
        hop_limit,
        protocol: chain.protocol,
        extensions: chain.extensions,
        fragment: chain.fragment,
        has_fragment_header: chain.has_fragment_header,
        transport_at: chain.transport_at,
        transport: chain.transport,
    })
}

/// Where the payload ends. A length of 0 before a hop-by-hop header is a jumbogram (RFC 2675): its
/// payload ends with the frame.
#[inline(always)]
fn end_of_payload<F: FrameBytes>(frame: &F, start: usize, length: u16, first: u8) -> Result<usize, Unread> {
    if length == 0 && first == next::HOP_BY_HOP {
        return Ok(frame.wire_len() as usize);
    }
    if !fits(frame, start, usize::from(length)) {
        return Err(Unread::Malformed(Malformed::Ipv6PayloadLength));
    }
    Ok(start + usize::from(length))
}

struct Walked {
    protocol: u8,
    extensions: u8,
    fragment: Fragment,
    has_fragment_header: bool,
    transport_at: u16,
    transport: Transport,
}

#[inline(always)]
fn walk<F: FrameBytes>(frame: &F, first: u8, start: usize, end: usize) -> Result<Walked, Unread> {
    let mut chain = Walked {
        protocol: first,
        extensions: 0,
        fragment: Fragment::Whole,
        has_fragment_header: false,
        transport_at: 0,
        transport: Transport::Opaque,
    };
    let mut at = start;
    for _ in 0..MAX_EXTENSIONS {
        if !is_extension(chain.protocol) {
            return Ok(chain.carrying(frame, at, end));
        }
        if at >= HEADER_WINDOW {
            break;
        }
        if at + 8 > end {
            return Err(Unread::Malformed(Malformed::Ipv6ExtensionTruncated));
        }
        let Some([following, length, w0, w1]) = frame.load::<4>(at) else {
            chain.transport = Transport::Hidden;
            return Ok(chain);
        };
        let bytes = match chain.protocol {
            next::FRAGMENT => 8,
            next::AUTHENTICATION => (usize::from(length) + 2) * 4,
            _ => (usize::from(length) + 1) * 8,
        };
        if at + bytes > end {
            return Err(Unread::Malformed(Malformed::Ipv6ExtensionTruncated));
        }
        if chain.protocol == next::FRAGMENT {
            let word = u16::from_be_bytes([w0, w1]);
            chain.fragment = Fragment::new(word >> 3, word & field::MORE != 0);
            chain.has_fragment_header = true;
        }
        chain.protocol = following;
        chain.extensions += 1;
        if chain.fragment == Fragment::Later {
            return Ok(chain);
        }
        at += bytes;
    }
    if is_extension(chain.protocol) {
        chain.transport = Transport::Undecided;
        return Ok(chain);
    }
    Ok(chain.carrying(frame, at, end))
}

impl Walked {
    #[inline(always)]
    fn carrying<F: FrameBytes>(mut self, frame: &F, at: usize, end: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a chain of 8 headers is below 2¹⁶ bytes long")]
        let transport_at = at as u16;
        self.transport_at = transport_at;
        self.transport = l4::parse(frame, self.protocol, self.fragment, at, end);
        self
    }
}

#[inline(always)]
fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        next::HOP_BY_HOP
            | next::ROUTING
            | next::FRAGMENT
            | next::AUTHENTICATION
            | next::DESTINATION
            | next::MOBILITY
            | next::HIP
            | next::SHIM6
    )
}
