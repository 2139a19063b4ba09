//! Captures in, what `ixp-agent replay` makes of them out: as the live agent counts them, or why not.

use std::fs::File;
use std::process::{Command, Stdio};

use ixp_common::addr::Family;
use ixp_lab::matrix::Matrix;
use ixp_tests::agent::binary;
use ixp_tests::agent::command::{self, Ended, agent, finish};
use ixp_tests::agent::lan::{self, FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::pcap::{ETHERNET, RAW_IP, pcap};
use ixp_tests::agent::site::{FABRIC, Site, word};
use ixp_tests::frames::{Fixture, corpus};
use ixp_tests::wire::Wire;
use serde_json::Value;
use tempfile::TempDir;

/// A folder for captures.
struct Captures(TempDir);

impl Captures {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("it is written");
        word(&path).to_owned()
    }
}

fn frames() -> Vec<Frame> {
    let mut frames = vec![Frame::new(FIRST, SECOND, Family::Ipv4, 100); 3];
    frames.push(Frame::new(STRANGER, FIRST, Family::Arp, 18));
    frames
}

fn capture() -> Vec<u8> {
    pcap(ETHERNET, frames().iter().map(|frame| frame.bytes.as_slice()))
}

fn replay(words: &[&str]) -> Ended {
    command::run(&[&["replay"], words].concat()).expect("it ends")
}

/// It failed, said so in this one line, and wrote nothing else.
fn check_refused(ended: &Ended, parts: &[&str]) {
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{}", ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    for part in parts {
        assert!(ended.err.contains(part), "{part} is not in: {}", ended.err);
    }
}

#[test]
fn the_live_agent_and_replay_make_the_same_matrix_of_the_same_frames() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let fits = |frame: &Fixture| (14..=1500).contains(&frame.bytes.len());
    // A veth's ring holds 256 frames, and nothing empties it faster than this test fills it.
    let fixtures: Vec<Fixture> = corpus().into_iter().filter(fits).step_by(19).collect();
    let wire = Wire::open(FABRIC).expect("the other end is there");
    let mut sent = 0;
    for some in fixtures.chunks(200) {
        some.iter().for_each(|frame| wire.send(&frame.bytes).expect(&frame.name));
        sent += some.len() as u64;
        agent.settled(sent).expect("all are counted");
    }
    let live = agent.json("/api/v1/matrix").expect("a matrix");
    let bytes = pcap(ETHERNET, fixtures.iter().map(|frame| frame.bytes.as_slice()));
    let file = site.write("fixtures.pcap", bytes).expect("it is written");
    let members = site.path("members.toml");
    let ended = replay(&["--members", word(&members), "--format", "json", word(&file)]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let replayed: Value = serde_json::from_str(&ended.out).expect("JSON");
    for part in ["cells", "frames", "by", "byte_basis", "source", "rules"] {
        assert_eq!(live[part], replayed[part], "{part}");
    }
    assert!(
        live["frames"]["malformed"].as_u64() > Some(20) && live["cells"].as_array().map(Vec::len) > Some(5)
    );
}

#[test]
fn json_has_the_cells_the_totals_and_the_time_of_the_capture() {
    let captures = Captures::new();
    let file = captures.write("lan.pcap", capture());
    let ended = replay(&["--format", "json", &file]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let matrix = Matrix::parse(&ended.out).expect("a matrix");
    let frames = frames();
    assert_eq!(matrix.cells, lan::cells(&frames));
    assert_eq!(matrix.seen, lan::total(frames.iter().map(|frame| frame.bytes.as_slice())));
    let json: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(
        (&json["from"], &json["to"]),
        (&"2026-01-01T00:00:00Z".into(), &"2026-01-01T00:00:03Z".into())
    );
}

#[test]
fn csv_and_table_are_made_without_privilege_too() {
    let captures = Captures::new();
    let (file, members) = (captures.write("lan.pcap", capture()), captures.write("members.toml", MEMBERS));
    let csv = replay(&["--members", &members, "--by", "asn", "--format", "csv", &file]);
    assert_eq!(csv.code, Some(0), "{}", csv.err);
    let expected = "src_asn,dst_asn,dst,family,packets,bytes\n64500,64501,,ipv4,3,402\n,64500,,arp,1,60\n";
    let mut lines: Vec<&str> = csv.out.lines().collect();
    let mut wanted: Vec<&str> = expected.lines().collect();
    assert_eq!(lines.first(), wanted.first());
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    let table = replay(&["--members", &members, "--by", "asn", &file]);
    assert_eq!(table.code, Some(0), "{}", table.err);
    for part in ["AS64500 Example Networks", "unknown", "402 B", "unattributed"] {
        assert!(table.out.contains(part), "{part} is not in:\n{}", table.out);
    }
}

#[test]
fn a_square_has_all_bytes_in_cells_and_is_of_members() {
    let captures = Captures::new();
    let (file, members) = (captures.write("lan.pcap", capture()), captures.write("members.toml", MEMBERS));
    let words = ["--members", &members, "--by", "asn", "--format", "dense", &file];
    let square = replay(&words);
    assert_eq!((square.code, square.err.as_str()), (Some(0), ""));
    assert_eq!(square.out, "bytes,AS64500,AS64501,unknown\nAS64500,0,402,0\nAS64501,0,0,0\nunknown,60,0,0\n");
    let refused = replay(&["--format", "dense", &file]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""));
    assert!(refused.error().contains("--by asn"), "{}", refused.err);
}

#[test]
fn a_terminal_is_spared_what_is_for_programs() {
    let captures = Captures::new();
    let file = captures.write("lan.pcap", capture());
    let words = format!("{} replay --format parquet {file}", word(binary::agent()));
    // util-linux's `script` runs a command on a terminal of its own, and ends as it does.
    let mut script = Command::new("script");
    let ended =
        finish(script.args(["--quiet", "--return", "--command", &words, "/dev/null"])).expect("it ends");
    assert_eq!(ended.code, Some(2), "{}", ended.out);
    assert!(ended.out.contains("> matrix.parquet") && !ended.out.contains("PAR1"), "{}", ended.out);
}

#[test]
fn standard_input_is_a_capture_by_the_name_of_a_dash() {
    let captures = Captures::new();
    let file = captures.write("lan.pcap", capture());
    let mut command = agent(&["replay", "--format", "csv", "-"]);
    let ended = finish(command.stdin(File::open(&file).expect("it is there"))).expect("it ends");
    assert_eq!((ended.code, &ended.out), (Some(0), &replay(&["--format", "csv", &file]).out));
    let nothing = finish(agent(&["replay", "-"]).stdin(Stdio::null())).expect("it ends");
    check_refused(&nothing, &["-: the capture is empty (0 bytes)"]);
}

#[test]
fn a_capture_that_is_cut_gives_what_was_read_and_fails() {
    let captures = Captures::new();
    let whole = capture();
    let file = captures.write("cut.pcap", &whole[..whole.len() - 10]);
    let ended = replay(&["--format", "json", &file]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("cut.pcap: cut off") && ended.err.contains("after 3 frames"), "{}", ended.err);
    assert_eq!(Matrix::parse(&ended.out).expect("a matrix").cells, lan::cells(&frames()[..3]));
}

#[test]
fn what_is_no_capture_is_refused_by_name() {
    let captures = Captures::new();
    check_refused(&replay(&[&captures.write("empty.pcap", "")]), &["empty.pcap", "is empty"]);
    check_refused(
        &replay(&[&captures.write("note.txt", "hello world")]),
        &["note.txt: neither pcap nor pcapng"],
    );
    check_refused(&replay(&[&captures.write("lan.gz", [0x1f, 0x8b, 8, 0])]), &["lan.gz", "zcat FILE"]);
    check_refused(&replay(&["/nonexistent/lan.pcap"]), &["/nonexistent/lan.pcap: open: No such file"]);
    check_refused(&replay(&[word(captures.0.path())]), &["Is a directory"]);
    let raw = captures.write("raw.pcap", pcap(RAW_IP, [&[0x45; 40][..]]));
    check_refused(&replay(&[&raw]), &["raw.pcap", "Ethernet"]);
}

#[test]
fn captures_are_added_up_and_one_that_fails_does_not_hide_the_others() {
    let captures = Captures::new();
    let file = captures.write("lan.pcap", capture());
    let ended = replay(&["--format", "json", &file, &captures.write("empty.pcap", ""), &file]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("empty.pcap"), "{}", ended.err);
    let twice = [frames(), frames()].concat();
    assert_eq!(Matrix::parse(&ended.out).expect("a matrix").cells, lan::cells(&twice));
}

#[test]
fn bad_members_are_bad_usage() {
    let captures = Captures::new();
    let (file, members) = (captures.write("lan.pcap", capture()), captures.write("members.toml", "[[lan]\n"));
    let ended = replay(&["--members", &members, &file]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{}", ended.err);
    assert!(ended.error().contains("members.toml:1"), "{}", ended.err);
}
