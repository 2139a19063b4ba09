//! Files that are not what they were: put aside, and the rest serves.

use super::*;

fn minutes() -> Wanted {
    Wanted { step: Step::Minute, ..everything() }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("a file");
    let at = at % bytes.len();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).expect("a file");
}

#[test]
fn a_damaged_file_that_waits_is_put_aside_and_the_rest_serves() {
    let bench = Bench::new();
    an_hour(&bench);
    let waiting = files(&recent(&bench.root()));
    let damaged = waiting.iter().find(|path| path.display().to_string().contains("-10s-4"));
    let damaged = damaged.or(waiting.first()).expect("a file that waits");
    flip(damaged, 100);
    let store = bench.open().expect("the rest");
    let error = tend(&store, 720).expect_err("it is read for the first time");
    assert!(error.to_string().contains("checksum"), "{error}");
    tend(&store, 720).expect("the rest");
    // It, and the other table of its time.
    assert_eq!(files(&quarantine(&bench.root())).len(), 2);
    let left = all(&store, Table::Matrix, Step::Hour).len();
    assert!(left >= 3, "{left}");
}

#[test]
fn who_asks_finds_a_damaged_file_that_waits() {
    let bench = Bench::new();
    an_hour(&bench);
    let waiting = files(&recent(&bench.root()));
    let is_it = |path: &&PathBuf| {
        let path = path.display().to_string();
        ["-1h-", "/matrix-exact-5m-"].iter().all(|part| path.contains(part))
    };
    let path = waiting.iter().find(is_it).unwrap_or_else(|| panic!("{waiting:?}"));
    flip(path, 500);
    let store = bench.open().expect("a store");
    let rest = store.shelf().ask(|catalog| catalog.rows(&everything())?.collect()).expect("the rest");
    let bytes: i64 = rest.iter().map(|row| row.0[6]).sum();
    assert_eq!(u64::try_from(bytes).expect("a count"), counted(360..400).bytes);
    assert_eq!(files(&quarantine(&bench.root())).len(), 2);
}

#[test]
fn every_flipped_bit_of_a_segment_is_noticed_before_a_row_of_it_is_told() {
    let bench = Bench::new();
    an_hour(&bench);
    let matrix = files(&bench.root().join("matrix"));
    let path = matrix.iter().find(|path| path.display().to_string().contains("res=1m")).expect("an hour");
    let whole = fs::read(path).expect("a file");
    for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
        flip(path, at);
        let store = bench.open().expect("the rest");
        let wanted = Wanted {
            table: Table::Matrix,
            source: Source::Exact,
            step: Step::Minute,
            from: START,
            to: START + 1,
            only: Vec::new(),
        };
        let read = store.shelf().now().rows(&wanted).map(|_| ());
        assert!(matches!(read, Err(segment::Error::Checksum { .. })), "byte {at}: {read:?}");
        fs::write(path, &whole).expect("a file");
    }
    fs::write(path, &whole[..whole.len() / 2]).expect("a file");
    let store = bench.open().expect("the rest");
    assert!(store.shelf().now().rows(&minutes()).is_err());
}

#[test]
fn who_asks_finds_a_damaged_file_put_aside_and_the_rest_answers() {
    let bench = Bench::new();
    an_hour(&bench);
    let matrix = files(&bench.root().join("matrix"));
    let path = matrix.iter().find(|path| path.display().to_string().contains("res=1m")).expect("an hour");
    flip(path, 77);
    let store = bench.open().expect("a store");
    let ask = || store.shelf().ask(|catalog| catalog.rows(&minutes())?.collect());
    let rest = ask().expect("the rest");
    // Of 400 intervals an hour is damaged.
    let bytes: i64 = rest.iter().map(|row| row.0[6]).sum();
    assert_eq!(u64::try_from(bytes).expect("a count"), counted(360..400).bytes);
    assert_eq!(ask().expect("the rest"), rest);
    assert_eq!(files(&quarantine(&bench.root())).len(), 2);
    assert!(!path.exists());
}
