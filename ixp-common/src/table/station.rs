//! A registered station, and what it is looked up by.

use crate::addr::Mac;
use crate::cells::STATION_NUMBERS;

/// A registered station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Station {
    key: u64,
    interface: u16,
    profile: u16,
    port: u16,
    /// [`station_flag`]s above, its number below.
    flags: u16,
}

const _: () = assert!(size_of::<Station>() == 16);

mod station_flag {
    pub(super) const IPV4: u16 = 1 << 14;
    pub(super) const IPV6: u16 = 1 << 15;
    pub(super) const ALL: u16 = IPV4 | IPV6;
}

const _: () = assert!(station_flag::ALL as u32 == 0xffff - (STATION_NUMBERS - 1));

impl Station {
    /// Not registered.
    pub const NONE: Self = Self { key: 0, interface: 0, profile: 0, port: 0, flags: 0 };

    /// How it lies in memory.
    #[cfg(feature = "user")]
    pub const LAYOUT: &[(&str, usize)] = layout!(key interface port);

    /// The station `mac` on the LAN that is looked up under `vlan`. It belongs to the interface of this
    /// number, not 0, and the actions of `profile` hold for it.
    #[must_use]
    pub const fn new(vlan: u16, mac: Mac, interface: u16, profile: u16) -> Self {
        Self { key: station_key(vlan, mac), interface, profile, port: 0, flags: 0 }
    }

    /// The same, wired to a switch port; 0 is a port that is not known.
    #[must_use]
    pub const fn wired_to(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The same; whether its interface has registered addresses.
    #[must_use]
    pub const fn with_addresses(mut self, ipv4: bool, ipv6: bool) -> Self {
        let flags = (ipv4 as u16 * station_flag::IPV4) | (ipv6 as u16 * station_flag::IPV6);
        self.flags = flags | self.number();
        self
    }

    /// The same, counted under a number below [`STATION_NUMBERS`]; 0 is none.
    #[must_use]
    pub const fn numbered(mut self, number: u16) -> Self {
        self.flags = self.flags & station_flag::ALL | number & !station_flag::ALL;
        self
    }

    /// What it is looked up by.
    #[inline(always)]
    #[must_use]
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// Its address.
    #[inline(always)]
    #[must_use]
    pub const fn mac(&self) -> Mac {
        Mac::from_bits(self.key)
    }

    /// Whether it is registered.
    #[inline(always)]
    #[must_use]
    pub const fn is_registered(&self) -> bool {
        self.interface != 0
    }

    /// The number of its interface; 0 if it is not registered.
    #[inline(always)]
    #[must_use]
    pub const fn interface(&self) -> u16 {
        self.interface
    }

    /// The number of the actions that hold for it.
    #[inline(always)]
    #[must_use]
    pub const fn profile(&self) -> u16 {
        self.profile
    }

    /// The switch port that it is wired to; 0 if that is not known.
    #[inline(always)]
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The number that it is counted under, which its address keeps for as long as the agent runs; 0 if it has none.
    #[inline(always)]
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.flags & !station_flag::ALL
    }

    /// Whether its interface has a registered IPv4 address.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv4(&self) -> bool {
        self.flags & station_flag::IPV4 != 0
    }

    /// Whether its interface has a registered IPv6 address.
    #[inline(always)]
    #[must_use]
    pub const fn has_ipv6(&self) -> bool {
        self.flags & station_flag::IPV6 != 0
    }
}

/// What a station is looked up by: 12 bits of VLAN over 48 bits of address, and a bit so that it is
/// never 0.
#[inline(always)]
#[must_use]
pub const fn station_key(vlan: u16, mac: Mac) -> u64 {
    let [a, b, c, d, e, f] = mac.0;
    1 << 63 | (vlan as u64) << 48 | u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}
