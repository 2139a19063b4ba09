//! Who looks into a folder that is another's: while it is written, when it is damaged, when there is nothing.

use std::sync::atomic::Ordering;

use super::super::ends::{self, Ends};
use super::meanwhile::written_while;
use super::*;
use crate::members::{Registry, VlanTags, parse};

/// A folder whose ends have names.
fn named() -> Bench {
    let bench = Bench::new();
    let text = "[[lan]]\nname = \"peering\"\nvlan = 0\n[[member]]\nasn = 64500\n[[member.interface]]\nlan = \"peering\"\n\
                macs = [\"02:00:00:00:00:01\"]\n";
    let registry: Registry = parse("members.toml", text, &VlanTags::new()).expect("members").0;
    let mut ends = Ends::new(Vec::new());
    ends.register(&registry, START);
    fs::create_dir(bench.root()).expect("a folder");
    ends::save(&Scratch, &bench.root(), ends.entries()).expect("a disk with room");
    bench
}

/// Packets of each interval, by its cells and by what is said of all, and how many intervals there are.
fn looked(shelf: &Shelf, step: Step) -> Option<usize> {
    let sums = |table, [time, packets]: [usize; 2]| {
        move |catalog: &Catalog| {
            let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
            let wanted = Wanted { table, step, ..everything() };
            catalog.each(&wanted, |row| *sums.entry(row.0[time]).or_default() += row.0[packets])?;
            Ok(sums)
        }
    };
    let both = |catalog: &Catalog| {
        Ok((sums(Table::Matrix, [4, 5])(catalog)?, sums(Table::Intervals, [0, 2])(catalog)?))
    };
    let (cells, intervals) = unless_restless(shelf.ask(both))?;
    assert_eq!(cells, intervals, "{}", step.name());
    Some(intervals.len())
}

/// Here it is written without a pause, so that it may not keep still for long enough.
fn unless_restless<T>(looked: Result<T, Error>) -> Option<T> {
    match looked {
        Err(Error::Restless { .. }) => None,
        other => Some(other.expect("what is there")),
    }
}

#[test]
fn who_looks_while_it_is_written_and_summed_up_sees_whole_intervals() {
    let bench = named();
    let store = Store::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    let last = 3 * 360;
    let lookers = written_while(&store, last, |is_over| {
        let (mut before, mut times) = (0, 0);
        while !is_over.load(Ordering::Acquire) {
            // One that is held is stale soon, and looks again.
            let Some(shelf) = unless_restless(Shelf::look(&bench.root())) else { continue };
            for (step, many) in Step::ALL.into_iter().filter_map(|step| Some((step, looked(&shelf, step)?))) {
                assert!(step != Step::TenSeconds || many >= before, "{before} intervals, then {many}");
                before = if step == Step::TenSeconds { many } else { before };
                times += 1;
            }
        }
        times
    });
    assert!(lookers.iter().all(|times| *times > 10), "{lookers:?} times");
    let shelf = Shelf::look(&bench.root()).expect("it is there");
    assert_eq!(looked(&shelf, Step::TenSeconds), usize::try_from(last).ok());
    assert!(shelf.now().past(START).into_registry().members().iter().any(|member| member.asn.0 == 64500));
    assert!(shelf.now().has(Source::Exact) && !shelf.now().has(Source::Sampled));
}

#[test]
fn nothing_is_changed_by_who_looks_and_what_is_damaged_is_left_out() {
    let bench = named();
    an_hour(&bench);
    let five_minutes = |path: &&PathBuf| {
        let path = path.display().to_string();
        ["-1h-", "/matrix-exact-5m-"].iter().all(|part| path.contains(part))
    };
    let waiting = files(&recent(&bench.root()));
    let path = waiting.iter().find(five_minutes).unwrap_or_else(|| panic!("{waiting:?}"));
    let mut bytes = fs::read(path).expect("a file");
    bytes[500] ^= 0x10;
    fs::write(path, bytes).expect("a file");
    fs::create_dir(recent(&bench.root()).join("20261130T220000Z-1h-9000.tmp")).expect("a folder");
    let there = || -> Vec<(PathBuf, Vec<u8>)> {
        let read = |path: PathBuf| (path.clone(), fs::read(path).expect("a file"));
        files(&bench.root()).into_iter().map(read).collect()
    };
    let before = there();
    let shelf = Shelf::look(&bench.root()).expect("it is there");
    let rest = shelf.ask(|catalog| catalog.rows(&everything())?.collect()).expect("the rest");
    let bytes: i64 = rest.iter().map(|row| row.0[6]).sum();
    assert_eq!(u64::try_from(bytes).expect("a count"), counted(360..400).bytes);
    assert!(before == there(), "something was changed");
    // An agent is not kept out, and puts it aside.
    let store = bench.open().expect("nobody has it");
    store.shelf().ask(|catalog| catalog.rows(&everything())?.collect()).expect("the rest");
    assert_eq!(files(&quarantine(&bench.root())).len(), 2);
}

#[test]
fn where_no_history_is_it_is_said_so() {
    let bench = Bench::new();
    let refused = |path: &Path| Shelf::look(path).expect_err("there is none").to_string();
    let none = "has no history in it; name a folder as [store] of a configuration does";
    let folder = bench.folder.path().join("empty");
    fs::create_dir(&folder).expect("a folder");
    fs::write(bench.root(), "text").expect("a file");
    for path in [folder, bench.root(), PathBuf::from("/nowhere")] {
        assert_eq!(refused(&path), format!("{} {none}", path.display()));
    }
    let bench = Bench::new();
    an_hour(&bench);
    assert!(refused(&bench.root()).contains("no table of members"), "{}", refused(&bench.root()));
}
