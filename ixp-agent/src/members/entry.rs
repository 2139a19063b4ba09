//! A text in, a checked MAC, prefix or address out, or what is wrong with it and what to write.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use ixp_common::addr::{Mac, VlanId};
use jiff::Timestamp;

use super::Asn;

/// The least that IPv4 allows (RFC 791 §3.2).
const LEAST_MTU: u16 = 68;

/// A family of addresses, as the members file spells it.
pub(super) trait Address: Copy + Into<IpAddr> + std::str::FromStr {
    /// The prefixes of the family.
    type Net: Copy + Into<IpNet> + std::str::FromStr;
    /// Its name.
    const NAME: &'static str;
    /// The shortest prefix that a LAN can have: what lies in a LAN's prefix is no transit.
    const SHORTEST: u8;
    /// An address, for an error to show.
    const EXAMPLE: &'static str;
    /// A prefix, for an error to show.
    const PREFIX_EXAMPLE: &'static str;
}

impl Address for Ipv4Addr {
    type Net = Ipv4Net;
    const NAME: &'static str = "IPv4";
    const SHORTEST: u8 = 8;
    const EXAMPLE: &'static str = "192.0.2.1";
    const PREFIX_EXAMPLE: &'static str = "192.0.2.0/24";
}

impl Address for Ipv6Addr {
    type Net = Ipv6Net;
    const NAME: &'static str = "IPv6";
    const SHORTEST: u8 = 16;
    const EXAMPLE: &'static str = "2001:db8:1::1";
    const PREFIX_EXAMPLE: &'static str = "2001:db8:1::/64";
}

/// A name that fits on a line of a terminal or a label of a metric.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a name is empty; give one or leave it out".to_owned());
    }
    if text.contains(char::is_control) {
        return Err(format!("{text:?} has a control character; write a name of one line"));
    }
    Ok(text.to_owned())
}

/// A MAC address that a station can own.
pub(super) fn station(text: &str) -> Result<Mac, String> {
    let mac: Mac = text.parse().map_err(|error| format!("{text:?} is {error}"))?;
    if mac.is_group() {
        return Err(format!(
            "{text:?} is a group address, which no station owns; \
             write the router port's own MAC, its first byte even"
        ));
    }
    if !mac.is_station() {
        return Err(format!("{text:?} is nobody's address; write the router port's own MAC"));
    }
    Ok(mac)
}

/// A prefix without host bits.
pub(super) fn prefix<A: Address>(text: &str) -> Result<A::Net, String> {
    let Ok(net) = text.parse::<A::Net>() else {
        return Err(format!("{text:?} is not an {} prefix; write it as {}", A::NAME, A::PREFIX_EXAMPLE));
    };
    let whole: IpNet = net.into();
    if whole != whole.trunc() {
        return Err(format!("{text:?} is an address in a prefix; write the prefix, {}", whole.trunc()));
    }
    if whole.prefix_len() < A::SHORTEST {
        return Err(format!(
            "{text:?} has room for more than any LAN; write the LAN's own, as {}",
            A::PREFIX_EXAMPLE
        ));
    }
    Ok(net)
}

/// An address that a member can have on a LAN of this prefix.
pub(super) fn address<A: Address>(text: &str, lan: &str, prefix: Option<A::Net>) -> Result<A, String> {
    let Ok(address) = text.parse::<A>() else {
        let hint = match text.contains('/') {
            true => "write the address without a prefix length",
            false => "write it",
        };
        return Err(format!("{text:?} is not an {} address; {hint}, as {}", A::NAME, A::EXAMPLE));
    };
    let ip: IpAddr = address.into();
    if ip.is_unspecified() || ip.is_multicast() || ip.is_loopback() {
        return Err(format!("{ip} is no address of a router port; write the one it has on {lan:?}"));
    }
    let Some(net) = prefix.map(Into::into) else {
        return Ok(address);
    };
    if !net.contains(&ip) {
        return Err(format!("{ip} is outside {net}, the prefix of LAN {lan:?}"));
    }
    // A prefix of one or two addresses has none to spare (RFC 3021, RFC 6164).
    let has_spare = net.prefix_len() + 1 < net.max_prefix_len();
    if has_spare && ip == net.network() {
        return Err(format!("{ip} is the network address of {net}; write a host's address"));
    }
    if has_spare && ip.is_ipv4() && ip == net.broadcast() {
        return Err(format!("{ip} is the broadcast address of {net}; write a host's address"));
    }
    Ok(address)
}

/// A moment.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let hint = "write date, time and zone, as \"2026-12-01T06:00:00Z\"";
    text.parse().map_err(|_| format!("until = {text:?} is no moment; {hint}"))
}

/// A tag that a port can be configured with.
pub(super) fn vlan_tag(tag: i64) -> Result<VlanId, String> {
    let known = u16::try_from(tag).ok().and_then(VlanId::configured);
    known.ok_or_else(|| format!("vlan = {tag} is no 802.1Q tag; write 1 to 4094, or 0 for untagged"))
}

/// The largest L3 packet of a LAN.
pub(super) fn mtu(bytes: i64) -> Result<u16, String> {
    let known = u16::try_from(bytes).ok().filter(|bytes| *bytes >= LEAST_MTU);
    known.ok_or_else(|| format!("mtu = {bytes} is no packet size; write {LEAST_MTU} to 65535, as 1500"))
}

/// An AS number.
pub(super) fn as_number(asn: i64) -> Result<Asn, String> {
    let known = u32::try_from(asn).ok().filter(|asn| *asn != 0);
    known.map(Asn).ok_or_else(|| format!("asn = {asn} is no AS number; write 1 to 4294967295"))
}

/// A speed in bit/s.
pub(super) fn bit_rate(bits: i64) -> Result<u64, String> {
    let known = u64::try_from(bits).ok().filter(|bits| *bits > 0);
    known.ok_or_else(|| format!("speed = {bits} is no rate; write bit/s, as 10_000_000_000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_prefix_to_hold_it_against_is_taken() {
        assert_eq!(address::<Ipv4Addr>("192.0.2.0", "a", None), Ok(Ipv4Addr::new(192, 0, 2, 0)));
    }

    #[test]
    fn a_prefix_that_makes_transit_the_lans_own_is_none() {
        for (text, is_taken) in [("0.0.0.0/0", false), ("10.0.0.0/7", false), ("10.0.0.0/8", true)] {
            assert_eq!(prefix::<Ipv4Addr>(text).is_ok(), is_taken, "{text}");
        }
        for (text, is_taken) in [("::/0", false), ("2000::/3", false), ("2001::/16", true)] {
            assert_eq!(prefix::<Ipv6Addr>(text).is_ok(), is_taken, "{text}");
        }
    }

    #[test]
    fn both_ends_of_a_point_to_point_prefix_are_hosts() {
        let net = "192.0.2.0/31".parse().unwrap();
        for text in ["192.0.2.0", "192.0.2.1"] {
            assert!(address::<Ipv4Addr>(text, "a", Some(net)).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_station_has_an_address_of_its_own() {
        assert_eq!(station("0200.0000.0001"), Ok(Mac([2, 0, 0, 0, 0, 1])));
        for text in ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "02:00"] {
            assert!(station(text).is_err(), "{text}");
        }
    }
}
