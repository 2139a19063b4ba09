//! Captures in; what the running agent counts of their frames on a wire, and what `replay` counts of the files,
//! out: the same cells, and the same rules of the same stations.
//!
//! Left out are the rules that no single frame decides in the kernel: A09 and I12, which the agent puts together
//! from claims and sessions as they are at the moment (`Needs::Agent`). L06 and L08 need the port that a frame came
//! in by, which a capture has not: without a `port` in `[[attach]]` they are decided by neither. A10, N11, L21 and
//! L22 go by time: they are held with bursts that no corpus uses up, and then with bursts that are used up, where
//! live and replay may differ by the tokens of the time that went by, and by no more.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ixp_common::rules::{Needs, Rule};
use ixp_lab::clock;
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site, word};
use ixp_tests::agent::{Agent, command, number, pcap};
use ixp_tests::corpus::{self, Case};
use ixp_tests::feed::Feed;
use ixp_tests::kernel::SHORTEST;
use serde_json::Value;

/// The classes of `[policy.limits]`.
const CLASSES: [&str; 6] = ["arp", "nd", "broadcast", "multicast", "unknown_unicast", "rule"];

/// `[policy]` with one rate and burst for all that has one.
fn policy(profile: &str, burst: u32) -> String {
    let limits = CLASSES.map(|class| format!("{class} = {{ rate = 1, burst = {burst} }}\n"));
    format!("[policy]\nprofile = \"{profile}\"\n[policy.limits]\n{}", limits.concat())
}

/// A place for an agent on a LAN with larger frames than its corpora have, and its policy and members.
fn site(policy: &str) -> Site {
    let site = Site::enter().expect("a place for an agent");
    for interface in [FABRIC, SAMPLER] {
        site.namespace.ip(&["link", "set", interface, "mtu", "9200"]).expect("a veth takes it");
    }
    let members = std::fs::read(corpus::path("members.toml")).expect("the members are there");
    site.write("members.toml", members).expect("it is written");
    site.write("policy.toml", policy).expect("it is written");
    site
}

/// An agent between members.
fn inline(site: &Site, policy: &str, xdp: &str) -> Agent {
    let attach = format!("[[attach]]\ninterface = {SAMPLER:?}\ndeployment = \"inline\"\nxdp = {xdp:?}\n");
    let config = format!("{policy}[members]\nfile = \"members.toml\"\n{attach}");
    site.agent(&config).expect("the agent starts")
}

/// What the agent counts of frames that come one by one.
fn live(agent: &Agent, frames: &[&[u8]]) -> Value {
    let mut feed = Feed::open(FABRIC, SAMPLER).expect("the other end is there");
    frames.iter().for_each(|frame| feed.send(frame).expect("it is sent"));
    feed.flush().expect("all are received");
    agent.settled(feed.sent()).expect("all are counted");
    agent.json("/api/v1/matrix?by=mac").expect("a matrix")
}

/// What `replay` counts of a capture.
fn replayed(site: &Site, capture: Vec<u8>) -> Value {
    let file = site.write("lan.pcap", capture).expect("it is written");
    let (members, policy) = (site.path("members.toml"), site.path("policy.toml"));
    let files = ["--members", word(&members), "--policy", word(&policy), word(&file)];
    let ended = command::run(&[&["replay", "--format", "json"], &files[..]].concat()).expect("it ends");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    serde_json::from_str(&ended.out).expect("JSON")
}

/// The rows of rules by rule, VLAN and address, but of those that the agent decides.
fn rules(matrix: &Value) -> BTreeMap<(Rule, u64, String), Value> {
    let rows = matrix["rules"].as_array().expect("rows").iter().map(|row| {
        let rule: Rule = row["rule"].as_str().expect("a name").parse().expect("a rule");
        let mac = row["mac"].as_str().expect("a table with room").to_owned();
        ((rule, number(&row["vlan"]).expect("a VLAN"), mac), row.clone())
    });
    rows.filter(|((rule, ..), _)| rule.needs() != Needs::Agent).collect()
}

/// All frames of the corpora that fit on a wire.
fn corpora() -> Vec<Case> {
    let corpora = [corpus::sinners(), corpus::transit(), corpus::by_hand()];
    let cases: Vec<Case> =
        corpora.into_iter().flat_map(|cases| cases.expect("the corpus is there")).collect();
    let all = cases.len();
    let fit: Vec<Case> = cases.into_iter().filter(|case| case.bytes.len() >= SHORTEST).collect();
    // No Ethernet header is whole in the one that is left out, and no interface takes it.
    assert!(fit.len() > 2000 && all - fit.len() == 1, "{} of {all} frames", fit.len());
    fit
}

/// Holds live against replay over all corpora.
fn check(profile: &str, xdp: &str) {
    let policy = policy(profile, 100_000);
    let site = site(&policy);
    let cases = corpora();
    let frames: Vec<&[u8]> = cases.iter().map(|case| case.bytes.as_slice()).collect();
    let agent = inline(&site, &policy, xdp);
    let live = live(&agent, &frames);
    let replayed = replayed(&site, pcap::pcap(pcap::ETHERNET, frames));
    for part in ["frames", "cells"] {
        assert_eq!(live[part], replayed[part], "{part}");
    }
    let (found, expected) = (rules(&live), rules(&replayed));
    assert_eq!(found, expected);
    let broken: BTreeSet<Rule> = expected.keys().map(|(rule, ..)| *rule).collect();
    let decided: BTreeSet<Rule> = Rule::ALL.into_iter().filter(|rule| is_decided_by_a_frame(*rule)).collect();
    assert_eq!(broken, decided, "each rule that a frame decides is broken by one, and no other");
    let column = |name: &str| expected.values().map(|row| number(&row[name]).expect("a number")).sum::<u64>();
    let (dropped, would_drop) = (column("dropped"), column("would_drop"));
    assert_eq!((dropped > 1000, would_drop > 1000), (profile == "enforce", profile == "monitor"));
    assert_eq!(dropped.min(would_drop), 0);
}

/// Whether one frame decides a rule, without its port, what came before it, or the agent.
fn is_decided_by_a_frame(rule: Rule) -> bool {
    match rule.needs() {
        Needs::Frame | Needs::Lan | Needs::Bindings => true,
        Needs::Ports | Needs::Rate | Needs::Agent | Needs::Responder => false,
    }
}

#[test]
fn replay_says_of_the_corpora_what_the_kernel_said_in_monitor() {
    check("monitor", "native");
}

#[test]
fn replay_says_of_the_corpora_what_the_kernel_said_in_enforce() {
    check("enforce", "native");
}

#[test]
fn replay_says_of_the_corpora_what_a_generic_program_said() {
    check("enforce", "generic");
}

/// A frame of the corpora.
fn named<'c>(cases: &'c [Case], name: &str) -> &'c [u8] {
    &cases.iter().find(|case| case.name == name).expect("it is in the corpus").bytes
}

#[test]
fn rules_that_go_by_time_differ_by_the_tokens_of_the_time_that_passed() {
    const BURST: u32 = 30;
    const EACH: usize = 200;
    let policy = policy("enforce", BURST);
    let site = site(&policy);
    let cases = corpora();
    let to = |name, last| [&[2, 0, 0, 0, 0, last], &named(&cases, name)[6..]].concat();
    let (request, astray) = (to("arp-target-mac-filled", 2), to("allowed-ipv4", 0x99));
    let kinds = [&request, named(&cases, "ns"), &astray];
    let frames: Vec<&[u8]> = (0..EACH).flat_map(|_| kinds).collect();
    let agent = inline(&site, &policy, "native");
    let start = clock::now();
    let live = live(&agent, &frames);
    let tokens = tokens(start.elapsed());
    let replayed = replayed(&site, pcap::pcap_at_once(pcap::ETHERNET, frames));
    let (live, replayed) = (rules(&live), rules(&replayed));
    assert!(live.keys().eq(replayed.keys()), "{live:?}\n{replayed:?}");
    let timed: BTreeSet<Rule> = replayed.keys().map(|(rule, ..)| *rule).collect();
    assert!(
        [Rule::A10, Rule::L21, Rule::L22, Rule::N11].iter().all(|rule| timed.contains(rule)),
        "{timed:?}"
    );
    for (key, row) in &replayed {
        let column = |row: &Value, name: &str| number(&row[name]).expect("a number");
        let (found, expected) = (column(&live[key], "packets"), column(row, "packets"));
        let least = if key.0.needs() == Needs::Rate { expected.saturating_sub(tokens) } else { expected };
        assert!((least..=expected).contains(&found), "{key:?}: {found} of {expected}, {tokens} tokens");
        if key.0.needs() == Needs::Rate {
            assert_eq!(expected, EACH as u64 - u64::from(BURST), "{key:?}");
            assert_eq!(column(&live[key], "dropped"), found, "{key:?}");
        }
    }
}

/// The tokens that a bucket with a rate of 1 gets in this time, at most.
fn tokens(time: Duration) -> u64 {
    time.as_secs() + 1
}
