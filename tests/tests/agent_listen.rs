//! Datagrams of switches to a running agent in, what it makes of them beside what it counts itself out.

use std::collections::BTreeMap;
use std::net::UdpSocket;

use anyhow::Result;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::agent::{Agent, number, wait};
use ixp_tests::exporter::{Exporter, mutated};
use ixp_tests::wire::Wire;
use serde_json::Value;

/// An agent that receives samples of two exporters, and counts on nothing.
const LISTENER: &str = r#"
[members]
file = "members.toml"
[sflow.listen]
address = "127.0.0.1:6343"
[[sflow.exporter]]
address = "127.0.0.1"
name = "sw1"
[[sflow.exporter]]
address = "127.0.0.9"
"#;

fn listener(site: &Site) -> Agent {
    site.write("members.toml", MEMBERS).expect("written");
    site.agent(LISTENER).expect("the agent starts")
}

/// The listener's part of the status, once as many datagrams were heard, refused or dropped.
fn heard(agent: &Agent, datagrams: u64) -> Value {
    let all = |listen: &Value| -> Result<u64> {
        let exporters = listen["exporters"].as_array().into_iter().flatten();
        let heard: u64 = exporters.map(|exporter| number(&exporter["datagrams"])).sum::<Result<u64>>()?;
        Ok(heard + number(&listen["refused"])? + number(&listen["dropped"])?)
    };
    wait("every datagram has its place", || {
        let listen = agent.json("/api/v1/status")?["sflow"]["listen"].clone();
        Ok((all(&listen)? >= datagrams).then_some(listen))
    })
    .expect("they arrive")
}

/// Cells by VLAN, source, destination and family: frames, bytes and the samples that they stand on.
fn cells(matrix: &Value) -> BTreeMap<String, (u64, u64, Option<u64>)> {
    let cells = matrix["cells"].as_array().expect("cells").iter();
    let key =
        |cell: &Value| ["vlan", "src_mac", "dst_mac", "family"].map(|name| cell[name].to_string()).join(" ");
    let counts = |cell: &Value| {
        let number = |name: &str| number(&cell[name]).expect("a number");
        (number("packets"), number("bytes"), cell["samples"].as_u64())
    };
    cells.map(|cell| (key(cell), counts(cell))).collect()
}

/// A frame has one place: its cell, a reason, or none.
fn check_sums(matrix: &Value) {
    let frames = &matrix["frames"];
    let number = |name: &str| number(&frames[name]).expect("a number");
    let cells = cells(matrix);
    let (packets, bytes) = cells.values().fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
    assert_eq!(packets + number("malformed") + number("unattributed"), number("seen"));
    assert_eq!(bytes + number("malformed_bytes") + number("unattributed_bytes"), number("bytes"));
}

/// An agent that samples one frame in so many, and receives its own samples.
fn mirror(site: &Site, rate: u32) -> Agent {
    let config = format!(
        "[sampling]\nrate = {rate}\n[sflow]\ncollectors = [\"127.0.0.1:6343\"]\n[sflow.listen]\n\
         address = \"127.0.0.1:6343\"\n[[sflow.exporter]]\naddress = \"127.0.0.1\"\n"
    );
    site.tap(MEMBERS, &config).expect("the agent starts")
}

fn send(frames: &[Frame]) {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for frame in frames {
        wire.send(&frame.bytes).expect("it is sent");
    }
}

/// The matrix of samples, once those that the agent took are in it.
fn sampled(agent: &Agent) -> Value {
    wait("every sample is received", || {
        let status = agent.json("/api/v1/status")?;
        let taken = number(&status["interfaces"][0]["samples"])?;
        let came = number(&status["sflow"]["listen"]["seen"]["samples"])?;
        Ok((came == taken).then_some(()))
    })
    .expect("they arrive");
    agent.json("/api/v1/matrix?source=sampled").expect("a matrix")
}

#[test]
fn where_each_frame_is_sampled_both_matrices_are_the_same() {
    let site = Site::enter().expect("a place for an agent");
    let agent = mirror(&site, 1);
    let tagged = VlanId::configured(100).expect("a VLAN");
    let mut frames = vec![
        Frame::new(SECOND, Mac::BROADCAST, Family::Arp, 18),
        Frame::new(STRANGER, FIRST, Family::Ipv6, 50),
        Frame::on(tagged, FIRST, STRANGER, Family::Ipv4, 100),
    ];
    frames.extend((0..40).map(|size| Frame::new(FIRST, SECOND, Family::Ipv4, 30 * size)));
    send(&frames);
    agent.settled(frames.len() as u64).expect("all are counted");
    let (sampled, exact) = (sampled(&agent), agent.json("/api/v1/matrix").expect("a matrix"));
    assert_eq!((&exact["source"], &sampled["source"]), (&"exact".into(), &"sampled".into()));
    let with_samples = |(key, (packets, bytes, _))| (key, (packets, bytes, Some(packets)));
    assert_eq!(cells(&sampled), cells(&exact).into_iter().map(with_samples).collect());
    check_sums(&sampled);
    for cell in sampled["cells"].as_array().expect("cells") {
        assert_eq!((&cell["relative_error"], &cell["bytes_relative_error"]), (&0.0.into(), &0.0.into()));
    }
    let rules = |matrix: &Value| -> Vec<(Value, Value, Value)> {
        let rows = matrix["rules"].as_array().expect("rules").iter();
        rows.map(|row| (row["rule"].clone(), row["mac"].clone(), row["packets"].clone())).collect()
    };
    assert!(rules(&sampled).iter().all(|row| rules(&exact).contains(row)), "{:?}", rules(&sampled));
    assert!(rules(&sampled).iter().any(|(rule, ..)| rule == "L07"), "{:?}", rules(&sampled));
    assert!(sampled["rules"][0]["samples"].is_u64() && exact["rules"][0].get("samples").is_none());
}

#[test]
fn what_samples_say_is_within_the_error_that_they_say() {
    let site = Site::enter().expect("a place for an agent");
    let agent = mirror(&site, 8);
    let frames: Vec<Frame> = (0..16_000)
        .map(|at| {
            let (from, to) = if at % 4 == 0 { (SECOND, FIRST) } else { (FIRST, SECOND) };
            Frame::new(from, to, Family::Ipv4, 30 + at % 1400)
        })
        .collect();
    send(&frames);
    agent.settled(frames.len() as u64).expect("all are counted");
    let (sampled, exact) = (sampled(&agent), agent.json("/api/v1/matrix").expect("a matrix"));
    let exact = cells(&exact);
    for cell in sampled["cells"].as_array().expect("cells") {
        let key = ["vlan", "src_mac", "dst_mac", "family"].map(|name| cell[name].to_string()).join(" ");
        let (packets, bytes, _) = exact[&key];
        for (name, error, truth) in
            [("packets", "relative_error", packets), ("bytes", "bytes_relative_error", bytes)]
        {
            let estimate = number(&cell[name]).expect("a number") as f64;
            let error = cell[error].as_f64().expect("a number") * estimate;
            // What is shown is 1.96 standard deviations; beyond 5 of them is one run in a million.
            let off = (estimate - truth as f64).abs();
            assert!(off <= error / 1.96 * 5.0, "{key} {name}: {estimate} ± {error}, and there were {truth}");
            assert!(error > 0.0 && error < 0.2 * estimate, "{key} {name}: {estimate} ± {error}");
        }
    }
    assert_eq!(sampled["cells"].as_array().expect("cells").len(), exact.len());
}

#[test]
fn an_agent_that_only_receives_samples_needs_no_interface() {
    let site = Site::enter().expect("a place for an agent");
    let agent = listener(&site);
    let frame = Frame::new(FIRST, SECOND, Family::Ipv4, 100);
    let mut exporter = Exporter::open("127.0.0.1", "127.0.0.1:6343").expect("a socket");
    for _ in 0..10 {
        exporter.send(1000, &[&frame.bytes, &frame.bytes]).expect("it goes");
    }
    let listen = heard(&agent, 10);
    let first = &listen["exporters"][0];
    assert_eq!((&first["name"], &first["samples"]), (&"sw1".into(), &20.into()), "{first}");
    assert_eq!((&first["sampling_rate"], &first["lost"]), (&1000.into(), &0.into()));
    assert!(listen["exporters"][1]["last_heard"].is_null(), "the other was not heard");
    let matrix = agent.json("/api/v1/matrix?by=asn").expect("a matrix");
    assert_eq!(matrix["source"], "sampled");
    let cell = &matrix["cells"][0];
    assert_eq!(
        (&cell["src_asn"], &cell["dst_asn"], &cell["packets"]),
        (&64500.into(), &64501.into(), &20_000.into())
    );
    let bytes = 20_000 * frame.bytes.len();
    assert_eq!((&cell["bytes"], &cell["samples"]), (&bytes.into(), &20.into()));
    let error = cell["relative_error"].as_f64().expect("a number");
    assert!((error - 1.96 / 20f64.sqrt()).abs() < 1e-3, "{error}");
    let exact = agent.json("/api/v1/matrix?source=exact").expect("a matrix");
    assert_eq!(
        (&exact["from"], &exact["cells"]),
        (&Value::Null, &Value::Array(Vec::new())),
        "nothing is counted"
    );
    let csv = agent.get("/api/v1/matrix?by=asn&format=csv").expect("a matrix").body;
    assert!(csv.starts_with("src_asn,dst_asn,dst,family,packets,bytes,samples,relative_error"), "{csv}");
    let metrics = agent.get("/metrics").expect("metrics").body;
    let member = "ixp_sampled_member_packets_total{asn=\"64500\",direction=\"sent\",family=\"ipv4\"} 20000";
    assert!(metrics.contains(member), "{metrics}");
    assert!(metrics.contains("ixp_sflow_exporter_samples_total{exporter=\"127.0.0.1\"} 20"), "{metrics}");
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert!(stopped.log.contains("the exporter is heard"), "{}", stopped.log);
}

#[test]
fn later_samples_stand_for_what_was_lost_on_the_way() {
    let site = Site::enter().expect("a place for an agent");
    let agent = listener(&site);
    let frame = Frame::new(FIRST, SECOND, Family::Ipv4, 100);
    let mut exporter = Exporter::open("127.0.0.1", "127.0.0.1:6343").expect("a socket");
    for at in 0..200 {
        match at % 10 == 7 {
            // It gets lost.
            true => drop(exporter.datagram(10, &[frame.bytes.as_slice(); 3]).expect("it is made")),
            false => exporter.send(10, &[frame.bytes.as_slice(); 3]).expect("it goes"),
        }
    }
    let listen = heard(&agent, 180);
    let first = &listen["exporters"][0];
    assert_eq!((&first["lost"], &first["samples_lost"]), (&20.into(), &60.into()), "{first}");
    assert_eq!(listen["seen"]["packets"], 6000, "as if none had been lost");
}

#[test]
fn any_datagram_is_answered_by_a_counter_and_takes_no_memory() {
    const DATAGRAMS: u64 = 100_000;
    let site = Site::enter().expect("a place for an agent");
    let agent = listener(&site);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut sent = 0;
    let mut send = |seeds: std::ops::Range<u64>| {
        for seed in seeds {
            socket.send_to(&mutated(seed), "127.0.0.1:6343").expect("it goes");
            sent += 1;
        }
        heard(&agent, sent)
    };
    send(0..DATAGRAMS / 2);
    let before = agent.resident().expect("it runs");
    let listen = send(DATAGRAMS / 2..DATAGRAMS);
    let after = agent.resident().expect("it runs");
    assert!(after < before + (8 << 20), "{before} bytes, then {after}");
    let refused = &listen["exporters"][0]["refused"];
    for reason in [
        "version",
        "agent-address",
        "header-truncated",
        "sample-truncated",
        "record-truncated",
        "samples-too-many",
        "records-too-many",
        "agents-too-many",
        "rate-out-of-range",
        "frame-length-out-of-range",
        "not-ethernet",
        "no-header",
        "duplicate",
    ] {
        assert!(refused[reason].as_u64() > Some(0), "{reason}: {refused}");
    }
    let dropped = number(&listen["dropped"]).expect("a number");
    assert_eq!(number(&listen["exporters"][0]["datagrams"]).expect("a number") + dropped, DATAGRAMS);
    check_sums(&agent.json("/api/v1/matrix").expect("a matrix"));
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert!(!stopped.log.contains("panicked"), "{}", stopped.log);
}

#[test]
fn who_is_not_allowed_costs_no_state() {
    const DATAGRAMS: u64 = 50_000;
    let site = Site::enter().expect("a place for an agent");
    let agent = listener(&site);
    let frame = Frame::new(FIRST, SECOND, Family::Ipv4, 100);
    let mut allowed = Exporter::open("127.0.0.9", "127.0.0.1:6343").expect("a socket");
    allowed.send(10, &[&frame.bytes]).expect("it goes");
    heard(&agent, 1);
    let before = agent.resident().expect("it runs");
    for host in 2..7 {
        let mut other = Exporter::open(&format!("127.0.0.{host}"), "127.0.0.1:6343").expect("a socket");
        for _ in 0..DATAGRAMS / 5 {
            other.send(10, &[&frame.bytes]).expect("it goes");
        }
    }
    let listen = heard(&agent, 1 + DATAGRAMS);
    let after = agent.resident().expect("it runs");
    assert!(after < before + (1 << 20), "{before} bytes, then {after}");
    assert_eq!(listen["last_refused"], "127.0.0.6");
    assert_eq!(listen["seen"]["packets"], 10, "nothing of them is in the matrix");
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    let told = stopped.log.matches("of an exporter that is not allowed").count();
    assert_eq!(told, 1, "{}", stopped.log);
}

#[test]
fn an_address_that_is_taken_is_told_before_anything_starts() {
    let site = Site::enter().expect("a place for an agent");
    let _taken = UdpSocket::bind("127.0.0.1:6343").expect("it is free");
    let config = format!("{LISTENER}[[attach]]\ninterface = \"{SAMPLER}\"\n");
    site.write("members.toml", MEMBERS).expect("written");
    let error = site.agent(&config).expect_err("it does not start").to_string();
    assert!(error.contains("receive samples at 127.0.0.1:6343: Address already in use"), "{error}");
    assert!(!site.has_program(SAMPLER).expect("the interface is there"));
}

#[test]
fn who_counts_on_nothing_is_asked_of_its_samples_in_the_past_too() {
    let site = Site::enter().expect("a place for an agent");
    site.write("members.toml", MEMBERS).expect("written");
    let agent = site.agent(&format!("{LISTENER}[store]\nfolder = \"store\"\n")).expect("the agent starts");
    for path in ["stats?from=-1h", "members/64500/series?from=-1h"] {
        let answer = agent.json(&format!("/api/v1/{path}")).expect("an answer");
        assert_eq!(answer["source"], "sampled", "{path}: {answer}");
    }
    let steps = agent.json("/api/v1/matrix?by=asn&step=10s&from=-30s").expect("an answer");
    assert_eq!(steps["matrices"][0]["source"], "sampled", "{steps}");
}
