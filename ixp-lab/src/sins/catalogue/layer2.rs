//! Sins below IP: what belongs to one link, and addresses that are not the sender's.

use ixp_common::addr::Mac;
use ixp_common::rules::Rule;

use super::{ELSEWHERE, forged, gratuitous, plain, to_nobody};
use crate::sins::frame::{ethernet, llc, sum_up, v4};
use crate::sins::{Cue, Incident, Part, Sin, Source, Told};
use crate::station::Station;

/// Forged addresses, and how many of them a second: 4 s.
const FORGED: u16 = 10_000;
const FORGED_PER_SECOND: u32 = 2500;

/// A configuration BPDU of a root bridge (IEEE 802.1D §9.3.1).
pub(super) fn spanning_tree(sinner: Station) -> Sin {
    let bridge = [&[0x80, 0], &sinner.mac().0[..]].concat();
    let times = [0, 0, 20, 0, 2, 0, 15, 0];
    let bpdu =
        [&[0x42, 0x42, 0x03, 0, 0, 0, 0, 0][..], &bridge, &[0; 4], &bridge, &[0x80, 1], &times].concat();
    let frame = llc(Mac([0x01, 0x80, 0xc2, 0, 0, 0]), sinner.mac(), &bpdu);
    plain("STP", sinner, frame, &[Rule::L02, Rule::L09, Rule::L10, Rule::L11])
}

/// A LACPDU (IEEE 802.1AX §6.4.2): actor, partner and collector information.
pub(super) fn lacp(sinner: Station) -> Sin {
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
pub(super) fn lldp(sinner: Station) -> Sin {
    let units =
        [&[0x02, 7, 4][..], &sinner.mac().0, &[0x04, 5, 5], b"xe-0", &[0x06, 2, 0, 120, 0, 0]].concat();
    let frame = ethernet(Mac([0x01, 0x80, 0xc2, 0, 0, 0x0e]), sinner.mac(), 0x88cc, &units);
    plain("LLDP", sinner, frame, &[Rule::L01, Rule::L09, Rule::L10, Rule::L12])
}

/// Version 2, 180 s, a device's name.
pub(super) fn cdp(sinner: Station) -> Sin {
    let snap = [0xaa, 0xaa, 0x03, 0, 0, 0x0c, 0x20, 0x00];
    let mut packet = [&[2, 180, 0, 0, 0, 1, 0, 10], &b"router"[..]].concat();
    sum_up(&mut packet, 2);
    let packet = [&snap[..], &packet].concat();
    let frame = llc(Mac([0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc]), sinner.mac(), &packet);
    plain("CDP", sinner, frame, &[Rule::L02, Rule::L09, Rule::L13])
}

pub(super) fn flood(sinner: Station) -> Sin {
    let frames = (0..FORGED).map(|number| to_nobody(forged(number), ELSEWHERE[0])).collect();
    let cue = Cue::Rate { count: u32::from(FORGED), rate: FORGED_PER_SECOND };
    Sin {
        source: Source::Forged,
        frames,
        cue,
        ..plain("MAC flood", sinner, Vec::new(), &[Rule::L06, Rule::L07])
    }
}

/// A thief of an address and its owner, who does no sin: what it says meanwhile must pass.
pub(super) fn theft(thief: Station, robbed: Station) -> [Sin; 2] {
    let frame = to_nobody(robbed.mac(), v4(robbed.ipv4()));
    let rules = vec![(Rule::L06, Told::Each), (Rule::L08, Told::Some)];
    let part = Part::sure(Incident::MacMove, "source");
    let theft = Sin { source: Source::Stolen(robbed), rules, part, ..plain("MAC move", thief, frame, &[]) };
    [theft, plain("(robbed of MAC)", robbed, gratuitous(robbed, v4(robbed.ipv4())), &[])]
}
