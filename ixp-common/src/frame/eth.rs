//! The Ethernet header: addresses and the type/length field (IEEE 802.3 §3.1).

use super::{Malformed, Unread, read};
use crate::addr::{EtherType, Mac};
use crate::bytes::FrameBytes;

/// Values below are a length, values from here on an EtherType (IEEE 802.3 §3.2.6).
pub const FIRST_ETHERTYPE: u16 = 0x0600;

mod field {
    /// Destination, source, type/length.
    pub(super) const HEADER: usize = 0;
}

/// The 14 bytes at the start of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ethernet {
    /// Destination address.
    pub destination: Mac,
    /// Source address.
    pub source: Mac,
    /// The type/length field.
    pub ethertype: EtherType,
}

/// Reads the header.
///
/// # Errors
/// [`Malformed::EthernetTruncated`].
#[inline(always)]
pub fn parse<F: FrameBytes>(frame: &F) -> Result<Ethernet, Unread> {
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, hi, lo] =
        read::<14, F>(frame, field::HEADER, Malformed::EthernetTruncated)?;
    Ok(Ethernet {
        destination: Mac([d0, d1, d2, d3, d4, d5]),
        source: Mac([s0, s1, s2, s3, s4, s5]),
        ethertype: EtherType(u16::from_be_bytes([hi, lo])),
    })
}
