//! 802.3 with an LLC header and perhaps SNAP (IEEE 802.2, RFC 1042).

use super::{Malformed, Unread, fits, read};
use crate::bytes::FrameBytes;

mod field {
    /// DSAP, SSAP, control.
    pub(super) const HEADER: usize = 3;
    /// OUI and protocol identifier.
    pub(super) const SNAP: usize = 5;
}

/// The LLC header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Llc {
    /// Destination service access point.
    pub dsap: u8,
    /// Source service access point.
    pub ssap: u8,
    /// The control field's first byte; 3 is an unnumbered information frame.
    pub control: u8,
    /// What SNAP says, if it is there.
    pub snap: Option<Snap>,
}

/// The SNAP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snap {
    /// The organisation.
    pub oui: [u8; 3],
    /// Its protocol.
    pub pid: u16,
}

/// Reads the LLC header of an 802.3 frame whose length field says `length`.
///
/// # Errors
/// [`Malformed::LlcLength`], [`Malformed::LlcTruncated`], [`Malformed::SnapTruncated`].
#[inline(always)]
pub fn parse<F: FrameBytes>(frame: &F, offset: usize, length: u16) -> Result<Llc, Unread> {
    let length = usize::from(length);
    if !fits(frame, offset, length) {
        return Err(Unread::Malformed(Malformed::LlcLength));
    }
    if length < field::HEADER {
        return Err(Unread::Malformed(Malformed::LlcTruncated));
    }
    let [dsap, ssap, control] = read::<3, F>(frame, offset, Malformed::LlcTruncated)?;
    if (dsap, ssap, control) != (0xaa, 0xaa, 0x03) {
        return Ok(Llc { dsap, ssap, control, snap: None });
    }
    if length < field::HEADER + field::SNAP {
        return Err(Unread::Malformed(Malformed::SnapTruncated));
    }
    let [o0, o1, o2, p0, p1] = read::<5, F>(frame, offset + field::HEADER, Malformed::SnapTruncated)?;
    let snap = Snap { oui: [o0, o1, o2], pid: u16::from_be_bytes([p0, p1]) };
    Ok(Llc { dsap, ssap, control, snap: Some(snap) })
}
