//! Addresses and numbers of the link layer, each a type of its own.

use core::fmt;
use core::str::FromStr;

/// A MAC address, in the order of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// ff:ff:ff:ff:ff:ff.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// 00:00:00:00:00:00, no station's address.
    pub const ZERO: Self = Self([0; 6]);

    /// Whether the I/G bit is set: a multicast or the broadcast address (IEEE 802.3 §3.2.3).
    #[inline(always)]
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// The address as a number, so that it is compared at once.
    #[inline(always)]
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The address of a number that [`to_bits`](Self::to_bits) gave.
    #[inline(always)]
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        let [_, _, a, b, c, d, e, f] = bits.to_be_bytes();
        Self([a, b, c, d, e, f])
    }

    /// Whether a station can own this address: neither a group address nor zero.
    #[inline(always)]
    #[must_use]
    pub fn is_station(self) -> bool {
        !self.is_group() && self != Self::ZERO
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A text that is no MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadMac;

impl fmt::Display for BadMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a MAC address; write six hex bytes, as 02:00:00:00:00:01")
    }
}

impl core::error::Error for BadMac {}

impl FromStr for Mac {
    type Err = BadMac;

    /// Takes `02:00:5e:10:00:01`, `02-00-5E-10-00-01`, `0200.5e10.0001` and `02005e100001`.
    fn from_str(text: &str) -> Result<Self, BadMac> {
        let bytes = text.as_bytes();
        let (separator, group) = match bytes.len() {
            12 => (None, 12),
            14 => (Some(b'.'), 4),
            17 if bytes[2] == b'-' => (Some(b'-'), 2),
            17 => (Some(b':'), 2),
            _ => return Err(BadMac),
        };
        let mut mac = [0u8; 6];
        let mut digits = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if separator.is_some() && at % (group + 1) == group {
                if Some(byte) != separator {
                    return Err(BadMac);
                }
                continue;
            }
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                _ => return Err(BadMac),
            };
            mac[digits / 2] = mac[digits / 2] << 4 | digit;
            digits += 1;
        }
        Ok(Self(mac))
    }
}

/// An 802.1Q VLAN identifier, 0..=4095; 0 stands for an untagged (or priority-tagged) frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct VlanId(u16);

impl VlanId {
    /// No tag.
    pub const UNTAGGED: Self = Self(0);

    /// The identifier in a tag control word: its low 12 bits (IEEE 802.1Q §9.6).
    #[inline(always)]
    #[must_use]
    pub const fn from_tci(tci: u16) -> Self {
        Self(tci & 0x0fff)
    }

    /// An identifier that a port can be configured with: 0 for untagged, else 1..=4094.
    #[must_use]
    pub const fn configured(id: u16) -> Option<Self> {
        if id <= 4094 { Some(Self(id)) } else { None }
    }

    /// The number.
    #[inline(always)]
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An IPv6 address as two numbers, high half first: what a BPF program compares at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ip6([u64; 2]);

impl Ip6 {
    /// `::`.
    pub const UNSPECIFIED: Self = Self([0, 0]);

    /// The address of these octets, in the order of the wire.
    #[inline(always)]
    #[must_use]
    pub const fn new(octets: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = octets;
        Self([u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])])
    }

    /// The address of these halves.
    #[inline(always)]
    #[must_use]
    pub const fn of(high: u64, low: u64) -> Self {
        Self([high, low])
    }

    /// An IPv4 address as IPv6 maps it (RFC 4291 §2.5.5.2).
    #[inline(always)]
    #[must_use]
    pub const fn mapped([a, b, c, d]: [u8; 4]) -> Self {
        Self([0, u64::from_be_bytes([0, 0, 0xff, 0xff, a, b, c, d])])
    }

    /// The octets, in the order of the wire.
    #[inline(always)]
    #[must_use]
    pub const fn octets(self) -> [u8; 16] {
        ((self.0[0] as u128) << 64 | self.0[1] as u128).to_be_bytes()
    }

    /// Both halves.
    #[inline(always)]
    #[must_use]
    pub const fn halves(self) -> [u64; 2] {
        self.0
    }

    /// ff00::/8 (RFC 4291 §2.7).
    #[inline(always)]
    #[must_use]
    pub const fn is_multicast(self) -> bool {
        self.0[0] >> 56 == 0xff
    }

    /// fe80::/10 (RFC 4291 §2.5.6).
    #[inline(always)]
    #[must_use]
    pub const fn is_link_local(self) -> bool {
        self.0[0] >> 54 == 0xfe80 >> 6
    }

    /// fec0::/10 (RFC 3879).
    #[inline(always)]
    #[must_use]
    pub const fn is_site_local(self) -> bool {
        self.0[0] >> 54 == 0xfec0 >> 6
    }

    /// ff02::1:ff00:0/104 (RFC 4291 §2.7.1).
    #[inline(always)]
    #[must_use]
    pub const fn is_solicited_node(self) -> bool {
        self.0[0] == 0xff02 << 48 && self.0[1] >> 24 == 0x1ff
    }

    /// The group that is asked for this address (RFC 4291 §2.7.1).
    #[inline(always)]
    #[must_use]
    pub const fn solicited_node(self) -> Self {
        Self([0xff02 << 48, 0x1ff << 24 | self.0[1] & 0x00ff_ffff])
    }
}

impl From<core::net::Ipv6Addr> for Ip6 {
    fn from(address: core::net::Ipv6Addr) -> Self {
        Self::new(address.octets())
    }
}

/// An EtherType (0x0600 and above) from the IEEE registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4 (RFC 894).
    pub const IPV4: Self = Self(0x0800);
    /// ARP (RFC 826).
    pub const ARP: Self = Self(0x0806);
    /// IPv6 (RFC 2464).
    pub const IPV6: Self = Self(0x86dd);
    /// Customer tag (IEEE 802.1Q).
    pub const VLAN: Self = Self(0x8100);
    /// Service tag (IEEE 802.1ad).
    pub const QINQ: Self = Self(0x88a8);
    /// The service tag's value before IEEE 802.1ad, still met.
    pub const QINQ_OLD: Self = Self(0x9100);

    /// Whether a VLAN tag follows.
    #[inline(always)]
    #[must_use]
    pub const fn is_tag(self) -> bool {
        matches!(self, Self::VLAN | Self::QINQ | Self::QINQ_OLD)
    }
}

/// What a cell of the matrix tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Family {
    /// IPv4.
    Ipv4 = 0,
    /// IPv6.
    Ipv6 = 1,
    /// ARP.
    Arp = 2,
    /// Every other EtherType, and 802.3 with LLC.
    Other = 3,
}

impl Family {
    /// All families, in the order of output.
    pub const ALL: [Self; 4] = [Self::Ipv4, Self::Ipv6, Self::Arp, Self::Other];

    /// The family that a frame's last EtherType says.
    #[inline(always)]
    #[must_use]
    pub const fn of(ethertype: EtherType) -> Self {
        match ethertype {
            EtherType::IPV4 => Self::Ipv4,
            EtherType::IPV6 => Self::Ipv6,
            EtherType::ARP => Self::Arp,
            _ => Self::Other,
        }
    }

    /// The family of a number that is one's; [`Other`](Self::Other) of any else.
    #[inline(always)]
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Ipv4,
            1 => Self::Ipv6,
            2 => Self::Arp,
            _ => Self::Other,
        }
    }

    /// The name in JSON, CSV and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Arp => "arp",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn a_mac_is_read_in_each_notation_of_the_field() {
        let mac = Mac([0x02, 0, 0x5e, 0x10, 0, 1]);
        for text in ["02:00:5e:10:00:01", "02-00-5E-10-00-01", "0200.5e10.0001", "02005E100001"] {
            assert_eq!(text.parse(), Ok(mac), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_mac_is_refused() {
        for text in
            ["", "02:00:5e:10:00", "02:00:5e:10:00:0g", "02:00-5e:10:00:01", "UNKNOWN", "02:00:5e:10:00:01 "]
        {
            assert_eq!(text.parse::<Mac>(), Err(BadMac), "{text}");
        }
    }

    #[test]
    fn an_ipv6_address_is_what_its_prefix_says() {
        let of = |text: &str| Ip6::from(text.parse::<core::net::Ipv6Addr>().expect("an address"));
        assert!(of("ff02::1").is_multicast() && !of("fe02::1").is_multicast());
        assert!(of("febf::1").is_link_local() && !of("fec0::1").is_link_local());
        assert!(of("feff::1").is_site_local() && !of("febf::1").is_site_local());
        let target = of("2001:db8::12:3456");
        assert_eq!(target.solicited_node(), of("ff02::1:ff12:3456"));
        assert!(target.solicited_node().is_solicited_node() && !of("ff02::1:fe12:3456").is_solicited_node());
        assert_eq!(of("::"), Ip6::UNSPECIFIED);
        assert_eq!(Ip6::new(target.octets()), target);
    }

    proptest! {
        #[test]
        fn a_mac_survives_its_text(bytes in any::<[u8; 6]>()) {
            prop_assert_eq!(Mac(bytes).to_string().parse(), Ok(Mac(bytes)));
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(text in ".{0,20}") {
            let _: Result<Mac, BadMac> = text.parse();
        }
    }
}
