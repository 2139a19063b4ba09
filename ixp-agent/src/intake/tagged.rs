//! An untagged header and the LAN that its switch had it on in, the header as the LAN's tag would have it out.

use ixp_common::addr::VlanId;

/// Bytes of a header that matter: rules look no further.
const HEADER: usize = 252;
/// Bytes of the addresses, which a tag follows.
const ADDRESSES: usize = 12;

/// A header with a tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tagged {
    bytes: [u8; HEADER + Self::INSERTED as usize],
    len: usize,
}

impl Tagged {
    /// Bytes of a tag.
    pub(super) const INSERTED: u32 = 4;

    /// `None` if the header has a tag of its own, or no end of its addresses.
    pub(super) fn new(header: &[u8], tag: VlanId) -> Option<Self> {
        let (addresses, rest) = header.split_at_checked(ADDRESSES)?;
        let kind = rest.first_chunk::<2>()?;
        if matches!(u16::from_be_bytes(*kind), 0x8100 | 0x88a8 | 0x9100) {
            return None;
        }
        let rest = &rest[..rest.len().min(HEADER - ADDRESSES)];
        let [high, low] = tag.get().to_be_bytes();
        let mut bytes = [0; HEADER + Self::INSERTED as usize];
        bytes[..ADDRESSES].copy_from_slice(addresses);
        bytes[ADDRESSES..ADDRESSES + 4].copy_from_slice(&[0x81, 0x00, high, low]);
        bytes[ADDRESSES + 4..ADDRESSES + 4 + rest.len()].copy_from_slice(rest);
        Some(Self { bytes, len: ADDRESSES + 4 + rest.len() })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &[u8], expected: Option<&[u8]>) {
        let tagged = Tagged::new(header, VlanId::from_tci(0x123));
        assert_eq!(tagged.as_ref().map(Tagged::bytes), expected);
    }

    #[test]
    fn a_tag_comes_behind_the_addresses_and_only_where_there_is_none() {
        let addresses = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        let with = |rest: &[u8]| [&addresses[..], rest].concat();
        check(&with(&[8, 0, 0x45]), Some(&with(&[0x81, 0, 1, 0x23, 8, 0, 0x45])));
        check(&with(&[0x81, 0, 0, 7, 8, 0]), None);
        check(&with(&[8]), None);
        check(&addresses[..5], None);
    }

    #[test]
    fn a_header_of_any_length_is_cut_to_what_matters() {
        for len in [14, HEADER - 1, HEADER, HEADER + 1, 9000] {
            let header = vec![7; len];
            let tagged = Tagged::new(&header, VlanId::from_tci(1)).expect("it has addresses");
            assert_eq!(tagged.bytes().len(), len.min(HEADER) + 4);
        }
    }
}
