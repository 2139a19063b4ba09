//! Sins by neighbour discovery (RFC 4861).

use std::net::Ipv6Addr;

use ixp_common::addr::Mac;
use ixp_common::rules::Rule;

use super::plain;
use crate::sins::frame::{self, ethernet, icmpv6, v6};
use crate::sins::{Cue, Incident, Part, Sin, Told};
use crate::station::Station;

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// More targets than a station may ask for in a minute, faster than it may: 3 s.
const SWEEP: Cue = Cue::Rate { count: 300, rate: 100 };
const SWEPT: u16 = 300;

fn link_layer(kind: u8, mac: Mac) -> Vec<u8> {
    [&[kind, 1], &mac.0[..]].concat()
}

fn link_local(station: Station) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(station.number))
}

fn message(sinner: Station, from: Ipv6Addr, to: Ipv6Addr, kind: u8, message: &[u8]) -> Vec<u8> {
    ethernet(frame::group(to), sinner.mac(), 0x86dd, &icmpv6(from, to, kind, message))
}

/// The address is that of the next sinner, whom nobody speaks to.
pub(super) fn spoofed_advertisement(sinner: Station) -> Sin {
    const OVERRIDE: [u8; 4] = [0x20, 0, 0, 0];
    let victim = v6(Station { number: sinner.number + 1 }.ipv6());
    let body = [&OVERRIDE, &victim.octets()[..], &link_layer(2, sinner.mac())].concat();
    let frame = message(sinner, v6(sinner.ipv6()), ALL_NODES, 136, &body);
    plain("spoofed NA", sinner, frame, &[Rule::N07])
}

fn advertisement(name: &'static str, sinner: Station) -> Sin {
    // Hop limit 64, no flags, a default router for 1800 s.
    let fixed = [64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    let body = [&fixed[..], &link_layer(1, sinner.mac())].concat();
    let frame = message(sinner, link_local(sinner), ALL_NODES, 134, &body);
    plain(name, sinner, frame, &[Rule::L09, Rule::N01])
}

pub(super) fn unasked_advertisement(sinner: Station) -> Sin {
    let part = Part { of: Incident::RaStorm, role: "responder", is_sure: false };
    Sin { part: Some(part), ..advertisement("RA", sinner) }
}

/// A router that answers solicitations, as routers do by default.
pub(super) fn answer(sinner: Station) -> Sin {
    let part = Part::sure(Incident::RaStorm, "responder");
    Sin { cue: Cue::Solicitation, part, ..advertisement("RA when asked", sinner) }
}

pub(super) fn solicitation(sinner: Station) -> Sin {
    let body = [&[0; 4], &link_layer(1, sinner.mac())[..]].concat();
    let frame = message(sinner, link_local(sinner), ALL_ROUTERS, 133, &body);
    let part = Part::sure(Incident::RaStorm, "trigger");
    Sin { part, ..plain("RS", sinner, frame, &[Rule::L09, Rule::N02]) }
}

/// Asks for one address after the other, each at its own group.
pub(super) fn sweep(sinner: Station) -> Sin {
    let ask = |number| {
        let target = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0xff, number);
        let [.., a, b, c] = target.octets();
        let last = u16::from_be_bytes([b, c]);
        // RFC 4291 §2.7.1: the solicited-node group has the last three bytes of the address.
        let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), last);
        let body = [&[0; 4], &target.octets()[..], &link_layer(1, sinner.mac())].concat();
        message(sinner, v6(sinner.ipv6()), group, 135, &body)
    };
    let sin = plain("NS sweep", sinner, Vec::new(), &[]);
    let (frames, rules) = ((0..SWEPT).map(ask).collect(), vec![(Rule::N11, Told::Some)]);
    Sin { frames, cue: SWEEP, rules, part: Part::sure(Incident::NsSweep, "source"), ..sin }
}
