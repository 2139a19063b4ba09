//! Sins by IP on the LAN itself, and traffic that nobody agreed to.

use std::net::Ipv4Addr;

use ixp_common::addr::Mac;
use ixp_common::rules::Rule;

use super::{gratuitous, plain};
use crate::sins::frame::{ethernet, ipv4, sum_up, udp, v4};
use crate::sins::{Cue, Incident, Part, Sin, Told};
use crate::station::Station;

/// Longer than the lab's agent waits for a word of BGP: 12 s.
const TRAFFIC: Cue = Cue::Rate { count: 240, rate: 20 };

/// A DHCPDISCOVER (RFC 2131 §2).
pub(super) fn dhcp(sinner: Station) -> Sin {
    let mut message = vec![1, 1, 6, 0, 0, 0, 0, sinner.number];
    message.resize(28, 0);
    message.extend(sinner.mac().0);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255]);
    // RFC 1542 §2.1: a message has 300 bytes.
    message.resize(300, 0);
    let packet = ipv4(Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST, 17, &udp(68, 67, &message));
    let frame = ethernet(Mac::BROADCAST, sinner.mac(), 0x0800, &packet);
    plain("DHCP", sinner, frame, &[Rule::L09, Rule::I01, Rule::I04])
}

/// A hello (RFC 2328 §A.3.2).
pub(super) fn ospf(sinner: Station) -> Sin {
    let [a, b, c, d] = v4(sinner.ipv4()).octets();
    let mut hello = vec![2, 1, 0, 44, a, b, c, d];
    hello.resize(24, 0);
    hello.extend([255, 255, 255, 0, 0, 10, 0x02, 1, 0, 0, 0, 40]);
    hello.resize(44, 0);
    // RFC 2328 §D.4.1: over all but the authentication, which is zero.
    sum_up(&mut hello, 12);
    let packet = ipv4(v4(sinner.ipv4()), Ipv4Addr::new(224, 0, 0, 5), 89, &hello);
    let frame = ethernet(Mac([0x01, 0, 0x5e, 0, 0, 5]), sinner.mac(), 0x0800, &packet);
    plain("OSPF", sinner, frame, &[Rule::L09, Rule::I02, Rule::I05])
}

/// Two that exchange packets and speak no BGP. Each says first where it is, and again between its packets, so that
/// the switch hands them to nobody else.
pub(super) fn without_bgp(one: Station, other: Station) -> [Sin; 2] {
    [(one, other), (other, one)].map(|(from, to)| {
        let packet = ipv4(v4(from.ipv4()), v4(to.ipv4()), 17, &udp(5001, 5001, &[0; 100]));
        let frame = ethernet(to.mac(), from.mac(), 0x0800, &packet);
        let frames = vec![gratuitous(from, v4(from.ipv4())), frame];
        let rules = vec![(Rule::I12, Told::Some)];
        let part = Part::sure(Incident::NoBgp, "source");
        Sin { frames, cue: TRAFFIC, rules, part, ..plain("no BGP", from, Vec::new(), &[]) }
    })
}
