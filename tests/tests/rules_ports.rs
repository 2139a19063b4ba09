//! Frames by the ports that they come in by in; who is at a port that is not theirs (L06), and who moved (L08), out:
//! on the host and in the kernel, bare, padded and behind tags.

use std::collections::BTreeSet;

use ixp_agent::members::{VlanTags, parse};
use ixp_agent::policy::memory::HostMemory;
use ixp_agent::policy::{Policy, Ports, Tables, build};
use ixp_common::policy::{Action, Deployment, PortPolicy};
use ixp_common::rules::Rule;
use ixp_tests::corpus::{self, Case};
use ixp_tests::rules::{judged, memory};
use ixp_tests::sampler::{AMPLE, Sampler, policy};
use jiff::Timestamp;

/// The station of all frames here.
const FIRST: &str = "macs = [\"02:00:00:00:00:01\"]";
/// A unicast and a broadcast frame of it in each form; the second tag breaks L04, and nothing else does.
const FRAMES: [&str; 7] = [
    "ns",
    "ns-padded",
    "ns-vlan",
    "ns-qinq",
    "ns-behind-hop-by-hop",
    "allowed-ipv4",
    "ethertype-macsec-padded",
];

/// The corpora's members, the first of them wired to a port, and frames of it.
fn site(port: &str) -> (Tables, Vec<Case>) {
    let text = std::fs::read_to_string(corpus::path("members.toml")).expect("the members are there");
    let text = text.replace(FIRST, &format!("{FIRST}\nport = {port:?}"));
    let (registry, _) = parse("members.toml", &text, &VlanTags::new()).expect("a good file");
    let attached = [(Deployment::Inline, Some("sw1:1")), (Deployment::Inline, Some("sw1:2"))];
    let ports = Ports::new(attached).expect("few");
    let policy = Policy::default();
    let tables = build(&policy, &registry, &ports, Timestamp::UNIX_EPOCH, 1).expect("they fit");
    let cases = corpus::sinners().expect("the corpus is there");
    let frames = FRAMES.map(|name| cases.iter().find(|case| case.name == name).expect(name).clone());
    (tables, frames.into())
}

/// The port of this number, from 1 on.
fn at(port: u16) -> PortPolicy {
    policy(Deployment::Inline, false, 0).enforcing().facing(port)
}

/// Which of L06 and L08 a frame breaks.
fn broken(frame: &[u8], port: u16, memory: &HostMemory) -> BTreeSet<String> {
    let mut broken = judged(frame, &at(port), memory).0;
    broken.retain(|rule| [Rule::L06.name(), Rule::L08.name()].contains(&rule.as_str()));
    broken
}

/// What each frame breaks that comes in by a port, on the host; whether the kernel drops it as the host does.
fn check(port: &str, by: u16, expected: &[&str]) {
    let (tables, frames) = site(port);
    let mut sampler = Sampler::load(AMPLE).expect("the program loads");
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    sampler.set(at(by)).expect("it takes its settings");
    let memory = memory(&tables);
    let expected: BTreeSet<String> = expected.iter().map(|rule| (*rule).to_owned()).collect();
    for case in &frames {
        assert_eq!(broken(&case.bytes, by, &memory), expected, "{}", case.name);
        let host = judged(&case.bytes, &at(by), &memory).1;
        let kernel = sampler.run(&case.bytes, 1).expect("it runs").action;
        assert_eq!(kernel == Action::Pass, host == Action::Pass, "{}", case.name);
    }
    let snapshot = sampler.snapshot().expect("counters are read");
    let counted = |rule| {
        let mine = snapshot.rules.iter().filter(|(key, _)| key.rule() == Some(rule));
        mine.map(|(_, counts)| counts.broken.packets).sum::<u64>()
    };
    for rule in [Rule::L06, Rule::L08] {
        let wanted = if expected.contains(rule.name()) { frames.len() as u64 } else { 0 };
        assert_eq!(counted(rule), wanted, "{rule}");
    }
}

#[test]
fn a_station_at_anothers_port_breaks_l06() {
    check("sw1:1", 2, &["L06"]);
}

#[test]
fn a_station_at_its_own_port_breaks_nothing() {
    check("sw1:2", 2, &[]);
}

#[test]
fn a_station_that_moves_breaks_l08_with_its_first_frame() {
    let (tables, frames) = site("sw9:9");
    for case in &frames {
        let memory = memory(&tables);
        let moved = [1, 1, 2, 2, 1].map(|port| broken(&case.bytes, port, &memory).contains("L08"));
        assert_eq!(moved, [false, false, true, false, true], "{}", case.name);
    }
    let mut sampler = Sampler::load(AMPLE).expect("the program loads");
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    for port in [1, 1, 2, 2, 1] {
        sampler.set(at(port)).expect("it takes its settings");
        sampler.run(&frames[0].bytes, 1).expect("it runs");
    }
    let snapshot = sampler.snapshot().expect("counters are read");
    let moves = snapshot.rules.iter().filter(|(key, _)| key.rule() == Some(Rule::L08));
    assert_eq!(moves.map(|(_, counts)| counts.broken.packets).sum::<u64>(), 2);
}
