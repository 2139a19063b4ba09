//! More than a table holds in, what the running agent says of it out: every bound has its counter.

use ixp_common::addr::{Family, Mac};
use ixp_common::counters::Counts;
use ixp_tests::agent::lan::{self, FIRST, Frame, MEMBERS, SECOND};
use ixp_tests::agent::site::{FABRIC, Site};
use ixp_tests::agent::{counts, number, wait};
use ixp_tests::wire::Wire;

/// A frame between a pair of its own, with a size of its own.
fn between(pair: u8) -> Frame {
    let station = |kind| Mac([2, 0, 0, 0, kind, pair]);
    Frame::new(station(1), station(2), Family::Ipv4, 100 + usize::from(pair))
}

fn send(frames: &[Frame]) {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for frame in frames {
        wire.send(&frame.bytes).expect("it is sent");
    }
}

fn total(frames: &[Frame]) -> Counts {
    lan::total(frames.iter().map(|frame| frame.bytes.as_slice()))
}

/// A full table of pairs, the part of the status that says how full it is, with members or without.
fn check_full(members: &str, pairs: u32, table: &str) {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(members, &format!("[counting]\npairs = {pairs}\n")).expect("the agent starts");
    let frames: Vec<Frame> = (0..100).map(between).collect();
    send(&frames);
    let sent = total(&frames);
    let status = agent.settled(sent.packets).expect("all are counted");
    let used = number(&status[table]["used"]).expect("a number");
    assert_eq!((used, number(&status[table]["capacity"]).expect("a number")), (16, 16));
    let matrix = agent.json("/api/v1/matrix").expect("a matrix");
    let mut cells = Counts::default();
    for cell in matrix["cells"].as_array().expect("cells") {
        cells.add(counts(cell).expect("counts"));
    }
    let unattributed = number(&matrix["frames"]["unattributed"]).expect("a number");
    let bytes = number(&matrix["frames"]["unattributed_bytes"]).expect("a number");
    assert_eq!((cells.packets, unattributed), (16, sent.packets - 16));
    assert_eq!(cells.bytes + bytes, sent.bytes);
    assert_eq!(number(&matrix["frames"]["seen"]).expect("a number"), sent.packets);
    assert_eq!(number(&matrix["frames"]["bytes"]).expect("a number"), sent.bytes);
    let port = counts(&status["interfaces"][0]["unattributed"]).expect("counts");
    assert_eq!(port, Counts { packets: unattributed, bytes });
    let known = agent.matrix(sent.packets).expect("a matrix").cells;
    let again: Vec<Frame> = frames.into_iter().filter(|frame| known.contains_key(&frame.key)).collect();
    send(&again);
    let after = agent.matrix(sent.packets + 16).expect("a matrix");
    assert_eq!(after.unattributed, unattributed);
    assert!(after.cells.values().all(|counts| counts.packets == 2), "{:?}", after.cells);
}

#[test]
fn a_full_pair_table_counts_the_rest_as_unattributed_in_frames_and_bytes() {
    check_full("", 16, "pair_table");
}

#[test]
fn strangers_fill_their_part_of_the_pair_table_and_no_more() {
    check_full(MEMBERS, 64, "stranger_pairs");
}

#[test]
fn samples_are_counted_where_sampling_is_on() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "[sampling]\nrate = 2\n").expect("the agent starts");
    let frames = vec![Frame::new(FIRST, SECOND, Family::Ipv4, 100); 200];
    send(&frames);
    let status = agent.settled(200).expect("all are counted");
    let port = &status["interfaces"][0];
    let samples = number(&port["samples"]).expect("a number");
    // 200 draws at 1 in 2: beyond these bounds lies less than one run in 10¹⁵.
    assert!((40..=160).contains(&samples), "{samples}");
    assert_eq!(port["samples_lost"], 0);
    assert_eq!(agent.matrix(200).expect("a matrix").cells, lan::cells(&frames));
}

#[test]
fn a_sampling_rate_of_one_samples_each_frame() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "[sampling]\nrate = 1\n").expect("the agent starts");
    send(&vec![Frame::new(FIRST, SECOND, Family::Ipv4, 100); 50]);
    let status = agent.settled(50).expect("all are counted");
    assert_eq!(status["interfaces"][0]["samples"], 50);
}

#[test]
fn a_window_without_room_shows_gaps_and_counts_what_it_dropped() {
    let site = Site::enter().expect("a place for an agent");
    let window = "[window]\nstep = \"1s\"\nkeep = \"1m\"\nrecords = 2\n";
    let agent = site.tap(MEMBERS, window).expect("the agent starts");
    let mut sent = 0;
    let status = wait("a step is dropped", || {
        send(&[between(sent), between(sent + 100)]);
        sent += 1;
        let status = agent.settled(2 * u64::from(sent))?;
        Ok((number(&status["window"]["dropped_steps"])? > 0).then_some(status))
    });
    let status = status.expect("the window is bounded");
    assert!(number(&status["window"]["records"]).expect("a number") <= 2, "{status}");
    assert!(number(&status["window"]["dropped_records"]).expect("a number") > 0, "{status}");
    let since = status["since"].as_str().expect("a time");
    let matrix = agent.json(&format!("/api/v1/matrix?from={since}")).expect("a matrix");
    assert!(!matrix["gaps"].as_array().expect("gaps").is_empty(), "{matrix}");
    let kept = number(&matrix["frames"]["seen"]).expect("a number");
    assert!(kept <= 2, "{matrix}");
    assert_eq!(status["seen"]["packets"], 2 * u64::from(sent));
}

#[test]
fn more_stations_than_the_inventory_holds_are_counted_as_unlisted() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "[counting]\nstations = 8\n").expect("the agent starts");
    let frames: Vec<Frame> = (0..50).map(between).collect();
    send(&frames);
    agent.settled(50).expect("all are counted");
    let answer = agent.json("/api/v1/stations").expect("the stations");
    let mut listed = counts(&answer["unlisted"]).expect("counts");
    let stations = answer["stations"].as_array().expect("a list");
    assert!(stations.len() <= 8, "{answer}");
    stations.iter().for_each(|station| listed.add(counts(station).expect("counts")));
    assert_eq!(listed, total(&frames));
}
