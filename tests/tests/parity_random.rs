//! Frames of chance with the structure of real ones: the kernel reads and counts them as the host does.

use ixp_agent::kernel::load::Capacity;
use ixp_common::bytes::Captured;
use ixp_common::digest::Digest;
use ixp_common::observe::observe;
use ixp_common::policy::{Action, Deployment};
use ixp_tests::digests::Digests;
use ixp_tests::frames::{ipv4, tagged};
use ixp_tests::kernel::SHORTEST;
use ixp_tests::rules::{memory, tables};
use ixp_tests::sampler::{SLOT, Sampler, policy};
use ixp_tests::tally::Tally;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const CASES: u32 = 400;
const PAIRS: u32 = 4096;

/// Runs `claim` over frames of chance; the same ones each time.
fn check(claim: impl Fn(&[u8]) -> Result<(), TestCaseError>) {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let chance = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, chance);
    let result = runner.run(&frame(), |bytes| claim(&bytes));
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Tags, an EtherType and a payload that mostly fits it; sometimes cut.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let tpid = prop_oneof![Just(0x8100u16), Just(0x88a8), Just(0x9100)];
    let tags = vec((tpid, any::<u16>()), 0..4);
    let network = prop_oneof![
        packet().prop_map(|payload| (0x0800u16, payload)),
        ipv6().prop_map(|payload| (0x86dd, payload)),
        arp().prop_map(|payload| (0x0806, payload)),
        llc(),
        (any::<u16>(), vec(any::<u8>(), 0..100)),
    ];
    (tags, network, prop_oneof![3 => Just(usize::MAX), 1 => SHORTEST..120usize], any::<[u8; 12]>()).prop_map(
        |(tags, (ethertype, payload), len, addresses)| {
            let mut bytes = tagged(&tags, ethertype, &payload);
            bytes[..12].copy_from_slice(&addresses);
            bytes.truncate(len);
            bytes
        },
    )
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    let options = (0usize..=10).prop_map(|words| vec![1; words * 4]);
    let protocol = prop_oneof![Just(1u8), Just(6), Just(17), Just(132), any::<u8>()];
    let lie = || prop_oneof![4 => Just(None), 1 => any::<u16>().prop_map(Some)];
    let fragment = prop_oneof![3 => Just(0u16), 1 => any::<u16>()];
    (options, protocol, lie(), fragment, vec(any::<u8>(), 0..80)).prop_map(
        |(options, protocol, total, fragment, body)| {
            ipv4::Packet { options, protocol, total, fragment, body, ..ipv4::Packet::default() }.bytes()
        },
    )
}

fn ipv6() -> impl Strategy<Value = Vec<u8>> {
    let kind =
        || prop_oneof![Just(0u8), Just(43), Just(44), Just(51), Just(60), Just(135), Just(139), Just(140)];
    let last = prop_oneof![Just(6u8), Just(17), Just(58), Just(59), any::<u8>()];
    let header = (kind(), 0u8..4, any::<[u8; 30]>());
    let lie = prop_oneof![4 => Just(None), 1 => any::<u16>().prop_map(Some)];
    (vec(header, 0..11), last, lie, vec(any::<u8>(), 0..40), any::<[u8; 32]>()).prop_map(
        |(headers, last, lie, body, addresses)| {
            let kinds = headers.iter().map(|(kind, ..)| *kind).chain([last]);
            let mut payload = Vec::new();
            for ((kind, units, filling), next) in headers.iter().zip(kinds.clone().skip(1)) {
                let (length, len) = match kind {
                    44 => (0, 8),
                    51 => (units + 1, (usize::from(*units) + 3) * 4),
                    _ => (*units, (usize::from(*units) + 1) * 8),
                };
                payload.extend([next, length]);
                payload.extend(&filling[..len - 2]);
            }
            payload.extend(body);
            let length = lie.unwrap_or(u16::try_from(payload.len()).expect("short"));
            let first = kinds.clone().next().expect("the last is there");
            let mut packet = vec![0x60, 0, 0, 0];
            packet.extend(length.to_be_bytes());
            packet.extend([first, 255]);
            packet.extend(addresses);
            packet.extend(payload);
            packet
        },
    )
}

fn arp() -> impl Strategy<Value = Vec<u8>> {
    let lengths = prop_oneof![4 => Just([6u8, 4]), 1 => any::<[u8; 2]>()];
    (lengths, any::<u16>(), vec(any::<u8>(), 0..60)).prop_map(|([hardware, protocol], operation, body)| {
        let mut packet = vec![0, 1, 8, 0, hardware, protocol];
        packet.extend(operation.to_be_bytes());
        packet.extend(body);
        packet
    })
}

fn llc() -> impl Strategy<Value = (u16, Vec<u8>)> {
    let start = prop_oneof![Just([0xaau8, 0xaa, 3]), Just([0x42, 0x42, 3]), any::<[u8; 3]>()];
    (0u16..0x0600, start, vec(any::<u8>(), 0..60)).prop_map(|(length, start, rest)| {
        let payload = [start.as_slice(), &rest].concat();
        let fits = u16::try_from(payload.len()).expect("short");
        (if length % 3 == 0 { length } else { fits }, payload)
    })
}

#[test]
fn any_structured_frame_is_read_in_the_kernel_as_on_the_host() {
    let digests = std::cell::RefCell::new(Digests::load().expect("the probe loads"));
    check(|bytes| {
        let kernel = digests.borrow_mut().of(bytes).expect("it runs");
        prop_assert_eq!(kernel, Digest::of(&Captured::whole(bytes)));
        Ok(())
    });
}

#[test]
fn any_list_of_structured_frames_is_counted_in_the_kernel_as_on_the_host() {
    let capacity = Capacity { pairs: PAIRS, stations: PAIRS };
    let mut sampler = Sampler::load(capacity).expect("the program loads");
    let policy = policy(Deployment::Inline, true, 0).enforcing();
    let tables = tables().expect("the tables are built");
    let memory = memory(&tables);
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    sampler.set(policy).expect("it takes its settings");
    let before = sampler.snapshot().expect("counters are read");
    let host = std::cell::RefCell::new(Tally::default());
    check(|bytes| {
        let expected = observe(&Captured::whole(bytes), &policy, Some(&memory), &mut *host.borrow_mut());
        let action = sampler.run(bytes, 1).expect("it runs").action;
        prop_assert_eq!(action == Action::Pass, expected == Action::Pass);
        Ok(())
    });
    let after = sampler.snapshot().expect("counters are read");
    assert_eq!(Tally::between(&before, &after, SLOT), host.into_inner());
}
