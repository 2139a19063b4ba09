//! Frames on wires in, what the running agent lets up to the host out: each deployment as it is documented.

use ixp_common::addr::{Family, Mac};
use ixp_tests::agent::lan::{FIRST, Frame, SECOND};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::agent::{counts, wait};
use ixp_tests::wire::{Ear, Wire};

/// The host's own address, on every interface of it.
const HOST: Mac = Mac([2, 0, 0, 0, 0, 0x99]);

/// Frames between others, to all, and to the host; the last one is for the host.
fn frames() -> Vec<Frame> {
    vec![
        Frame::new(FIRST, SECOND, Family::Ipv4, 100),
        Frame::new(FIRST, Mac::BROADCAST, Family::Arp, 18),
        Frame::new(FIRST, SECOND, Family::Ipv6, 100),
        Frame::new(SECOND, HOST, Family::Other, 60),
    ]
}

fn site() -> Site {
    let site = Site::enter().expect("a place for an agent");
    site.namespace.ip(&["link", "set", SAMPLER, "address", &HOST.to_string()]).expect("an address");
    site
}

/// Sends the frames and gives what came up to the last one, which comes up everywhere.
fn heard(fabric: &str, sampler: &str) -> Vec<Vec<u8>> {
    let (ear, wire) = (Ear::open(sampler).expect("an ear"), Wire::open(fabric).expect("a wire"));
    let frames = frames();
    for frame in &frames {
        wire.send(&frame.bytes).expect("it is sent");
    }
    let (mut heard, last) = (Vec::new(), frames.last().map(|frame| frame.bytes.clone()));
    wait("the last frame comes up", || {
        heard.extend(ear.hear()?);
        Ok((heard.last() == last.as_ref()).then_some(()))
    })
    .expect("the host has its own frame");
    heard
}

fn all() -> Vec<Vec<u8>> {
    frames().into_iter().map(|frame| frame.bytes).collect()
}

fn configuration(interface: &str, more: &str) -> String {
    format!("[[attach]]\ninterface = \"{interface}\"\n{more}\n")
}

#[test]
fn a_tap_consumes_all_but_the_hosts_own_frames() {
    let site = site();
    let agent = site.agent(&configuration(SAMPLER, "")).expect("the agent starts");
    assert_eq!(heard(FABRIC, SAMPLER), [frames()[3].bytes.clone()]);
    let status = agent.settled(4).expect("all are counted");
    assert_eq!(counts(&status["interfaces"][0]["consumed"]).expect("counts").packets, 3);
}

#[test]
fn a_tap_that_does_not_consume_passes_all() {
    let site = site();
    let agent = site.agent(&configuration(SAMPLER, "consume = false")).expect("the agent starts");
    assert_eq!(heard(FABRIC, SAMPLER), all());
    let status = agent.settled(4).expect("all are counted");
    assert_eq!(counts(&status["interfaces"][0]["consumed"]).expect("counts").packets, 0);
}

#[test]
fn a_tap_where_the_host_has_an_address_passes_all_unless_told_otherwise() {
    for (more, passed, consumed) in [("", all(), 0), ("consume = true", vec![frames()[3].bytes.clone()], 3)] {
        let site = site();
        site.namespace.ip(&["address", "add", "192.0.2.99/24", "dev", SAMPLER]).expect("an address");
        let agent = site.agent(&configuration(SAMPLER, more)).expect("the agent starts");
        assert_eq!(heard(FABRIC, SAMPLER), passed, "{more}");
        let status = agent.settled(4).expect("all are counted");
        assert_eq!(counts(&status["interfaces"][0]["consumed"]).expect("counts").packets, consumed, "{more}");
        let stopped = agent.stop(libc::SIGTERM).expect("it ends");
        assert!(stopped.log.contains("the host has an address here"), "{}", stopped.log);
    }
}

#[test]
fn interfaces_in_every_deployment_count_at_once_and_only_the_tap_consumes() {
    let site = site();
    let mut config = configuration(SAMPLER, "deployment = \"tap\"\nlan = \"peering\"\nport = \"sw1:1\"");
    for (number, deployment) in [(1, "port"), (2, "inline"), (3, "inline")] {
        let (member, port) = (format!("member{number}"), format!("port{number}"));
        site.namespace.veth(&member, &port).expect("a pair of interfaces");
        site.namespace.ip(&["link", "set", &port, "address", &HOST.to_string()]).expect("an address");
        let xdp = if number == 3 { "generic" } else { "native" };
        config += &configuration(&port, &format!("deployment = \"{deployment}\"\nxdp = \"{xdp}\""));
    }
    let agent = site.agent(&config).expect("the agent starts");
    assert_eq!(heard(FABRIC, SAMPLER), [frames()[3].bytes.clone()]);
    for number in 1..=3 {
        assert_eq!(heard(&format!("member{number}"), &format!("port{number}")), all(), "port{number}");
    }
    let status = agent.settled(16).expect("all are counted");
    let ports = status["interfaces"].as_array().expect("interfaces");
    let shown: Vec<String> = ports
        .iter()
        .map(|port| {
            format!(
                "{} {} {} {}",
                port["interface"], port["deployment"], port["xdp"], port["seen"]["packets"]
            )
        })
        .collect();
    let expected = [
        "\"sampler\" \"tap\" \"native\" 4",
        "\"port1\" \"port\" \"native\" 4",
        "\"port2\" \"inline\" \"native\" 4",
        "\"port3\" \"inline\" \"generic\" 4",
    ];
    assert_eq!(shown, expected);
    assert_eq!((&ports[0]["lan"], &ports[0]["port"]), (&"peering".into(), &"sw1:1".into()));
    let matrix = agent.matrix(16).expect("a matrix");
    assert!(matrix.cells.values().all(|counts| counts.packets == 4), "{:?}", matrix.cells);
}
