//! A matrix as Parquet in, what duckdb, polars and pandas read of it out, beside the JSON of the same matrix.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use ixp_common::addr::{Family, Mac};
use ixp_tests::agent::command::{self, agent};
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::pcap::{ETHERNET, pcap};
use ixp_tests::agent::site::{FABRIC, Site, word};
use ixp_tests::agent::wait;
use ixp_tests::wire::Wire;
use jiff::Timestamp;
use serde_json::{Map, Value};

const READERS: [&str; 3] = ["duckdb", "polars", "pandas"];

fn frames() -> Vec<Frame> {
    let mut frames = vec![Frame::new(FIRST, SECOND, Family::Ipv4, 1000); 3];
    frames.push(Frame::new(SECOND, FIRST, Family::Ipv6, 200));
    frames.push(Frame::new(STRANGER, FIRST, Family::Arp, 18));
    frames.push(Frame::new(FIRST, Mac::BROADCAST, Family::Arp, 18));
    frames
}

/// The rows of a file, by who read them.
fn read(file: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/parquet/read.py");
    let python = env::var_os("IXP_PYTHON").unwrap_or_else(|| "python3".into());
    let ran = Command::new(python).arg("-B").arg(script).arg(file).output().expect("Python runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "`cargo xtask test --only tests` has a Python with duckdb, polars and pandas: {said}"
    );
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

/// A cell of JSON as a row has it: with the columns that are left out, and the times of the matrix.
fn row(cell: &Value, matrix: &Value, names: &Map<String, Value>) -> Map<String, Value> {
    let moment = |name: &str| {
        let text = matrix[name].as_str().expect("a time");
        Value::from(text.parse::<Timestamp>().expect("a time").as_millisecond())
    };
    let value = |name: &str| match name {
        "from_time" => moment("from"),
        "to_time" => moment("to"),
        name => cell.get(name).cloned().unwrap_or(Value::Null),
    };
    names.keys().map(|name| (name.clone(), value(name))).collect()
}

/// Each reader has each cell of the JSON, in its order, and as many columns as CSV has and two.
fn agree(file: &Path, matrix: &Value, csv: &str) {
    let columns = csv.lines().next().map(|titles| titles.split(',').count());
    let cells = matrix["cells"].as_array().expect("cells");
    assert!(!cells.is_empty());
    let all = read(file);
    for reader in READERS {
        let rows: Vec<&Map<String, Value>> =
            all[reader].as_array().expect(reader).iter().filter_map(Value::as_object).collect();
        assert_eq!(rows.len(), cells.len(), "{reader}");
        for (found, cell) in rows.iter().zip(cells) {
            assert_eq!(Some(found.len()), columns.map(|columns| columns + 2), "{reader}");
            assert_eq!(**found, row(cell, matrix, found), "{reader}");
        }
    }
}

#[test]
fn three_tools_read_what_the_json_of_a_capture_has() {
    let site = Site::enter().expect("a place for files");
    let bytes = pcap(ETHERNET, frames().iter().map(|frame| frame.bytes.as_slice()));
    let capture = site.write("lan.pcap", bytes).expect("it is written");
    let members = site.write("members.toml", MEMBERS).expect("it is written");
    for by in ["mac", "interface", "asn"] {
        let words =
            |format| ["replay", "--members", word(&members), "--by", by, "--format", format, word(&capture)];
        let ended = agent(&words("parquet")).stdin(Stdio::null()).output().expect("it ends");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let file = site.write("matrix.parquet", ended.stdout).expect("it is written");
        let told = |format| command::run(&words(format)).expect("it ends").out;
        let json: Value = serde_json::from_str(&told("json")).expect("JSON");
        agree(&file, &json, &told("csv"));
    }
}

#[test]
fn three_tools_read_what_the_agent_serves() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let wire = Wire::open(FABRIC).expect("the other end is there");
    let frames = frames();
    frames.iter().for_each(|frame| wire.send(&frame.bytes).expect("it is sent"));
    agent.settled(frames.len() as u64).expect("all are counted");
    let [json, csv, parquet] =
        ["json", "csv", "parquet"].map(|format| format!("/api/v1/matrix?by=asn&format={format}"));
    // What a matrix covers grows with each reading of the counters.
    let (matrix, file) = wait("two matrices of one reading", || {
        let (before, file, after) = (agent.json(&json)?, agent.bytes(&parquet)?, agent.json(&json)?);
        Ok((before == after).then_some((before, file)))
    })
    .expect("readings are a second apart");
    let file = site.write("matrix.parquet", file).expect("it is written");
    agree(&file, &matrix, &agent.get(&csv).expect("an answer").body);
}
