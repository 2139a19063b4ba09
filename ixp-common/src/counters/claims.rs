//! Who says that an address is its own, and who speaks BGP to whom.

use super::StationKey;
use crate::addr::{Ip6, Mac, VlanId};

/// A station that says an address is its own, in ARP or neighbour discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct ClaimKey {
    address: [u64; 2],
    vlan: u16,
    mac: [u8; 6],
}

const _: () = assert!(size_of::<ClaimKey>() == 24);

impl ClaimKey {
    /// An IPv4 address, as IPv6 maps it (RFC 4291 §2.5.5.2).
    #[inline(always)]
    #[must_use]
    pub const fn ipv4(vlan: VlanId, mac: Mac, address: [u8; 4]) -> Self {
        Self { address: Ip6::mapped(address).halves(), vlan: vlan.get(), mac: mac.0 }
    }

    /// An IPv6 address.
    #[inline(always)]
    #[must_use]
    pub const fn ipv6(vlan: VlanId, mac: Mac, address: Ip6) -> Self {
        Self { address: address.halves(), vlan: vlan.get(), mac: mac.0 }
    }

    /// Who claims.
    #[inline(always)]
    #[must_use]
    pub const fn station(&self) -> StationKey {
        StationKey { vlan: self.vlan, mac: self.mac }
    }

    /// As numbers that a function takes under BPF.
    #[inline(always)]
    #[must_use]
    pub const fn to_words(&self) -> [u64; 3] {
        [self.address[0], self.address[1], self.station().to_bits()]
    }

    /// What [`to_words`](Self::to_words) gave.
    #[inline(always)]
    #[must_use]
    pub const fn from_words([high, low, station]: [u64; 3]) -> Self {
        let StationKey { vlan, mac } = StationKey::from_bits(station);
        Self { address: [high, low], vlan, mac }
    }

    /// What it claims; IPv4 as IPv6 maps it.
    #[must_use]
    pub const fn address(&self) -> Ip6 {
        Ip6::of(self.address[0], self.address[1])
    }
}

/// When a claim was heard, in nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Heard {
    /// First.
    pub first: u64,
    /// Last.
    pub last: u64,
}

const _: () = assert!(size_of::<Heard>() == 16);

/// Two stations that speak BGP to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct SessionKey {
    vlan: u16,
    lower: [u8; 6],
    higher: [u8; 6],
    zero: [u8; 2],
}

const _: () = assert!(size_of::<SessionKey>() == 16);

impl SessionKey {
    /// The two, in either order.
    #[inline(always)]
    #[must_use]
    pub fn new(vlan: VlanId, one: Mac, other: Mac) -> Self {
        let is_ordered = one.to_bits() <= other.to_bits();
        let (lower, higher) = if is_ordered { (one, other) } else { (other, one) };
        Self { vlan: vlan.get(), lower: lower.0, higher: higher.0, zero: [0; 2] }
    }

    /// As numbers that a function takes under BPF.
    #[inline(always)]
    #[must_use]
    pub const fn to_words(&self) -> [u64; 2] {
        let (lower, higher) = self.stations();
        [lower.to_bits(), higher.to_bits()]
    }

    /// What [`to_words`](Self::to_words) gave.
    #[inline(always)]
    #[must_use]
    pub const fn from_words([lower, higher]: [u64; 2]) -> Self {
        let (lower, higher) = (StationKey::from_bits(lower), StationKey::from_bits(higher));
        Self { vlan: lower.vlan, lower: lower.mac, higher: higher.mac, zero: [0; 2] }
    }

    /// The two, the lower address first.
    #[must_use]
    pub const fn stations(&self) -> (StationKey, StationKey) {
        (StationKey { vlan: self.vlan, mac: self.lower }, StationKey { vlan: self.vlan, mac: self.higher })
    }
}
