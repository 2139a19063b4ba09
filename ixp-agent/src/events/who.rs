//! A station in, what people call it out.

use std::net::{IpAddr, Ipv6Addr};

use ixp_common::addr::{Ip6, VlanId};
use ixp_common::counters::StationKey;

use crate::members::{InterfaceId, Member, Registry, owners};

/// A member as people know it: `AS64500 (Example)`.
#[must_use]
pub fn member(member: &Member) -> String {
    match member.name.as_str() {
        "" => member.asn.to_string(),
        name => format!("{} ({name})", member.asn),
    }
}

/// The member behind a station, or its address if it is nobody's.
#[must_use]
pub fn station(station: StationKey, registry: &Registry) -> String {
    match registry.member_of(station.vlan(), station.mac()) {
        Some(found) => member(found),
        None => format!("{} (no member's)", station.mac()),
    }
}

/// The member behind a station with the address: for lines that name two of the same member.
#[must_use]
pub fn addressed(key: StationKey, registry: &Registry) -> String {
    match registry.member_of(key.vlan(), key.mac()) {
        Some(found) => format!("{} at {}", member(found), key.mac()),
        None => station(key, registry),
    }
}

/// Whose an address is.
#[must_use]
pub fn owner(vlan: VlanId, address: IpAddr, registry: &Registry) -> String {
    match owners::owner(registry, vlan, address) {
        Some(id) => format!("it belongs to {}", interface(id, registry)),
        None => "no member has it".to_owned(),
    }
}

/// The member of an interface.
#[must_use]
pub fn interface(id: InterfaceId, registry: &Registry) -> String {
    member(registry.member(registry.interface(id).member))
}

/// An address as claims hold it: IPv4 as IPv6 maps it (RFC 4291 §2.5.5.2).
#[must_use]
pub fn address(claimed: Ip6) -> IpAddr {
    let address = Ipv6Addr::from(claimed.octets());
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}
