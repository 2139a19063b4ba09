//! VLAN tags, at most two (IEEE 802.1Q, 802.1ad).

use super::{Malformed, Unread, read};
use crate::addr::{EtherType, VlanId};
use crate::bytes::FrameBytes;

mod field {
    /// The first tag's control word, behind its TPID.
    pub(super) const OUTER: usize = 14;
    /// The second tag's control word.
    pub(super) const INNER: usize = 18;
    /// What one tag adds.
    pub(super) const LEN: usize = 4;
}

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag {
    /// The tag's EtherType.
    pub tpid: EtherType,
    /// The VLAN.
    pub id: VlanId,
}

impl Tag {
    /// No tag. Not an `Option`: compilers leave the unused half of one undefined, and the verifier
    /// refuses to see that copied.
    pub const NONE: Self = Self { tpid: EtherType(0), id: VlanId::UNTAGGED };

    /// Whether there is one.
    #[inline(always)]
    #[must_use]
    pub const fn is_some(self) -> bool {
        self.tpid.0 != 0
    }
}

/// The tags of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tags {
    /// The tag next to the addresses.
    pub outer: Tag,
    /// The tag behind it.
    pub inner: Tag,
}

impl Tags {
    /// No tags.
    pub const NONE: Self = Self { outer: Tag::NONE, inner: Tag::NONE };
}

/// Reads the tags that follow the addresses; gives them, the EtherType behind them and the offset
/// behind that. A third tag stays in place as the EtherType.
///
/// # Errors
/// [`Malformed::VlanTruncated`].
#[inline(always)]
pub fn parse<F: FrameBytes>(frame: &F, ethertype: EtherType) -> Result<(Tags, EtherType, usize), Unread> {
    if !ethertype.is_tag() {
        return checked(Tags::NONE, ethertype, field::OUTER);
    }
    let (outer, ethertype) = tag(frame, ethertype, field::OUTER)?;
    if !ethertype.is_tag() {
        return checked(Tags { outer, inner: Tag::NONE }, ethertype, field::OUTER + field::LEN);
    }
    let (inner, ethertype) = tag(frame, ethertype, field::INNER)?;
    checked(Tags { outer, inner }, ethertype, field::INNER + field::LEN)
}

#[inline(always)]
fn tag<F: FrameBytes>(frame: &F, tpid: EtherType, offset: usize) -> Result<(Tag, EtherType), Unread> {
    let [t0, t1, e0, e1] = read::<4, F>(frame, offset, Malformed::VlanTruncated)?;
    let id = VlanId::from_tci(u16::from_be_bytes([t0, t1]));
    Ok((Tag { tpid, id }, EtherType(u16::from_be_bytes([e0, e1]))))
}

/// 0x05dd..=0x05ff is neither a length nor an EtherType.
#[inline(always)]
fn checked(tags: Tags, ethertype: EtherType, payload: usize) -> Result<(Tags, EtherType, usize), Unread> {
    if matches!(ethertype.0, 0x05dd..=0x05ff) {
        return Err(Unread::Malformed(Malformed::LengthUndefined));
    }
    Ok((tags, ethertype, payload))
}
