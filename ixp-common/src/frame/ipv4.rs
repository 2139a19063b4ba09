//! IPv4 (RFC 791): the header with its options' length, fragments, and the transport behind.

use super::l4::{self, Fragment, Transport};
use super::{Malformed, Unread, fits, read};
use crate::bytes::FrameBytes;

mod field {
    /// The total length.
    pub(super) const TOTAL_LEN: usize = 2;
    /// The source address, with the destination behind it.
    pub(super) const SOURCE: usize = 12;
    /// The header without options.
    pub(super) const FIXED: usize = 20;
    /// More fragments, in the flags and offset word.
    pub(super) const MORE: u16 = 0x2000;
    /// Fragment offset in units of 8 bytes.
    pub(super) const OFFSET: u16 = 0x1fff;
}

/// An IPv4 packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4 {
    /// Source address.
    pub source: [u8; 4],
    /// Destination address.
    pub destination: [u8; 4],
    /// Protocol number.
    pub protocol: u8,
    /// Header with options, in bytes: 20..=60.
    pub header_len: u8,
    /// Header and payload, in bytes.
    pub total_len: u16,
    /// Its place among the fragments of a packet.
    pub fragment: Fragment,
    /// What the payload starts with.
    pub transport: Transport,
}

/// Reads an IPv4 packet.
///
/// # Errors
/// The `Ipv4…` reasons of [`Malformed`].
#[inline(always)]
pub fn parse<F: FrameBytes>(frame: &F, offset: usize) -> Result<Ipv4, Unread> {
    let [version_ihl, _, l0, l1, _, _, f0, f1, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        read::<20, F>(frame, offset, Malformed::Ipv4Truncated)?;
    if version_ihl >> 4 != 4 {
        return Err(Unread::Malformed(Malformed::Ipv4Version));
    }
    let header_len = (version_ihl & 0x0f) * 4;
    let total_len = u16::from_be_bytes([l0, l1]);
    let header = usize::from(header_len);
    if header < field::FIXED || !fits(frame, offset, header) {
        return Err(Unread::Malformed(Malformed::Ipv4HeaderLength));
    }
    if total_len < u16::from(header_len) || !fits(frame, offset, usize::from(total_len)) {
        return Err(Unread::Malformed(Malformed::Ipv4TotalLength));
    }
    let word = u16::from_be_bytes([f0, f1]);
    let fragment = Fragment::new(word & field::OFFSET, word & field::MORE != 0);
    let end = offset + usize::from(total_len);
    let transport = l4::parse(frame, protocol, fragment, offset + header, end);
    Ok(Ipv4 {
        source: [s0, s1, s2, s3],
        destination: [d0, d1, d2, d3],
        protocol,
        header_len,
        total_len,
        fragment,
        transport,
    })
}

/// The total length and both addresses of a header that [`parse`] found sound.
#[inline(always)]
pub fn outline<F: FrameBytes>(frame: &F, offset: usize) -> Option<(u16, [u8; 4], [u8; 4])> {
    let [l0, l1] = frame.load::<2>(offset + field::TOTAL_LEN)?;
    let [s0, s1, s2, s3, d0, d1, d2, d3] = frame.load::<8>(offset + field::SOURCE)?;
    Some((u16::from_be_bytes([l0, l1]), [s0, s1, s2, s3], [d0, d1, d2, d3]))
}
