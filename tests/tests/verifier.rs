//! Every program loads into the running kernel, at no more work for its verifier than was agreed.

use std::collections::BTreeMap;
use std::env;
use std::fs;

use aya::programs::Xdp;
use ixp_common::names;
use ixp_tests::sampler::{AMPLE, Sampler};
use ixp_tests::traffic::{self, PROGRAMS, xdp};
use serde::{Deserialize, Serialize};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/verifier-budget.toml");
const HEAD: &str = "# Instructions that the verifier walks per program, and the kernel that counted them.\n# `BLESS=1 cargo nextest run -p ixp-tests --test verifier` writes this file.\n";

/// How far a count may lie below its budget, in percent: a budget that is wider would hide a regression.
const SLACK: u32 = 10;
/// How far a count may lie on either side on another kernel, in percent: each verifier prunes its own way.
const SLACK_ELSEWHERE: u32 = 25;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Budget {
    kernel: String,
    programs: BTreeMap<String, u32>,
}

/// What is wrong with counts that were agreed to be within `budget`.
fn check(budget: &Budget, measured: &Budget) -> Vec<String> {
    let is_home = budget.kernel == measured.kernel;
    let (above, below) = if is_home { (0, SLACK) } else { (SLACK_ELSEWHERE, SLACK_ELSEWHERE) };
    let mut wrong = Vec::new();
    for (name, count) in &measured.programs {
        let Some(agreed) = budget.programs.get(name) else {
            wrong.push(format!("{name}: {count} instructions and no budget"));
            continue;
        };
        let (most, least) = (agreed + agreed * above / 100, agreed - agreed * below / 100);
        if *count > most {
            wrong
                .push(format!("{name}: {count} instructions, {} more than the {most} allowed", count - most));
        }
        if *count < least {
            wrong.push(format!("{name}: {count} instructions, so few that {agreed} should be tightened"));
        }
    }
    let gone = budget.programs.keys().filter(|name| !measured.programs.contains_key(*name));
    wrong.extend(gone.map(|name| format!("{name}: a budget and no program")));
    wrong
}

/// Loads all programs and asks the kernel what that took.
fn measure() -> Budget {
    let count = |program: &Xdp| {
        let info = program.info().expect("a loaded program has an info");
        info.verified_instruction_count().expect("the kernel counts instructions since 5.16")
    };
    let sampler = Sampler::load(AMPLE).expect("the sampler loads");
    let probe = traffic::load(&PROGRAMS).expect("the probe loads");
    let mut programs: BTreeMap<String, u32> =
        PROGRAMS.map(|name| (name.to_owned(), count(xdp(&probe, name).expect("it is loaded")))).into();
    for name in names::RULE_PROGRAM_NAMES.into_iter().chain([names::PROGRAM]) {
        programs.insert(name.to_owned(), count(xdp(&sampler.loaded.ebpf, name).expect("it is loaded")));
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("procfs is mounted");
    let kernel = release.trim().split('.').take(2).collect::<Vec<_>>().join(".");
    Budget { kernel, programs }
}

#[test]
fn every_program_loads_within_its_budget() {
    let measured = measure();
    println!("{measured:?}");
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        let text = toml::to_string(&measured).expect("strings and numbers");
        fs::write(FILE, format!("{HEAD}{text}")).expect("the checkout is writable");
        return;
    }
    let text = fs::read_to_string(FILE).expect("the budget is committed");
    let wrong = check(&toml::from_str(&text).expect("it is TOML"), &measured);
    assert!(wrong.is_empty(), "{}\nif that is right, run this test with BLESS=1", wrong.join("\n"));
}

#[test]
fn a_budget_is_a_ratchet_at_home_and_a_corridor_elsewhere() {
    let of = |kernel: &str, count: u32| Budget {
        kernel: kernel.to_owned(),
        programs: [("x".to_owned(), count)].into(),
    };
    let cases = [("6.18", 1000, true), ("6.18", 1001, false), ("6.18", 900, true), ("6.18", 899, false)];
    let elsewhere = [("6.1", 1250, true), ("6.1", 1251, false), ("6.1", 750, true), ("6.1", 749, false)];
    for (kernel, count, is_good) in cases.into_iter().chain(elsewhere) {
        let wrong = check(&of("6.18", 1000), &of(kernel, count));
        assert_eq!(wrong.is_empty(), is_good, "{count} on {kernel}: {wrong:?}");
    }
}
