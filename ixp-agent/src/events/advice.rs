//! A rule or an incident in, what the exchange's engineer may do about it out.

use ixp_common::rules::Rule;

use super::Kind;

/// What to do about a broken rule, and where it is explained.
#[must_use]
pub fn of_rule(rule: Rule) -> String {
    format!("{} See docs/rules/{}.md.", words(rule), rule.group().name())
}

/// What to do about an incident, and where its rule is explained.
#[must_use]
pub fn of_incident(kind: Kind, rule: Rule) -> String {
    let words = match kind {
        Kind::RaStorm => {
            "Ask the trigger to stop sending router solicitations and the responders to send no router advertisements on this interface; \
             block ICMPv6 types 133 and 134 on member ports."
        }
        Kind::MacMove => {
            "Look at the ports that are named: one of them has a loop, a wrong patch or somebody with the other's MAC. \
             Limit each port to the member's own MAC."
        }
        Kind::Loop => {
            "Shut the port that came up last or the one where the frames come back, then look for a loop behind it. \
             Storm control and one MAC per port keep it from spreading."
        }
        Kind::DuplicateAddress => {
            "Find out who is registered with the address and ask the other to take it off, or put its port into quarantine. \
             Proxy ARP on the other's router is the usual cause."
        }
        Kind::Sweep => {
            "Ask the member whether a scanner, a monitoring system or an infected host sends these requests. \
             Limit its ARP and ND rate until it has stopped."
        }
        Kind::NoBgp => {
            "Ask both members whether they mean to exchange this traffic: a static or default route towards the other is the usual cause. \
             If one of them is a route server or a collector, name it in [policy]."
        }
    };
    format!("{words} See docs/rules/{}.md.", rule.group().name())
}

#[rustfmt::skip]
const fn words(rule: Rule) -> &'static str {
    match rule {
        Rule::L01 => "Ask the member which protocol this is and to switch it off on its port. If the LAN is to carry it, add the EtherType to [policy].",
        Rule::L02 => "Ask the member to switch off the protocols that its switch or router sends as 802.3, such as STP, CDP or IS-IS.",
        Rule::L03 => "Ask the member to end LACP and OAM on its own equipment, or to put the port into a LAG with the exchange. Frames like these must not cross the fabric.",
        Rule::L04 => "Ask the member to send untagged, or with the tag of the LAN alone. A trunk port or a missing native VLAN is the usual cause.",
        Rule::L05 => "Look at the equipment behind the port: no sound station sends from a group address. A defect or a forged frame is the cause.",
        Rule::L06 => "Ask the member whether it changed its router, and register the MAC if so. Otherwise a switch or a second router is behind the port.",
        Rule::L07 => "Find out by its address and port whose station this is, and register it or shut the port. `ixp-agent members learned` suggests a member.",
        Rule::L08 => "Look at both ports: a loop, a wrong patch or a forged address is the cause. Shut the port that came last if it goes on.",
        Rule::L09 => "Ask the member which protocol sends to this group and to switch it off. On a peering LAN, only ARP and neighbour discovery go to groups.",
        Rule::L10 => "Ask the member to switch off the link protocol that sends this (STP, LACP, 802.1X, LLDP, pause frames) on its port.",
        Rule::L11 => "Shut the port or block BPDUs on it at once, then ask the member to switch off spanning tree there. A topology change must not reach the fabric.",
        Rule::L12 => "Ask the member to switch off LLDP on its port.",
        Rule::L13 => "Ask the member to switch off CDP, VTP, DTP and UDLD on its port (`no cdp enable`, `switchport nonegotiate`).",
        Rule::L14 => "Ask the member to switch off EDP or FDP on its port (`disable edp ports`, `no fdp enable`).",
        Rule::L15 => "Ask the member to leave its port out of the discovery and MAC server interface lists of RouterOS (`/ip neighbor discovery-settings`, `/tool mac-server`).",
        Rule::L16 => "Ask the member to switch off keepalives on its port (`no keepalive`).",
        Rule::L17 => "Ask the member to switch off MOP on its port (`no mop enabled`).",
        Rule::L18 => "Ask the member to switch off MPLS and LDP on its port. Labels that one member gives mean nothing to another.",
        Rule::L19 => "Ask the member to take its port out of IS-IS (or to make it passive).",
        Rule::L20 => "Ask the member to set the interface's MTU to that of the LAN. Larger packets are lost on the way without a word.",
        Rule::L21 => "Ask the member to clear its stale ARP and ND entries, or to lower their timeouts below the fabric's MAC ageing. A station that is gone is flooded to all ports.",
        Rule::L22 => "Limit broadcast and multicast on the port and ask the member what sends so much of it. If several ports are affected, look for a loop.",
        Rule::A01 => "Ask the member which equipment sends this ARP. A defect or a forged frame is the cause.",
        Rule::A02 => "Look behind the port: a bridge, a redundancy protocol or proxy ARP answers with another MAC than it sends from.",
        Rule::A03 => "Ask the member to correct the address or prefix length of its interface, or to remove a secondary address from it.",
        Rule::A04 => "Ask the member to correct the prefix length of its interface or a static route that points to the interface instead of a next hop.",
        Rule::A05 => "Ask the member to use its own address, or correct the members file if it was given this one. Quarantine the port if traffic of the owner is affected.",
        Rule::A06 => "Ask the member to switch off proxy ARP at once (`no ip proxy-arp`), and quarantine the port until then: traffic of other members goes to it.",
        Rule::A07 => "Ask the member why it answers to everybody; a redundancy protocol or a forged reply is the usual cause.",
        Rule::A08 => "Quarantine the port if the owner's traffic is affected, and ask the member to remove the address. Two routers with one address take turns.",
        Rule::A09 => "Find out who is registered with the address and ask the other to remove it. Traffic to it goes to whoever spoke last.",
        Rule::A10 => "Ask the member what asks so often; a full neighbour table, a scanner or a loop is the usual cause.",
        Rule::A11 => "Ask the member to remove sessions with peers that have left, or to stop what scans the LAN.",
        Rule::A12 => "Leave probes unanswered: an answer makes a station give up its own address.",
        Rule::N01 => "Ask the member to switch off router advertisements on its port at once (`ipv6 nd ra suppress all`). Others may take a default route from it.",
        Rule::N02 => "Ask the member to switch off address autoconfiguration on its port (`no ipv6 address autoconfig`, `accept_ra = 0`). It makes routers answer all at once.",
        Rule::N03 => "Ask the member to switch off redirects on its port (`no ipv6 redirects`).",
        Rule::N04 => "Look at the header: no sound router sends neighbour discovery like this, and attacks do. Ask the member what is behind the port.",
        Rule::N05 => "Ask the member to correct its prefix length, or a route that points to the interface instead of a next hop.",
        Rule::N06 => "Look behind the port: a bridge or a proxy answers with another MAC than it sends from.",
        Rule::N07 => "Ask the member to switch off ND proxy or to remove the address, and quarantine the port if the owner's traffic is affected.",
        Rule::N08 => "Ask the member to configure its assigned address alone and to switch off autoconfiguration (`no ipv6 address autoconfig`).",
        Rule::N09 => "Ask the member to remove the site-local address; RFC 3879 has deprecated them.",
        Rule::N10 => "Ask the member to switch off multicast listener discovery on its port if the exchange forbids it. Many routers send it unasked.",
        Rule::N11 => "Ask the member what asks so often; a scan from outside that its router resolves on the LAN is the usual cause.",
        Rule::I01 => "Ask the member which service broadcasts and to switch it off, and to switch off directed broadcasts (`no ip directed-broadcast`).",
        Rule::I02 => "Ask the member to switch off IPv4 multicast on its port, IGMP included. There are LANs of their own for multicast.",
        Rule::I03 => "Ask the member to switch off redirects and router discovery on its port (`no ip redirects`).",
        Rule::I04 => "Ask the member to switch off the DHCP client, server or relay on its port at once. An answer would give others wrong addresses.",
        Rule::I05 => "Ask the member to make its port passive in its interior routing protocol. Neighbours must not come up across the exchange.",
        Rule::I06 => "Ask the member to switch off PIM on its port.",
        Rule::I07 => "Ask the member to switch off VRRP and HSRP on its port, or to run them on a link of its own.",
        Rule::I08 => "Ask the member to switch off the discovery service on its port, or to take servers off the peering LAN.",
        Rule::I09 => "Ask the member to use its own address, or correct the members file if it was given this one. Filter the source if it goes on.",
        Rule::I10 => "Ask the sender to clear its ARP or ND entry for the address, or to remove a static one.",
        Rule::I11 => "Ask the member to remove the session: its peer has left the exchange.",
        Rule::I12 => "Ask both members whether they mean to exchange this traffic. A static or default route towards the other is the usual cause.",
        Rule::I13 => "Ask the member to filter bogon sources towards the exchange (BCP 38, MANRS action 2).",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_advice_of_its_own_and_says_where_it_is_explained() {
        let mut all: Vec<String> = Rule::ALL.map(of_rule).into();
        assert!(all.iter().all(|advice| advice.ends_with(".md.") && advice.len() > 60), "{all:?}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), Rule::ALL.len());
    }
}
