//! The exchange's own part of an export in, its LANs and switches out.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::node::Node;
use super::{Lan, Say, VlanTags};
use crate::members::entry::{self, Address};
use crate::notice::Place;

/// IX-F does not say the size of packets; a peering LAN's is this (RFC 7948 has no other).
const MTU: u16 = 1500;

/// A switch, as far as an export describes it.
pub(super) struct Switch {
    pub(super) name: Option<String>,
    /// The name of the building, else its number in PeeringDB, else the city.
    pub(super) facility: Option<String>,
}

impl Switch {
    fn of(node: &Node<'_>) -> Self {
        let text = |key| node.text(key).filter(|text| !text.is_empty());
        let number = node.get("pdb_facility_id").and_then(|id| id.number()).filter(|id| *id > 0);
        let facility = text("colo").or_else(|| number.map(|id| format!("PeeringDB facility {id}")));
        Self { name: text("name"), facility: facility.or_else(|| text("city")) }
    }
}

/// The LANs and switches of all exchanges of an export.
#[derive(Default)]
pub(super) struct Exchange {
    pub(super) lans: Vec<Lan>,
    /// Switches by id.
    pub(super) switches: HashMap<i64, Switch>,
    names: HashSet<String>,
    by_id: HashMap<(Option<i64>, Option<i64>), usize>,
    tags: VlanTags,
}

impl Exchange {
    pub(super) fn read(&mut self, root: &Node<'_>, tags: &VlanTags, say: &mut Say<'_>) {
        self.tags.clone_from(tags);
        // Version 0.3 has one exchange, in an object.
        let exchanges = root.list("ixp_list").chain(root.get("ixp_info"));
        for exchange in exchanges {
            let id = exchange.get("ixp_id").and_then(|id| id.number());
            for switch in exchange.list("switch") {
                let id = switch.get("id").and_then(|id| id.number());
                self.switches.extend(id.map(|id| (id, Switch::of(&switch))));
            }
            for vlan in exchange.list("vlan") {
                self.vlan(id, &vlan, say);
            }
        }
    }

    fn vlan(&mut self, exchange: Option<i64>, vlan: &Node<'_>, say: &mut Say<'_>) {
        let id = vlan.get("id").and_then(|id| id.number());
        let ipv4 = prefix::<Ipv4Addr>(vlan.get("ipv4"), say);
        let ipv6 = prefix::<Ipv6Addr>(vlan.get("ipv6"), say);
        let at = self.add(id, vlan.text("name").unwrap_or_default(), ipv4, ipv6);
        self.by_id.entry((exchange, id)).or_insert(at);
        self.by_id.entry((None, id)).or_insert(at);
    }

    fn add(
        &mut self,
        id: Option<i64>,
        name: String,
        ipv4: Option<ipnet::Ipv4Net>,
        ipv6: Option<ipnet::Ipv6Net>,
    ) -> usize {
        let base = match (name.is_empty(), id) {
            (false, _) => name,
            (true, Some(id)) => format!("vlan-id-{id}"),
            (true, None) => "unnamed".to_owned(),
        };
        let mut name = base.clone();
        let mut count = 1;
        while !self.names.insert(name.clone()) {
            count += 1;
            name = format!("{base} {count}");
        }
        self.lans.push(Lan {
            name,
            vlan: id.and_then(|id| self.tags.get(&id)).copied(),
            ipv4,
            ipv6,
            mtu: MTU,
        });
        self.lans.len() - 1
    }

    /// The LAN of a connection. One that the export does not describe has no more than a name.
    pub(super) fn lan(&mut self, exchange: Option<i64>, id: Option<i64>) -> usize {
        let known = self.by_id.get(&(exchange, id)).or_else(|| self.by_id.get(&(None, id)));
        if let Some(at) = known {
            return *at;
        }
        if id.is_none() && self.lans.len() == 1 {
            return 0;
        }
        let at = self.add(id, String::new(), None, None);
        self.by_id.insert((None, id), at);
        at
    }
}

/// A LAN's prefix of one family, which an export has in two parts.
fn prefix<A: Address>(family: Option<Node<'_>>, say: &mut Say<'_>) -> Option<A::Net> {
    let family = family?;
    let text = family.text("prefix").filter(|text| !text.is_empty())?;
    let text = match family.get("mask_length").and_then(|length| length.number()) {
        Some(length) if !text.contains('/') => format!("{text}/{length}"),
        _ => text,
    };
    match entry::prefix::<A>(&text) {
        Ok(net) => Some(net),
        Err(error) => {
            say(Place::Path(family.path), error);
            None
        }
    }
}
