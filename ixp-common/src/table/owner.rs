//! Who has an address: what it is looked up by.

use crate::addr::Ip6;

/// The owner of an address that is registered, though with which stations is not known.
pub const UNBOUND: u16 = u16::MAX;

/// Who has an address: the key of the table of owners. `generation` is that of the table that the
/// entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct AddressKey {
    address: [u64; 2],
    vlan: u16,
    generation: u16,
    zero: u32,
}

const _: () = assert!(size_of::<AddressKey>() == 24);

impl AddressKey {
    /// An IPv4 address on a LAN, as IPv6 maps it (RFC 4291 §2.5.5.2).
    #[inline(always)]
    #[must_use]
    pub const fn ipv4(generation: u16, vlan: u16, address: [u8; 4]) -> Self {
        Self { address: Ip6::mapped(address).halves(), vlan, generation, zero: 0 }
    }

    /// An IPv6 address on a LAN.
    #[inline(always)]
    #[must_use]
    pub const fn ipv6(generation: u16, vlan: u16, address: Ip6) -> Self {
        Self { address: address.halves(), vlan, generation, zero: 0 }
    }

    /// As numbers that a function takes under BPF.
    #[inline(always)]
    #[must_use]
    pub const fn to_words(&self) -> [u64; 3] {
        [self.address[0], self.address[1], (self.vlan as u64) << 16 | self.generation as u64]
    }

    /// What [`to_words`](Self::to_words) gave.
    #[inline(always)]
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "packed from 16 bits each")]
    pub const fn from_words([high, low, rest]: [u64; 3]) -> Self {
        Self { address: [high, low], vlan: (rest >> 16) as u16, generation: rest as u16, zero: 0 }
    }

    /// The table that it belongs to.
    #[must_use]
    pub const fn generation(&self) -> u16 {
        self.generation
    }
}
