//! One frame's bytes in, its headers out; every way in which it can be malformed has a name.

pub mod arp;
pub mod eth;
pub mod ipv4;
pub mod ipv6;
pub mod l4;
pub mod llc;
pub mod noted;
pub mod vlan;

use crate::addr::{EtherType, Family, Mac, VlanId};
use crate::bytes::FrameBytes;
use crate::counters::PairKey;

/// Why a frame cannot be parsed. Such a frame is counted here and in no cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Malformed {
    /// Shorter than an Ethernet header (14 bytes).
    EthernetTruncated = 0,
    /// Ends inside a VLAN tag.
    VlanTruncated = 1,
    /// A type/length field of 0x05dd..=0x05ff, neither length nor EtherType (IEEE 802.3 §3.2.6).
    LengthUndefined = 2,
    /// An 802.3 length beyond the end of the frame.
    LlcLength = 3,
    /// An 802.3 frame without room for an LLC header.
    LlcTruncated = 4,
    /// LLC announces SNAP, and its five bytes are not there.
    SnapTruncated = 5,
    /// Ends inside an ARP packet (RFC 826).
    ArpTruncated = 6,
    /// Ends inside the fixed IPv4 header.
    Ipv4Truncated = 7,
    /// EtherType 0x0800 and a version other than 4.
    Ipv4Version = 8,
    /// An IPv4 header length below 20 bytes or beyond the packet (RFC 791 §3.1).
    Ipv4HeaderLength = 9,
    /// An IPv4 total length below the header's or beyond the end of the frame.
    Ipv4TotalLength = 10,
    /// Ends inside the fixed IPv6 header.
    Ipv6Truncated = 11,
    /// EtherType 0x86dd and a version other than 6.
    Ipv6Version = 12,
    /// An IPv6 payload length beyond the end of the frame.
    Ipv6PayloadLength = 13,
    /// An extension header beyond the end of its packet (RFC 8200 §4).
    Ipv6ExtensionTruncated = 14,
}

impl Malformed {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::EthernetTruncated,
        Self::VlanTruncated,
        Self::LengthUndefined,
        Self::LlcLength,
        Self::LlcTruncated,
        Self::SnapTruncated,
        Self::ArpTruncated,
        Self::Ipv4Truncated,
        Self::Ipv4Version,
        Self::Ipv4HeaderLength,
        Self::Ipv4TotalLength,
        Self::Ipv6Truncated,
        Self::Ipv6Version,
        Self::Ipv6PayloadLength,
        Self::Ipv6ExtensionTruncated,
    ];

    /// The name in JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EthernetTruncated => "ethernet-truncated",
            Self::VlanTruncated => "vlan-truncated",
            Self::LengthUndefined => "length-undefined",
            Self::LlcLength => "llc-length",
            Self::LlcTruncated => "llc-truncated",
            Self::SnapTruncated => "snap-truncated",
            Self::ArpTruncated => "arp-truncated",
            Self::Ipv4Truncated => "ipv4-truncated",
            Self::Ipv4Version => "ipv4-version",
            Self::Ipv4HeaderLength => "ipv4-header-length",
            Self::Ipv4TotalLength => "ipv4-total-length",
            Self::Ipv6Truncated => "ipv6-truncated",
            Self::Ipv6Version => "ipv6-version",
            Self::Ipv6PayloadLength => "ipv6-payload-length",
            Self::Ipv6ExtensionTruncated => "ipv6-extension-truncated",
        }
    }
}

/// Something about a sound frame that its reader should know. It is counted in its cell and here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Oddity {
    /// More than two VLAN tags: what follows the second is not looked at.
    ThirdTag = 0,
    /// The network header lies beyond the visible bytes (snap length, XDP fragment).
    Hidden = 1,
    /// More IPv6 extension headers, or longer ones, than the walk is bound to.
    ExtensionChain = 2,
    /// A transport header that does not fit into its packet.
    TransportTruncated = 3,
}

impl Oddity {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::ThirdTag, Self::Hidden, Self::ExtensionChain, Self::TransportTruncated];

    /// The name in JSON and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThirdTag => "third-tag",
            Self::Hidden => "hidden-header",
            Self::ExtensionChain => "ipv6-extension-chain",
            Self::TransportTruncated => "transport-truncated",
        }
    }
}

/// Why a header was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// The frame is broken.
    Malformed(Malformed),
    /// The frame goes on, but not in the visible bytes.
    Hidden,
}

/// What came of reading headers, as one number: what a function can give back under BPF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Status(u32);

/// What is to be said of headers that were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Sound,
    /// They are sound, and odd.
    Odd(Oddity),
    /// They could not be read.
    Unread(Unread),
}

impl Status {
    const SOUND: u32 = 0x100;
    const HIDDEN: u32 = 0x101;
    const ODD: u32 = 0x200;

    const fn odd(oddity: Option<Oddity>) -> Self {
        match oddity {
            None => Self(Self::SOUND),
            Some(oddity) => Self(Self::ODD + oddity as u32),
        }
    }

    const fn unread(unread: Unread) -> Self {
        match unread {
            Unread::Hidden => Self(Self::HIDDEN),
            Unread::Malformed(reason) => Self(reason as u32),
        }
    }

    /// What the number stands for.
    #[inline(always)]
    #[must_use]
    pub fn found(self) -> Found {
        match self.0 {
            Self::SOUND => Found::Sound,
            Self::HIDDEN => Found::Unread(Unread::Hidden),
            number if number >= Self::ODD => Oddity::ALL
                .get((number - Self::ODD) as usize)
                .map_or(Found::Sound, |oddity| Found::Odd(*oddity)),
            number => match Malformed::ALL.get(number as usize) {
                Some(reason) => Found::Unread(Unread::Malformed(*reason)),
                None => Found::Sound,
            },
        }
    }
}

/// The link layer of a frame: addresses, tags, and where the network layer starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// [`Mac::to_bits`] of the destination address: a number is read from the stack at once.
    destination: u64,
    /// The same of the source address.
    source: u64,
    /// Up to two VLAN tags.
    pub tags: vlan::Tags,
    /// What follows: an EtherType, or a length if below 0x0600.
    pub ethertype: EtherType,
    /// Offset of the first byte behind the EtherType.
    pub payload: usize,
}

impl Link {
    /// What a header is read over. Not all zero: BPF compilers clear 16 bytes and more by a loop.
    pub const EMPTY: Self = Self {
        destination: Mac::BROADCAST.to_bits(),
        source: 0,
        tags: vlan::Tags::NONE,
        ethertype: EtherType(0xffff),
        payload: 14,
    };

    /// Destination address.
    #[inline(always)]
    #[must_use]
    pub const fn destination(&self) -> Mac {
        Mac::from_bits(self.destination)
    }

    /// Source address.
    #[inline(always)]
    #[must_use]
    pub const fn source(&self) -> Mac {
        Mac::from_bits(self.source)
    }

    /// The same with another destination.
    #[inline(always)]
    #[must_use]
    pub const fn to(mut self, destination: Mac) -> Self {
        self.destination = destination.to_bits();
        self
    }

    /// The outer VLAN, 0 if the frame has no tag.
    #[inline(always)]
    #[must_use]
    pub fn vlan(&self) -> VlanId {
        self.tags.outer.id
    }

    /// What the frame is counted under by its addresses.
    #[inline(always)]
    #[must_use]
    pub fn pair(&self) -> PairKey {
        PairKey::new(self.vlan(), self.source(), self.destination(), self.family())
    }

    /// The family that the frame is counted under.
    #[inline(always)]
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.ethertype)
    }
}

/// The network layer of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// ARP.
    Arp(arp::Arp),
    /// IPv4.
    Ipv4(ipv4::Ipv4),
    /// IPv6.
    Ipv6(ipv6::Ipv6),
    /// 802.3 with LLC, perhaps SNAP.
    Llc(llc::Llc),
    /// An EtherType that is not looked into.
    Other,
}

/// Reads addresses and tags.
///
/// # Errors
/// [`Unread`] where they are not there.
#[inline(always)]
pub fn link<F: FrameBytes>(frame: &F) -> Result<Link, Unread> {
    let header = eth::parse(frame)?;
    let (tags, ethertype, payload) = vlan::parse(frame, header.ethertype)?;
    let (destination, source) = (header.destination.to_bits(), header.source.to_bits());
    Ok(Link { destination, source, tags, ethertype, payload })
}

/// Reads what the link layer carries.
///
/// # Errors
/// [`Unread`] where it is broken or not visible.
#[inline(always)]
pub fn network<F: FrameBytes>(frame: &F, link: &Link) -> Result<Network, Unread> {
    match link.ethertype {
        EtherType::IPV4 => ipv4::parse(frame, link.payload).map(Network::Ipv4),
        EtherType::IPV6 => ipv6::parse(frame, link.payload).map(Network::Ipv6),
        EtherType::ARP => arp::parse(frame, link.payload).map(Network::Arp),
        EtherType(length) if length < eth::FIRST_ETHERTYPE => {
            llc::parse(frame, link.payload, length).map(Network::Llc)
        }
        _ => Ok(Network::Other),
    }
}

/// Reads addresses and tags into their place.
#[inline(always)]
pub fn read_link<F: FrameBytes>(frame: &F, into: &mut Link) -> Status {
    match link(frame) {
        Ok(header) => {
            *into = header;
            Status(Status::SOUND)
        }
        Err(unread) => Status::unread(unread),
    }
}

/// Looks at what the link layer carries. Who needs the headers reads them again: they are in the
/// processor's cache, and a copy would not be nearer.
#[inline(always)]
pub fn inspect<F: FrameBytes>(frame: &F, link: &Link) -> Status {
    match network(frame, link) {
        Ok(network) => Status::odd(oddity(link, &network)),
        Err(unread) => Status::unread(unread),
    }
}

/// What is odd about a parsed network layer, if anything.
#[inline(always)]
#[must_use]
pub fn oddity(link: &Link, network: &Network) -> Option<Oddity> {
    let transport = match network {
        Network::Ipv4(packet) => packet.transport,
        Network::Ipv6(packet) => packet.transport,
        Network::Other if link.ethertype.is_tag() => return Some(Oddity::ThirdTag),
        Network::Arp(_) | Network::Llc(_) | Network::Other => return None,
    };
    match transport {
        l4::Transport::Truncated => Some(Oddity::TransportTruncated),
        l4::Transport::Undecided => Some(Oddity::ExtensionChain),
        l4::Transport::Hidden => Some(Oddity::Hidden),
        l4::Transport::Ports { .. } | l4::Transport::Icmp { .. } | l4::Transport::Opaque => None,
    }
}

/// `N` bytes at `offset`; where there are none, says whether the frame ends (`broken`) or only its
/// visible part does.
#[inline(always)]
fn read<const N: usize, F: FrameBytes>(
    frame: &F,
    offset: usize,
    broken: Malformed,
) -> Result<[u8; N], Unread> {
    match frame.load(offset) {
        Some(bytes) => Ok(bytes),
        None if fits(frame, offset, N) => Err(Unread::Hidden),
        None => Err(Unread::Malformed(broken)),
    }
}

/// Whether the frame on the wire has `len` bytes at `offset`.
#[inline(always)]
fn fits<F: FrameBytes>(frame: &F, offset: usize, len: usize) -> bool {
    offset + len <= frame.wire_len() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Captured;
    use etherparse::{PacketBuilder, SlicedPacket};
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn numbers_and_names_are_those_of_the_lists() {
        for (at, reason) in Malformed::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, at);
        }
        for (at, oddity) in Oddity::ALL.into_iter().enumerate() {
            assert_eq!(oddity as usize, at);
        }
    }

    #[test]
    fn a_header_cut_by_the_snap_length_is_hidden_not_malformed() {
        let mut bytes = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(1, 2)
            .write(&mut bytes, &[0; 100])
            .expect("a vector takes it");
        let cut = Captured::new(&bytes[..20], 142);
        let header = link(&cut).expect("the link header is there");
        assert_eq!(network(&cut, &header), Err(Unread::Hidden));
        let short = Captured::whole(&bytes[..20]);
        assert_eq!(network(&short, &header), Err(Unread::Malformed(Malformed::Ipv4Truncated)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), wire in any::<u32>()) {
            let frame = Captured::new(&bytes, wire);
            if let Ok(header) = link(&frame) {
                let _: Result<Network, Unread> = network(&frame, &header);
            }
        }

        #[test]
        fn ports_and_addresses_are_those_that_etherparse_reads(
            source in any::<[u8; 4]>(), destination in any::<[u8; 4]>(),
            from in any::<u16>(), to in any::<u16>(), vid in 0u16..4096, len in 0usize..64, tagged in any::<bool>(),
        ) {
            let mut bytes = Vec::new();
            let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
            let payload = std::vec![0u8; len];
            if tagged {
                ethernet.single_vlan(etherparse::VlanId::try_new(vid).expect("12 bits"))
                    .ipv4(source, destination, 64).udp(from, to).write(&mut bytes, &payload)
            } else {
                ethernet.ipv4(source, destination, 64).udp(from, to).write(&mut bytes, &payload)
            }.expect("a vector takes it");
            let oracle = SlicedPacket::from_ethernet(&bytes).expect("etherparse reads its own");
            prop_assert!(oracle.transport.is_some());
            let frame = Captured::whole(&bytes);
            let header = link(&frame).expect("well formed");
            prop_assert_eq!(header.vlan().get(), if tagged { vid } else { 0 });
            let Ok(Network::Ipv4(packet)) = network(&frame, &header) else { panic!("IPv4") };
            prop_assert_eq!(packet.source, source);
            prop_assert_eq!(packet.destination, destination);
            prop_assert_eq!(packet.transport, l4::Transport::Ports { source: from, destination: to });
        }
    }
}
