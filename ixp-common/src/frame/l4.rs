//! What an IP payload starts with: ports, or an ICMP type (RFC 768, 792, 4443, 9293).

use crate::bytes::{FrameBytes, HEADER_WINDOW};

/// Protocol numbers with a header that is looked at.
pub mod protocol {
    /// ICMP.
    pub const ICMP: u8 = 1;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// DCCP.
    pub const DCCP: u8 = 33;
    /// ICMPv6.
    pub const ICMPV6: u8 = 58;
    /// SCTP.
    pub const SCTP: u8 = 132;
    /// UDP-Lite.
    pub const UDP_LITE: u8 = 136;
}

mod field {
    /// Source and destination port, or ICMP type, code and checksum.
    pub(super) const START: usize = 4;
}

/// A packet's place among the fragments that it was cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Fragment {
    /// Not cut.
    Whole = 0,
    /// The first piece: it has the transport header.
    First = 1,
    /// A later piece: it has none.
    Later = 2,
}

impl Fragment {
    #[inline(always)]
    pub(super) fn new(offset: u16, more: bool) -> Self {
        match (offset, more) {
            (0, false) => Self::Whole,
            (0, true) => Self::First,
            _ => Self::Later,
        }
    }
}

/// What an IP payload starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP, UDP, UDP-Lite, SCTP or DCCP.
    Ports {
        /// Source port.
        source: u16,
        /// Destination port.
        destination: u16,
    },
    /// ICMP or ICMPv6.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
    },
    /// A protocol that is not looked into, or a later fragment.
    Opaque,
    /// The header does not fit into the packet.
    Truncated,
    /// The header is not in the visible bytes.
    Hidden,
    /// The IPv6 extension headers go on beyond the bound of the walk.
    Undecided,
}

/// Whether a protocol's header starts with two ports.
#[inline(always)]
#[must_use]
pub const fn has_ports(protocol: u8) -> bool {
    matches!(protocol, protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE)
}

/// Kinds of [`Transport`] as numbers.
pub(super) mod tag {
    pub(in super::super) const PORTS: u16 = 1;
    pub(in super::super) const ICMP: u16 = 2;
    pub(in super::super) const OPAQUE: u16 = 3;
    pub(in super::super) const TRUNCATED: u16 = 4;
    pub(in super::super) const HIDDEN: u16 = 5;
    pub(in super::super) const UNDECIDED: u16 = 6;
}

impl Transport {
    /// As three numbers: a tag, and what is there of two others.
    #[inline(always)]
    pub(super) const fn pack(self) -> [u16; 3] {
        match self {
            Self::Ports { source, destination } => [tag::PORTS, source, destination],
            Self::Icmp { kind, code } => [tag::ICMP, kind as u16, code as u16],
            Self::Opaque => [tag::OPAQUE, 0, 0],
            Self::Truncated => [tag::TRUNCATED, 0, 0],
            Self::Hidden => [tag::HIDDEN, 0, 0],
            Self::Undecided => [tag::UNDECIDED, 0, 0],
        }
    }
}

/// Reads the start of a payload of `protocol` at `offset` that ends at `end`.
#[inline(always)]
pub(super) fn parse<F: FrameBytes>(
    frame: &F,
    protocol: u8,
    fragment: Fragment,
    offset: usize,
    end: usize,
) -> Transport {
    let is_icmp = matches!(protocol, protocol::ICMP | protocol::ICMPV6);
    let has_ports = has_ports(protocol);
    if fragment == Fragment::Later || !(is_icmp || has_ports) {
        return Transport::Opaque;
    }
    if offset >= HEADER_WINDOW {
        return Transport::Undecided;
    }
    if offset + field::START > end {
        return Transport::Truncated;
    }
    let Some([a, b, c, d]) = frame.load::<4>(offset) else {
        return Transport::Hidden;
    };
    if is_icmp {
        return Transport::Icmp { kind: a, code: b };
    }
    Transport::Ports { source: u16::from_be_bytes([a, b]), destination: u16::from_be_bytes([c, d]) }
}
