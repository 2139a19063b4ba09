//! Frames between numbered stations: noted, counted in mapped cells, read meanwhile; each once, whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use aya::programs::Xdp;
use ixp_agent::kernel::load::{Capacity, Loaded};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::cells::{NOTES, STATION_NUMBERS};
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names::PROGRAM;
use ixp_common::policy::{Deployment, RuleActions};
use ixp_common::table::{Lan, MOST_STATIONS, PolicyTable, Station};
use ixp_lab::clock;
use ixp_tests::counted::Totals;
use ixp_tests::cpu;
use ixp_tests::frames::ethernet;
use ixp_tests::kernel::run;
use ixp_tests::sampler::{AMPLE, SLOT, Sampler, policy};

/// The station of this number.
fn mac(number: u16) -> Mac {
    let [high, low] = number.to_be_bytes();
    Mac([0x02, 0, 0x5e, 0, high, low])
}

/// A table in which these stations are registered, on a LAN without tags.
fn table(stations: impl Iterator<Item = u16>) -> Box<PolicyTable> {
    let mut table = Box::new(PolicyTable::EMPTY);
    table.set_lans(&[Lan::new(0, 1500, 0)]);
    table.set_actions(0, RuleActions::default());
    let mut stations: Vec<Station> = stations.map(|number| Station::new(0, mac(number), 1, 0)).collect();
    table.set_stations(&mut stations).expect("they fit");
    table
}

/// A loaded program with these stations registered, all counting on the CPU of the test.
fn sampler(capacity: Capacity, stations: impl Iterator<Item = u16>) -> Sampler {
    let mut sampler = Sampler::load(capacity).expect("the program loads");
    sampler.set(policy(Deployment::Inline, false, 0)).expect("it takes its settings");
    register(&mut sampler, stations);
    sampler
}

fn register(sampler: &mut Sampler, stations: impl Iterator<Item = u16>) {
    sampler.loaded.policy.put(&table(stations), &BTreeMap::new()).expect("the table is taken");
}

fn stay_on_one_cpu() {
    cpu::pin(cpu::allowed().expect("the kernel tells")[0]).expect("it is allowed");
}

/// A frame of `len` bytes.
fn frame(source: u16, destination: u16, len: usize) -> Vec<u8> {
    let mut frame = ethernet(0x88b5, &[0x77; 1500]);
    frame[..6].copy_from_slice(&mac(destination).0);
    frame[6..12].copy_from_slice(&mac(source).0);
    frame.truncate(len);
    frame
}

fn key(source: u16, destination: u16) -> PairKey {
    PairKey::new(VlanId::UNTAGGED, mac(source), mac(destination), Family::Other)
}

fn counts(packets: u64, len: u64) -> Counts {
    Counts { packets, bytes: packets * len }
}

#[test]
fn each_frame_shows_at_the_next_reading_however_few_there_are() {
    stay_on_one_cpu();
    let mut sampler = sampler(AMPLE, 1..=3);
    let mut sent: BTreeMap<PairKey, Counts> = BTreeMap::new();
    for number in 0..3 * NOTES {
        let (to, len) = if number % 3 == 0 { (2, 60) } else { (3, 1500) };
        sampler.run(&frame(1, to, len), 1).expect("it runs");
        sent.entry(key(1, to)).or_default().add_frame(u32::try_from(len).expect("short"));
        let counted = sampler.snapshot().expect("counters are read");
        assert_eq!(counted.pairs.into_iter().collect::<BTreeMap<_, _>>(), sent, "frame {number}");
    }
}

#[test]
fn a_reading_between_any_two_frames_changes_nothing() {
    stay_on_one_cpu();
    let mut sampler = sampler(AMPLE, 1..=9);
    for every in [1, 7, 31, 32, 33] {
        let before = sampler.snapshot().expect("counters are read");
        for number in 0..300u16 {
            sampler.run(&frame(1 + number % 8, 9, 60), 1).expect("it runs");
            if number % every == 0 {
                let read = sampler.snapshot().expect("counters are read");
                assert_eq!(sum(&read.pairs).since(sum(&before.pairs)), counts(u64::from(number) + 1, 60));
            }
        }
    }
}

fn sum<'c>(pairs: impl IntoIterator<Item = (&'c PairKey, &'c Counts)>) -> Counts {
    pairs.into_iter().fold(Counts::default(), |mut sum, (_, counts)| {
        sum.add(*counts);
        sum
    })
}

#[test]
fn cells_without_room_are_counted_elsewhere_and_what_finds_none_is_unattributed() {
    stay_on_one_cpu();
    let mut sampler = sampler(Capacity { pairs: 32, stations: 1000 }, 1..=60);
    let frames: Vec<Vec<u8>> = (2..=60).flat_map(|to| [frame(1, to, 60), frame(to, 1, 100)]).collect();
    let rounds = 4 * NOTES as u64;
    for _ in 0..rounds {
        for frame in &frames {
            sampler.run(frame, 1).expect("it runs");
        }
    }
    let counted = sampler.snapshot().expect("counters are read");
    let counters = counted.ports[&SLOT].counters;
    // 32 pairs have 48 places; as many as the table has room for are in `PAIRS`.
    assert!((32 + 40..=32 + 48).contains(&counted.pairs.len()), "{} pairs", counted.pairs.len());
    assert_eq!(sampler.loaded.counters.pairs.fill(), [counted.pairs.len(), 0]);
    for (key, counted) in &counted.pairs {
        let len = if key.source() == mac(1) { 60 } else { 100 };
        assert_eq!(*counted, counts(rounds, len), "{key:?}");
    }
    let mut accounted = sum(&counted.pairs);
    accounted.add(counters.unattributed);
    assert_eq!(accounted, counters.seen);
    assert_eq!(counters.seen.packets, rounds * frames.len() as u64);
}

#[test]
fn a_number_stays_its_addresses_whoever_comes_and_goes() {
    stay_on_one_cpu();
    let mut sampler = sampler(AMPLE, 1..=4);
    let mut sent: BTreeMap<PairKey, Counts> = BTreeMap::new();
    for round in 0..12u16 {
        for source in 1..=8 {
            for destination in (1..=8).filter(|destination| *destination != source) {
                sampler.run(&frame(source, destination, 60), 3).expect("it runs");
                sent.entry(key(source, destination)).or_default().add(counts(3, 60));
            }
        }
        // Others each time, in another order, so that their places in the table change, too.
        let stays = move |number: &u16| !(number + round).is_multiple_of(3);
        register(&mut sampler, (1..=8).rev().filter(stays));
        if round % 2 == 0 {
            let counted = sampler.snapshot().expect("counters are read");
            assert_eq!(counted.pairs.into_iter().collect::<BTreeMap<_, _>>(), sent, "round {round}");
        }
    }
}

#[test]
fn stations_that_come_when_all_numbers_are_given_out_are_counted_as_well() {
    stay_on_one_cpu();
    let most = u16::try_from(MOST_STATIONS).expect("a few thousand");
    let all = u16::try_from(STATION_NUMBERS).expect("14 bits");
    let mut sampler = sampler(AMPLE, 1..=2);
    for first in (1..all).step_by(usize::from(most)) {
        register(&mut sampler, first..first.saturating_add(most).min(all));
    }
    register(&mut sampler, [1, 2, all, all + 1].into_iter());
    for (source, destination) in [(1, 2), (all, all + 1), (1, all)] {
        sampler.run(&frame(source, destination, 60), 50).expect("it runs");
    }
    let counted = sampler.snapshot().expect("counters are read");
    let expected = [(1, 2), (1, all), (all, all + 1)].map(|(from, to)| (key(from, to), counts(50, 60)));
    assert_eq!(counted.pairs.into_iter().collect::<BTreeMap<_, _>>(), expected.into());
}

#[test]
fn a_station_is_reported_once_its_notes_are_counted() {
    stay_on_one_cpu();
    let mut sampler = sampler(AMPLE, 1..=40);
    for source in 1..=32 {
        sampler.run(&frame(source, 40, 60), 1).expect("it runs");
    }
    let reported: BTreeSet<Mac> =
        std::iter::from_fn(|| sampler.loaded.rings.station()).map(|station| Mac(station.mac)).collect();
    assert_eq!(reported, (1..=32).map(mac).collect());
}

/// How long the readers and writers race: `IXP_STRESS_SECONDS`, or a few seconds.
fn patience() -> Duration {
    let seconds = env::var("IXP_STRESS_SECONDS").ok().map(|text| text.parse().expect("a number of seconds"));
    Duration::from_secs(seconds.unwrap_or(4))
}

#[test]
fn every_cpu_counts_while_the_agent_reads_and_members_change() {
    const STATIONS: u16 = 100;
    const REPEAT: u32 = 1000;
    let mut sampler = sampler(Capacity { pairs: 1 << 14, stations: 1000 }, 1..=STATIONS);
    let Loaded { ebpf, counters, policy, .. } = &mut sampler.loaded;
    let program: &Xdp =
        ebpf.program(PROGRAM).expect("it is loaded").try_into().expect("it is an XDP program");
    let mut totals = Totals::default();
    let mut read = || totals.read(counters, SLOT).expect("counters are read");
    let (is_over, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    let cpus = cpu::allowed().expect("the kernel tells");
    let start = clock::now();
    let (mut readings, mut last) = (0u64, Counts::default());
    thread::scope(|scope| {
        for cpu in &cpus {
            let (is_over, rounds) = (&is_over, &rounds);
            scope.spawn(move || {
                cpu::pin(*cpu).expect("it is allowed");
                for at in (0..u16::MAX).cycle().take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    let (source, destination) = (1 + at % STATIONS, 1 + (at + 1) % STATIONS);
                    run(program, &frame(source, destination, 60), REPEAT).expect("it runs");
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while start.elapsed() < patience() {
            let counted = read();
            let (told, seen) = (sum(&counted.pairs), counted.ports[&SLOT].counters.seen);
            assert!(told.packets <= seen.packets, "{told:?} of {seen:?} after {readings} readings");
            assert!(told >= last, "{last:?}, then {told:?}");
            (readings, last) = (readings + 1, told);
            if readings % 16 == 0 {
                let first = 1 + u16::try_from(readings / 16 % 20).expect("small");
                policy.put(&table(first..=STATIONS), &BTreeMap::new()).expect("the table is taken");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let counted = read();
    let sent = counts(rounds.into_inner() * u64::from(REPEAT), 60);
    assert_eq!((sum(&counted.pairs), counted.ports[&SLOT].counters.seen), (sent, sent));
    println!("{} frames on {} CPUs, {readings} readings meanwhile, difference 0", sent.packets, cpus.len());
    assert!(readings > 10 && sent.packets > 100_000, "{readings} readings, {} frames", sent.packets);
}
