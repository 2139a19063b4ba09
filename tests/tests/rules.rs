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
