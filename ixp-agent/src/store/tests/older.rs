//! Files of agents that did not know the last columns, beside those of this one.

use super::*;
use crate::store::segment::blocks::Blocks;
use crate::store::segment::older::older;
use crate::store::segment::read::Reader;

/// Columns that agents did not know at first, at the end of a table.
const LATER: [(Table, usize); 2] = [(Table::Matrix, 1), (Table::Lans, 1)];

/// Makes a segment what an earlier agent wrote.
fn age(kin: Kin, path: &Path, missing: usize) {
    let mut reader =
        Reader::open(path, kin, &[], Arc::new(Blocks::trusted())).expect("a segment that is whole");
    let rows: Vec<Row> = std::iter::from_fn(|| reader.next_row().expect("a segment that is whole")).collect();
    let bytes = older(kin, &rows, missing);
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name of ours");
    let (stem, _) = name.rsplit_once('-').expect("a checksum at the end");
    let name = format!("{stem}-{:08x}.parquet", crc32fast::hash(&bytes));
    fs::remove_file(path).expect("it is there");
    fs::write(path.with_file_name(name), bytes).expect("a disk with room");
}

/// An interval as [`interval`] has it, with what is exchanged on a VLAN.
fn with_lan(number: i64) -> Interval {
    let mut interval = interval(number);
    let bytes: i64 = interval.rows[0].2.iter().map(|row| row.0[6]).sum();
    let mut lan = Row::new(&[0, interval.start, bytes / 100, bytes]).with_peaks(Table::Lans);
    lan.0[6] = number + 1;
    interval.rows.push((Table::Lans, Source::Exact, vec![lan]));
    interval
}

#[test]
fn files_without_the_last_columns_are_read_and_summed_up_beside_those_with_them() {
    const OLD: i64 = 400;
    let bench = Bench::new();
    let store = bench.open().expect("a store");
    for number in 0..OLD {
        store.append(&with_lan(number)).expect("a disk with room");
        tend(&store, number).expect("segments that are whole");
    }
    let catalog = store.shelf().now();
    let segments: Vec<(Kin, PathBuf)> = catalog.all().map(|segment| (segment.kin, segment.path())).collect();
    drop((catalog, store));
    let mut aged = 0;
    for (kin, path) in segments {
        if let Some((_, missing)) = LATER.iter().find(|(table, _)| *table == kin.table) {
            age(kin, &path, *missing);
            aged += 1;
        }
    }
    assert!(aged > 20, "{aged}");
    let store = bench.open().expect("a store");
    let is_whole = |store: &Store, last: i64, what: &str| {
        for step in Step::ALL {
            let bytes =
                |table| all(store, table, step).iter().map(|row| row.0[table.time() + 2]).sum::<i64>();
            let counted = i64::try_from(counted(0..last).bytes).expect("a count");
            assert_eq!([bytes(Table::Matrix), bytes(Table::Lans)], [counted; 2], "{what}: {}", step.name());
        }
    };
    is_whole(&store, OLD, "old alone");
    assert!(all(&store, Table::Lans, Step::Hour).iter().all(|row| row.0[5] > 0 && row.0[6] == NOTHING));
    for number in OLD..720 {
        store.append(&with_lan(number)).expect("a disk with room");
    }
    is_whole(&store, 720, "before they are merged");
    tend(&store, 720 + 40).expect("old segments and new ones");
    is_whole(&store, 720, "merged");
    // Of the second hour the end alone is known, and with it the largest of the day.
    let lans = |step| all(&store, Table::Lans, step).iter().map(|row| row.0[6]).collect::<Vec<_>>();
    assert_eq!((lans(Step::Hour), lans(Step::Day)), (vec![NOTHING, 720], vec![720]));
    let pairs = |hour: i64| {
        let at = START + hour * Step::Hour.millis();
        let rows = all(&store, Table::Matrix, Step::Hour);
        rows.iter().filter(|row| row.0[4] == at).map(|row| row.0[11]).collect::<Vec<_>>()
    };
    let known = expected(OLD..720, Step::Day).values().map(|[.., burst]| *burst).collect::<Vec<_>>();
    assert_eq!((pairs(0), pairs(1)), (vec![NOTHING; 3], known));
    assert!(!quarantine(&bench.root()).exists());
}

#[test]
fn a_file_that_lacks_a_column_which_every_row_has_is_none_of_ours() {
    let folder = TempDir::new().expect("a folder for a test");
    let kin = Kin::new(Table::Lans, Source::Exact, Step::Hour);
    let rows = [Row::new(&[0, START, 1, 100])];
    let read = |missing: usize| {
        let path = folder.path().join("segment");
        fs::write(&path, older(kin, &rows, missing)).expect("a disk with room");
        let mut reader = Reader::open(&path, kin, &[], Arc::new(Blocks::trusted()))?;
        reader.next_row()
    };
    // Peaks and the burst may be empty, and what is before them may not.
    for missing in 0..=3 {
        assert_eq!(read(missing).expect("a segment that is whole"), Some(rows[0]), "{missing}");
    }
    let error = read(4).expect_err("no bytes").to_string();
    assert!(error.contains("its columns are") && error.contains("lans"), "{error}");
}
