//! Frames on a wire in, the matrix of the running agent out: each frame in its place, in every form of the answer.

use std::process::Stdio;

use anyhow::ensure;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;
use ixp_lab::truth::Cells;
use ixp_tests::agent::command;
use ixp_tests::agent::lan::{self, ALL_NODES, FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, Site};
use ixp_tests::agent::{Agent, counts, wait};
use ixp_tests::wire::Wire;
use serde_json::{Value, json};

/// What eth_type_trans takes from a frame before a veth with native XDP counts its bytes.
const ETHERNET_HEADER: u64 = 14;

/// Frames of every kind, some of them more than once.
fn frames() -> Vec<Frame> {
    let tagged = VlanId::configured(100).expect("a VLAN");
    let mut frames = vec![
        Frame::new(FIRST, SECOND, Family::Ipv6, 64),
        Frame::new(FIRST, STRANGER, Family::Ipv4, 46),
        Frame::new(STRANGER, FIRST, Family::Other, 50),
        Frame::new(SECOND, Mac::BROADCAST, Family::Arp, 18),
        Frame::new(SECOND, ALL_NODES, Family::Ipv6, 24),
        Frame::on(tagged, FIRST, STRANGER, Family::Ipv4, 100),
    ];
    frames.extend((0..40).map(|size| Frame::new(FIRST, SECOND, Family::Ipv4, 30 * size)));
    frames.extend((0..3).map(|size| Frame::new(SECOND, FIRST, Family::Ipv4, 1000 + size)));
    frames
}

/// Frames that end too early or say what cannot be, each with its reason.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let cut = |family, len: usize| Frame::new(FIRST, SECOND, family, 40).bytes[..len].to_vec();
    let mut version = cut(Family::Ipv4, 74);
    version[14] = 0x65;
    vec![
        ("vlan-truncated", [&cut(Family::Ipv4, 12)[..], &[0x81, 0, 0]].concat()),
        ("ipv4-truncated", cut(Family::Ipv4, 30)),
        ("ipv4-version", version),
        ("ipv6-truncated", cut(Family::Ipv6, 40)),
        ("arp-truncated", cut(Family::Arp, 20)),
        ("arp-truncated", cut(Family::Arp, 21)),
    ]
}

/// An agent that has counted the frames.
fn counted(site: &Site, frames: &[Frame]) -> Agent {
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    send(frames.iter().map(|frame| frame.bytes.as_slice()));
    agent.settled(frames.len() as u64).expect("all are counted");
    agent
}

fn send<'f>(frames: impl IntoIterator<Item = &'f [u8]>) {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for frame in frames {
        wire.send(frame).expect("it is sent");
    }
}

fn matrix(agent: &Agent, query: &str) -> Value {
    agent.json(&format!("/api/v1/matrix{query}")).expect("a matrix")
}

#[test]
fn every_frame_is_in_its_cell_and_the_cells_are_what_the_kernel_received() {
    let site = Site::enter().expect("a place for an agent");
    let frames = frames();
    let agent = counted(&site, &frames);
    let matrix = agent.matrix(frames.len() as u64).expect("a matrix");
    let sent = lan::total(frames.iter().map(|frame| frame.bytes.as_slice()));
    assert_eq!(matrix.cells, lan::cells(&frames));
    assert_eq!((matrix.seen, matrix.malformed, matrix.unattributed), (sent, 0, 0));
    let status = agent.settled(sent.packets).expect("a status");
    let port = &status["interfaces"][0];
    let received = counts(&port["nic_received"]).expect("the kernel counts too");
    assert_eq!(
        (&port["xdp"], &port["driver"], &port["attached"]),
        (&json!("native"), &json!("veth"), &json!(true))
    );
    assert_eq!(received.packets, sent.packets);
    assert_eq!(received.bytes + ETHERNET_HEADER * sent.packets, sent.bytes);
    assert_eq!(port["nic_dropped"], 0);
}

#[test]
fn malformed_frames_are_in_no_cell_and_counted_by_reason() {
    let site = Site::enter().expect("a place for an agent");
    let (sound, broken) = (frames(), malformed());
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let bytes =
        || sound.iter().map(|frame| frame.bytes.as_slice()).chain(broken.iter().map(|(_, frame)| &frame[..]));
    send(bytes());
    let sent = lan::total(bytes());
    let found = agent.matrix(sent.packets).expect("a matrix");
    assert_eq!((found.seen, found.malformed, found.unattributed), (sent, broken.len() as u64, 0));
    assert_eq!(found.cells, lan::cells(&sound));
    let frames = &matrix(&agent, "")["frames"];
    assert_eq!(frames["malformed_bytes"], lan::total(broken.iter().map(|(_, frame)| &frame[..])).bytes);
    for (reason, _) in &broken {
        let of_reason = broken.iter().filter(|(other, _)| other == reason).map(|(_, frame)| &frame[..]);
        let expected = lan::total(of_reason);
        assert_eq!(counts(&frames["malformed_reasons"][reason]).expect(reason), expected, "{reason}");
    }
}

#[test]
fn an_unknown_station_has_no_asn_and_a_group_is_named_by_asn() {
    let site = Site::enter().expect("a place for an agent");
    let agent = counted(&site, &frames());
    let by_mac = matrix(&agent, "?by=mac");
    let cell = |source: &str, destination: &str| {
        let is_it = |cell: &&Value| cell["src_mac"] == source && cell["dst_mac"] == destination;
        by_mac["cells"].as_array().expect("cells").iter().find(is_it).expect("the cell").clone()
    };
    let stranger = cell("02:00:00:00:00:77", "02:00:00:00:00:01");
    assert_eq!((&stranger["src_asn"], &stranger["dst_asn"]), (&Value::Null, &json!(64500)));
    let broadcast = cell("02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff");
    assert_eq!((&broadcast["src_asn"], &broadcast["dst_asn"]), (&json!(64501), &Value::Null));
    let by_asn = matrix(&agent, "?by=asn");
    let groups: Vec<&Value> =
        by_asn["cells"].as_array().expect("cells").iter().filter(|cell| !cell["dst"].is_null()).collect();
    assert_eq!(groups.len(), 2, "{groups:?}");
    assert!(groups.contains(&&json!({"src_asn": 64501, "dst_asn": null, "dst": "broadcast", "family": "arp", "packets": 1, "bytes": 60})));
    assert!(groups.iter().any(|cell| cell["dst"] == "multicast" && cell["family"] == "ipv6"));
}

#[test]
fn the_same_frames_add_up_whatever_a_cell_stands_for() {
    let site = Site::enter().expect("a place for an agent");
    let frames = frames();
    let agent = counted(&site, &frames);
    let sent = lan::total(frames.iter().map(|frame| frame.bytes.as_slice()));
    for by in ["mac", "interface", "asn", "lan", "switch", "facility"] {
        let matrix = matrix(&agent, &format!("?by={by}"));
        let mut sum = Counts::default();
        for cell in matrix["cells"].as_array().expect("cells") {
            sum.add(counts(cell).expect("counts"));
        }
        assert_eq!((sum, &matrix["by"]), (sent, &json!(by)));
        assert_eq!(
            (&matrix["source"], &matrix["byte_basis"]),
            (&json!("exact"), &json!("frame-without-fcs"))
        );
    }
    let by_interface = matrix(&agent, "?by=interface&vlan=100");
    let [cell] = by_interface["cells"].as_array().expect("cells").as_slice() else {
        panic!("{by_interface}")
    };
    assert_eq!(cell["src_interface"], "AS64500@jumbo");
    assert_eq!(
        (&cell["dst_interface"], &cell["src_mac"], &cell["vlan"]),
        (&Value::Null, &Value::Null, &json!(100))
    );
}

#[test]
fn a_filter_leaves_out_cells_and_keeps_the_totals() {
    let site = Site::enter().expect("a place for an agent");
    let frames = frames();
    let agent = counted(&site, &frames);
    let all = lan::cells(&frames);
    let check = |query: &str, admits: &dyn Fn(&ixp_common::counters::PairKey) -> bool| {
        let answer = agent.get(&format!("/api/v1/matrix?{query}")).expect("an answer");
        let found = ixp_lab::matrix::Matrix::parse(&answer.body).expect("a matrix");
        let expected: Cells = all.clone().into_iter().filter(|(key, _)| admits(key)).collect();
        assert!(!expected.is_empty(), "{query}");
        assert_eq!(found.cells, expected, "{query}");
        assert_eq!(found.seen.packets, frames.len() as u64, "{query}");
    };
    check("family=ipv6", &|key| key.family() == Family::Ipv6);
    check("vlan=100", &|key| key.vlan().get() == 100);
    check("vlan=0&family=arp", &|key| key.vlan().get() == 0 && key.family() == Family::Arp);
    check("asn=AS64501", &|key| [key.source(), key.destination()].contains(&SECOND));
}

#[test]
fn csv_has_the_cells_of_the_json_in_the_same_order() {
    let site = Site::enter().expect("a place for an agent");
    let agent = counted(&site, &frames());
    let answer = agent.get("/api/v1/matrix?format=csv").expect("an answer");
    assert!(answer.content_type.starts_with("text/csv"), "{}", answer.content_type);
    let mut lines = answer.body.lines();
    assert_eq!(lines.next(), Some("vlan,src_mac,dst_mac,src_asn,dst_asn,family,packets,bytes"));
    let bare = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let columns = ["vlan", "src_mac", "dst_mac", "src_asn", "dst_asn", "family", "packets", "bytes"];
    let by_mac = matrix(&agent, "");
    let cells = by_mac["cells"].as_array().expect("cells");
    let expected: Vec<String> =
        cells.iter().map(|cell| columns.map(|column| bare(&cell[column])).join(",")).collect();
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[test]
fn the_command_writes_what_the_api_answers_in_each_format() {
    let site = Site::enter().expect("a place for an agent");
    let agent = counted(&site, &frames());
    for format in ["csv", "dense", "json", "parquet", "table"] {
        let path = format!("/api/v1/matrix?by=asn&family=ipv4&format={format}");
        let words = ["matrix", "--by", "asn", "--family", "ipv4", "--format", format];
        // What a matrix covers grows with each reading of the counters.
        wait("answers of one reading", || {
            let before = agent.bytes(&path)?;
            let ended = command::agent(&words).stdin(Stdio::null()).output()?;
            ensure!(ended.status.success(), "{format}: {}", String::from_utf8_lossy(&ended.stderr));
            Ok((before == ended.stdout && before == agent.bytes(&path)?).then_some(()))
        })
        .expect(format);
    }
    let table = command::run(&["matrix", "--by", "asn", "--from", "-5m"]).expect("it ends");
    assert_eq!((table.code, table.err.as_str()), (Some(0), ""));
    assert!(
        table.out.starts_with("FROM ") && table.out.contains("AS64500 Example Networks"),
        "{}",
        table.out
    );
}

#[test]
fn the_command_says_what_to_write_instead() {
    let site = Site::enter().expect("a place for an agent");
    let check = |words: &[&str], code: i32, says: &str| {
        let ended = command::run(&[&["matrix"], words].concat()).expect("it ends");
        assert_eq!((ended.code, ended.out.as_str()), (Some(code), ""), "{}", ended.err);
        assert!(ended.error().contains(says), "{}", ended.err);
    };
    check(&[], 1, "reach the agent at http://127.0.0.1:9179");
    check(&["--format", "dense"], 2, "--by asn");
    check(
        &["--by", "lan", "--format", "dense"],
        2,
        "--by lan has none; write --by asn, --by interface, --by switch",
    );
    let _agent = counted(&site, &[]);
    check(&["--from", "yesterday"], 2, "RFC 3339");
    check(&["--family", "ipx"], 2, "ipv4, ipv6, arp or other");
}
