//! A day of a made-up exchange in a store, and then what a lab's members send, in; what the agent exports of both, in every format,
//! out, as three tools add it up: beside what was put there.

use std::collections::BTreeMap;
use std::env;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ixp_agent::store::Keep;
use ixp_agent::store::disk::Scratch;
use ixp_common::addr::{Family, Mac};
use ixp_common::counters::Counts;
use ixp_lab::exchange::{Mode, Policy};
use ixp_lab::run::Settings;
use ixp_lab::station::{Station, members_file};
use ixp_lab::truth::total;
use ixp_lab::verdict::{failures, report};
use ixp_tests::agent::binary::agent;
use ixp_tests::agent::site::{Site, word};
use ixp_tests::agent::{Agent, command, number, wait};
use ixp_tests::filling::Filling;
use ixp_tests::synth::{STEP, Synth};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const MEMBERS: u16 = 8;
const HOURS: i64 = 24;
const SEED: u64 = 11;
const LAB_MEMBERS: u8 = 8;
/// Seconds that the lab's members speak, unless `IXP_DAY_SECONDS` says another number.
const SECONDS: u64 = 20;
/// Stands for who receives what is sent to all.
const NOBODY: u32 = 0;
/// Little is in memory, so that whoever asks is answered from the disk.
fn kept_in(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "[window]\nstep = \"1s\"\nkeep = \"1s\"\n[store]\nfolder = \"{folder}\"\nkeep_10s = \"forever\"\n"
    )
}

/// By AS number of who sends, AS number of who receives, and family.
type Sums = BTreeMap<(u32, u32, String), Counts>;

fn asn(mac: Mac) -> u32 {
    4_200_000_001 + u32::from(u16::from_be_bytes([mac.0[4], mac.0[5]]))
}

fn count(sums: &mut Sums, source: u32, destination: u32, family: Family, counts: Counts) {
    sums.entry((source, destination, family.name().to_owned())).or_default().add(counts);
}

/// Fills a store with a day that ends before now; gives when it began and what was exchanged.
fn a_day(folder: &Path) -> (Timestamp, Sums) {
    let end = ixp_agent::run::now().as_second().div_euclid(STEP) * STEP - 2 * STEP;
    let begun = Timestamp::from_second(end - HOURS * 3600).expect("a time");
    let (synth, mut again) = (Synth::new(MEMBERS, SEED, begun), Synth::new(MEMBERS, SEED, begun));
    let mut filling =
        Filling::begin(Arc::new(Scratch), folder, Keep::default(), synth, begun).expect("a store");
    let mut sums = Sums::new();
    for _ in 0..HOURS * 3600 / STEP {
        filling.step();
        filling.tend().expect("segments that are whole");
        let delta = again.delta(filling.now());
        for (id, counts) in &delta.pairs {
            let key = &again.book.keys()[id.index()];
            count(&mut sums, asn(key.source()), asn(key.destination()), key.family(), *counts);
        }
    }
    filling.finish().expect("segments that are whole");
    (begun, sums)
}

/// Lets the members of a lab speak for some time, on an exchange whose agent has the store; gives how many frames they sent.
fn a_lab(folder: &Path, sums: &mut Sums) -> u64 {
    let seconds =
        env::var("IXP_DAY_SECONDS").map_or(SECONDS, |text| text.parse().expect("a number of seconds"));
    let settings = Settings {
        prefix: "ixpday".to_owned(),
        members: LAB_MEMBERS,
        misbehave: false,
        duration: Some(Duration::from_secs(seconds)),
        mode: Mode::Tap,
        policy: Policy::Monitor,
        seed: SEED,
        listen: "127.0.0.1:0".parse().expect("an address"),
        agent: agent().to_owned(),
        store: Some(folder.to_owned()),
        member: vec![env!("CARGO_BIN_EXE_lab-member").into()],
        progress: false,
    };
    let evidence = ixp_lab::run::run(&settings).expect("a lab");
    assert!(failures(&evidence).is_empty(), "{}", report(&evidence));
    let of = |mac| Station::of(mac).map_or(NOBODY, Station::asn);
    for (key, counts) in &evidence.sent.cells {
        count(sums, of(key.source()), of(key.destination()), key.family(), *counts);
    }
    total(&evidence.sent.cells).packets
}

/// What an export of the agent is asked for, and the name of its file.
const EXPORTS: [(&[&str], &str); 7] = [
    (&["--format", "csv"], "whole.csv"),
    (&["--format", "json"], "whole.json"),
    (&["--format", "parquet"], "whole.parquet"),
    (&["--format", "csv", "--step", "1h"], "hours.csv"),
    (&["--format", "json", "--step", "1h"], "hours.json"),
    (&["--format", "parquet", "--step", "1h"], "hours.parquet"),
    (&["--format", "csv", "--step", "5m"], "fives.csv"),
];

/// Each export as a file.
fn exports(site: &Site, from: Timestamp) -> Vec<PathBuf> {
    let from = from.to_string();
    let export = |(words, name): &(&[&str], &str)| {
        let words = [&["matrix", "--by", "asn", "--from", &from, "--to", "now"], *words].concat();
        let ended = command::agent(&words).output().expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{words:?}: {said}");
        site.write(name, &ended.stdout).expect("it is written")
    };
    EXPORTS.iter().map(export).collect()
}

/// What three tools find in files.
fn read(files: &[PathBuf]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/store/sums.py");
    let python = env::var_os("IXP_PYTHON").unwrap_or_else(|| "python3".into());
    let ran = Command::new(python).arg("-B").arg(script).args(files).output().expect("Python runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "`cargo xtask test --only tests` has a Python with duckdb, polars and pandas: {said}"
    );
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

/// The agent has all of it on the disk.
fn kept(agent: &Agent, from: Timestamp, frames: u64) {
    let path = format!("/api/v1/matrix?by=asn&from={from}&to=now");
    wait("all is on the disk", || {
        let matrix = agent.json(&path)?;
        Ok((number(&matrix["frames"]["seen"])? == frames).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {frames} frames; {}", agent.log()));
}

#[test]
fn a_day_and_a_lab_s_traffic_are_in_every_export_to_the_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("store");
    let (begun, mut sums) = a_day(&store);
    let packets = |sums: &Sums| sums.values().map(|counts| counts.packets).sum::<u64>();
    let before = packets(&sums);
    let sent = a_lab(&store, &mut sums);
    assert!(sent > 1000 && packets(&sums) == before + sent);
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(&members_file(LAB_MEMBERS), &kept_in(&store)).expect("the agent starts");
    kept(&agent, begun, before + sent);
    let expected: Vec<Value> = sums
        .iter()
        .map(|((from, to, family), counts)| {
            serde_json::json!([from, to, family, counts.packets, counts.bytes])
        })
        .collect();
    let files = exports(&site, begun);
    let found = read(&files);
    for tool in ["duckdb", "polars", "pandas"] {
        for file in &files {
            let sums = found[tool][word(file)].as_array().expect("sums");
            assert_eq!(sums, &expected, "{tool} of {}", file.display());
        }
    }
    let of_all = |sums: &Sums| sums.values().map(|counts| counts.bytes).sum::<u64>();
    dense_has(&agent, begun, of_all(&sums));
    each_step_of(&files[3], begun);
    one_long_answer_at_a_time(agent);
    println!("a day of {before} frames and {sent} of a lab, {} pairs", sums.len());
}

/// The client of a long answer, of which a little was read: more waits than pipes and sockets hold.
fn long_answer() -> Child {
    let words = ["matrix", "--by", "interface", "--from", "-24h", "--step", "10s", "--format", "csv"];
    let mut client =
        command::agent(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut little = [0; 4096];
    client.stdout.as_mut().expect("it is piped").read_exact(&mut little).expect("the beginning of an answer");
    client
}

/// While one is written another is refused; who goes away makes room; who reads when the agent ends is told.
fn one_long_answer_at_a_time(agent: Agent) {
    let another = "/api/v1/matrix?by=asn&step=1h&from=-2h&format=csv";
    let mut client = long_answer();
    let refused = agent.get(another).expect("an answer");
    assert_eq!(refused.status, 503, "{}", refused.body);
    client.kill().expect("it runs");
    client.wait().expect("it ends");
    let answered = || Ok((agent.get(another)?.status == 200).then_some(()));
    wait("there is room again", answered).expect("who went away makes room");
    let client = long_answer();
    let ended = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let told = client.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.code() == Some(1) && said.contains("ends before its end"), "{said}");
}

/// All fields of the square together.
fn dense_has(agent: &Agent, begun: Timestamp, bytes: u64) {
    let path = format!("/api/v1/matrix?by=asn&from={begun}&to=now&format=dense");
    let text = String::from_utf8(agent.bytes(&path).expect("a square")).expect("text");
    let fields = text.lines().skip(1).flat_map(|line| line.split(',').skip(1));
    let sum: u64 = fields.map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    assert_eq!(sum, bytes);
}

/// Each hour has lines of its own, also the one in which little was observed.
fn each_step_of(file: &Path, begun: Timestamp) {
    let text = std::fs::read_to_string(file).expect("the export");
    let mut hours: Vec<Timestamp> =
        text.lines().skip(1).filter_map(|line| line.split(',').next()?.parse().ok()).collect();
    hours.dedup();
    let hour = SignedDuration::from_hours(1);
    assert!(hours[0] <= begun && hours[0] + hour > begun, "{hours:?}");
    assert!(hours.windows(2).all(|pair| pair[0] + hour == pair[1]), "{hours:?}");
    assert!(hours.len() >= 25, "{hours:?}");
}
