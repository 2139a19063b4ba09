//! As many broken frames as the kernel can make in; meanwhile members' frames, counted to the frame, events that
//! stay few and add up, an agent that answers and does not grow, out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, ensure};
use ixp_agent::kernel::interface::{Interface, nic_counters};
use ixp_common::addr::Family;
use ixp_ebpf::traffic::Traffic;
use ixp_lab::clock;
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site, enforcing};
use ixp_tests::agent::{Agent, number, wait};
use ixp_tests::corpus;
use ixp_tests::cpu;
use ixp_tests::feed::Feed;
use ixp_tests::kernel::{run_on, sampler_on};
use ixp_tests::traffic::Storm;
use jiff::Timestamp;
use serde_json::Value;

/// Where members send their own frames: a ring that the storm does not fill.
const CLEAN: (&str, &str) = ("members", "between");
/// Frames of a kind at a time.
const ROUND: u32 = 80_000;
/// Rounds before memory is measured, and those after it.
const ROUNDS: [usize; 2] = [1, 3];
/// Frames of a kind that the program is handed as fast as it takes them: a second of them.
const FLOOD: u32 = 1_000_000;
/// What memory may be after the storm, beside what it was in it.
const GROWTH: (u64, u64) = (5, 4);

/// Frames of the first member that break up to four rules each, which is how many are told of one frame, and no
/// rule that another kind breaks: then the last frame of each is told of with all before it.
const KINDS: [&str; 4] = ["lldp", "stp-unicast", "arp-op-3", "ospf-unicast"];

/// A kind of broken frame, and how many of it the other end received.
struct Kind {
    bytes: Vec<u8>,
    rules: Vec<String>,
    received: u64,
}

fn kinds() -> Vec<Kind> {
    let cases = corpus::sinners().expect("the corpus is there");
    let kind = |name| {
        let case = cases.iter().find(|case| case.name == name).expect("it is in the corpus").clone();
        assert_eq!(case.bytes[6..12], FIRST.0);
        Kind { bytes: case.bytes, rules: case.expected.broken.into_iter().collect(), received: 0 }
    };
    KINDS.map(kind).into()
}

/// Frames of the storm that came, and those for which the ring had no room.
fn arrived() -> (u64, u64) {
    let counters = nic_counters(SAMPLER).expect("it is there");
    (counters.received.packets, counters.dropped)
}

/// Sends so many frames of a kind, and notes how many were received once all are received or dropped.
fn blow(storm: &mut Storm, kind: &mut Kind, frames: u32) -> Result<()> {
    let before = arrived();
    storm.blow(&kind.bytes, Traffic::NONE, frames)?;
    let all = before.0 + before.1 + u64::from(frames);
    let received = wait("all are received or dropped", || {
        let (received, dropped) = arrived();
        ensure!(received + dropped <= all, "{received} and {dropped} of {all}");
        Ok((received + dropped == all).then_some(received))
    })?;
    kind.received += received - before.0;
    Ok(())
}

/// The frames of each rule that a matrix has.
fn broken(agent: &Agent) -> Result<BTreeMap<String, u64>> {
    let matrix = agent.json("/api/v1/matrix?by=mac")?;
    let mut broken = BTreeMap::new();
    for row in matrix["rules"].as_array().into_iter().flatten() {
        ensure!(row["mac"] == FIRST.to_string(), "{row}");
        ensure!(row["dropped"] == row["packets"], "{row}");
        broken.insert(row["rule"].as_str().unwrap_or_default().to_owned(), number(&row["packets"])?);
    }
    Ok(broken)
}

/// Members' frames until it is over, and how many there were.
fn clean(over: &AtomicBool) -> Result<u64> {
    let mut feed = Feed::open(CLEAN.0, CLEAN.1)?;
    let frame = Frame::new(FIRST, SECOND, Family::Ipv6, 100);
    while !over.load(Ordering::Relaxed) {
        feed.send(&frame.bytes)?;
    }
    feed.flush()?;
    Ok(feed.sent())
}

/// The storm on one CPU, so that what is counted there is told there. Gives the memory of the agent before its
/// last rounds and after them.
fn storm(agent: &Agent, kinds: &mut [Kind]) -> Result<[u64; 2]> {
    cpu::pin(*cpu::allowed()?.last().expect("a process has a CPU"))?;
    let mut storm = Storm::onto(Interface::find(FABRIC)?.index)?;
    let mut memory = [0; 2];
    for (rounds, memory) in ROUNDS.into_iter().zip(&mut memory) {
        let start = clock::now();
        for _ in 0..rounds {
            kinds.iter_mut().try_for_each(|kind| blow(&mut storm, kind, ROUND))?;
        }
        let frames = f64::from(ROUND) * (rounds * kinds.len()) as f64;
        println!("{:.0} frames/s", frames / start.elapsed().as_secs_f64());
        *memory = agent.resident()?;
    }
    add_up(agent, &mut storm, kinds)?;
    Ok(memory)
}

/// Sends a last frame of each kind until one was told of with all before it: then each frame was told of, was
/// suppressed or waits.
fn add_up(agent: &Agent, storm: &mut Storm, kinds: &mut [Kind]) -> Result<()> {
    let told = wait("told, suppressed and held frames are all that broke rules", || {
        kinds.iter_mut().try_for_each(|kind| blow(storm, kind, 1))?;
        let expected: u64 = kinds.iter().map(|kind| kind.received * kind.rules.len() as u64).sum();
        wait("each is counted", || Ok((broken(agent)?.values().sum::<u64>() == expected).then_some(())))?;
        let events = agent.json("/api/v1/events")?;
        let [told, suppressed, held] = ["told", "suppressed", "held"].map(|part| number(&events[part]));
        Ok((told? + suppressed? + held? == expected).then_some(events))
    })?;
    println!(
        "told {}, suppressed {}, held {}, lost {}",
        told["told"], told["suppressed"], told["held"], told["lost"]
    );
    Ok(())
}

#[test]
fn a_storm_of_broken_frames_hurts_no_count_and_tells_no_more_than_it_may() {
    let site = Site::enter().expect("a place for an agent");
    site.namespace.veth(CLEAN.0, CLEAN.1).expect("a pair of interfaces");
    site.write("members.toml", MEMBERS).expect("it is written");
    let agent = site.agent(&enforcing(&[SAMPLER, CLEAN.1])).expect("the agent starts");
    let (mut kinds, over) = (kinds(), AtomicBool::new(false));
    let (clean, memory, ready) = thread::scope(|scope| {
        let members = scope.spawn(|| clean(&over));
        let storm = scope.spawn(|| storm(&agent, &mut kinds));
        let mut ready = 0;
        while !storm.is_finished() {
            assert_eq!(agent.get("/readyz").expect("it answers").status, 200);
            ready += 1;
        }
        over.store(true, Ordering::Relaxed);
        let memory = storm.join().expect("it ends").expect("a storm");
        (members.join().expect("it ends").expect("members' frames"), memory, ready)
    });
    let received: u64 = kinds.iter().map(|kind| kind.received).sum();
    println!("{received} broken frames, {clean} clean ones, ready {ready} times, memory {memory:?}");
    counted(&agent, &kinds, clean);
    told(&agent, &kinds);
    written(agent, &kinds);
    assert!(ready > 10, "{ready}");
    assert!(memory[1] * GROWTH.1 <= memory[0] * GROWTH.0, "{memory:?}");
}

#[test]
fn a_storm_as_fast_as_a_core_takes_it_is_counted_to_the_frame() {
    let site = Site::enter().expect("a place for an agent");
    site.namespace.veth(CLEAN.0, CLEAN.1).expect("a pair of interfaces");
    site.write("members.toml", MEMBERS).expect("it is written");
    let agent = site.agent(&enforcing(&[SAMPLER, CLEAN.1])).expect("the agent starts");
    let ifindex = Interface::find(SAMPLER).expect("it is there").index;
    let program = sampler_on(&site.namespace, SAMPLER).expect("the agent put it there");
    let (mut kinds, over) = (kinds(), AtomicBool::new(false));
    let clean = thread::scope(|scope| {
        let members = scope.spawn(|| clean(&over));
        cpu::pin(*cpu::allowed().expect("CPUs").last().expect("one")).expect("it is allowed");
        for kind in &mut kinds {
            let outcome = run_on(&program, ifindex, &kind.bytes, FLOOD).expect("it runs");
            println!("{:.0} frames/s of {:?}", 1.0 / outcome.each.as_secs_f64(), kind.rules);
            kind.received += u64::from(FLOOD);
        }
        over.store(true, Ordering::Relaxed);
        members.join().expect("it ends").expect("members' frames")
    });
    agent.settled(u64::from(FLOOD) * kinds.len() as u64 + clean).expect("all are counted");
    counted_by_rule(&agent, &kinds, clean);
    told(&agent, &kinds);
    written(agent, &kinds);
}

/// The counters are what was sent and received, to the frame.
fn counted(agent: &Agent, kinds: &[Kind], clean: u64) {
    let received: u64 = kinds.iter().map(|kind| kind.received).sum();
    let status = agent.settled(received + clean).expect("all are counted");
    for (at, frames) in [received, clean].into_iter().enumerate() {
        let port = &status["interfaces"][at];
        assert_eq!(number(&port["seen"]["packets"]).expect("a number"), frames, "{port}");
        assert_eq!(port["nic_received"]["packets"], port["seen"]["packets"]);
    }
    counted_by_rule(agent, kinds, clean);
}

/// Each rule has the frames that break it, and the members' cell theirs.
fn counted_by_rule(agent: &Agent, kinds: &[Kind], clean: u64) {
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for kind in kinds {
        kind.rules.iter().for_each(|rule| *expected.entry(rule.clone()).or_default() += kind.received);
    }
    assert_eq!(broken(agent).expect("a matrix"), expected);
    let matrix = agent.json("/api/v1/matrix?by=mac&family=ipv6").expect("a matrix");
    let is_clean = |cell: &&Value| cell["dst_mac"] == SECOND.to_string();
    let cell = matrix["cells"].as_array().expect("cells").iter().find(is_clean).expect("the members' cell");
    assert_eq!(number(&cell["packets"]).expect("a number"), clean);
}

/// There is a line for each event, and an event a minute of each rule and station.
fn told(agent: &Agent, kinds: &[Kind]) {
    let rules: BTreeMap<&String, ()> =
        kinds.iter().flat_map(|kind| &kind.rules).map(|rule| (rule, ())).collect();
    let status = agent.json("/api/v1/status").expect("a status");
    let moment =
        |name: &str| -> Timestamp { status[name].as_str().expect("a time").parse().expect("a time") };
    let minutes = moment("now").duration_since(moment("since")).as_mins().unsigned_abs();
    let events = number(&agent.json("/api/v1/events").expect("events")["told"]).expect("a number");
    let lines = agent.log().lines().filter(|line| line.contains(" event=")).count() as u64;
    assert_eq!(lines, events, "{}", agent.log());
    let rules = rules.len() as u64;
    assert!((rules..=rules * (1 + minutes)).contains(&events), "{events} events of {rules} rules");
}

/// What was held back is told at the end: the lines of the journal, with the numbers in them, are all frames.
fn written(agent: Agent, kinds: &[Kind]) {
    let expected: u64 = kinds.iter().map(|kind| kind.received * kind.rules.len() as u64).sum();
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    let frames = |line: &str| {
        let (_, number) = line.split_once(" suppressed=").expect("an event has it");
        1 + number.split(' ').next().expect("a word").parse::<u64>().expect("a number")
    };
    let events = stopped.log.lines().filter(|line| line.contains(" event="));
    assert_eq!(events.map(frames).sum::<u64>(), expected, "{}", stopped.log);
}
