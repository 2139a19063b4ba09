//! A screen shows every member, fits a terminal, and has rates per second.

use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::PairKey;
use ixp_common::rules::Rule;

use super::*;
use crate::matrix::Finding;
use crate::sins::forged;

fn among(members: u8, packets: u64) -> Matrix {
    let stations = Station::first(members);
    let counts = Counts { packets, bytes: packets * 1000 };
    let mut matrix = Matrix::default();
    for from in stations.clone() {
        for to in stations.clone().filter(|to| *to != from) {
            matrix.cells.insert(PairKey::new(VlanId::UNTAGGED, from.mac(), to.mac(), Family::Ipv4), counts);
            matrix.seen.add(counts);
        }
    }
    matrix
}

fn frame(interval: u64) -> Frame<'static> {
    Frame {
        title: "tap, 8 members",
        url: "http://127.0.0.1:59179",
        sampled: "http://127.0.0.1:59180",
        elapsed: Duration::from_secs(61),
        interval: Duration::from_millis(interval),
        rows: 24,
        styled: false,
    }
}

#[test]
fn a_screen_fits_eighty_columns_and_twenty_four_rows() {
    for members in [2, 8, 9, 16, 40] {
        let screen = screen(&frame(1000), &Matrix::default(), &among(members, 99_999));
        assert!(screen.lines().count() <= 24, "{members} members: {} rows", screen.lines().count());
        for line in screen.lines() {
            let printed = line.replace("\x1b[H", "").replace("\x1b[K", "").replace("\x1b[J", "");
            assert!(printed.chars().count() <= 80, "{printed}");
        }
    }
}

#[test]
fn a_rate_is_per_second_whatever_the_interval() {
    let line = line(&frame(500), &among(2, 10), &among(2, 15));
    assert_eq!(line, "  61 s  30 frames, 30,000 bytes, 2 cells; 20 frames/s, 160 kbit/s");
}

#[test]
fn each_member_up_to_sixteen_is_shown() {
    let screen = screen(&frame(1000), &Matrix::default(), &among(16, 1));
    for number in 1..=16 {
        let cell = format!("{number:>6}    120 kbit/s    120 kbit/s");
        assert!(screen.contains(&cell), "{number}: {screen}");
    }
}

fn against(rule: Rule, mac: Mac, packets: u64) -> Finding {
    Finding { rule, mac: Some(mac), packets, dropped: 0, would_drop: 0 }
}

/// Every rule, by many members and strangers.
fn sinful(members: u8) -> Matrix {
    let mut matrix = among(members, 9);
    for rule in Rule::ALL {
        let stations = (1..=30).map(|number| Station { number }.mac()).chain((0..2000).map(forged));
        matrix.findings.extend(stations.map(|mac| against(rule, mac, 1_000_000)));
    }
    matrix
}

#[test]
fn a_screen_of_broken_rules_fits_a_hundred_columns_and_the_rows_of_the_terminal() {
    for (members, rows) in [(2, 24), (16, 24), (40, 24), (40, 30), (16, 60)] {
        let screen = screen(&Frame { rows, ..frame(1000) }, &Matrix::default(), &sinful(members));
        assert!(screen.lines().count() <= rows, "{members} members: {} rows", screen.lines().count());
        for line in screen.lines() {
            let printed = line.replace("\x1b[H", "").replace("\x1b[K", "").replace("\x1b[J", "");
            assert!(printed.chars().count() <= 100, "{printed}");
        }
        let rules = screen.lines().filter(|line| line.contains("/s  AS650")).count();
        assert!(rules >= 3, "{screen}");
        let rest = Rule::ALL.len() - rules;
        assert!(screen.contains(&format!("  {rest} more: ")), "{screen}");
    }
}

#[test]
fn a_rule_is_shown_while_it_is_broken_with_how_often_and_by_whom() {
    let (mut before, mut after) = (among(2, 1), among(2, 2));
    let [one, two] = [1, 2].map(|number| Station { number }.mac());
    before.findings = vec![against(Rule::N01, one, 10), against(Rule::L12, two, 7)];
    after.findings = vec![
        against(Rule::N01, one, 15),
        against(Rule::N01, two, 20),
        against(Rule::L12, two, 7),
        against(Rule::L07, forged(1), 1),
        Finding { mac: None, ..against(Rule::L07, one, 3) },
    ];
    let screen = screen(&frame(500), &before, &after);
    let row = |text: &str| screen.lines().any(|line| line.trim_end_matches("\x1b[K") == text);
    assert!(row("  N01 router advertisement                          50/s  AS65002 AS65001"), "{screen}");
    assert!(
        row("  L07 source MAC of no member                        8/s  1 strangers and more"),
        "{screen}"
    );
    assert!(!screen.contains("L12"), "{screen}");
    let logged = line(&frame(500), &before, &after);
    assert_eq!(logged.lines().nth(1), Some("        broken: N01 50/s, L07 8/s"));
}

#[test]
fn a_line_of_many_broken_rules_fits_a_hundred_columns() {
    let line = line(&frame(1000), &Matrix::default(), &sinful(2));
    let broken = line.lines().nth(1).unwrap();
    assert!(broken.chars().count() <= 100 && broken.ends_with(" and others"), "{broken}");
}
