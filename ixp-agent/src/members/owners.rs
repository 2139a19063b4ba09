//! Who is registered with an address: one look-up, or a table for many.

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use ixp_common::addr::VlanId;

use super::{InterfaceId, Registry};

/// Registered addresses by LAN, for many look-ups.
#[derive(Debug)]
pub struct Owners {
    by_address: HashMap<(Option<VlanId>, IpAddr), InterfaceId, RandomState>,
}

impl Owners {
    /// The addresses of a registry.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let mut by_address = HashMap::default();
        for (id, vlan, address) in addresses(registry) {
            by_address.insert((vlan, address), id);
        }
        Self { by_address }
    }

    /// The interface that has an address on a VLAN.
    #[must_use]
    pub fn owner(&self, vlan: VlanId, address: IpAddr) -> Option<InterfaceId> {
        let any_tag = || self.by_address.get(&(None, address));
        self.by_address.get(&(Some(vlan), address)).or_else(any_tag).copied()
    }
}

/// The interface that has an address on a VLAN, for one look-up.
#[must_use]
pub fn owner(registry: &Registry, vlan: VlanId, address: IpAddr) -> Option<InterfaceId> {
    addresses(registry)
        .find(|(_, lan, registered)| *registered == address && lan.is_none_or(|lan| lan == vlan))
        .map(|(id, ..)| id)
}

fn addresses(registry: &Registry) -> impl Iterator<Item = (InterfaceId, Option<VlanId>, IpAddr)> {
    (0u32..).zip(registry.interfaces()).flat_map(|(at, interface)| {
        let vlan = registry.lans()[interface.lan].vlan;
        let ipv4 = interface.ipv4.iter().copied().map(IpAddr::V4);
        let ipv6 = interface.ipv6.iter().copied().map(IpAddr::V6);
        ipv4.chain(ipv6).map(move |address| (InterfaceId(at), vlan, address))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::{VlanTags, parse};

    const MEMBERS: &str = r#"
        [[lan]]
        name = "peering"
        vlan = 10
        ipv4 = "192.0.2.0/24"
        [[member]]
        asn = 64500
        [[member.interface]]
        lan = "peering"
        macs = ["02:00:00:00:00:01"]
        ipv4 = ["192.0.2.1"]
        ipv6 = ["2001:db8::1"]
    "#;

    #[test]
    fn an_address_has_its_owner_on_its_lan_alone() {
        let (registry, _) = parse("members.toml", MEMBERS, &VlanTags::new()).expect("sound");
        let owners = Owners::of(&registry);
        let cases = [
            (10, "192.0.2.1", Some(InterfaceId(0))),
            (10, "2001:db8::1", Some(InterfaceId(0))),
            (10, "192.0.2.2", None),
            (0, "192.0.2.1", None),
        ];
        for (vlan, address, expected) in cases {
            let (vlan, address) = (VlanId::from_tci(vlan), address.parse().expect("an address"));
            assert_eq!(owners.owner(vlan, address), expected, "{vlan} {address}");
            assert_eq!(owner(&registry, vlan, address), expected, "{vlan} {address}");
        }
    }
}
