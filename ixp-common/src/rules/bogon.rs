//! Sources that no packet on the Internet has (I13).

use crate::addr::Ip6;

/// IPv4 addresses that are not globally reachable (RFC 6890, RFC 1918) or reserved (RFC 1112 §4).
#[inline(always)]
pub fn is_ipv4(address: [u8; 4]) -> bool {
    match address {
        [0 | 10 | 127, ..] | [169, 254, ..] | [192, 168, ..] => true,
        [100, b, ..] => b & 0xc0 == 64,
        [172, b, ..] => b & 0xf0 == 16,
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        [198, b, ..] => b & 0xfe == 18,
        [a, ..] => a >= 224,
    }
}

/// IPv6 addresses outside 2000::/3 (RFC 4291 §2.4), but the link's own and the unspecified one, and
/// those for documentation (RFC 3849, RFC 9637).
#[inline(always)]
pub fn is_ipv6(address: Ip6) -> bool {
    if address.is_link_local() || address == Ip6::UNSPECIFIED {
        return false;
    }
    let [high, _] = address.halves();
    let is_documentation = high >> 32 == 0x2001_0db8 || high >> 44 == 0x3fff0;
    high >> 61 != 1 || is_documentation
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn what_is_not_of_the_internet_is_a_bogon() {
        let cases = [
            ("10.1.2.3", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("198.19.0.1", true),
            ("198.20.0.1", false),
            ("203.0.113.7", true),
            ("8.8.8.8", false),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
        ];
        for (text, expected) in cases {
            let address: Ipv4Addr = text.parse().expect("an address");
            assert_eq!(is_ipv4(address.octets()), expected, "{text}");
        }
    }

    #[test]
    fn ipv6_is_global_or_the_links_own() {
        let cases = [
            ("2606:4700::1", false),
            ("fe80::1", false),
            ("::", false),
            ("2001:db8::1", true),
            ("3fff:0fff::1", true),
            ("3fff:1000::1", false),
            ("fd00::1", true),
            ("fec0::1", true),
            ("::1", true),
        ];
        for (text, expected) in cases {
            let address: Ipv6Addr = text.parse().expect("an address");
            assert_eq!(is_ipv6(address.into()), expected, "{text}");
        }
    }
}
