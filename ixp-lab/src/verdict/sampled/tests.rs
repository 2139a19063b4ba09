//! What the agents' sampler chooses passes, whatever the rhythm of the traffic; each way to be wrong is named.

use std::collections::BTreeMap;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;
use ixp_common::sampling::Countdown;

use super::*;
use crate::agents::RATE;
use crate::random::Random;
use crate::truth::{Cells, total};
use crate::verdict::tests::exact;

fn key(number: u8) -> PairKey {
    let mac = |last| Mac([2, 0, 0, 0, 0, last]);
    PairKey::new(VlanId::UNTAGGED, mac(number), mac(200), Family::Ipv4)
}

/// What so many samples make.
fn estimate(samples: u64) -> Estimate {
    let left_out = 1.0 - 1.0 / f64::from(RATE);
    Estimate {
        frames: samples * u64::from(RATE),
        relative_error: NORMAL_95 * (left_out / samples as f64).sqrt(),
    }
}

/// What was counted and what was sampled, by cell.
fn both(cells: impl IntoIterator<Item = (PairKey, u64, u64)>) -> (Matrix, Sampled) {
    let (mut counted, mut sampled) = (Cells::new(), BTreeMap::new());
    let mut samples = 0;
    for (key, frames, chosen) in cells {
        counted.insert(key, Counts { packets: frames, bytes: frames * 100 });
        samples += chosen;
        if chosen > 0 {
            sampled.insert(key, estimate(chosen));
        }
    }
    let matrix = Matrix { seen: total(&counted), cells: counted, ..Matrix::default() };
    let fate = Fate { taken: samples, heard: samples, ..Fate::default() };
    (matrix, Sampled { rate: RATE, seen: estimate(samples), cells: sampled, fate })
}

/// A hundred cells with as many samples as they should have.
fn right() -> (Matrix, Sampled) {
    both((0..100).map(|number| (key(number), 100 * u64::from(RATE), 100)))
}

/// What the agent's sampler makes of frames that belong to these cells.
fn sampled(frames: impl IntoIterator<Item = u8>, seed: u64) -> (Matrix, Sampled) {
    let (mut countdown, mut random) = (Countdown::default(), Random::new(seed));
    let mut cells = BTreeMap::<u8, (u64, u64)>::new();
    for cell in frames {
        let draw = || u32::try_from(random.number() >> 32).unwrap();
        let (counted, chosen) = cells.entry(cell).or_default();
        *counted += 1;
        *chosen += u64::from(countdown.is_chosen(RATE, draw));
    }
    both(cells.into_iter().map(|(cell, (counted, chosen))| (key(cell), counted, chosen)))
}

#[track_caller]
fn check(spoil: impl FnOnce(&mut Matrix, &mut Sampled), expected: &str) {
    let (mut counted, mut sampled) = right();
    spoil(&mut counted, &mut sampled);
    let mut failures = losses(sampled.fate);
    failures.extend(compare(&counted, &sampled).failures());
    assert_eq!(failures.join("; "), expected);
}

#[test]
fn estimates_that_are_right_pass() {
    check(|_, _| {}, "");
    let (counted, sampled) = right();
    let comparison = compare(&counted, &sampled);
    assert_eq!((comparison.cells, comparison.within, comparison.large), (100, 100, 480));
    assert_eq!((comparison.counted, comparison.estimate.frames, comparison.off), (160_000, 160_000, 0.0));
}

#[test]
fn what_the_sampler_chooses_passes_and_is_as_exact_as_it_says() {
    let (mut cells, mut within) = (0, 0);
    for seed in 0..12 {
        let mut traffic = Random::new(1000 + seed);
        // The busiest of a hundred cells has a hundred times the frames of the least busy one.
        let cell = || u8::try_from(traffic.index(100).min(traffic.index(100))).unwrap();
        let (counted, sampled) = sampled(std::iter::repeat_with(cell).take(100_000), seed);
        let comparison = compare(&counted, &sampled);
        assert_eq!(comparison.failures(), Vec::<String>::new(), "seed {seed}");
        (cells, within) = (cells + comparison.cells, within + comparison.within);
    }
    let coverage = within as f64 / cells as f64;
    assert!(cells > 800 && (0.93..0.97).contains(&coverage), "{within} of {cells}");
}

#[test]
fn frames_that_keep_step_with_the_gaps_pass() {
    for period in [1, 2, 15, 16, 17, 26, 31, 32, 52] {
        for seed in 0..8 {
            let (counted, sampled) = sampled((0..period).cycle().take(30_000), seed);
            let failures = compare(&counted, &sampled).failures();
            assert_eq!(failures, Vec::<String>::new(), "period {period}, seed {seed}");
        }
    }
}

/// The chance that a frame is chosen so many frames after another was, and what is beyond 1 in N.
#[test]
fn no_rhythm_has_more_than_five_quarters_of_the_variance() {
    let (rate, gaps) = (f64::from(RATE), 2 * RATE as usize - 1);
    let mut density = vec![1.0];
    for at in 1..1000usize {
        let before: f64 = density[at.saturating_sub(gaps)..at].iter().sum();
        density.push(before / gaps as f64);
    }
    let beyond: f64 = density[1..].iter().map(|chance| (chance - 1.0 / rate).max(0.0)).sum();
    let most = 1.0 + 2.0 * beyond / (1.0 - 1.0 / rate);
    assert!((1.25..1.26).contains(&most), "{most}");
}

#[test]
fn a_sum_that_is_off_fails() {
    let less = |_: &mut Matrix, sampled: &mut Sampled| sampled.seen = estimate(9625);
    check(less, "");
    let least = |_: &mut Matrix, sampled: &mut Sampled| sampled.seen = estimate(9590);
    check(least, "samples make 153,440 ± 2,974 frames of 160,000: 4.3 standard deviations off");
    let none = |_: &mut Matrix, sampled: &mut Sampled| sampled.seen = Estimate::default();
    check(none, "samples make 0 ± 0 frames of 160,000: inf standard deviations off");
}

#[test]
fn errors_that_are_too_often_too_small_fail() {
    let spoil = |cells: u8| {
        move |_: &mut Matrix, sampled: &mut Sampled| {
            (0..cells).for_each(|number| _ = sampled.cells.insert(key(number), estimate(75)));
        }
    };
    check(spoil(27), "");
    check(spoil(28), "only 72 of 100 cells are as exact as their samples say");
}

#[test]
fn a_large_cell_without_samples_is_not_exact() {
    let (mut counted, sampled) = right();
    let large = Counts { packets: 480, bytes: 48_000 };
    counted.cells.insert(key(150), large);
    let comparison = compare(&counted, &sampled);
    assert_eq!((comparison.cells, comparison.within), (101, 100));
    counted.cells.insert(key(151), Counts { packets: 479, ..large });
    assert_eq!(compare(&counted, &sampled).cells, 101, "there need be no sample of fewer frames");
}

#[test]
fn a_cell_that_is_far_off_fails() {
    let double = |_: &mut Matrix, sampled: &mut Sampled| _ = sampled.cells.insert(key(7), estimate(200));
    check(
        double,
        "samples of vlan 0 02:00:00:00:00:07 > 02:00:00:00:00:c8 ipv4 are 10.3 standard deviations off",
    );
}

#[test]
fn a_cell_that_nobody_counted_fails() {
    check(
        |counted, _| _ = counted.cells.remove(&key(3)),
        "samples make 1 cells that nobody counted, as vlan 0 02:00:00:00:00:03 > 02:00:00:00:00:c8 ipv4",
    );
}

#[test]
fn samples_that_are_lost_fail_unless_that_is_said() {
    check(
        |_, sampled| sampled.fate.heard -= 20,
        "of 10,000 samples 9,980 were heard and 0 were said to be lost",
    );
    let said = |_: &mut Matrix, sampled: &mut Sampled| {
        (sampled.fate.heard, sampled.fate.lost) = (9980, 20);
        (sampled.fate.no_room, sampled.fate.told_no_room) = (5, 5);
    };
    check(said, "");
    check(|_, sampled| sampled.fate.no_room = 5, "the kernel had no room for 5 samples, and 0 were told of");
    check(
        |_, sampled| sampled.fate = Fate::default(),
        "of 0 samples 0 were heard and 0 were said to be lost",
    );
}

#[test]
fn the_lines_fit_eighty_columns() {
    let (matrix, sampled) = right();
    let evidence = Evidence { matrix, sampled, ..exact() };
    let expected = "by sFlow to a second agent: 10,000 samples, 1 frame in 16; 0 lost\n  \
                    in all 160,000 ± 3,036 frames, counted 160,000: 0.0 standard deviations off\n  \
                    100 of 100 cells of 480 frames or more within ± (95 %), at most 0.0 off\n";
    assert_eq!(lines(&evidence), expected);
    assert!(lines(&evidence).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn chances_add_up() {
    let near = |left: f64, right: f64| (left - right).abs() < 1e-9;
    assert!(near(at_least(3, 3, 0.5), 0.125) && near(at_least(2, 3, 0.5), 0.5));
    assert!(near(at_least(0, 0, 0.1), 1.0) && near(at_least(1, 100_000, 0.1), 1.0));
}
