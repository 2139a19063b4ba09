//! Frames on a wire in, what the agent keeps of them out: after it was killed, after it was ended, and never twice.

use std::process::Stdio;

use ixp_common::addr::{Family, Mac};
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site, word};
use ixp_tests::agent::{Agent, command, number, wait};
use ixp_tests::wire::Wire;
use serde_json::Value;

/// Little is in memory, so that whoever asks is answered from the disk.
const KEPT: &str = "[window]\nstep = \"1s\"\nkeep = \"1s\"\n[store]\nfolder = \"store\"\n";

fn frames() -> Vec<Frame> {
    let mut frames = vec![Frame::new(FIRST, SECOND, Family::Ipv4, 1000); 3];
    frames.push(Frame::new(SECOND, FIRST, Family::Ipv6, 200));
    frames.push(Frame::new(STRANGER, FIRST, Family::Ipv4, 18));
    frames.push(Frame::new(FIRST, Mac::BROADCAST, Family::Arp, 18));
    frames
}

fn send() {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for frame in frames() {
        wire.send(&frame.bytes).expect("it is sent");
    }
}

/// The matrix of the past hour, once it has as many frames as were sent `times` times.
fn kept(agent: &Agent, times: usize) -> Value {
    let path = "/api/v1/matrix?by=interface&from=-1h";
    let frames = (frames().len() * times) as u64;
    wait("what was counted is on the disk", || {
        let matrix = agent.json(path)?;
        Ok((number(&matrix["frames"]["seen"])? == frames).then_some(matrix))
    })
    .unwrap_or_else(|error| panic!("{error:#}: {:?}\n{}", agent.json(path), agent.log()))
}

/// Each cell as it is written: from, to, family, packets, bytes.
fn cells(matrix: &Value) -> Vec<(String, String, String, u64, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let cells = matrix["cells"].as_array().expect("cells").iter();
    let of = |cell: &Value| {
        let to = if cell["dst"].is_null() { &cell["dst_interface"] } else { &cell["dst"] };
        let [packets, bytes] = ["packets", "bytes"].map(|name| number(&cell[name]).expect("a number"));
        (text(&cell["src_interface"]), text(to), text(&cell["family"]), packets, bytes)
    };
    cells.map(of).collect()
}

fn expected(times: u64) -> Vec<(String, String, String, u64, u64)> {
    let [first, second] = ["AS64500@peering", "AS64501@peering"];
    let frames = frames();
    let cell = |from: &str, to: &str, family: &str, packets: u64, frame: usize| {
        let bytes = frames[frame].bytes.len() as u64;
        (from.to_owned(), to.to_owned(), family.to_owned(), packets * times, bytes * packets * times)
    };
    vec![
        cell(first, second, "ipv4", 3, 0),
        cell(first, "broadcast", "arp", 1, 5),
        cell(second, first, "ipv6", 1, 3),
        cell("-", first, "ipv4", 1, 4),
    ]
}

#[test]
fn what_was_counted_is_there_after_the_agent_was_killed_and_after_it_was_ended() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, KEPT).expect("the agent starts");
    send();
    assert_eq!(cells(&kept(&agent, 1)), expected(1));
    let killed = agent.stop(libc::SIGKILL).expect("it ends");
    assert_eq!(killed.code, None);
    let agent = site.tap(MEMBERS, KEPT).expect("the agent starts again");
    assert_eq!(cells(&kept(&agent, 1)), expected(1), "after it was killed");
    send();
    assert_eq!(cells(&kept(&agent, 2)), expected(2));
    send();
    agent.settled(2 * frames().len() as u64).expect("all are counted");
    // What is in the step that is not over yet is written at the end.
    let ended = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let agent = site.tap(MEMBERS, KEPT).expect("the agent starts again");
    assert_eq!(cells(&kept(&agent, 3)), expected(3), "after it was ended");
    assert!(!site.path("store/quarantine").exists());
}

#[test]
fn a_members_series_has_what_it_sent_and_null_where_nothing_was_observed() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, KEPT).expect("the agent starts");
    send();
    kept(&agent, 1);
    let series = agent.json("/api/v1/members/64500/series?from=-1h&step=10s").expect("a series");
    let points = series["points"].as_array().expect("points");
    assert!(points.len() >= 360 && points[0]["sent"].is_null(), "{series}");
    let sum = |side: &str| points.iter().filter_map(|point| point[side]["packets"].as_u64()).sum::<u64>();
    // Three and a broadcast; one of each of the others.
    assert_eq!((sum("sent"), sum("received")), (4, 2));
    for (query, status, said) in [
        ("64500/series?from=-24h&step=10s", 400, "step=1m"),
        ("64500/series?step=7m", 400, "write 10s, 1m, 5m, 1h or 1d"),
        ("65000/series", 404, "AS65000 is no member"),
    ] {
        let answer = agent.get(&format!("/api/v1/members/{query}")).expect("an answer");
        assert_eq!(answer.status, status, "{query}");
        assert!(answer.body.contains(said), "{query}: {}", answer.body);
    }
}

#[test]
fn by_lan_switch_and_facility_the_past_answers_in_each_format() {
    let site = Site::enter().expect("a place for an agent");
    let place = |number: u8| {
        let (line, hall) = (format!("ipv4 = [\"192.0.2.{number}\"]"), if number == 1 { "A" } else { "B" });
        (line.clone(), format!("{line}\nport = \"sw{number}:7\"\nfacility = \"Hall {hall}\""))
    };
    let members = MEMBERS
        .replace("macs = [\"02:00:00:00:00:02\"]", "macs = [\"02:00:00:00:00:02\"]\nipv4 = [\"192.0.2.2\"]");
    let members =
        [1, 2].map(place).into_iter().fold(members, |text, (line, more)| text.replace(&line, &more));
    let agent = site.tap(&members, KEPT).expect("the agent starts");
    send();
    kept(&agent, 1);
    let csv = |by: &str, more: &str| {
        let answer =
            agent.get(&format!("/api/v1/matrix?from=-1h&by={by}&format=csv{more}")).expect("an answer");
        answer.body.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let bytes = [0, 3, 4, 5].map(|at| frames()[at].bytes.len());
    let [ipv4, ipv6, stranger, arp] = bytes;
    let all = ipv4 * 3 + stranger;
    let lans = [
        "vlan,lan,family,packets,bytes".to_owned(),
        format!("0,peering,ipv4,4,{all}"),
        format!("0,peering,ipv6,1,{ipv6}"),
        format!("0,peering,arp,1,{arp}"),
    ];
    assert_eq!(csv("lan", ""), lans);
    let pairs = |first: &str, second: &str| {
        [
            format!("{first},{second},,ipv4,3,{}", ipv4 * 3),
            format!("{first},,broadcast,arp,1,{arp}"),
            format!("{second},{first},,ipv6,1,{ipv6}"),
            format!(",{first},,ipv4,1,{stranger}"),
        ]
    };
    assert_eq!(csv("switch", "")[1..], pairs("sw1", "sw2"));
    assert_eq!(csv("facility", "")[1..], pairs("Hall A", "Hall B"));
    assert_eq!(
        csv("switch", "&asn=64501")[1..],
        [pairs("sw1", "sw2")[0].clone(), pairs("sw1", "sw2")[2].clone()]
    );
    let dense = agent.get("/api/v1/matrix?from=-1h&by=switch&format=dense").expect("an answer").body;
    assert!(dense.starts_with("bytes,sw1,sw2,unknown,broadcast\n"), "{dense}");
    let facility = &agent.json("/api/v1/members/64500").expect("a member")["interfaces"][0]["facility"];
    assert_eq!(facility, "Hall A");
    let refused = agent.get("/api/v1/matrix?from=-1h&by=lan&format=dense").expect("an answer");
    assert_eq!(refused.status, 400, "{}", refused.body);
    for format in ["json", "table", "parquet"] {
        for by in ["lan", "switch", "facility"] {
            let path = format!("/api/v1/matrix?from=-1h&by={by}&format={format}");
            assert!(!agent.bytes(&path).expect("the past in each format").is_empty(), "{path}");
        }
    }
}

#[test]
fn by_mac_the_past_is_refused_with_what_to_write() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, KEPT).expect("the agent starts");
    send();
    kept(&agent, 1);
    // As long as all that is kept is in memory, too, it answers.
    let refused = || Ok(Some(agent.get("/api/v1/matrix?from=-1h")?).filter(|answer| answer.status == 400));
    let answer = wait("by MAC it is refused", refused).expect("an answer");
    assert!(answer.body.contains("by=interface"), "{}", answer.body);
    for format in ["csv", "table", "dense", "parquet"] {
        let path = format!("/api/v1/matrix?from=-1h&by=asn&format={format}");
        assert!(!agent.bytes(&path).expect("the past in each format").is_empty());
    }
}

#[test]
fn a_second_agent_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, KEPT).expect("the agent starts");
    let config = format!(
        "{KEPT}[http]\nlisten = \"127.0.0.1:9180\"\n[sflow.listen]\naddress = \"127.0.0.1:6343\"\n\
         [[sflow.exporter]]\naddress = \"127.0.0.2\"\n"
    );
    let second = site.write("second.toml", config).expect("it is written");
    let ended =
        command::agent(&["run", "--config", word(&second)]).stdin(Stdio::null()).output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("is in use by another agent; give each a folder of its own"), "{said}");
    send();
    kept(&agent, 1);
    assert!(site.has_program(SAMPLER).expect("it is there"));
}
