//! A day of a made-up exchange in a store, and then frames on a wire, in; what the agent exports of both, in every format, out,
//! as three tools add it up: beside what was put there.

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
use ixp_lab::clock;
use ixp_tests::agent::lan::Frame;
use ixp_tests::agent::site::{FABRIC, Site, word};
use ixp_tests::agent::{Agent, command, number, wait};
use ixp_tests::filling::Filling;
use ixp_tests::synth::{STEP, Synth};
use ixp_tests::wire::Wire;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const MEMBERS: u16 = 8;
const HOURS: i64 = 24;
const SEED: u64 = 11;
/// Seconds of frames on the wire, unless `IXP_DAY_SECONDS` says another number.
const SECONDS: u64 = 20;
/// Little is in memory, so that whoever asks is answered from the disk.
const KEPT: &str =
    "[window]\nstep = \"1s\"\nkeep = \"1s\"\n[store]\nfolder = \"store\"\nkeep_10s = \"forever\"\n";

/// By AS number of who sends, AS number of who receives, and family.
type Sums = BTreeMap<(u32, u32, String), Counts>;

fn asn(mac: Mac) -> u32 {
    4_200_000_001 + u32::from(u16::from_be_bytes([mac.0[4], mac.0[5]]))
}

fn count(sums: &mut Sums, source: Mac, destination: Mac, family: Family, counts: Counts) {
    let key = (asn(source), asn(destination), family.name().to_owned());
    sums.entry(key).or_default().add(counts);
}

/// Fills a store with a day that ends before now; gives its members and what they exchanged.
fn a_day(folder: &Path) -> (String, Timestamp, Sums) {
    let end = ixp_agent::run::now().as_second().div_euclid(STEP) * STEP - 2 * STEP;
    let begun = Timestamp::from_second(end - HOURS * 3600).expect("a time");
    let (synth, mut again) = (Synth::new(MEMBERS, SEED, begun), Synth::new(MEMBERS, SEED, begun));
    let members = synth.members.clone();
    let mut filling =
        Filling::begin(Arc::new(Scratch), folder, Keep::default(), synth, begun).expect("a store");
    let mut sums = Sums::new();
    for _ in 0..HOURS * 3600 / STEP {
        filling.step();
        filling.tend().expect("segments that are whole");
        let delta = again.delta(filling.now());
        for (id, counts) in &delta.pairs {
            let key = &again.book.keys()[id.index()];
            count(&mut sums, key.source(), key.destination(), key.family(), *counts);
        }
    }
    filling.finish().expect("segments that are whole");
    (members, begun, sums)
}

/// Sends frames between all members for some time; gives how many.
fn send(sums: &mut Sums) -> u64 {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    let mac = |member: u8| Mac([2, 0, 0, 0, 0, member]);
    let members = u8::try_from(MEMBERS).expect("few members");
    let both = [Family::Ipv4, Family::Ipv6];
    let pairs = (0..members).flat_map(|from| (0..members).map(move |to| (from, to)));
    let frames: Vec<(Mac, Mac, Family, Frame)> = pairs
        .filter(|(from, to)| from != to)
        .flat_map(|pair| both.map(|family| (pair, family)))
        .map(|((from, to), family)| {
            let size = 100 + usize::from(from) * 50 + usize::from(to) * 7;
            (mac(from), mac(to), family, Frame::new(mac(from), mac(to), family, size))
        })
        .collect();
    let seconds =
        env::var("IXP_DAY_SECONDS").map_or(SECONDS, |text| text.parse().expect("a number of seconds"));
    let (begun, mut sent) = (clock::now(), 0);
    while begun.elapsed() < Duration::from_secs(seconds) {
        for (source, destination, family, frame) in &frames {
            wire.send(&frame.bytes).expect("it is sent");
            count(sums, *source, *destination, *family, frame_counts(frame));
            sent += 1;
        }
        clock::pause(Duration::from_millis(50));
    }
    sent
}

fn frame_counts(frame: &Frame) -> Counts {
    Counts::frame(u32::try_from(frame.bytes.len()).expect("a short frame"))
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
fn a_day_and_frames_on_a_wire_are_in_every_export_to_the_byte() {
    let site = Site::enter().expect("a place for an agent");
    let (members, begun, mut sums) = a_day(&site.path("store"));
    let packets = |sums: &Sums| sums.values().map(|counts| counts.packets).sum::<u64>();
    let agent = site.tap(&members, KEPT).expect("the agent starts");
    let before = packets(&sums);
    let sent = send(&mut sums);
    assert!(sent > 1000 && packets(&sums) == before + sent);
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
    one_long_answer_at_a_time(agent, begun);
    println!("a day of {before} frames and {sent} on the wire, {} pairs", sums.len());
}

/// The client of a long answer, of which a little was read: more waits than pipes and sockets hold.
fn long_answer(begun: Timestamp) -> Child {
    let from = begun.to_string();
    let words = ["matrix", "--by", "interface", "--from", &from, "--step", "10s", "--format", "csv"];
    let mut client =
        command::agent(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut little = [0; 4096];
    client.stdout.as_mut().expect("it is piped").read_exact(&mut little).expect("the beginning of an answer");
    client
}

/// While one is written another is refused; who goes away makes room; who reads when the agent ends is told.
fn one_long_answer_at_a_time(agent: Agent, begun: Timestamp) {
    let another = "/api/v1/matrix?by=asn&step=1h&from=-2h&format=csv";
    let mut client = long_answer(begun);
    let refused = agent.get(another).expect("an answer");
    assert_eq!(refused.status, 503, "{}", refused.body);
    client.kill().expect("it runs");
    client.wait().expect("it ends");
    let answered = || Ok((agent.get(another)?.status == 200).then_some(()));
    wait("there is room again", answered).expect("who went away makes room");
    let client = long_answer(begun);
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
