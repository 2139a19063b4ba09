//! What the tables and rings do when they are used up, shared or asked about what they do not know.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use ixp_agent::kernel::load::Capacity;
use ixp_common::addr::Mac;
use ixp_common::counters::Counts;
use ixp_common::names::STATIONS_PER_SECOND;
use ixp_common::policy::{Action, Deployment};
use ixp_common::sample::{SAMPLE_BYTES, SampleRecord, StationRecord};
use ixp_tests::cpu;
use ixp_tests::frames::{SOURCE, ethernet};
use ixp_tests::kernel::IFINDEX;
use ixp_tests::sampler::{AMPLE, HOST, SLOT, Sampler, policy};
use ixp_tests::tally::Tally;

/// A loaded program on an inline port.
fn sampler(capacity: Capacity, sampling_rate: u32) -> Sampler {
    let mut sampler = Sampler::load(capacity).expect("the program loads");
    sampler.set(policy(Deployment::Inline, false, sampling_rate)).expect("it takes its settings");
    sampler
}

/// A frame of `len` bytes from the station of this number.
fn frame_from(station: u16, len: usize) -> Vec<u8> {
    let mut frame = ethernet(0x88b5, &[0x77; 1500]);
    frame[10..12].copy_from_slice(&station.to_be_bytes());
    frame.truncate(len);
    frame
}

/// Sends the frames and says what was counted; holds the sum against what was sent.
fn check(sampler: &mut Sampler, frames: &[Vec<u8>]) -> Tally {
    let before = sampler.snapshot().expect("counters are read");
    let mut sent = Counts::default();
    for frame in frames {
        let action = sampler.run(frame, 1).expect("it runs").action;
        assert_eq!(action, Action::Pass);
        sent.add_frame(u32::try_from(frame.len()).expect("short"));
    }
    let tally = Tally::between(&before, &sampler.snapshot().expect("counters are read"), SLOT);
    assert_eq!(tally.seen, sent);
    assert_eq!(tally.accounted(), sent);
    tally
}

fn stations(sampler: &mut Sampler) -> Vec<StationRecord> {
    std::iter::from_fn(|| sampler.loaded.rings.station()).collect()
}

fn samples(sampler: &mut Sampler) -> Vec<SampleRecord> {
    std::iter::from_fn(|| sampler.loaded.rings.sample()).collect()
}

#[test]
fn a_full_pair_table_counts_its_misses_in_frames_and_bytes() {
    let mut sampler = sampler(Capacity { pairs: 100, stations: 1000 }, 0);
    let frames: Vec<Vec<u8>> =
        (0..300).map(|station| frame_from(station, 60 + usize::from(station))).collect();
    let tally = check(&mut sampler, &frames);
    let missed = frames[100..].iter().map(|frame| u64::try_from(frame.len()).expect("short")).sum();
    assert_eq!(tally.pairs.len(), 100);
    assert_eq!(tally.unattributed, Counts { packets: 200, bytes: missed });
    assert_eq!(sampler.loaded.counters.pairs.fill(), [100, 0]);
    let again = check(&mut sampler, &frames);
    assert_eq!(
        (again.pairs, again.unattributed),
        (tally.pairs, tally.unattributed),
        "cells that are there count on"
    );
}

#[test]
fn a_station_is_reported_once() {
    let mut sampler = sampler(AMPLE, 0);
    let mut frames: Vec<Vec<u8>> = (0..20).flat_map(|station| vec![frame_from(station, 60); 3]).collect();
    let mut elsewhere = frame_from(1, 60);
    elsewhere[0] = 0x06;
    frames.push(elsewhere);
    check(&mut sampler, &frames);
    let reported = stations(&mut sampler);
    let macs: BTreeSet<[u8; 6]> = reported.iter().map(|station| station.mac).collect();
    assert_eq!((reported.len(), macs.len()), (20, 20));
    assert!(macs.contains(&[SOURCE[0], SOURCE[1], SOURCE[2], SOURCE[3], 0, 19]));
    assert!(reported.iter().all(|station| (station.slot, station.vlan) == (SLOT, 0)));
    let counters = sampler.counters().expect("counters are read");
    assert_eq!((counters.stations, counters.stations_suppressed), (20, 0));
}

#[test]
fn an_address_that_no_station_can_have_is_not_reported() {
    let mut sampler = sampler(AMPLE, 0);
    let of = |mac: Mac| {
        let mut frame = frame_from(0, 60);
        frame[6..12].copy_from_slice(&mac.0);
        frame
    };
    check(&mut sampler, &[of(Mac::BROADCAST), of(Mac::ZERO), of(Mac([1, 0, 0x5e, 0, 0, 1]))]);
    assert_eq!(stations(&mut sampler), []);
}

#[test]
fn stations_beyond_the_rate_are_suppressed_and_counted() {
    const FORGED: u16 = 6000;
    let mut sampler = sampler(Capacity { pairs: 1 << 14, stations: 1 << 14 }, 0);
    cpu::pin(cpu::allowed().expect("it is told")[0]).expect("it is allowed");
    let frames: Vec<Vec<u8>> = (0..FORGED).map(|station| frame_from(station, 60)).collect();
    check(&mut sampler, &frames);
    let reported = stations(&mut sampler);
    let counters = sampler.counters().expect("counters are read");
    assert_eq!(counters.stations, u64::try_from(reported.len()).expect("few"));
    assert_eq!(counters.stations + counters.stations_suppressed, u64::from(FORGED));
    assert_ne!(counters.stations_suppressed, 0, "a machine that took six seconds for 6,000 frames");
    let mut seconds = BTreeMap::new();
    for station in &reported {
        *seconds.entry(station.monotonic_ns / 1_000_000_000).or_insert(0) += 1;
    }
    assert!(seconds.values().all(|count| *count <= STATIONS_PER_SECOND), "{seconds:?}");
}

#[test]
fn a_full_station_table_suppresses_and_counts() {
    let mut sampler = sampler(Capacity { pairs: 1000, stations: 64 }, 0);
    let frames: Vec<Vec<u8>> = (0..100).map(|station| frame_from(station, 60)).collect();
    check(&mut sampler, &frames);
    let counters = sampler.counters().expect("counters are read");
    assert_eq!((counters.stations, counters.stations_suppressed), (64, 36));
    assert_eq!(stations(&mut sampler).len(), 64);
}

#[test]
fn a_sample_of_each_frame_has_the_bytes_of_its_start() {
    let mut sampler = sampler(AMPLE, 1);
    let sizes = [14, 15, 16, 17, 59, 60, 61, 126, 127, 128, 129, 130, 255, 1500];
    let frames = sizes.map(|len| {
        let mut frame: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
        frame[12..14].copy_from_slice(&[0x88, 0xb5]);
        frame
    });
    check(&mut sampler, &frames);
    let samples = samples(&mut sampler);
    assert_eq!(samples.len(), frames.len());
    for (sample, frame) in samples.iter().zip(&frames) {
        assert_eq!(sample.header(), &frame[..frame.len().min(SAMPLE_BYTES)], "{} bytes", frame.len());
        let unused = &sample.header[sample.header().len()..];
        assert!(unused.iter().all(|byte| *byte == 0), "{} bytes: rubbish behind the header", frame.len());
        let len = u32::try_from(frame.len()).expect("short");
        assert_eq!((sample.wire_len, sample.ifindex, sample.rate), (len, IFINDEX, 1));
    }
}

#[test]
fn a_full_sample_ring_counts_what_it_lost() {
    const FRAMES: u32 = 10_000;
    let mut sampler = sampler(AMPLE, 1);
    sampler.run(&frame_from(1, 60), FRAMES).expect("it runs");
    let counters = sampler.counters().expect("counters are read");
    assert_eq!(counters.samples + counters.samples_lost, u64::from(FRAMES));
    assert_ne!(counters.samples_lost, 0);
    assert_eq!(counters.samples, u64::try_from(samples(&mut sampler).len()).expect("few"));
}

#[test]
fn a_frame_of_an_interface_without_settings_counts_in_slot_0_and_passes() {
    let mut sampler = Sampler::load(AMPLE).expect("the program loads");
    let outcome = sampler.run(&frame_from(1, 60), 3).expect("it runs");
    assert_eq!(outcome.action, Action::Pass);
    let snapshot = sampler.snapshot().expect("counters are read");
    let three = Counts { packets: 3, bytes: 180 };
    let counters = snapshot.ports[&0].counters;
    assert_eq!((counters.seen, counters.unattributed), (three, three));
    assert_eq!(snapshot.ports[&SLOT].counters.seen, Counts::default());
    assert!(snapshot.pairs.is_empty());
}

#[test]
fn a_tap_consumes_all_but_the_frames_for_the_host_itself() {
    let mut sampler = Sampler::load(AMPLE).expect("the program loads");
    sampler.set(policy(Deployment::Tap, true, 0)).expect("it takes its settings");
    let to = |mac: Mac| {
        let mut frame = frame_from(1, 60);
        frame[..6].copy_from_slice(&mac.0);
        frame
    };
    let cases = [(HOST, Action::Pass), (Mac::BROADCAST, Action::Consume), (Mac(SOURCE), Action::Consume)];
    for (destination, action) in cases {
        assert_eq!(sampler.run(&to(destination), 10).expect("it runs").action, action, "{destination}");
    }
    let counters = sampler.counters().expect("counters are read");
    assert_eq!(counters.seen, Counts { packets: 30, bytes: 1800 });
    assert_eq!(counters.consumed, Counts { packets: 20, bytes: 1200 });
}

#[test]
fn two_cpus_count_the_same_cells_at_once_and_lose_nothing() {
    const ROUNDS: u32 = 50;
    const REPEAT: u32 = 20_000;
    let cpus = cpu::allowed().expect("it is told");
    assert!(cpus.len() >= 2, "this test needs two CPUs, and may use {cpus:?}");
    let mut sampler = sampler(AMPLE, 0);
    let frames = [frame_from(1, 60), frame_from(2, 1500)];
    thread::scope(|scope| {
        for cpu in &cpus[..2] {
            let (sampler, frames) = (sampler.program().expect("it is loaded"), &frames);
            scope.spawn(move || {
                cpu::pin(*cpu).expect("it is allowed");
                for frame in frames.iter().cycle().take(ROUNDS as usize) {
                    ixp_tests::kernel::run(sampler, frame, REPEAT).expect("it runs");
                }
            });
        }
    });
    let snapshot = sampler.snapshot().expect("counters are read");
    let each = u64::from(ROUNDS * REPEAT);
    let seen = Counts { packets: 2 * each, bytes: each * (60 + 1500) };
    assert_eq!(snapshot.ports[&SLOT].counters.seen, seen);
    let cells: BTreeSet<Counts> = snapshot.pairs.values().copied().collect();
    let of = |len: u64| Counts { packets: each, bytes: each * len };
    assert_eq!(cells, [of(60), of(1500)].into());
}

#[test]
fn forged_addresses_take_no_cell_of_a_pair_of_members() {
    let mut sampler = sampler(Capacity { pairs: 64, stations: 1000 }, 0);
    let tables = ixp_tests::rules::tables().expect("the tables are built");
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    let between = |destination: [u8; 6], source: [u8; 6]| {
        let mut frame = frame_from(0, 60);
        frame[..6].copy_from_slice(&destination);
        frame[6..12].copy_from_slice(&source);
        frame
    };
    let member = |number| [2, 0, 0, 0, 0, number];
    let forged = (0..200).flat_map(|number| {
        let stranger = [0x0a, 0, 0, 0, 1, number];
        [between(member(1), stranger), between(stranger, member(2)), between([0xff; 6], stranger)]
    });
    let flood: Vec<Vec<u8>> = forged.collect();
    let (mut clean, mut to_all) = (Vec::new(), Vec::new());
    for source in 1..=4 {
        clean.extend((1..=4).filter(|to| *to != source).map(|to| between(member(to), member(source))));
        to_all.push(between([0xff; 6], member(source)));
    }
    let before = sampler.snapshot().expect("counters are read");
    for frame in flood.iter().chain(&to_all).chain(&clean) {
        sampler.run(frame, 1).expect("it runs");
    }
    let after = sampler.snapshot().expect("counters are read");
    let tally = Tally::between(&before, &after, SLOT);
    let members = clean.len() + to_all.len();
    assert_eq!(sampler.loaded.counters.pairs.fill(), [members, 16]);
    let pairs = members + 16;
    assert_eq!((tally.pairs.len(), tally.unattributed.packets), (pairs, 600 - 16));
    assert_eq!(tally.accounted(), tally.seen);
}
