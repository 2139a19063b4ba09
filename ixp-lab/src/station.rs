//! A member's number gives its names and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ixp_common::addr::Mac;

/// The most members a lab has: the last byte of every address is the member's number.
pub const MOST_MEMBERS: u8 = 200;

/// The peering LAN's IPv4 prefix (RFC 5737).
pub const LAN_IPV4: &str = "192.0.2.0/24";

/// The peering LAN's IPv6 prefix (RFC 3849).
pub const LAN_IPV6: &str = "2001:db8:1::/64";

/// Member `number`'s station on the peering LAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Station {
    /// 1..=[`MOST_MEMBERS`].
    pub number: u8,
}

impl Station {
    /// The stations of the first `count` members.
    pub fn first(count: u8) -> impl Iterator<Item = Self> + Clone {
        (1..=count).map(|number| Self { number })
    }

    /// The address of its interface.
    #[must_use]
    pub const fn mac(self) -> Mac {
        Mac([0x02, 0, 0, 0, 0, self.number])
    }

    /// Whose address it is, when a member's.
    #[must_use]
    pub const fn of(mac: Mac) -> Option<Self> {
        match mac.0 {
            [0x02, 0, 0, 0, 0, number] if number > 0 => Some(Self { number }),
            _ => None,
        }
    }

    /// Its IPv4 address.
    #[must_use]
    pub const fn ipv4(self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, self.number))
    }

    /// Its IPv6 address.
    #[must_use]
    pub const fn ipv6(self) -> IpAddr {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, self.number as u16))
    }

    /// The member's AS number, of those for private use (RFC 6996).
    #[must_use]
    pub const fn asn(self) -> u32 {
        65_000 + self.number as u32
    }

    /// The exchange's port that it is connected to.
    #[must_use]
    pub fn port(self) -> String {
        format!("p{}", self.number)
    }
}

/// The first `count` members as the agent's members file.
#[must_use]
pub fn members_file(count: u8) -> String {
    let mut text = format!(
        "[[lan]]\nname = \"peering\"\nvlan = 0\nipv4 = \"{LAN_IPV4}\"\nipv6 = \"{LAN_IPV6}\"\nmtu = 1500\n"
    );
    for station in Station::first(count) {
        text += &format!(
            "\n[[member]]\nasn = {}\nname = \"Member {}\"\n[[member.interface]]\nlan = \"peering\"\n\
             macs = [\"{}\"]\nipv4 = [\"{}\"]\nipv6 = [\"{}\"]\nport = \"{}\"\nspeed = 10_000_000_000\n",
            station.asn(),
            station.number,
            station.mac(),
            station.ipv4(),
            station.ipv6(),
            station.port(),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_found_by_its_address() {
        for station in Station::first(MOST_MEMBERS) {
            assert_eq!(Station::of(station.mac()), Some(station));
        }
        assert_eq!(Station::of(Mac::BROADCAST), None);
        assert_eq!(Station::of(Mac([0x02, 0, 0, 0, 0, 0])), None);
    }

    #[test]
    fn the_members_file_has_each_member_once() {
        let file = members_file(3);
        assert_eq!(file.matches("[[member]]").count(), 3);
        assert!(file.contains("asn = 65003\nname = \"Member 3\""));
        assert!(
            file.contains(
                "macs = [\"02:00:00:00:00:03\"]\nipv4 = [\"192.0.2.3\"]\nipv6 = [\"2001:db8:1::3\"]"
            )
        );
    }
}
