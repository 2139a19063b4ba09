//! Any bytes as a frame under `enforce`: judged without a panic, transit between registered stations is never
//! dropped, and of what takes the short way no rule has anything to say.
#![no_main]

use std::cell::RefCell;

use ixp_agent::members;
use ixp_agent::policy::memory::HostMemory;
use ixp_agent::policy::{Policy, Ports, build};
use ixp_common::addr::Mac;
use ixp_common::bytes::Captured;
use ixp_common::counters::Outcome;
use ixp_common::frame::{Link, Malformed, Oddity};
use ixp_common::observe::{Broken, Sink, count, hold, observe};
use ixp_common::policy::{Action, Deployment, PortPolicy};
use ixp_common::rules::{Kind, Place};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const MEMBERS: &str = include_str!("../../tests/data/rules/members.toml");
const PORT: PortPolicy =
    PortPolicy::new(1, Deployment::Inline, Mac([0x02, 0, 0x5e, 0, 0, 0x99]), false, 0).enforcing();

thread_local! {
    static MEMORY: RefCell<HostMemory> = RefCell::new(memory());
}

fn memory() -> HostMemory {
    let (registry, _) = members::parse("members.toml", MEMBERS, &members::VlanTags::default())
        .expect("the corpora's members are sound");
    let policy = Policy::default();
    let tables = build(&policy, &registry, &Ports::default(), Timestamp::UNIX_EPOCH, 1)
        .expect("the corpora's members fit");
    HostMemory::new(tables.table, tables.owners)
}

/// What the rules found of one frame.
#[derive(Default)]
struct Findings {
    pairs: u32,
    broken: u32,
    dropping: u32,
}

impl Sink<Captured<'_>> for Findings {
    fn seen(&mut self, _bytes: u32) {}
    fn pair(&mut self, _link: &Link, _place: Place, _bytes: u32) {
        self.pairs += 1;
    }
    fn malformed(&mut self, _reason: Malformed, _bytes: u32) {}
    fn unattributed(&mut self, _bytes: u32) {}
    fn odd(&mut self, _oddity: Oddity, _bytes: u32) {}
    fn broken(&mut self, _broken: &Broken) -> bool {
        self.broken += 1;
        true
    }
    fn tell(&mut self, _frame: &Captured<'_>, _broken: &Broken) {}
    fn dropping(&mut self, _outcome: Outcome, _bytes: u32) {
        self.dropping += 1;
    }
    fn consumed(&mut self, _bytes: u32) {}
    fn is_chosen(&mut self, _rate: u32) -> bool {
        true
    }
    fn sample(&mut self, _frame: &Captured<'_>, _rate: u32) {}
}

fuzz_target!(|bytes: &[u8]| {
    MEMORY.with_borrow(|memory| {
        let frame = Captured::whole(bytes);
        let mut found = Findings::default();
        let action = observe(&frame, &PORT, Some(memory), &mut found);
        assert_eq!(u32::from(action == Action::Drop), found.dropping);
        assert!(found.dropping <= found.broken);
        if is_sacred(bytes) {
            assert_ne!(action, Action::Drop, "transit is dropped");
        }
        let before = found.pairs;
        let counted = count(&frame, &PORT, Some(memory), &mut found);
        if found.pairs > before && counted.held.is_none() {
            assert_eq!(found.broken, 0, "transit breaks rules");
            let link = &counted.link;
            assert!(!hold(&frame, link, Kind::of(link.ethertype), &PORT, memory, &mut found));
            assert_eq!(found.broken, 0, "the short way passes by a rule");
        }
    });
});

/// Whether a frame is transit between members by the words of the ground rules, read without the parser: from a
/// member's MAC to another's, on one of their LANs, for an address that is neither the LAN's nor the link's nor many's.
fn is_sacred(bytes: &[u8]) -> bool {
    let is_member = |mac: &[u8]| matches!(mac, [2, 0, 0, 0, 0, 1..=4]);
    let Some((macs, rest)) = bytes.split_at_checked(12) else { return false };
    if !is_member(&macs[..6]) || !is_member(&macs[6..]) {
        return false;
    }
    let (lan, packet) = match rest {
        [0x81, 0x00, tci, 100, packet @ ..] if tci & 0x0f == 0 => (2, packet),
        packet => (1, packet),
    };
    match packet {
        [0x08, 0x00, header @ ..] => header.get(16..20).is_some_and(|to| {
            let is_lans =
                if lan == 1 { to.starts_with(&[192, 0, 2]) } else { to.starts_with(&[198, 51, 100]) };
            to[0] < 224 && !to.starts_with(&[169, 254]) && !is_lans
        }),
        [0x86, 0xdd, header @ ..] => header.get(24..40).is_some_and(|to| {
            let is_near = to[0] == 0xfe && to[1] & 0xc0 == 0x80;
            to[0] != 0xff && !is_near && !to.starts_with(&[0x20, 1, 0x0d, 0xb8, 0, lan, 0, 0])
        }),
        _ => false,
    }
}
