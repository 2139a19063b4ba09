//! A parsed frame as a flat record, so that kernel and host can be held against each other.

use crate::addr::{EtherType, Ip6};
use crate::bytes::FrameBytes;
use crate::frame::arp::Arp;
use crate::frame::llc::Llc;
use crate::frame::noted::{Addresses, Chain};
use crate::frame::{self, Found, Link, Network, Unread, ipv4, ipv6};

/// All that the parser reads from a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Digest {
    /// Length on the wire.
    pub wire_len: u32,
    /// 0 parsed, 1 + n malformed for reason n, 0xff hidden; link layer, then network layer.
    pub unread: [u8; 2],
    /// EtherType.
    pub ethertype: u16,
    /// Tags as TPID and VLAN, outer first, 0 if absent.
    pub tags: [u16; 4],
    /// Destination, then source.
    pub macs: [u8; 12],
    /// Which [`Network`]: 1 ARP, 2 IPv4, 3 IPv6, 4 LLC, 5 other.
    pub network: u32,
    /// Its fields, in order of the struct.
    pub fields: [u8; 40],
    /// The addresses of an IP packet; those of IPv4 as IPv6 maps them.
    pub addresses: Addresses,
    /// The rest of it.
    pub chain: Chain,
}

const _: () = assert!(size_of::<Digest>() == 120);

impl Digest {
    /// All zero.
    pub const EMPTY: Self = Self {
        wire_len: 0,
        unread: [0; 2],
        ethertype: 0,
        tags: [0; 4],
        macs: [0; 12],
        network: 0,
        fields: [0; 40],
        addresses: Addresses::NONE,
        chain: Chain::NONE,
    };

    /// What the parser reads from `frame`.
    #[must_use]
    pub fn of<F: FrameBytes>(frame: &F) -> Self {
        let mut digest = Self::EMPTY;
        digest.write(frame);
        digest
    }

    /// Writes down what the parser reads from `frame`, over a digest that is all zero. In place,
    /// since the kernel's stack has no room for a second one.
    #[inline(always)]
    pub fn write<F: FrameBytes>(&mut self, frame: &F) {
        self.wire_len = frame.wire_len();
        let mut link = Link::EMPTY;
        match frame::read_link(frame, &mut link).found() {
            Found::Sound | Found::Odd(_) => self.link(frame, &link),
            Found::Unread(unread) => self.unread[0] = code(unread),
        }
    }

    #[inline(always)]
    fn link<F: FrameBytes>(&mut self, frame: &F, link: &Link) {
        self.ethertype = link.ethertype.0;
        let frame::vlan::Tags { outer, inner } = link.tags;
        self.tags = [outer.tpid.0, outer.id.get(), inner.tpid.0, inner.id.get()];
        put(&mut self.macs, 0, link.destination().0);
        put(&mut self.macs, 6, link.source().0);
        match link.ethertype {
            EtherType::IPV4 => {
                if self.ipv4(frame, link) != 0
                    && let Some((_, source, destination)) = ipv4::outline(frame, link.payload)
                {
                    self.addresses = Addresses::of(Ip6::mapped(source), Ip6::mapped(destination));
                }
            }
            EtherType::IPV6 => {
                if self.ipv6(frame, link) != 0
                    && let Some((_, source, destination)) = ipv6::outline(frame, link.payload)
                {
                    self.addresses = Addresses::of(source, destination);
                }
            }
            _ => match frame::network(frame, link) {
                Ok(Network::Arp(arp)) => self.arp(&arp),
                Ok(Network::Llc(llc)) => self.llc(llc),
                Ok(Network::Ipv4(_) | Network::Ipv6(_) | Network::Other) => self.network = 5,
                Err(unread) => self.unread[1] = code(unread),
            },
        }
    }

    #[inline(always)]
    fn arp(&mut self, arp: &Arp) {
        self.network = 1;
        put(&mut self.fields, 0, arp.hardware.to_be_bytes());
        put(&mut self.fields, 2, arp.protocol.to_be_bytes());
        put(&mut self.fields, 4, [arp.hardware_len, arp.protocol_len]);
        put(&mut self.fields, 6, arp.operation.to_be_bytes());
        if let Some(addresses) = arp.addresses {
            put(&mut self.fields, 8, addresses.sender_mac.0);
            put(&mut self.fields, 14, addresses.sender_ip);
            put(&mut self.fields, 18, addresses.target_mac.0);
            put(&mut self.fields, 24, addresses.target_ip);
            self.fields[28] = 1;
        }
    }

    /// Gives the packet's length, 0 if it cannot be read.
    // Of its own: compilers leave the half of a transport that there is not undefined, and the verifier refuses what
    // they then make of it where it is handed on.
    #[cfg_attr(target_arch = "bpf", inline(never))]
    fn ipv4<F: FrameBytes>(&mut self, frame: &F, link: &Link) -> u32 {
        match ipv4::parse(frame, link.payload) {
            Ok(packet) => {
                self.network = 2;
                self.chain = Chain::ipv4(&packet, link.payload);
                u32::from(packet.total_len)
            }
            Err(unread) => {
                self.unread[1] = code(unread);
                0
            }
        }
    }

    /// As [`ipv4`](Self::ipv4).
    #[cfg_attr(target_arch = "bpf", inline(never))]
    fn ipv6<F: FrameBytes>(&mut self, frame: &F, link: &Link) -> u32 {
        match ipv6::parse(frame, link.payload) {
            Ok(packet) => {
                self.network = 3;
                self.chain = Chain::ipv6(&packet);
                packet.total_len
            }
            Err(unread) => {
                self.unread[1] = code(unread);
                0
            }
        }
    }

    #[inline(always)]
    fn llc(&mut self, llc: Llc) {
        self.network = 4;
        put(&mut self.fields, 0, [llc.dsap, llc.ssap]);
        if let Some(snap) = llc.snap {
            put(&mut self.fields, 2, snap.oui);
            put(&mut self.fields, 5, snap.pid.to_be_bytes());
            self.fields[7] = 1;
        }
        self.fields[8] = llc.control;
    }
}

#[inline(always)]
fn code(unread: Unread) -> u8 {
    match unread {
        Unread::Malformed(reason) => 1 + reason as u8,
        Unread::Hidden => 0xff,
    }
}

/// Copies byte by byte: a slice copy would call `memcpy`, which the verifier's object does not have.
#[inline(always)]
fn put<const N: usize, const M: usize>(into: &mut [u8; M], at: usize, bytes: [u8; N]) {
    for (offset, byte) in bytes.into_iter().enumerate() {
        into[at + offset] = byte;
    }
}
