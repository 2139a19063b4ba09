//! Tables that change hands while frames come: each frame is held against one of them, whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use aya::programs::{ProgramError, Xdp};
use ixp_agent::members::{Registry, VlanTags, parse};
use ixp_agent::policy::{Policy, Ports, Tables, build};
use ixp_common::counters::Outcome;
use ixp_common::names;
use ixp_common::policy::Deployment;
use ixp_common::rules::Rule;
use ixp_tests::agent::wait;
use ixp_tests::frames::{SOURCE, ethernet};
use ixp_tests::kernel::run;
use ixp_tests::sampler::{AMPLE, Sampler, policy};
use jiff::Timestamp;

/// The stations of two members on one LAN: the first is the source of all frames here.
fn members(first: &str, second: &str) -> Registry {
    let text = format!(
        "[[lan]]\nname = \"peering\"\nipv4 = \"192.0.2.0/24\"\n\
         [[member]]\nasn = 64500\n[[member.interface]]\nlan = \"peering\"\nmacs = [\"02:00:5e:10:00:50\"]\nipv4 = [{first:?}]\n\
         [[member]]\nasn = 64501\n[[member.interface]]\nlan = \"peering\"\nmacs = [\"02:00:00:00:00:02\"]\nipv4 = [{second:?}]\n"
    );
    parse("members.toml", &text, &VlanTags::new()).expect("a good file").0
}

fn tables(registry: &Registry, generation: u16) -> Tables {
    build(&Policy::default(), registry, &Ports::default(), Timestamp::UNIX_EPOCH, generation)
        .expect("they fit")
}

/// 192.0.2.1 says to all that it is at the source's address.
fn claim() -> Vec<u8> {
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &SOURCE, &[192, 0, 2, 1], &[0; 6], &[192, 0, 2, 1], &[0; 18]];
    let mut frame = ethernet(0x0806, &arp.concat());
    frame[..6].fill(0xff);
    frame
}

fn sampler() -> Sampler {
    let mut sampler = Sampler::load(AMPLE).expect("the program loads");
    sampler.set(policy(Deployment::Inline, false, 0)).expect("it takes its settings");
    sampler
}

/// How often a rule was broken, and would have dropped.
fn broken(sampler: &mut Sampler, rule: Rule) -> (u64, u64) {
    let snapshot = sampler.snapshot().expect("counters are read");
    let counts = snapshot.rules.iter().filter(|(key, _)| key.rule() == Some(rule)).map(|(_, counts)| counts);
    counts
        .fold((0, 0), |(packets, would), counts| (packets + counts.broken.packets, would + counts.would_drop))
}

#[test]
fn a_frame_is_held_against_the_table_that_was_put_last() {
    let mut sampler = sampler();
    let send = |sampler: &mut Sampler| {
        let before = broken(sampler, Rule::A05);
        sampler.run(&claim(), 1).expect("it runs");
        let after = broken(sampler, Rule::A05);
        (after.0 - before.0, after.1 - before.1)
    };
    assert_eq!(send(&mut sampler), (0, 0), "without a table no rule is held");
    let (own, others) = (members("192.0.2.1", "192.0.2.2"), members("192.0.2.2", "192.0.2.1"));
    for (generation, (registry, expected)) in
        (1..).zip([(&others, (1, 1)), (&own, (0, 0)), (&others, (1, 1)), (&own, (0, 0))])
    {
        let tables = tables(registry, generation);
        sampler.loaded.policy.put(&tables.table, &tables.owners).expect("it is taken");
        assert_eq!(send(&mut sampler), expected, "generation {generation}");
    }
}

#[test]
fn no_frame_sees_a_table_without_its_owners() {
    let mut sampler = sampler();
    let registry = members("192.0.2.1", "192.0.2.2");
    let first = tables(&registry, 0);
    sampler.loaded.policy.put(&first.table, &first.owners).expect("it is taken");
    let is_over = AtomicBool::new(false);
    let (ebpf, maps) = (&sampler.loaded.ebpf, &mut sampler.loaded.policy);
    let program: &Xdp = ebpf
        .program(names::PROGRAM)
        .expect("it is there")
        .try_into()
        .map_err(|error: ProgramError| error)
        .expect("it is an XDP program");
    let frames = thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut frames = 0u32;
            while !is_over.load(Ordering::Relaxed) {
                run(program, &claim(), 1000).expect("it runs");
                frames += 1000;
            }
            frames
        });
        for generation in 1..40 {
            let tables = tables(&registry, generation);
            maps.put(&tables.table, &tables.owners).expect("it is taken");
        }
        is_over.store(true, Ordering::Relaxed);
        sender.join().expect("the sender ends")
    });
    assert!(frames > 0);
    for rule in [Rule::A05, Rule::A08, Rule::L07] {
        assert_eq!(broken(&mut sampler, rule), (0, 0), "{rule}");
    }
    assert_ne!(broken(&mut sampler, Rule::A10).0, 0, "the rules were held all the time");
}

#[test]
fn what_is_enforced_is_dropped() {
    let mut sampler = sampler();
    sampler.set(policy(Deployment::Inline, false, 0).enforcing()).expect("it takes its settings");
    let tables = tables(&members("192.0.2.2", "192.0.2.1"), 1);
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("it is taken");
    sampler.run(&claim(), 1).expect("it runs");
    let counters = sampler.counters().expect("counters are read");
    assert_eq!((counters.dropped.packets, counters.would_drop.packets), (1, 0));
    let event = sampler.loaded.rings.event().expect("it is told");
    assert_eq!(event.outcome, Outcome::Dropped as u8);
}

/// A frame to all of this EtherType from a station that is nobody's.
fn of_a_stranger(ethertype: u16, station: u16) -> Vec<u8> {
    let mut frame = ethernet(ethertype, &[0x55; 46]);
    let [high, low] = station.to_be_bytes();
    frame[..12].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0xba, 0xd0, 0, high, low]);
    frame
}

#[test]
fn who_comes_after_a_flood_of_forged_addresses_is_still_told_of() {
    let mut sampler = sampler();
    let tables = tables(&members("192.0.2.1", "192.0.2.2"), 1);
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("it is taken");
    // Each breaks L01, L07 and L09: an entry for each.
    let forged = u16::try_from(names::STRANGER_RULES_ROOM / 3 + 1).expect("few");
    for station in 0..forged {
        sampler.run(&of_a_stranger(0x88b5, station), 1).expect("it runs");
    }
    let mut sent = 0;
    let event = wait("the culprit is told of", || {
        sampler.run(&of_a_stranger(0x88cc, 0xffff), 1)?;
        sent += 1;
        let mut events = std::iter::from_fn(|| sampler.loaded.rings.event());
        Ok(events.find(|event| event.rule == Rule::L12 as u8))
    });
    let event = event.expect("it is told");
    assert_eq!((event.mac, event.suppressed), ([0x02, 0xba, 0xd0, 0, 0xff, 0xff], 0));
    let snapshot = sampler.snapshot().expect("counters are read");
    assert!(snapshot.rules.keys().all(|key| key.rule() != Some(Rule::L12)), "there was room");
    let missed = snapshot.ports.values().filter_map(|port| port.rules_missed.get(&Rule::L12));
    assert_eq!(missed.map(|counts| counts.broken.packets).sum::<u64>(), sent);
}

#[test]
fn of_a_frame_that_breaks_many_rules_the_critical_one_is_told_of() {
    let mut sampler = sampler();
    let tables = tables(&members("192.0.2.1", "192.0.2.2"), 1);
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("it is taken");
    // IEEE 802.1D §7.12.3 behind a tag of no LAN, from nobody: L02, L04, L07, L09, L10 and L11.
    let mut frame = of_a_stranger(0x8100, 1);
    frame[..6].copy_from_slice(&[0x01, 0x80, 0xc2, 0, 0, 0]);
    frame[14..21].copy_from_slice(&[0x00, 0x64, 0x00, 0x26, 0x42, 0x42, 0x03]);
    sampler.run(&frame, 1).expect("it runs");
    let told: Vec<u8> = std::iter::from_fn(|| sampler.loaded.rings.event()).map(|event| event.rule).collect();
    assert_eq!(told, [Rule::L11, Rule::L02, Rule::L04, Rule::L07].map(|rule| rule as u8));
}

#[test]
fn frames_that_are_not_told_of_are_known_until_they_are() {
    let mut sampler = sampler();
    let tables = tables(&members("192.0.2.2", "192.0.2.1"), 1);
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("it is taken");
    sampler.run(&claim(), 5).expect("it runs");
    let event =
        std::iter::from_fn(|| sampler.loaded.rings.event()).find(|event| event.rule == Rule::A05 as u8);
    let told = event.expect("it is told").suppressed + 1;
    let snapshot = sampler.snapshot().expect("counters are read");
    let untold = snapshot.untold.iter().filter(|(key, _)| key.rule() == Some(Rule::A05));
    assert_eq!(told + untold.map(|(_, frames)| frames).sum::<u64>(), 5);
}
