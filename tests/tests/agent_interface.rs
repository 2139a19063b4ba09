//! Interfaces that go away and come back in, what the running agent makes of it out.

use ixp_common::addr::Family;
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::agent::{Agent, counts, wait};
use ixp_tests::wire::Wire;
use serde_json::Value;

/// Sends once there is a carrier: what is sent before it is noticed is thrown away by the sender's own side.
fn send(site: &Site, packets: usize) {
    let link = || site.namespace.ip(&["-o", "link", "show", FABRIC]);
    let is_up = || Ok(link()?.contains("state UP").then_some(()));
    wait("the other end has a carrier", is_up).expect("it has");
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for _ in 0..packets {
        wire.send(&Frame::new(FIRST, SECOND, Family::Ipv4, 100).bytes).expect("it is sent");
    }
}

fn wait_for_readiness(agent: &Agent, status: u16) -> String {
    let answered = || Ok(Some(agent.get("/readyz")?).filter(|answer| answer.status == status));
    wait("/readyz changes", answered).expect("it says so").body
}

fn port(agent: &Agent) -> Value {
    agent.json("/api/v1/status").expect("a status")["interfaces"][0].clone()
}

#[test]
fn an_interface_that_comes_back_is_counted_again() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    send(&site, 5);
    agent.settled(5).expect("all are counted");
    site.namespace.ip(&["link", "delete", SAMPLER]).expect("it is deleted");
    let problem = wait_for_readiness(&agent, 503);
    assert!(problem.contains("the program is not on sampler"), "{problem}");
    assert_eq!(port(&agent)["attached"], false);
    assert_eq!(agent.get("/healthz").expect("alive").status, 200);
    let metrics = agent.get("/metrics").expect("the metrics").body;
    assert!(metrics.contains("ixp_interface_attached{interface=\"sampler\",mode=\"native\"} 0"), "{metrics}");
    site.namespace.veth(FABRIC, SAMPLER).expect("a pair of interfaces");
    wait_for_readiness(&agent, 200);
    assert!(site.has_program(SAMPLER).expect("it is there"));
    send(&site, 7);
    let status = agent.settled(12).expect("all are counted");
    let port = &status["interfaces"][0];
    assert_eq!(
        (&port["attached"], counts(&port["nic_received"]).expect("counts").packets),
        (&true.into(), 12)
    );
    assert_eq!(agent.matrix(12).expect("a matrix").cells.len(), 1);
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert!(stopped.log.contains("difference=0"), "{}", stopped.log);
    assert!(!stopped.log.contains("not taken off cleanly"), "{}", stopped.log);
}

#[test]
fn a_tap_takes_frames_for_any_address_while_the_agent_runs() {
    let site = Site::enter().expect("a place for an agent");
    let is_promiscuous = || {
        let shown = site.namespace.ip(&["-details", "link", "show", SAMPLER]).expect("it is there");
        shown.contains("promiscuity 1")
    };
    assert!(!is_promiscuous());
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    assert!(is_promiscuous());
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert!(!is_promiscuous());
}

#[test]
fn an_interface_that_is_renamed_is_still_counted() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    send(&site, 5);
    agent.settled(5).expect("all are counted");
    site.namespace.ip(&["link", "set", SAMPLER, "down"]).expect("it goes down");
    site.namespace.ip(&["link", "set", SAMPLER, "name", "renamed"]).expect("it is renamed");
    site.namespace.ip(&["link", "set", "renamed", "up"]).expect("it comes up");
    send(&site, 7);
    let status = agent.settled(12).expect("all are counted");
    assert_eq!(status["interfaces"][0]["attached"], true);
    assert_eq!(agent.get("/readyz").expect("an answer").status, 200);
}

#[test]
fn an_interface_that_is_replaced_at_once_is_counted_again() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    site.namespace.ip(&["link", "delete", SAMPLER]).expect("it is deleted");
    site.namespace.veth(FABRIC, SAMPLER).expect("a pair of interfaces");
    let is_on = || Ok(site.has_program(SAMPLER)?.then_some(()));
    wait("the program is on", is_on).expect("it is attached again");
    wait_for_readiness(&agent, 200);
    send(&site, 3);
    agent.settled(3).expect("all are counted");
}

#[test]
fn an_agent_ends_well_while_its_interface_is_away() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    send(&site, 5);
    agent.settled(5).expect("all are counted");
    site.namespace.ip(&["link", "delete", SAMPLER]).expect("it is deleted");
    wait_for_readiness(&agent, 503);
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert!(stopped.log.contains("frames=5") && stopped.log.contains("difference=0"), "{}", stopped.log);
    assert!(!stopped.log.contains("not taken off cleanly"), "{}", stopped.log);
}

#[test]
fn an_interface_that_is_down_is_attached_and_counts_once_it_is_up() {
    let site = Site::enter().expect("a place for an agent");
    site.namespace.ip(&["link", "set", SAMPLER, "down"]).expect("it is down");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    site.namespace.ip(&["link", "set", SAMPLER, "up"]).expect("it is up");
    send(&site, 4);
    agent.settled(4).expect("all are counted");
}
