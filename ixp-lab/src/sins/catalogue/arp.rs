//! Sins by ARP (RFC 826).

use std::net::Ipv4Addr;

use ixp_common::addr::Mac;
use ixp_common::rules::Rule;

use super::{CONTESTED, UNASSIGNED, gratuitous, plain};
use crate::sins::frame::{Operation, arp, ethernet, v4};
use crate::sins::{Cue, Incident, Part, Sin, Told};
use crate::station::Station;

/// A storm that the members' links and CPUs bear: 3 s.
const STORM: Cue = Cue::Rate { count: 6000, rate: 2000 };

/// The last bytes of addresses that no member has, and that nobody else here asks for.
const SWEPT: std::ops::RangeInclusive<u8> = 230..=249;

pub(super) fn proxy(sinner: Station) -> Sin {
    let asked = Station { number: 1 };
    let packet = arp(Operation::Reply, (sinner.mac(), UNASSIGNED), (asked.mac(), v4(asked.ipv4())));
    let frame = ethernet(asked.mac(), sinner.mac(), 0x0806, &packet);
    plain("proxy ARP", sinner, frame, &[Rule::A05, Rule::A06])
}

pub(super) fn storm(sinner: Station) -> Sin {
    let rules = vec![(Rule::L22, Told::Some), (Rule::A10, Told::Some)];
    let frame = gratuitous(sinner, v4(sinner.ipv4()));
    Sin { cue: STORM, rules, ..plain("broadcast storm", sinner, frame, &[]) }
}

/// Asks for one address after the other, below the rate of ARP.
pub(super) fn sweep(sinner: Station) -> Sin {
    let own = (sinner.mac(), v4(sinner.ipv4()));
    let request = |last| {
        let target = (Mac([0; 6]), Ipv4Addr::new(192, 0, 2, last));
        let packet = arp(Operation::Request, own, target);
        ethernet(Mac::BROADCAST, sinner.mac(), 0x0806, &packet)
    };
    let sin = plain("ARP sweep", sinner, Vec::new(), &[Rule::A11]);
    Sin { frames: SWEPT.map(request).collect(), part: Part::sure(Incident::ArpSweep, "source"), ..sin }
}

/// Two that say of one address that it is theirs.
pub(super) fn contest(one: Station, other: Station) -> [Sin; 2] {
    [one, other].map(|sinner| {
        let mut sin = plain("duplicate IP", sinner, gratuitous(sinner, CONTESTED), &[Rule::A05]);
        sin.rules.push((Rule::A09, Told::Some));
        Sin { part: Part::sure(Incident::Duplicate, "claimant"), ..sin }
    })
}
