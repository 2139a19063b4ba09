//! Steps in, what becomes of RRD files that others made, that were removed, or that cannot be made, out.

use std::fs;
use std::path::Path;

use ixp_agent::config;
use ixp_agent::rrd::writer::Error;
use ixp_agent::rrd::{Cached, Known, Vlis, Writer, tally};
use ixp_agent::store::{Exchange, OneWay, Stations};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;
use ixp_tests::agent::wait;
use ixp_tests::rrdcached::{Rrdcached, run};
use tempfile::TempDir;

/// 2026-11-30 10:00 UTC.
const START: i64 = 1_796_032_800;
const STEP: i64 = 300;
const TABLE: &str = r#"{"1":{"100":{"020000000001":11,"020000000002":12}}}"#;
const P2P: &str = "ipv4/bytes/p2p/src-00011/p2p.ipv4.bytes.src-00011.dst-00012.rrd";

/// The five minutes of a number, in which the first sends the second some bytes per second, if it is above nought.
fn exchange(number: i64, rate: u64) -> Exchange {
    let end =
        |id: i32, last| (id, Stations { label: id.to_string(), macs: vec![Mac([2, 0, 0, 0, 0, last])] });
    let (vlan, family) = (VlanId::from_tci(100), Family::Ipv4);
    let flow = OneWay { from: 1, to: 2, vlan, family, counts: Counts { packets: 300, bytes: rate * 300 } };
    Exchange {
        start: (START + number * STEP) * 1000,
        observed: STEP * 1000,
        flows: if rate > 0 { vec![flow] } else { Vec::new() },
        ends: [end(1, 1), end(2, 2)].into(),
    }
}

/// A writer with its way to a daemon.
struct Bench {
    folder: TempDir,
    daemon: Rrdcached,
    cached: Cached,
    vlis: Vlis,
    writer: Writer,
    known: Known,
}

impl Bench {
    fn new(arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let daemon = Rrdcached::start_with(folder.path(), arguments).expect("it starts");
        let cached = Cached::connect(&config::Rrdcached::Unix(daemon.socket())).expect("it listens");
        let vlis = Vlis::parse(TABLE).expect("a table");
        let writer = Writer::new(path(&daemon.files()), Known::default());
        Self { folder, daemon, cached, vlis, writer, known: Known::default() }
    }

    /// Tells the five minutes of a number; gives how many files took it.
    fn tell(&mut self, number: i64, rate: u64) -> Result<usize, Error> {
        let tally = tally(&exchange(number, rate), &self.vlis, false).expect("observed");
        let known = &mut self.known;
        let mut keep = |new: &Known| {
            *known = new.clone();
            Ok(())
        };
        let outcome = self.writer.tell(&mut self.cached, &tally, &self.vlis, &mut keep)?;
        assert_eq!(outcome.refused.0, 0, "{outcome:?}");
        Ok(outcome.told)
    }

    /// What the first sends the second, from the step of a number on.
    fn sent(&self, from: i64, steps: i64) -> Vec<Option<f64>> {
        let (from, to) = (START + from * STEP, START + (from + steps) * STEP);
        let rates = self.daemon.rates(P2P, (from, to)).expect("a file");
        (1..=steps).map(|step| rates[&(from + step * STEP)][1]).collect()
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn a_file_that_others_wrote_goes_on_where_they_ended() {
    let mut bench = Bench::new(&["-B", "-R"]);
    let file = bench.daemon.files().join(P2P);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    // As the handler of samples does it: at any second.
    let begin = START - 3 * STEP + 7;
    let mut words: Vec<String> =
        ["create", path(&file), "-b"].iter().map(|word| (*word).to_owned()).collect();
    words.push(begin.to_string());
    words.extend(
        ["DS:traffic_in:GAUGE:600:U:U", "DS:traffic_out:GAUGE:600:U:U", "RRA:AVERAGE:0.5:1:600"]
            .map(str::to_owned),
    );
    run(&words).expect("it is made");
    let update = |seconds: i64| format!("{}:5:70", begin + seconds);
    let updates = (1..=17).map(|minute| update(minute * 60));
    run(&["update".to_owned(), path(&file).to_owned()].into_iter().chain(updates).collect::<Vec<_>>())
        .expect("it is updated");
    // Its last update is 127 s into the first step.
    let reached = bench.writer.reached(&mut bench.cached, &bench.vlis).expect("it answers");
    assert_eq!(reached, None, "nothing is known of it yet");
    for number in 0..3 {
        bench.tell(number, 100).expect("it is told");
    }
    let sent = bench.sent(-2, 5);
    let first = (70.0 * 127.0 + 100.0 * 173.0) / 300.0;
    assert_eq!(sent[..2], [Some(70.0); 2]);
    assert!(sent[2].is_some_and(|rate| (rate - first).abs() < 1e-6), "{sent:?}");
    assert_eq!(sent[3..], [Some(100.0); 2]);
}

#[test]
fn a_file_that_was_removed_is_made_again_with_the_next_packet() {
    let mut bench = Bench::new(&["-B", "-R"]);
    assert_eq!(bench.tell(0, 100).expect("it is told"), 10);
    assert_eq!(bench.sent(0, 1), [Some(100.0)]);
    fs::remove_file(bench.daemon.files().join(P2P)).expect("it is there");
    // The daemon knows the file until it is asked to forget it.
    let forget = format!("FORGET {}\n", path(&bench.daemon.files().join(P2P)));
    forget_in(&bench.daemon, &forget);
    assert_eq!(bench.tell(1, 0).expect("it is told"), 9, "there is nothing to show in it");
    assert_eq!(bench.tell(2, 300).expect("it is told"), 10);
    assert_eq!(bench.sent(0, 3), [None, None, Some(300.0)]);
    // A new writer asks where the files are.
    bench.writer = Writer::new(path(&bench.daemon.files()), bench.known.clone());
    let reached = bench.writer.reached(&mut bench.cached, &bench.vlis).expect("it answers");
    assert_eq!(reached, Some(START + 3 * STEP));
    assert_eq!(bench.tell(2, 999).expect("it is told"), 0, "all have it");
    assert_eq!(bench.tell(4, 0).expect("it is told"), 10);
    assert_eq!(bench.sent(2, 3), [Some(300.0), None, Some(0.0)]);
}

fn forget_in(daemon: &Rrdcached, command: &str) {
    use std::io::{BufRead as _, BufReader, Write as _};
    let mut socket = std::os::unix::net::UnixStream::connect(daemon.socket()).expect("it listens");
    socket.write_all(command.as_bytes()).expect("it listens");
    let mut answer = String::new();
    BufReader::new(socket).read_line(&mut answer).expect("it answers");
    assert!(answer.starts_with("0 "), "{answer}");
}

#[test]
fn where_no_folder_can_be_made_it_is_said_how_to_start_the_daemon() {
    let mut bench = Bench::new(&["-B"]);
    let error = bench.tell(0, 100).expect_err("it may make no folders").to_string();
    assert!(error.contains("rrdcached takes none of 10 files"), "{error}");
    assert!(error.contains("start it with -B -R"), "{error}");
    let daemon = std::mem::replace(
        &mut bench.daemon,
        Rrdcached::start(&bench.folder.path().join("other")).expect("it starts"),
    );
    drop(daemon);
    bench.tell(0, 100).expect_err("it is gone");
    bench.cached = Cached::connect(&config::Rrdcached::Unix(bench.daemon.socket())).expect("it listens");
    bench.writer = Writer::new(path(&bench.daemon.files()), bench.known.clone());
    assert_eq!(bench.tell(0, 100).expect("it is told"), 10);
}

#[test]
fn what_the_daemon_has_in_memory_is_on_the_disk_when_it_says_so() {
    let mut bench = Bench::new(&["-B", "-R", "-w", "3600"]);
    for number in 0..3 {
        bench.tell(number, 100).expect("it is told");
    }
    bench.cached.flush().expect("it takes it");
    let is_written = || Ok(bench.cached.queued()?.filter(|files| *files == 0));
    wait("it to write all files", is_written).expect("it does");
    let range = (START, START + 3 * STEP);
    let on_disk =
        || Ok(Some(bench.daemon.rates_on_disk(P2P, range)?).filter(|rates| rates[&range.1][1].is_some()));
    let rates = wait("the file to have all", on_disk).expect("it has");
    assert!(rates.values().all(|[_, sent]| *sent == Some(100.0)), "{rates:?}");
}

#[test]
fn one_file_that_cannot_be_read_keeps_no_other_from_being_written() {
    let mut bench = Bench::new(&["-B", "-R"]);
    let file = bench.daemon.files().join(P2P);
    fs::create_dir_all(&file).expect("a folder in the place of the file");
    let tally = tally(&exchange(0, 100), &bench.vlis, false).expect("observed");
    let outcome = bench.writer.tell(&mut bench.cached, &tally, &bench.vlis, &mut |_| Ok(())).expect("told");
    assert_eq!((outcome.told, outcome.refused.0), (9, 1), "{outcome:?}");
}
