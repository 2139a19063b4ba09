//! The number of members that keep the rules goes in; the sins of those after them come out.

mod arp;
mod ip;
mod layer2;
mod nd;

use std::net::Ipv4Addr;

use ixp_common::addr::Mac;
use ixp_common::rules::Rule;

use super::frame::{Operation, ethernet};
use super::{Cue, Incident, Sin, Source, Told, forged, frame};
use crate::exchange::Mode;
use crate::station::Station;

/// Frames of a sin that is no flood, and per second.
const FEW: Cue = Cue::Rate { count: 50, rate: 10 };

/// Addresses of the LAN that no member has.
const UNASSIGNED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 250);
const CONTESTED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 251);

/// Far from this LAN (RFC 5737): such a packet is another's transit.
const ELSEWHERE: [Ipv4Addr; 2] = [Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(203, 0, 113, 1)];

/// A station that nobody knows: the switch hands its frames to everybody.
const NOBODY: Mac = Mac([0x02, 0x77, 0, 0, 0, 1]);

/// Each sin by a member of its own, and the member whose address is stolen. Without ports, on a tap, the rules that
/// go by them say nothing.
#[must_use]
pub fn catalogue(members: u8, mode: Mode) -> Vec<Sin> {
    let makers: [fn(Station) -> Sin; 17] = [
        arp::proxy,
        nd::spoofed_advertisement,
        nd::unasked_advertisement,
        nd::solicitation,
        layer2::spanning_tree,
        layer2::lacp,
        layer2::lldp,
        layer2::cdp,
        ip::dhcp,
        ip::ospf,
        arp::storm,
        layer2::flood,
        arp::sweep,
        nd::sweep,
        nd::answer,
        nd::answer,
        nd::answer,
    ];
    let mut stations = (members + 1..).map(|number| Station { number });
    let mut sins: Vec<Sin> = makers.into_iter().zip(&mut stations).map(|(make, at)| make(at)).collect();
    for pair in [layer2::theft, arp::contest, ip::without_bgp] {
        let mut next = || stations.next().expect("members leave room for sinners");
        sins.extend(pair(next(), next()));
    }
    if mode == Mode::Tap {
        for sin in &mut sins {
            sin.rules.retain(|(rule, _)| !matches!(rule, Rule::L06 | Rule::L08));
            sin.part = sin.part.filter(|part| part.of != Incident::MacMove);
        }
    }
    sins
}

/// A sin of one frame, sent a few times, each of which breaks all of `rules`.
fn plain(name: &'static str, sinner: Station, frame: Vec<u8>, rules: &[Rule]) -> Sin {
    let rules = rules.iter().map(|rule| (*rule, Told::Each)).collect();
    Sin { name, sinner, source: Source::Own, frames: vec![frame], cue: FEW, rules, part: None }
}

/// Says whose an address is, of whose it is: allowed, once.
fn gratuitous(station: Station, address: Ipv4Addr) -> Vec<u8> {
    let packet = frame::arp(Operation::Request, (station.mac(), address), (Mac([0; 6]), address));
    ethernet(Mac::BROADCAST, station.mac(), 0x0806, &packet)
}

/// A packet of `from` to a station that nobody knows.
fn to_nobody(from: Mac, address: Ipv4Addr) -> Vec<u8> {
    let packet = frame::ipv4(address, ELSEWHERE[1], 17, &frame::udp(5001, 5001, &[0; 18]));
    ethernet(NOBODY, from, 0x0800, &packet)
}
#[cfg(test)]
mod tests;
