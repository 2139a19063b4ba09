//! ARP (RFC 826): the fixed part, and the addresses where they are Ethernet and IPv4.

use super::{Malformed, Unread, fits, read};
use crate::addr::Mac;
use crate::bytes::FrameBytes;

mod field {
    /// Hardware type to operation.
    pub(super) const FIXED: usize = 8;
}

/// An ARP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    /// Hardware type; Ethernet is 1.
    pub hardware: u16,
    /// Protocol type; IPv4 is 0x0800.
    pub protocol: u16,
    /// Length of a hardware address in bytes.
    pub hardware_len: u8,
    /// Length of a protocol address in bytes.
    pub protocol_len: u8,
    /// 1 request, 2 reply.
    pub operation: u16,
    /// The addresses, where the four fields above say Ethernet and IPv4.
    pub addresses: Option<Addresses>,
}

/// Who asks whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Sender hardware address.
    pub sender_mac: Mac,
    /// Sender protocol address.
    pub sender_ip: [u8; 4],
    /// Target hardware address.
    pub target_mac: Mac,
    /// Target protocol address.
    pub target_ip: [u8; 4],
}

/// Reads an ARP packet.
///
/// # Errors
/// [`Malformed::ArpTruncated`].
#[inline(always)]
pub fn parse<F: FrameBytes>(frame: &F, offset: usize) -> Result<Arp, Unread> {
    let [h0, h1, p0, p1, hardware_len, protocol_len, o0, o1] =
        read::<8, F>(frame, offset, Malformed::ArpTruncated)?;
    let hardware = u16::from_be_bytes([h0, h1]);
    let protocol = u16::from_be_bytes([p0, p1]);
    let body = offset + field::FIXED;
    let body_len = 2 * (usize::from(hardware_len) + usize::from(protocol_len));
    if !fits(frame, body, body_len) {
        return Err(Unread::Malformed(Malformed::ArpTruncated));
    }
    let addresses = match (hardware, protocol, hardware_len, protocol_len) {
        (1, 0x0800, 6, 4) => Some(addresses(frame, body)?),
        _ => None,
    };
    let operation = u16::from_be_bytes([o0, o1]);
    Ok(Arp { hardware, protocol, hardware_len, protocol_len, operation, addresses })
}

#[inline(always)]
fn addresses<F: FrameBytes>(frame: &F, offset: usize) -> Result<Addresses, Unread> {
    let [s0, s1, s2, s3, s4, s5, a0, a1, a2, a3, t0, t1, t2, t3, t4, t5, b0, b1, b2, b3] =
        read::<20, F>(frame, offset, Malformed::ArpTruncated)?;
    Ok(Addresses {
        sender_mac: Mac([s0, s1, s2, s3, s4, s5]),
        sender_ip: [a0, a1, a2, a3],
        target_mac: Mac([t0, t1, t2, t3, t4, t5]),
        target_ip: [b0, b1, b2, b3],
    })
}
