//! The number of members that keep the rules goes in; the sins of those after them come out.

use std::net::{Ipv4Addr, Ipv6Addr};

use ixp_common::addr::Mac;
use ixp_common::rules::Rule;

use super::frame::{self, Operation, arp, ethernet, icmpv6, ipv4, llc, udp, v4, v6};
use super::{Reach, Sin, Source, Told, forged};
use crate::exchange::Mode;
use crate::station::Station;

/// Frames of a sin that is no flood, and per second.
const FEW: (u32, u32) = (50, 10);

/// A storm that the members' links and CPUs bear: 3 s.
const STORM: (u32, u32) = (6000, 2000);

/// Forged addresses, and how many of them a second.
const FLOOD: (u16, u32) = (2000, 1000);

/// An address of the LAN that no member has.
const UNASSIGNED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 250);

/// Far from this LAN (RFC 5737): such a packet is another's transit.
const ELSEWHERE: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(203, 0, 113, 1)];

/// A station that nobody knows: the switch hands its frames to everybody.
const NOBODY: Mac = Mac([0x02, 0x77, 0, 0, 0, 1]);

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// Each sin by a member of its own, and last the member whose address is stolen. Without ports, on a tap, the
/// rules that go by them say nothing.
#[must_use]
pub fn catalogue(members: u8, mode: Mode) -> Vec<Sin> {
    let makers: [fn(Station) -> Sin; 11] = [
        proxy_arp,
        spoofed_na,
        advertisement,
        solicitation,
        spanning_tree,
        lacp,
        lldp,
        cdp,
        dhcp,
        ospf,
        storm,
    ];
    let mut stations = (members + 1..).map(|number| Station { number });
    let mut sins: Vec<Sin> = makers.into_iter().zip(&mut stations).map(|(make, at)| make(at)).collect();
    let mut next = || stations.next().expect("members leave room for sinners");
    sins.push(flood(next()));
    let (thief, robbed) = (next(), next());
    sins.extend([move_of(thief, robbed), robbed_of_it(robbed)]);
    if mode == Mode::Tap {
        for sin in &mut sins {
            sin.rules.retain(|(rule, _)| !matches!(rule, Rule::L06 | Rule::L08));
        }
    }
    sins
}

/// A sin of one frame, sent a few times, each of which breaks all of `rules`.
fn plain(name: &'static str, sinner: Station, frame: Vec<u8>, rules: &[Rule]) -> Sin {
    let (count, rate) = FEW;
    let rules = rules.iter().map(|rule| (*rule, Told::Each)).collect();
    Sin { name, sinner, source: Source::Own, frames: vec![frame], count, rate, rules, reach: Reach::All }
}

fn proxy_arp(sinner: Station) -> Sin {
    let asked = Station { number: 1 };
    let packet = arp(Operation::Reply, (sinner.mac(), UNASSIGNED), (asked.mac(), v4(asked.ipv4())));
    let frame = ethernet(asked.mac(), sinner.mac(), 0x0806, &packet);
    Sin { reach: Reach::Only(asked), ..plain("proxy ARP", sinner, frame, &[Rule::A05, Rule::A06]) }
}

fn link_layer(kind: u8, mac: Mac) -> Vec<u8> {
    [&[kind, 1], &mac.0[..]].concat()
}

fn link_local(station: Station) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(station.number))
}

fn neighbour_discovery(sinner: Station, from: Ipv6Addr, to: Ipv6Addr, kind: u8, message: &[u8]) -> Vec<u8> {
    ethernet(frame::group(to), sinner.mac(), 0x86dd, &icmpv6(from, to, kind, message))
}

/// The address is that of the next sinner, whom nobody speaks to.
fn spoofed_na(sinner: Station) -> Sin {
    const OVERRIDE: [u8; 4] = [0x20, 0, 0, 0];
    let victim = v6(Station { number: sinner.number + 1 }.ipv6());
    let message = [&OVERRIDE, &victim.octets()[..], &link_layer(2, sinner.mac())].concat();
    let frame = neighbour_discovery(sinner, v6(sinner.ipv6()), ALL_NODES, 136, &message);
    plain("spoofed NA", sinner, frame, &[Rule::N07])
}

fn advertisement(sinner: Station) -> Sin {
    // Hop limit 64, no flags, a default router for 1800 s.
    let fixed = [64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    let message = [&fixed[..], &link_layer(1, sinner.mac())].concat();
    let frame = neighbour_discovery(sinner, link_local(sinner), ALL_NODES, 134, &message);
    plain("RA", sinner, frame, &[Rule::L09, Rule::N01])
}

fn solicitation(sinner: Station) -> Sin {
    let message = [&[0; 4], &link_layer(1, sinner.mac())[..]].concat();
    let frame = neighbour_discovery(sinner, link_local(sinner), ALL_ROUTERS, 133, &message);
    plain("RS", sinner, frame, &[Rule::L09, Rule::N02])
}

/// A configuration BPDU of a root bridge (IEEE 802.1D §9.3.1).
fn spanning_tree(sinner: Station) -> Sin {
    let bridge = [&[0x80, 0], &sinner.mac().0[..]].concat();
    let times = [0, 0, 20, 0, 2, 0, 15, 0];
    let bpdu =
        [&[0x42, 0x42, 0x03, 0, 0, 0, 0, 0][..], &bridge, &[0; 4], &bridge, &[0x80, 1], &times].concat();
    let frame = llc(Mac([0x01, 0x80, 0xc2, 0, 0, 0]), sinner.mac(), &bpdu);
    plain("STP", sinner, frame, &[Rule::L02, Rule::L09, Rule::L10, Rule::L11])
}

/// A LACPDU (IEEE 802.1AX §6.4.2): actor, partner and collector information.
fn lacp(sinner: Station) -> Sin {
    let actor =
        [&[1, 20, 0xff, 0xff], &sinner.mac().0[..], &[0, 1, 0xff, 0xff, 0, 1, 0x3d, 0, 0, 0]].concat();
    let mut lacpdu = [&[1, 1][..], &actor, &[2, 20]].concat();
    lacpdu.resize(42, 0);
    lacpdu.extend([3, 16]);
    lacpdu.resize(110, 0);
    let frame = ethernet(Mac([0x01, 0x80, 0xc2, 0, 0, 2]), sinner.mac(), 0x8809, &lacpdu);
    plain("LACP", sinner, frame, &[Rule::L01, Rule::L03, Rule::L09, Rule::L10])
}

/// Chassis, port, time to live and end (IEEE 802.1AB §8).
fn lldp(sinner: Station) -> Sin {
    let units =
        [&[0x02, 7, 4][..], &sinner.mac().0, &[0x04, 5, 5], b"xe-0", &[0x06, 2, 0, 120, 0, 0]].concat();
    let frame = ethernet(Mac([0x01, 0x80, 0xc2, 0, 0, 0x0e]), sinner.mac(), 0x88cc, &units);
    plain("LLDP", sinner, frame, &[Rule::L01, Rule::L09, Rule::L10, Rule::L12])
}

/// Version 2, 180 s, a device's name.
fn cdp(sinner: Station) -> Sin {
    let snap = [0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x20, 0x00];
    let packet = [&snap[..], &[2, 180, 0, 0, 0, 1, 0, 10], b"router"].concat();
    let frame = llc(Mac([0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc]), sinner.mac(), &packet);
    plain("CDP", sinner, frame, &[Rule::L02, Rule::L09, Rule::L13])
}

/// A DHCPDISCOVER (RFC 2131 §2).
fn dhcp(sinner: Station) -> Sin {
    let mut message = vec![1, 1, 6, 0, 0, 0, 0, sinner.number];
    message.resize(28, 0);
    message.extend(sinner.mac().0);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]);
    let packet = ipv4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, 17, &udp(68, 67, &message));
    let frame = ethernet(Mac::BROADCAST, sinner.mac(), 0x0800, &packet);
    plain("DHCP", sinner, frame, &[Rule::L09, Rule::I01, Rule::I04])
}

/// A hello (RFC 2328 §A.3.2).
fn ospf(sinner: Station) -> Sin {
    let [a, b, c, d] = v4(sinner.ipv4()).octets();
    let mut hello = vec![2, 1, 0, 44, a, b, c, d];
    hello.resize(24, 0);
    hello.extend([255, 255, 255, 0, 0, 10, 0x02, 1, 0, 0, 0, 40]);
    hello.resize(44, 0);
    let packet = ipv4(v4(sinner.ipv4()), Ipv4Addr::new(224, 0, 0, 5), 89, &hello);
    let frame = ethernet(Mac([0x01, 0, 0x5e, 0, 0, 5]), sinner.mac(), 0x0800, &packet);
    plain("OSPF", sinner, frame, &[Rule::L09, Rule::I02, Rule::I05])
}

/// Says whose an address is, of whose it is: allowed, once.
fn gratuitous(station: Station) -> Vec<u8> {
    let own = v4(station.ipv4());
    let packet = arp(Operation::Request, (station.mac(), own), (Mac([0; 6]), own));
    ethernet(Mac::BROADCAST, station.mac(), 0x0806, &packet)
}

fn storm(sinner: Station) -> Sin {
    let (count, rate) = STORM;
    let rules = vec![(Rule::L22, Told::Some), (Rule::A10, Told::Some)];
    Sin { count, rate, rules, ..plain("broadcast storm", sinner, gratuitous(sinner), &[]) }
}

/// A packet of `from` to a station that nobody knows.
fn to_nobody(from: Mac, address: Ipv4Addr) -> Vec<u8> {
    ethernet(NOBODY, from, 0x0800, &ipv4(address, ELSEWHERE[1], 17, &udp(5001, 5001, &[0; 18])))
}

fn flood(sinner: Station) -> Sin {
    let (addresses, rate) = FLOOD;
    let frames = (0..addresses).map(|number| to_nobody(forged(number), ELSEWHERE[0])).collect();
    let sin = plain("MAC flood", sinner, Vec::new(), &[Rule::L06, Rule::L07]);
    Sin { source: Source::Forged, frames, count: u32::from(addresses), rate, ..sin }
}

fn move_of(thief: Station, robbed: Station) -> Sin {
    let frame = to_nobody(robbed.mac(), v4(robbed.ipv4()));
    let rules = vec![(Rule::L06, Told::Each), (Rule::L08, Told::Some)];
    Sin { source: Source::Stolen(robbed), rules, ..plain("MAC move", thief, frame, &[]) }
}

/// No sin: what its owner says meanwhile must pass.
fn robbed_of_it(robbed: Station) -> Sin {
    plain("(robbed of MAC)", robbed, gratuitous(robbed), &[])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_sin_has_a_member_of_its_own_after_the_others() {
        let sins = catalogue(6, Mode::Inline);
        let sinners: Vec<u8> = sins.iter().map(|sin| sin.sinner.number).collect();
        assert_eq!(sinners, (7..=20).collect::<Vec<u8>>());
    }

    #[test]
    fn a_listener_tells_all_sins_apart() {
        let sins = catalogue(6, Mode::Inline);
        let mut heads = BTreeSet::new();
        for sin in &sins {
            let own: BTreeSet<_> = sin.frames.iter().map(|frame| &frame[..14]).collect();
            assert!(own.iter().all(|head| heads.insert(head.to_vec())), "{}", sin.name);
        }
    }

    #[test]
    fn a_frame_claims_to_be_of_whom_the_sin_says() {
        for sin in catalogue(6, Mode::Inline) {
            for frame in &sin.frames {
                let source = Mac(frame[6..12].try_into().unwrap());
                assert!(sin.is_by(Some(source)), "{}: {source}", sin.name);
            }
        }
    }

    #[test]
    fn without_ports_no_rule_goes_by_them() {
        let rules = |mode| catalogue(2, mode).into_iter().flat_map(|sin| sin.rules).map(|(rule, _)| rule);
        assert!(rules(Mode::Inline).any(|rule| rule == Rule::L06));
        assert!(!rules(Mode::Tap).any(|rule| matches!(rule, Rule::L06 | Rule::L08)));
    }
}
