//! Frames on a wire in, what commands say of members' history out: statistics, who exchanges most, steps.

use ixp_common::addr::Family;
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, Site, word};
use ixp_tests::agent::{Agent, command, number, wait};
use ixp_tests::wire::Wire;
use jiff::Timestamp;
use serde_json::Value;

/// Each frame is sampled, so that sizes are exact.
const KEPT: &str =
    "[window]\nstep = \"1s\"\nkeep = \"1s\"\n[store]\nfolder = \"store\"\n[sampling]\nrate = 1\n";

fn frames() -> Vec<Frame> {
    let mut frames = vec![Frame::new(FIRST, SECOND, Family::Ipv4, 1000); 30];
    frames.extend(vec![Frame::new(SECOND, FIRST, Family::Ipv6, 200); 10]);
    frames.push(Frame::new(STRANGER, FIRST, Family::Ipv4, 18));
    frames
}

/// An agent that has kept all that was sent.
fn kept(site: &Site) -> Agent {
    let agent = site.tap(MEMBERS, KEPT).expect("the agent starts");
    let wire = Wire::open(FABRIC).expect("the other end is there");
    // From its second reading on it knows how long a second is.
    wait("it has read twice", || {
        let status = agent.json("/api/v1/status")?;
        Ok((number(&status["drain"]["count"])? >= 3).then_some(()))
    })
    .expect("it reads");
    frames().iter().for_each(|frame| wire.send(&frame.bytes).expect("it is sent"));
    wait("what was counted is on the disk", || {
        let matrix = agent.json("/api/v1/matrix?by=asn&from=-1h")?;
        Ok((number(&matrix["frames"]["seen"])? == frames().len() as u64).then_some(()))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {}", agent.log()));
    agent
}

fn bytes(of: &[usize]) -> u64 {
    of.iter().map(|at| frames()[*at].bytes.len() as u64).sum()
}

/// What a command writes.
fn said(words: &[&str]) -> String {
    let ended = command::run(words).expect("it ends");
    assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.err);
    ended.out
}

#[test]
fn statistics_have_what_each_member_sent_and_what_is_unknown_is_null() {
    let site = Site::enter().expect("a place for an agent");
    let agent = kept(&site);
    let stats: Value =
        serde_json::from_str(&said(&["stats", "--from", "-1h", "--format", "json"])).expect("JSON");
    let [first, second] = [&stats["members"][0], &stats["members"][1]];
    let all = bytes(&(0..41).collect::<Vec<_>>());
    assert_eq!(
        (number(&stats["all"]["packets"]).ok(), number(&stats["all"]["bytes"]).ok()),
        (Some(41), Some(all))
    );
    assert_eq!((first["asn"].as_u64(), second["asn"].as_u64()), (Some(64500), Some(64501)));
    assert_eq!(number(&first["sent"]["bytes"]).ok(), Some(bytes(&[0]) * 30));
    assert_eq!(number(&first["received"]["packets"]).ok(), Some(11));
    assert_eq!(number(&second["sent"]["families"]["ipv6"]["packets"]).ok(), Some(10));
    assert_eq!(second["sent"]["ipv6_share"].as_f64(), Some(1.0));
    // All at once: the most in a second is at least a tenth of ten seconds, and a step of five minutes is not over.
    let (peak, burst) = (number(&first["sent"]["peak_bps"]), number(&first["sent"]["burst_bps"]));
    assert!(burst.expect("a burst") >= peak.expect("a peak"), "{first}");
    assert!(
        first["sent"]["growth_per_month"].is_null() && first["sent"]["utilisation_p95"].is_null(),
        "{first}"
    );
    let sizes = |member: &Value| -> Vec<u64> {
        let sizes = member["sent"]["sizes"].as_array().unwrap_or_else(|| panic!("{member}")).iter();
        sizes.map(|size| number(&size["packets"]).expect("a number")).collect()
    };
    assert_eq!((sizes(first), sizes(second)), (vec![0, 0, 0, 0, 0, 30, 0], vec![0, 0, 0, 10, 0, 0, 0]));
    let lan = stats["lans"].as_array().expect("LANs").iter().find(|lan| lan["lan"] == "peering");
    let lan = lan.expect("the LAN");
    assert_eq!(number(&lan["packets"]).ok(), Some(41));
    let (peak, burst) = (number(&lan["peak_bps"]), number(&lan["burst_bps"]));
    assert!(burst.expect("a burst") >= peak.expect("a peak"), "{lan}");
    let pair = said(&["stats", "--from", "-1h", "--asn", "64500", "--peer", "64501", "--format", "json"]);
    let pair: Value = serde_json::from_str(&pair).expect("JSON");
    // Each has sent to the other alone, and by one MAC, and of one family.
    for (direction, member) in [("sent", first), ("received", second)] {
        let (pair, whole) = (&pair["members"][0][direction], &member["sent"]);
        assert!(pair["burst_bps"].is_null(), "{pair}");
        assert_eq!(pair["burst_at_most_bps"], whole["burst_bps"], "{pair}");
    }
    let table = said(&["stats", "--from", "-1h", "--asn", "64500", "--peer", "64501"]);
    let sent = table.lines().find(|line| line.starts_with("AS64500")).expect("what it sent");
    assert_eq!(sent.matches('≤').count(), 2, "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let csv = said(&["stats", "--from", "-1h", "--asn", "64500", "--peer", "64501", "--format", "csv"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines.len() == 3 && lines[1].starts_with("pair,64500,64501,Example Networks,sent,30,"), "{csv}");
    let columns = |line: &str| line.split(',').count();
    assert!(lines.iter().all(|line| columns(line) == columns(lines[0])), "{csv}");
    let table = said(&["stats", "--from", "-1h"]);
    assert!(table.contains("AS64500") && table.contains("Second Network"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    drop(agent);
}

#[test]
fn who_exchanges_most_is_told_first_and_steps_are_as_many_as_asked_for() {
    let site = Site::enter().expect("a place for an agent");
    let agent = kept(&site);
    let top: Value =
        serde_json::from_str(&said(&["top-talkers", "--from", "-1h", "--top", "1", "--format", "json"]))
            .expect("JSON");
    let [talkers, pairs] = ["talkers", "pairs"].map(|name| top[name].as_array().expect(name));
    assert_eq!((talkers.len(), pairs.len()), (1, 1));
    assert_eq!((talkers[0]["asn"].as_u64(), pairs[0]["dst_asn"].as_u64()), (Some(64500), Some(64501)));
    assert_eq!(number(&pairs[0]["bytes"]).ok(), Some(bytes(&[0]) * 30));
    let csv = said(&["top-talkers", "--from", "-1h", "--format", "csv"]);
    assert!(csv.contains("\ntalker,1,AS64500 Example Networks,64500,,,30,"), "{csv}");
    let series = said(&["series", "64500", "--from", "-1h", "--step", "10s", "--format", "csv"]);
    let sent: u64 = series.lines().filter_map(|line| line.split(',').nth(2)?.parse::<u64>().ok()).sum();
    assert!(sent == 30 && series.lines().any(|line| line.ends_with(",0,,,,")), "{series}");
    let steps = said(&["matrix", "--by", "asn", "--from", "-10m", "--step", "10s", "--format", "csv"]);
    let all: u64 = steps.lines().filter_map(|line| line.split(',').nth(7)?.parse::<u64>().ok()).sum();
    let unknown = steps.lines().filter(|line| line.ends_with(",0,,,,,,")).count();
    assert!(all == 41 && unknown > 50, "{steps}");
    let json = said(&["matrix", "--by", "asn", "--from", "-10m", "--step", "1m", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let matrices = json["matrices"].as_array().expect("matrices");
    assert!(
        (10..=11).contains(&matrices.len())
            && matrices[0]["gaps"].as_array().is_some_and(|gaps| gaps.len() == 1)
    );
    let seen =
        matrices.iter().map(|matrix| number(&matrix["frames"]["seen"]).expect("a number")).sum::<u64>();
    assert_eq!(seen, 41);
    drop(agent);
}

#[test]
fn what_cannot_be_answered_is_refused_with_what_to_write() {
    let site = Site::enter().expect("a place for an agent");
    let agent = kept(&site);
    for (path, status, text) in [
        ("stats?peer=64501", 400, "write asn=64500&peer=64501"),
        ("stats?asn=65000", 404, "AS65000 is no member"),
        ("stats?from=now", 400, "is not before"),
        ("stats?format=parquet", 400, "write table, json or csv"),
        ("top-talkers?top=0", 400, "write 1 to 10000"),
        ("matrix?step=7m&by=asn", 400, "write 10s, 1m, 5m, 1h or 1d"),
        ("matrix?step=1h", 400, "write by=interface, by=asn"),
        ("matrix?step=1h&by=asn&format=dense", 400, "leave out step"),
    ] {
        let answer = agent.get(&format!("/api/v1/{path}")).expect("an answer");
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert!(answer.body.contains(text), "{path}: {}", answer.body);
    }
    drop(agent);
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    for path in ["stats", "members/64500/series", "matrix?step=1h&by=asn"] {
        let answer = agent.get(&format!("/api/v1/{path}")).expect("an answer");
        assert!(
            answer.status == 404 && answer.body.contains("write folder in [store]"),
            "{path}: {}",
            answer.body
        );
    }
    // Of the present there is a first, too.
    assert_eq!(agent.get("/api/v1/top-talkers").expect("an answer").status, 200);
}

#[test]
fn a_folder_says_what_its_agent_does_while_that_runs_and_when_it_was_killed() {
    let site = Site::enter().expect("a place for an agent");
    let agent = kept(&site);
    let last = || -> anyhow::Result<Timestamp> {
        let matrix = agent.json("/api/v1/matrix?by=asn&from=-1h")?;
        Ok(matrix["to"].as_str().unwrap_or_default().parse()?)
    };
    let end = last().expect("it has observed something").as_second().div_euclid(10) * 10 + 10;
    let time = |at: i64| Timestamp::from_second(at).expect("a time of today");
    wait("what comes later is on the disk, too", || Ok((last()? > time(end)).then_some(())))
        .unwrap_or_else(|error| panic!("{error:#}: {}", agent.log()));
    let [from, to] = [end - 3600, end].map(|at| time(at).to_string());
    let folder = site.path("store");
    let questions: [&[&str]; 6] = [
        &["matrix", "--by", "asn", "--format", "json"],
        &["matrix", "--by", "interface", "--step", "1m", "--format", "csv"],
        &["top-talkers", "--format", "json"],
        &["stats", "--format", "json"],
        &["stats", "--asn", "64500", "--peer", "64501", "--format", "csv"],
        &["series", "64500", "--step", "10s", "--format", "json"],
    ];
    let ask = |question: &[&str], more: &[&str]| {
        let time = ["--from", from.as_str(), "--to", to.as_str()];
        said(&[question, &time[..], more].concat())
    };
    let answers = questions.map(|question| ask(question, &[]));
    assert!(answers[0].contains("\"seen\":41"), "{}", answers[0]);
    let check = |what: &str| {
        for (question, answer) in questions.iter().zip(&answers) {
            assert_eq!(&ask(question, &["--store", word(&folder)]), answer, "{what}: {question:?}");
        }
    };
    check("it runs");
    agent.stop(libc::SIGKILL).expect("it is killed");
    check("it was killed");
    // Without a time it is of the last day, and interfaces are what a folder has.
    let table = said(&["matrix", "--store", word(&folder)]);
    assert!(table.contains("AS64500") && table.contains("41 frames"), "{table}");
    let table = said(&["matrix", "--store", word(&folder), "--to", &to]);
    assert!(table.contains("41 frames"), "{table}");
    for (words, text) in [
        (&["stats", "--store", "/nowhere"][..], "/nowhere has no history in it; name a folder as [store]"),
        (&["matrix", "--by", "mac", "--store", word(&folder)], "write by=interface, by=asn"),
        (&["series", "65000", "--store", word(&folder)], "AS65000 is no member"),
        (&["stats", "--store", word(&folder), "--url", "x"], "cannot be used with '--url <URL>'"),
    ] {
        let ended = command::run(words).expect("it ends");
        assert!(ended.code == Some(2) && ended.err.contains(text), "{words:?}: {}", ended.err);
    }
}
