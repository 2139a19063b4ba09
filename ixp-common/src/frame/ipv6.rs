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

/// Bytes of the fixed header.
pub const FIXED_LEN: u32 = 40;

/// The payload's length, 0 if it has none of its own, and both addresses of a header that [`parse`] found
/// sound.
#[inline(always)]
pub fn outline<F: FrameBytes>(frame: &F, offset: usize) -> Option<(u16, Ip6, Ip6)> {
    let [l0, l1] = frame.load::<2>(offset + field::PAYLOAD_LEN)?;
    let source = frame.load::<16>(offset + field::SOURCE)?;
    let destination = frame.load::<16>(offset + field::DESTINATION)?;
    Some((u16::from_be_bytes([l0, l1]), Ip6::new(source), Ip6::new(destination)))
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
