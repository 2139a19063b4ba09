//! Frames in, a capture file of them out.

/// Ethernet (https://www.tcpdump.org/linktypes.html).
pub const ETHERNET: u32 = 1;
/// Raw IP: no Ethernet header.
pub const RAW_IP: u32 = 101;

/// A pcap file of this link type, a frame a second from 2026-01-01 on (draft-ietf-opsawg-pcap §4).
///
/// # Panics
/// If there are more frames, or larger ones, than tests have.
#[must_use]
pub fn pcap<'f>(link_type: u32, frames: impl IntoIterator<Item = &'f [u8]>) -> Vec<u8> {
    timed(link_type, (START..).zip(frames))
}

/// The same, all frames at one moment.
///
/// # Panics
/// As [`pcap`].
#[must_use]
pub fn pcap_at_once<'f>(link_type: u32, frames: impl IntoIterator<Item = &'f [u8]>) -> Vec<u8> {
    timed(link_type, frames.into_iter().map(|frame| (START, frame)))
}

/// 2026-01-01T00:00:00Z.
const START: u32 = 0x6955_b900;

fn timed<'f>(link_type: u32, frames: impl IntoIterator<Item = (u32, &'f [u8])>) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(0xa1b2_c3d4_u32.to_le_bytes());
    bytes.extend([2, 0, 4, 0]);
    for word in [0, 0, 262_144, link_type] {
        bytes.extend(u32::to_le_bytes(word));
    }
    for (second, frame) in frames {
        let length = u32::try_from(frame.len()).expect("a short frame");
        for word in [second, 0, length, length] {
            bytes.extend(u32::to_le_bytes(word));
        }
        bytes.extend(frame);
    }
    bytes
}
