//! A peering LAN: its prefixes, its tag, its largest packet.

use crate::addr::Ip6;

/// A peering LAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Lan {
    ipv6: [u64; 2],
    ipv6_mask: [u64; 2],
    ipv4: u32,
    ipv4_mask: u32,
    vlan: u16,
    mtu: u16,
    profile: u16,
    flags: u16,
}

const _: () = assert!(size_of::<Lan>() == 48);

/// What is known of a LAN beyond its numbers.
mod lan_flag {
    pub(super) const KNOWN: u16 = 1;
    pub(super) const IPV4: u16 = 1 << 1;
    pub(super) const IPV6: u16 = 1 << 2;
    /// The prefix has a network and a broadcast address of its own (not /31 or /32, RFC 3021).
    pub(super) const BROADCAST: u16 = 1 << 3;
    /// Somebody has a registered IPv4 address here.
    pub(super) const BOUND_IPV4: u16 = 1 << 4;
    /// Somebody has a registered IPv6 address here.
    pub(super) const BOUND_IPV6: u16 = 1 << 5;
}

impl Lan {
    /// No LAN.
    pub const NONE: Self = Self {
        ipv6: [0; 2],
        ipv6_mask: [0; 2],
        ipv4: 0,
        ipv4_mask: 0,
        vlan: 0,
        mtu: 0,
        profile: 0,
        flags: 0,
    };

    /// How it lies in memory.
    #[cfg(feature = "user")]
    pub const LAYOUT: &[(&str, usize)] =
        layout!(ipv6 ipv6_mask ipv4 ipv4_mask vlan mtu flags; lan_flag KNOWN IPV4 IPV6);

    /// The LAN of a tag; [`ANY_VLAN`] if its tag is not known. `mtu` is the largest L3 packet in bytes,
    /// `profile` the number of the actions for who is not registered.
    #[must_use]
    pub const fn new(vlan: u16, mtu: u16, profile: u16) -> Self {
        Self { vlan, mtu, profile, flags: lan_flag::KNOWN, ..Self::NONE }
    }

    /// The same with an IPv4 prefix; `is_bound` if somebody has a registered address in it.
    #[must_use]
    pub const fn with_ipv4(mut self, network: [u8; 4], prefix_len: u8, is_bound: bool) -> Self {
        self.ipv4_mask = if prefix_len == 0 { 0 } else { u32::MAX << (32 - prefix_len) };
        self.ipv4 = u32::from_be_bytes(network) & self.ipv4_mask;
        self.flags |= lan_flag::IPV4;
        if prefix_len < 31 {
            self.flags |= lan_flag::BROADCAST;
        }
        if is_bound {
            self.flags |= lan_flag::BOUND_IPV4;
        }
        self
    }

    /// The same with an IPv6 prefix; `is_bound` if somebody has a registered address in it.
    #[must_use]
    pub const fn with_ipv6(mut self, network: Ip6, prefix_len: u8, is_bound: bool) -> Self {
        let mask = if prefix_len == 0 { 0 } else { u128::MAX << (128 - prefix_len) };
        self.ipv6_mask = halves(mask);
        let [high, low] = network.halves();
        self.ipv6 = [high & self.ipv6_mask[0], low & self.ipv6_mask[1]];
        self.flags |= lan_flag::IPV6;
        if is_bound {
            self.flags |= lan_flag::BOUND_IPV6;
        }
        self
    }

    /// The VLAN under which its stations and addresses are looked up.
    #[inline(always)]
    #[must_use]
    pub const fn vlan(&self) -> u16 {
        self.vlan
    }

    /// The largest L3 packet, in bytes.
    #[inline(always)]
    #[must_use]
    pub const fn mtu(&self) -> u16 {
        self.mtu
    }

    /// The number of the actions for who is not registered.
    #[inline(always)]
    #[must_use]
    pub const fn profile(&self) -> u16 {
        self.profile
    }

    /// Whether there is such a LAN.
    #[inline(always)]
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.flags & lan_flag::KNOWN != 0
    }

    /// Whether its IPv4 prefix is known.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv4(&self) -> bool {
        self.flags & lan_flag::IPV4 != 0
    }

    /// Whether its IPv6 prefix is known.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv6(&self) -> bool {
        self.flags & lan_flag::IPV6 != 0
    }

    /// Whether anybody has a registered IPv4 address.
    #[inline(always)]
    #[must_use]
    pub const fn is_bound_ipv4(&self) -> bool {
        self.flags & lan_flag::BOUND_IPV4 != 0
    }

    /// Whether anybody has a registered IPv6 address.
    #[inline(always)]
    #[must_use]
    pub const fn is_bound_ipv6(&self) -> bool {
        self.flags & lan_flag::BOUND_IPV6 != 0
    }

    /// Whether an IPv4 address lies in the prefix.
    #[inline(always)]
    #[must_use]
    pub const fn contains_ipv4(&self, address: [u8; 4]) -> bool {
        self.has_ipv4() && u32::from_be_bytes(address) & self.ipv4_mask == self.ipv4
    }

    /// Whether an IPv6 address lies in the prefix.
    #[inline(always)]
    #[must_use]
    pub const fn contains_ipv6(&self, address: Ip6) -> bool {
        let [high, low] = address.halves();
        self.has_ipv6() && high & self.ipv6_mask[0] == self.ipv6[0] && low & self.ipv6_mask[1] == self.ipv6[1]
    }

    /// Whether this is the prefix's broadcast address.
    #[inline(always)]
    #[must_use]
    pub const fn is_broadcast(&self, address: [u8; 4]) -> bool {
        self.flags & lan_flag::BROADCAST != 0 && u32::from_be_bytes(address) == self.ipv4 | !self.ipv4_mask
    }

    /// Whether this is the prefix's own address.
    #[inline(always)]
    #[must_use]
    pub const fn is_network(&self, address: [u8; 4]) -> bool {
        self.flags & lan_flag::BROADCAST != 0 && u32::from_be_bytes(address) == self.ipv4
    }
}

/// A mask as two numbers.
#[expect(clippy::cast_possible_truncation, reason = "the halves")]
const fn halves(bits: u128) -> [u64; 2] {
    [(bits >> 64) as u64, bits as u64]
}
