//! What is asked of a large segment, which has many pages in several groups.

use super::*;
use crate::store::segment::blocks::Blocks;
use crate::store::segment::read::Reader;

const SOURCES: i64 = 400;
const DESTINATIONS: i64 = 250;
const TIMES: i64 = 2;

fn row(number: i64) -> Row {
    let (pair, at) = (number / TIMES, START + number % TIMES * 300_000);
    let packets = 1 + number * number % 977;
    Row::new(&[16 + pair / DESTINATIONS, 16 + pair % DESTINATIONS, 4, 0, at, packets, packets * 100])
}

#[test]
fn what_is_asked_of_a_large_segment_is_found_in_its_pages_and_nothing_else() {
    let folder = TempDir::new().expect("a folder for a test");
    let rows: Vec<Row> = (0..SOURCES * DESTINATIONS * TIMES).map(row).collect();
    let kin = Kin::new(Table::Matrix, Source::Exact, Step::FiveMinutes);
    let footer = [("agent", "test".to_owned())];
    let written =
        write(&Scratch, folder.path(), kin, &footer, &rows).expect("a disk with room").expect("rows");
    let path = folder.path().join(kin.file_name(written.checksum));
    let ask = |bounds: &[(usize, i64, i64)]| {
        let blocks = Arc::new(Blocks::read(&path, written.checksum).expect("a segment that is whole"));
        let mut reader = Reader::open(&path, kin, bounds, blocks).expect("a segment that is whole");
        let next = || reader.next_row().expect("a segment that is whole");
        let found: Vec<Row> = std::iter::from_fn(next).collect();
        let is_within =
            |row: &&Row| bounds.iter().all(|(at, low, high)| (*low..=*high).contains(&row.0[*at]));
        let expected: Vec<Row> = rows.iter().filter(is_within).copied().collect();
        assert!(found == expected, "{bounds:?}: {} rows of {}", found.len(), expected.len());
        found.len()
    };
    let last = 15 + SOURCES;
    assert_eq!(ask(&[]), rows.len());
    assert_eq!(ask(&[(0, 16, 16)]), 500);
    assert_eq!(ask(&[(0, last, last), (1, 100, 100)]), 2);
    // From one group into the next.
    assert_eq!(ask(&[(0, 270, 290), (1, 16, 20), (4, START, START)]), 105);
    assert_eq!(ask(&[(1, 200, 200), (4, START + 300_000, i64::MAX)]), 400);
    assert_eq!(ask(&[(0, last + 1, i64::MAX)]), 0);
    assert_eq!(ask(&[(4, START - 2, START - 1)]), 0);
}
