//! An IX-F member export (versions 0.3 to 1.0) in, a registry of what it has that can be used out,
//! with a notice for each entry that cannot.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use ixp_common::addr::Mac;
use serde_json::Value;

use super::claims::{Claim, Claims, Clash};
use super::entry::{self, Address};
use super::{Asn, Interface, Lan, Member, MemberId, MembersError, Registry, VlanTags};
use crate::notice::{Notice, Place, Source};

mod exchange;
mod node;

use exchange::{Exchange, Switch};
use node::Node;

pub(super) fn parse(
    label: &str,
    text: &str,
    vlan_tags: &VlanTags,
) -> Result<(Registry, Vec<Notice>), MembersError> {
    let source = Source::new(label, text);
    let refuse = |place, text: String| Err(MembersError::Invalid(vec![source.notice_at(place, text)]));
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return refuse(Place::Column(error.line(), error.column()), not_json(&error)),
    };
    let root = Node::root(&document);
    let Some(members) = root.get("member_list").filter(Node::is_list) else {
        let text = "no list \"member_list\", so this is no IX-F member export; its JSON has one at the top";
        return refuse(Place::Column(1, 1), text.to_owned());
    };
    let mut notices = Vec::new();
    let mut say = |place: Place, text: String| notices.push(source.notice_at(place, text));
    let mut reading = Reading {
        say: &mut say,
        exchange: Exchange::default(),
        members: Vec::new(),
        member_ids: HashMap::new(),
        interfaces: Vec::new(),
        route_servers: BTreeSet::new(),
        claims: Claims::default(),
        tagless: 0,
    };
    reading.exchange.read(&root, vlan_tags, reading.say);
    for member in members.items() {
        reading.member(&member);
    }
    let registry = reading.finish();
    Ok((registry, notices))
}

/// Whether an address is that of a route server: version 1.0 lists the services that the exchange offers
/// there. (`routeserver` says of a member that it has a session with one.)
fn is_route_server(family: &Node<'_>) -> bool {
    family.list("services").any(|service| service.text("type").as_deref() == Some("ixrouteserver"))
}

/// A MAC that a second connection has, too, is at either port: where it is wired is not known.
fn at_another_port(interfaces: &mut [Interface], mac: Mac, other: &Interface) {
    let here = interfaces.iter_mut().filter(|interface| interface.lan == other.lan);
    for interface in here.filter(|interface| interface.macs.contains(&mac)) {
        interface.port.take_if(|port| Some(&*port) != other.port.as_ref());
        interface.facility.take_if(|facility| Some(&*facility) != other.facility.as_ref());
    }
}

fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    format!("not JSON: {what}; an IX-F member export is a JSON object")
}

/// Takes a notice at its place.
type Say<'s> = dyn FnMut(Place, String) + 's;

struct Reading<'s> {
    say: &'s mut Say<'s>,
    exchange: Exchange,
    members: Vec<Member>,
    member_ids: HashMap<Asn, MemberId>,
    interfaces: Vec<Interface>,
    route_servers: BTreeSet<Asn>,
    claims: Claims,
    /// MACs of one member on several LANs that no tag tells apart.
    tagless: usize,
}

/// What a connection's VLANs have in common.
struct Connection {
    member: MemberId,
    exchange: Option<i64>,
    port: Option<String>,
    facility: Option<String>,
    speed: Option<u64>,
}

impl Reading<'_> {
    fn finish(self) -> Registry {
        if self.tagless > 0 {
            let text = format!(
                "MACs on more than one LAN while nothing says the LANs' tags: {}; they count for the first; \
                 map the ids of the VLANs to tags in [members.vlan_tags]",
                self.tagless
            );
            (self.say)(Place::Whole, text);
        }
        Registry::new(self.exchange.lans, self.members, self.interfaces)
            .with_route_servers(self.route_servers)
    }

    fn say(&mut self, node: &Node<'_>, text: String) {
        (self.say)(Place::Path(node.path.clone()), text);
    }

    fn member(&mut self, member: &Node<'_>) {
        let asn = member.get("asnum");
        let number = asn.as_ref().and_then(Node::number).and_then(|asn| u32::try_from(asn).ok());
        let Some(asn) = number.filter(|asn| *asn != 0).map(Asn) else {
            return match asn {
                Some(asn) => self.say(&asn, format!("{} is no AS number; the member is left out", asn.value)),
                None => self.say(member, "no \"asnum\"; the member is left out".to_owned()),
            };
        };
        let id = self.member_id(asn, member.text("name").unwrap_or_default());
        let Some(connections) = member.get("connection_list").filter(Node::is_list) else {
            return self.say(member, format!("{asn} has no \"connection_list\"; its traffic is not matched"));
        };
        for connection in connections.items() {
            self.connection(id, &connection);
        }
    }

    fn member_id(&mut self, asn: Asn, name: String) -> MemberId {
        if let Some(id) = self.member_ids.get(&asn) {
            let first = &mut self.members[id.0 as usize];
            if first.name.is_empty() {
                first.name = name;
            }
            return *id;
        }
        let id = MemberId(u32::try_from(self.members.len()).expect("fewer than 2³² members"));
        self.members.push(Member { asn, name });
        self.member_ids.insert(asn, id);
        id
    }

    fn connection(&mut self, member: MemberId, node: &Node<'_>) {
        let links: Vec<Node<'_>> = node.list("if_list").collect();
        let ids = links.iter().filter_map(|link| link.get("switch_id")?.number());
        let at: Vec<&Switch> = ids.filter_map(|id| self.exchange.switches.get(&id)).collect();
        // In order, so that a LAG is at the same two whichever of its links comes first.
        let names: BTreeSet<&str> = at.iter().filter_map(|switch| switch.name.as_deref()).collect();
        let facilities: BTreeSet<&str> = at.iter().filter_map(|switch| switch.facility.as_deref()).collect();
        let joined = |names: BTreeSet<&str>, by: &str| {
            (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join(by))
        };
        // Mb/s, one entry for each link of a LAG.
        let speeds = links.iter().filter_map(|link| link.get("if_speed")?.number());
        let megabits = speeds.filter_map(|speed| u64::try_from(speed).ok()).fold(0, u64::saturating_add);
        let connection = Connection {
            member,
            exchange: node.get("ixp_id").and_then(|id| id.number()),
            port: joined(names, ","),
            // A building's name may have a comma.
            facility: joined(facilities, " + "),
            speed: (megabits > 0).then(|| megabits.saturating_mul(1_000_000)),
        };
        for vlan in node.list("vlan_list") {
            self.interface(&connection, &vlan);
        }
    }

    fn interface(&mut self, connection: &Connection, node: &Node<'_>) {
        let vlan = node.get("vlan_id").and_then(|id| id.number());
        let lan = self.exchange.lan(connection.exchange, vlan);
        let (ipv4, ipv6) = (self.exchange.lans[lan].ipv4, self.exchange.lans[lan].ipv6);
        let mut interface = Interface {
            member: connection.member,
            lan,
            label: String::new(),
            macs: Vec::new(),
            change: None,
            ipv4: self.addresses::<Ipv4Addr>(connection.member, lan, ipv4, node.get("ipv4")),
            ipv6: self.addresses::<Ipv6Addr>(connection.member, lan, ipv6, node.get("ipv6")),
            port: connection.port.clone(),
            facility: connection.facility.clone(),
            speed: connection.speed,
        };
        let mut written = 0;
        for family in [node.get("ipv4"), node.get("ipv6")].into_iter().flatten() {
            if is_route_server(&family) {
                self.route_servers.insert(self.members[connection.member.0 as usize].asn);
            }
            for mac in family.list("mac_addresses") {
                written += 1;
                self.mac(&mut interface, &mac);
            }
        }
        if written == 0 {
            let asn = self.members[connection.member.0 as usize].asn;
            self.say(node, format!("{asn} has no MAC here; its traffic is not matched"));
        }
        self.interfaces.push(interface);
    }

    fn mac(&mut self, interface: &mut Interface, node: &Node<'_>) {
        let mac = match entry::station(node.value.as_str().unwrap_or_default().trim()) {
            Ok(mac) => mac,
            Err(_) if !node.value.is_string() => {
                return self.say(node, format!("{} is not a MAC address in a text", node.value));
            }
            Err(text) => return self.say(node, text),
        };
        if interface.macs.contains(&mac) {
            return;
        }
        let claim = self.claim(interface.member, interface.lan, node);
        let us = self.members[interface.member.0 as usize].asn;
        let text = match self.claims.mac(mac, claim) {
            Ok(()) => return interface.macs.push(mac),
            Err(Clash::Tag(_)) => {
                self.tagless += 1;
                return;
            }
            Err(Clash::Lan(other)) => {
                at_another_port(&mut self.interfaces, mac, interface);
                format!("{mac} is on this LAN already, at {}, which keeps it", other.place)
            }
            Err(Clash::Member(other)) => {
                let them = self.members[other.member.0 as usize].asn;
                at_another_port(&mut self.interfaces, mac, interface);
                format!("{mac} is of {us} here and of {them} at {}, which keeps it", other.place)
            }
        };
        self.say(node, text);
    }

    fn claim(&self, member: MemberId, lan: usize, node: &Node<'_>) -> Claim {
        Claim { member, lan, vlan: self.exchange.lans[lan].vlan, place: Place::Path(node.path.clone()) }
    }

    fn addresses<A: Address>(
        &mut self,
        member: MemberId,
        lan: usize,
        net: Option<A::Net>,
        family: Option<Node<'_>>,
    ) -> Vec<A> {
        let Some(node) = family.and_then(|family| family.get("address")) else {
            return Vec::new();
        };
        let text = match node.value {
            Value::Null => return Vec::new(),
            Value::String(text) if text.trim().is_empty() => return Vec::new(),
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        let name = &self.exchange.lans[lan].name;
        let is_outside = |address: &A| {
            net.map(Into::<IpNet>::into).is_some_and(|net| !net.contains(&Into::<IpAddr>::into(*address)))
        };
        let address: A = match (entry::address(&text, name, net), entry::address(&text, name, None)) {
            (Ok(address), _) => address,
            // The LAN has grown, and the export's prefix has not.
            (Err(text), Ok(address)) if is_outside(&address) => {
                self.say(&node, format!("{text}; the address is taken all the same"));
                address
            }
            (Err(text), _) => {
                self.say(&node, text);
                return Vec::new();
            }
        };
        let claim = self.claim(member, lan, &node);
        let ip: IpAddr = address.into();
        if let Err(other) = self.claims.address(ip, claim) {
            let text = format!("{ip} stands at {} already, which keeps it", other.place);
            self.say(&node, text);
            return Vec::new();
        }
        vec![address]
    }
}
