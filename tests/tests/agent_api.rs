//! Queries over HTTP in, answers of the running agent out: what is wrong is a problem, what is counted is a metric.

use std::collections::BTreeMap;

use ixp_common::addr::Family;
use ixp_tests::agent::http::ask;
use ixp_tests::agent::lan::{self, FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, Site};
use ixp_tests::agent::{Agent, number, wait};
use ixp_tests::wire::Wire;

fn send(frames: &[Frame]) {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for frame in frames {
        wire.send(&frame.bytes).expect("it is sent");
    }
}

/// Three frames between members and one from a stranger.
fn frames() -> Vec<Frame> {
    let mut frames = vec![Frame::new(FIRST, SECOND, Family::Ipv4, 100); 3];
    frames.push(Frame::new(STRANGER, SECOND, Family::Ipv6, 10));
    frames
}

fn counted(site: &Site) -> Agent {
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    send(&frames());
    agent.settled(4).expect("all are counted");
    agent
}

/// The value of each sample by its name and labels, after a look at the form of the page.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut helped, mut typed) = (BTreeMap::new(), Vec::new(), Vec::new());
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a text");
            assert!(text.len() > 5 && !helped.contains(&name), "{line}");
            helped.push(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a type");
            assert_eq!(helped.last(), Some(&name), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            typed.push(name);
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a value");
            let family = typed.last().expect("a family");
            assert!(name.starts_with(family) && name.starts_with("ixp_"), "{line}");
            let value: f64 = value.parse().expect("a number");
            assert_eq!(samples.insert(name.to_owned(), value), None, "{line}");
        }
    }
    assert_eq!(helped, typed);
    samples
}

#[test]
fn what_cannot_be_answered_is_a_problem_that_says_what_to_write() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let check = |method: &str, path: &str, status: u16, says: &str| {
        let answer = ask(method, path, None).expect("an answer");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.content_type, "application/problem+json", "{method} {path}");
        let problem = answer.json().expect("JSON");
        assert_eq!(number(&problem["status"]).expect("a code"), u64::from(status), "{path}");
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains(says), "{method} {path}: {detail}");
    };
    check("GET", "/api/v1/matrix?by=port", 400, "mac, interface, asn, lan, switch or facility");
    check("GET", "/api/v1/matrix?family=ipx", 400, "ipv4, ipv6, arp or other");
    check("GET", "/api/v1/matrix?vlan=4095", 400, "1 to 4094");
    check("GET", "/api/v1/matrix?asn=ASx", 400, "AS64500");
    check("GET", "/api/v1/matrix?format=xml", 400, "table, json, csv, dense or parquet");
    check("GET", "/api/v1/matrix?format=dense", 400, "by=asn");
    check(
        "GET",
        "/api/v1/matrix?format=dense&by=lan",
        400,
        "by=lan has none; write by=asn, by=interface, by=switch",
    );
    check("GET", "/api/v1/matrix?from=yesterday", 400, "RFC 3339");
    check("GET", "/api/v1/matrix?from=now&to=-5m", 400, "not before");
    check("GET", "/api/v1/matrix?form=-5m", 400, "unknown field `form`");
    check("GET", "/api/v1/members/abc", 400, "no AS number");
    check("GET", "/api/v1/members/%ff", 400, "UTF-8");
    check("GET", "/api/v1/matrix?by=mac&by=asn", 400, "duplicate field `by`");
    check("GET", "/api/v1/matrix?from=%ff", 400, "RFC 3339");
    check("GET", "/api/v1/members/64999", 404, "/api/v1/members");
    check("GET", "/api/v1/nothing", 404, "no such page");
    check("POST", "/api/v1/matrix", 405, "use GET");
    check("DELETE", "/metrics", 405, "use GET");
    drop(agent);
}

#[test]
fn every_page_is_served_as_what_it_is() {
    let site = Site::enter().expect("a place for an agent");
    let agent = counted(&site);
    let check = |path: &str, kind: &str| {
        let answer = agent.get(path).expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(answer.content_type.starts_with(kind), "{path}: {}", answer.content_type);
    };
    check("/", "text/html");
    check("/healthz", "text/plain");
    check("/readyz", "text/plain");
    check("/metrics", "text/plain; version=0.0.4");
    check("/api/v1/matrix", "application/json");
    check("/api/v1/members", "application/json");
    check("/api/v1/members/AS64500", "application/json");
    check("/api/v1/stations", "application/json");
    check("/api/v1/status", "application/json");
}

#[test]
fn metrics_are_well_formed_and_agree_with_what_was_sent() {
    let site = Site::enter().expect("a place for an agent");
    let agent = counted(&site);
    let samples = samples(&agent.get("/metrics").expect("the metrics").body);
    let is = |name: &str, expected: u64| {
        let found = samples.get(name).unwrap_or_else(|| panic!("no {name}"));
        assert!((found - expected as f64).abs() < f64::EPSILON, "{name}: {found}, not {expected}");
    };
    let frames = frames();
    let sent = lan::total(frames.iter().map(|frame| frame.bytes.as_slice()));
    let of_first = lan::total(frames[..3].iter().map(|frame| frame.bytes.as_slice()));
    is("ixp_seen_packets_total{interface=\"sampler\"}", sent.packets);
    is("ixp_seen_bytes_total{interface=\"sampler\"}", sent.bytes);
    is("ixp_consumed_packets_total{interface=\"sampler\"}", sent.packets);
    is("ixp_unattributed_packets_total{interface=\"sampler\"}", 0);
    is("ixp_interface_attached{interface=\"sampler\",mode=\"native\"}", 1);
    is("ixp_pair_table_entries", 1);
    is("ixp_stranger_pair_table_entries", 1);
    is("ixp_in_flight_frames", 0);
    is("ixp_members", 2);
    is("ixp_member_packets_total{asn=\"64500\",direction=\"sent\",family=\"ipv4\"}", of_first.packets);
    is("ixp_member_bytes_total{asn=\"64501\",direction=\"received\",family=\"ipv4\"}", of_first.bytes);
    is("ixp_member_packets_total{asn=\"64501\",direction=\"received\",family=\"ipv6\"}", 1);
    is("ixp_unknown_packets_total{direction=\"sent\",family=\"ipv6\"}", 1);
}

#[test]
fn stations_are_listed_with_what_they_sent_and_where_they_were_seen() {
    let site = Site::enter().expect("a place for an agent");
    let agent = counted(&site);
    let answer = wait("both stations are seen", || {
        let answer = agent.json("/api/v1/stations")?;
        let is_seen = |station: &serde_json::Value| station["seen_on"] == "sampler";
        let stations = answer["stations"].as_array().cloned().unwrap_or_default();
        Ok((stations.len() == 2 && stations.iter().all(is_seen)).then_some(stations))
    });
    let stations = answer.expect("the stations");
    assert_eq!((&stations[0]["mac"], &stations[0]["asn"]), (&"02:00:00:00:00:01".into(), &64500.into()));
    assert_eq!(stations[0]["packets"], 3);
    assert_eq!(
        (&stations[1]["mac"], &stations[1]["asn"]),
        (&"02:00:00:00:00:77".into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_matrix_tells_what_it_observed_and_what_it_did_not() {
    let site = Site::enter().expect("a place for an agent");
    let agent = counted(&site);
    let status = agent.settled(4).expect("a status");
    let time = |value: &serde_json::Value| {
        value.as_str().expect("a time").parse::<jiff::Timestamp>().expect("RFC 3339")
    };
    let whole = agent.json("/api/v1/matrix").expect("a matrix");
    assert!(time(&whole["from"]) >= time(&status["since"]));
    assert!(time(&whole["from"]) <= time(&whole["to"]));
    assert!(time(&whole["to"]) >= time(&status["last_drain"]));
    assert_eq!(whole["gaps"].as_array().map(Vec::len), Some(0));
    let longer = agent.json("/api/v1/matrix?from=-10m").expect("a matrix");
    let [gap] = longer["gaps"].as_array().expect("gaps").as_slice() else { panic!("{longer}") };
    assert_eq!((&gap["from"], &gap["to"]), (&longer["from"], &whole["from"]));
    assert_eq!(longer["cells"], whole["cells"]);
    let later = agent.json("/api/v1/matrix?from=2100-01-01T00:00:00Z").expect("a matrix");
    assert!(later["from"].is_null() && later["to"].is_null());
    assert_eq!(later["cells"].as_array().map(Vec::len), Some(0));
}
