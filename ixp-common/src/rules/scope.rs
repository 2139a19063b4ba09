//! An IP packet's addresses and its LAN in, whom it is for out: what is transit, and what is not (ground rule 1).

use crate::addr::Ip6;
use crate::frame::Link;
use crate::table::Lan;

/// Whom a packet is for, as bits: a map holds it, and the verifier knows none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(transparent)]
pub struct Scope(u32);

/// The bits.
mod bit {
    pub(super) const LINK: u32 = 1;
    pub(super) const LOCAL: u32 = 1 << 1;
    pub(super) const MANY: u32 = 1 << 2;
    pub(super) const FROM_LAN: u32 = 1 << 3;
    pub(super) const TO_LAN: u32 = 1 << 4;
    pub(super) const BOUND: u32 = 1 << 5;
}

impl Scope {
    /// The scope of an IPv4 packet.
    #[inline(always)]
    #[must_use]
    pub fn ipv4(link: &Link, lan: &Lan, from: [u8; 4], to: [u8; 4]) -> Self {
        let (from_lan, to_lan) = (lan.contains_ipv4(from), lan.contains_ipv4(to));
        let is_group = to[0] & 0xf0 == FIRST_GROUP || to == [0xff; 4] || lan.is_broadcast(to);
        let is_near = is_link_local_ipv4(to);
        let is_from_here = from == [0; 4] || is_link_local_ipv4(from);
        Self::of(link.destination().is_group() | is_group, to_lan, is_near, from_lan, is_from_here)
            .bound(lan.is_bound_ipv4())
    }

    /// The scope of an IPv6 packet.
    #[inline(always)]
    #[must_use]
    pub fn ipv6(link: &Link, lan: &Lan, from: Ip6, to: Ip6) -> Self {
        let (from_lan, to_lan) = (lan.contains_ipv6(from), lan.contains_ipv6(to));
        let is_from_here = from == Ip6::UNSPECIFIED || from.is_link_local();
        let is_to_many = link.destination().is_group() | to.is_multicast();
        Self::of(is_to_many, to_lan, to.is_link_local(), from_lan, is_from_here).bound(lan.is_bound_ipv6())
    }

    #[inline(always)]
    const fn of(to_many: bool, to_lan: bool, is_near: bool, from_lan: bool, is_from_here: bool) -> Self {
        let is_link = to_many | to_lan | is_near;
        let is_local = is_link & (to_many | from_lan | is_from_here);
        let near = set(is_link, bit::LINK) | set(is_local, bit::LOCAL) | set(to_many, bit::MANY);
        Self(near | set(from_lan, bit::FROM_LAN) | set(to_lan, bit::TO_LAN))
    }

    #[inline(always)]
    const fn bound(self, is_bound: bool) -> Self {
        Self(self.0 | set(is_bound, bit::BOUND))
    }

    /// It ends on this LAN: for many, for the link, or for an address of the LAN. All else is transit.
    #[inline(always)]
    #[must_use]
    pub const fn is_link(self) -> bool {
        self.0 & bit::LINK != 0
    }

    /// It ends on this LAN and started here, too. Ports tell what it is only then: an answer from elsewhere to a
    /// router of the LAN may have any.
    #[inline(always)]
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0 & bit::LOCAL != 0
    }

    /// It is for many.
    #[inline(always)]
    #[must_use]
    pub const fn is_to_many(self) -> bool {
        self.0 & bit::MANY != 0
    }

    /// Its source is an address of the LAN.
    #[inline(always)]
    #[must_use]
    pub const fn is_from_lan(self) -> bool {
        self.0 & bit::FROM_LAN != 0
    }

    /// Its destination is an address of the LAN.
    #[inline(always)]
    #[must_use]
    pub const fn is_to_lan(self) -> bool {
        self.0 & bit::TO_LAN != 0
    }

    /// Somebody has a registered address of its family on the LAN.
    #[inline(always)]
    #[must_use]
    pub const fn is_bound(self) -> bool {
        self.0 & bit::BOUND != 0
    }
}

/// The bit if it is to be set.
#[inline(always)]
const fn set(is_set: bool, bit: u32) -> u32 {
    is_set as u32 * bit
}

/// The first byte of the first group address, 224.0.0.0 (RFC 5771), above which there are no hosts.
pub const FIRST_GROUP: u8 = 0xe0;

/// 169.254.0.0/16 (RFC 3927).
#[inline(always)]
pub const fn is_link_local_ipv4(address: [u8; 4]) -> bool {
    matches!(address, [169, 254, ..])
}
