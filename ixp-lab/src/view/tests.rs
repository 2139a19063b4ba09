//! A screen shows every member, fits a terminal, and has rates per second.

use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::PairKey;

use super::*;

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
        url: "http://127.0.0.1:9179",
        elapsed: Duration::from_secs(61),
        interval: Duration::from_millis(interval),
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
