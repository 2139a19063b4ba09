//! The rules say of each frame of the corpora what the corpora expect, on the host and in the kernel.

use ixp_common::bytes::Captured;
use ixp_common::observe::observe;
use ixp_common::policy::{Action, Deployment};
use ixp_tests::corpus::{self, Case};
use ixp_tests::kernel::SHORTEST;
use ixp_tests::rules::{judged, memory, tables};
use ixp_tests::sampler::{AMPLE, SLOT, Sampler, policy};
use ixp_tests::tally::Tally;

/// Holds each frame of a corpus against what it is expected to break.
fn check(cases: &[Case], at_least: usize) {
    assert!(cases.len() >= at_least, "{} frames", cases.len());
    let memory = memory(&tables().expect("the tables are built"));
    let policy = policy(Deployment::Inline, false, 0).enforcing();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let (found, _) = judged(&case.bytes, &policy, &memory);
            let agrees = case.expected.agrees(&found);
            (!agrees).then(|| format!("{}: expected {}, found {found:?}", case.name, case.expected))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} frames\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn each_sinner_breaks_its_rules_and_no_others() {
    check(&corpus::sinners().expect("the corpus is there"), 1000);
}

#[test]
fn each_frame_by_hand_breaks_its_rules_and_no_others() {
    check(&corpus::by_hand().expect("the corpus is there"), 40);
}

#[test]
fn transit_breaks_nothing_that_drops() {
    let cases = corpus::transit().expect("the corpus is there");
    check(&cases, 200);
    let memory = memory(&tables().expect("the tables are built"));
    let policy = policy(Deployment::Inline, false, 0).enforcing();
    for case in cases {
        let (_, action) = judged(&case.bytes, &policy, &memory);
        assert_eq!(action, Action::Pass, "{}", case.name);
    }
}

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
    for _ in 0..2_000_000 {
        transit(&mut chance, &mut frame);
        let action = observe(&Captured::whole(&frame), &policy, Some(&memory), &mut tally);
        assert_eq!(action, Action::Pass, "{frame:02x?}");
    }
    let sound: u64 = tally.pairs.values().map(|counts| counts.packets).sum();
    assert!(sound > 1_500_000, "only {sound} could be parsed");
}

#[test]
fn the_kernel_says_of_each_frame_what_the_host_says() {
    let tables = tables().expect("the tables are built");
    let mut sampler = Sampler::load(AMPLE).expect("the program loads");
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    let policy = policy(Deployment::Inline, false, 0).enforcing();
    sampler.set(policy).expect("it takes its settings");
    let corpora = [corpus::sinners(), corpus::transit(), corpus::by_hand()];
    let cases = corpora.into_iter().flat_map(|cases| cases.expect("the corpus is there"));
    let cases: Vec<Case> = cases.filter(|case| case.bytes.len() >= SHORTEST).collect();
    let memory = memory(&tables);
    let mut before = sampler.snapshot().expect("counters are read");
    let mut dropped = 0;
    for case in &cases {
        let mut host = Tally::default();
        let expected = observe(&Captured::whole(&case.bytes), &policy, Some(&memory), &mut host);
        let action = sampler.run(&case.bytes, 1).expect("it runs").action;
        assert_eq!(action == Action::Pass, expected == Action::Pass, "{}", case.name);
        let after = sampler.snapshot().expect("counters are read");
        assert_eq!(Tally::between(&before, &after, SLOT), host, "{}", case.name);
        before = after;
        dropped += usize::from(expected == Action::Drop);
    }
    assert!(dropped > 500, "{dropped} of {} frames were dropped", cases.len());
}
