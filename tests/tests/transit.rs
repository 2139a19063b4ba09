//! Packets of chance from and to elsewhere, between registered stations, are never dropped, and take the
//! short way through: no rule has anything to say of them.

use ixp_agent::policy::memory::HostMemory;
use ixp_common::bytes::Captured;
use ixp_common::frame;
use ixp_common::memory::Memory as _;
use ixp_common::observe::observe;
use ixp_common::policy::{Action, Deployment, PortPolicy};
use ixp_common::rules::{Kind, Scene, is_transit};
use ixp_tests::rules::{memory, tables};
use ixp_tests::sampler::policy;
use ixp_tests::tally::Tally;

/// Numbers that look like chance and are the same each time (Marsaglia's xorshift64).
struct Chance(u64);

impl Chance {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()[3]
        })
    }
}

/// A packet of chance between two registered stations, from and to elsewhere: any protocol, any options,
/// any fragment, any ports, any payload.
fn transit(chance: &mut Chance, frame: &mut [u8; 94]) {
    frame[..12].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
    let body: [u8; 80] = chance.bytes();
    frame[14..].copy_from_slice(&body);
    if body[0] & 1 == 0 {
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45 + body[1] % 6;
        frame[16..18].copy_from_slice(&[0, 40 + body[2] % 41]);
        // 11.0.0.0/8 is neither a bogon nor on the LAN.
        (frame[26], frame[30]) = (11, 11);
    } else {
        const NEXT: [u8; 8] = [0, 43, 44, 60, 58, 6, 17, 89];
        frame[12..14].copy_from_slice(&[0x86, 0xdd]);
        frame[14] = 0x60 | body[1] & 0x0f;
        frame[18..20].copy_from_slice(&[0, body[2] % 41]);
        frame[20] = if body[3] & 1 == 0 { NEXT[usize::from(body[3] >> 1 & 7)] } else { body[4] };
        (frame[22], frame[38]) = (0x26, 0x26);
    }
}

#[test]
fn two_million_transit_packets_of_chance_all_pass() {
    let memory = memory(&tables().expect("the tables are built"));
    let policy = policy(Deployment::Inline, false, 0).enforcing();
    let (mut chance, mut frame) = (Chance(0x2545_f491_4f6c_dd1d), [0; 94]);
    let mut tally = Tally::default();
    let mut short = 0u64;
    for _ in 0..2_000_000 {
        transit(&mut chance, &mut frame);
        let captured = Captured::whole(&frame);
        let action = observe(&captured, &policy, Some(&memory), &mut tally);
        assert_eq!(action, Action::Pass, "{frame:02x?}");
        short += u64::from(takes_the_short_way(&captured, &policy, &memory));
    }
    let sound: u64 = tally.pairs.values().map(|counts| counts.packets).sum();
    assert!(sound > 1_500_000, "only {sound} could be parsed");
    assert!(short * 10 > sound * 9, "{short} of {sound} took the short way");
    assert!(tally.rules.is_empty(), "{:?}", tally.rules);
}

/// Whether a frame that can be parsed is transit of which no rule is asked.
fn takes_the_short_way(captured: &Captured<'_>, policy: &PortPolicy, memory: &HostMemory) -> bool {
    let Ok(link) = frame::link(captured) else { return false };
    let is_sound = frame::network(captured, &link).is_ok();
    let scene = Scene::of(&link, memory.table());
    is_sound && is_transit(captured, &link, &scene, Kind::of(link.ethertype), policy, memory)
}
