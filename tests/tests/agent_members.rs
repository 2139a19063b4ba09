//! A members file that changes in, the table of the running agent out: the last good one, whatever happens.

use std::fs;

use ixp_common::addr::Family;
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND};
use ixp_tests::agent::site::{FABRIC, Site};
use ixp_tests::agent::{Agent, wait};
use ixp_tests::wire::Wire;
use serde_json::Value;

/// An IX-F export of the same two members under other names, on the VLAN with the id 7.
const EXPORT: &str = r#"{
  "version": "1.0", "timestamp": "2026-01-01T00:00:00Z",
  "ixp_list": [{"ixp_id": 1, "shortname": "Example IX",
    "vlan": [{"id": 7, "name": "Peering", "ipv4": {"prefix": "192.0.2.0", "mask_length": 24}}]}],
  "member_list": [
    {"asnum": 64500, "name": "Exported One", "connection_list": [{"ixp_id": 1, "vlan_list": [
      {"vlan_id": 7, "ipv4": {"address": "192.0.2.1", "mac_addresses": ["02:00:00:00:00:01"]}}]}]},
    {"asnum": 64501, "name": "Exported Two", "connection_list": [{"ixp_id": 1, "vlan_list": [
      {"vlan_id": 7, "ipv4": {"address": "192.0.2.2", "mac_addresses": ["02:00:00:00:00:02"]}}]}]}
  ]
}"#;

/// The members by another name.
fn renamed(name: &str) -> String {
    MEMBERS.replace("Example Networks", name)
}

fn name(agent: &Agent) -> anyhow::Result<Value> {
    Ok(agent.json("/api/v1/members/64500")?["name"].clone())
}

fn wait_for_name(agent: &Agent, expected: &str) {
    wait(expected, || Ok((name(agent)? == expected).then_some(()))).expect("the file is read again");
}

fn members_status(agent: &Agent) -> Value {
    agent.json("/api/v1/status").expect("a status")["members"].clone()
}

#[test]
fn a_file_written_in_place_is_read_again() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    assert_eq!(name(&agent).expect("a member"), "Example Networks");
    site.write("members.toml", renamed("Written In Place")).expect("it is written");
    wait_for_name(&agent, "Written In Place");
}

#[test]
fn a_file_that_is_replaced_is_read_again() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let next = site.write("next.toml", renamed("Example Renamed!")).expect("it is written");
    fs::rename(next, site.path("members.toml")).expect("it is replaced");
    wait_for_name(&agent, "Example Renamed!");
}

#[test]
fn a_change_while_the_agent_starts_is_not_missed() {
    let site = Site::enter().expect("a place for an agent");
    site.write("members.toml", MEMBERS).expect("it is written");
    let config = "[members]\nfile = \"members.toml\"\n[[attach]]\ninterface = \"sampler\"\n";
    let agent = Agent::spawn(&site.write("config.toml", config).expect("it is written")).expect("it starts");
    let is_read = || Ok(agent.log().contains("members read").then_some(()));
    wait("the first table", is_read).expect("the file is read");
    site.write("members.toml", renamed("Written Early")).expect("it is written");
    let is_new = || Ok(name(&agent).is_ok_and(|name| name == "Written Early").then_some(()));
    wait("the second table", is_new).expect("the file is read again");
}

#[test]
fn sighup_reads_the_file_though_nothing_changed() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let before = members_status(&agent)["loaded"].clone();
    agent.signal(libc::SIGHUP);
    wait("a newer table", || Ok((members_status(&agent)["loaded"] != before).then_some(())))
        .expect("it is read");
    assert_eq!(agent.log().matches("members read").count(), 2, "{}", agent.log());
}

#[test]
fn a_broken_file_keeps_the_last_good_table_and_says_so_until_it_is_mended() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let loaded = members_status(&agent)["loaded"].clone();
    let broken = MEMBERS.replace("02:00:00:00:00:02", "02:00:00:00:00:0x");
    site.write("members.toml", broken).expect("it is written");
    let error = wait("the error", || Ok(members_status(&agent)["error"].as_str().map(str::to_owned)));
    let error = error.expect("the status has it");
    assert!(error.contains("members.toml:") && error.contains("02:00:00:00:00:0x"), "{error}");
    let status = members_status(&agent);
    assert_eq!((&status["members"], &status["loaded"]), (&2.into(), &loaded));
    assert_eq!(name(&agent).expect("a member"), "Example Networks");
    let metrics = agent.get("/metrics").expect("the metrics").body;
    assert!(metrics.contains("\nixp_members_reload_failed 1\n"), "{metrics}");
    assert!(agent.log().contains("the last good table is kept"), "{}", agent.log());
    site.write("members.toml", renamed("Mended")).expect("it is written");
    wait_for_name(&agent, "Mended");
    assert_eq!(members_status(&agent)["error"], Value::Null);
}

#[test]
fn a_file_that_goes_away_keeps_the_last_good_table() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    fs::remove_file(site.path("members.toml")).expect("it is removed");
    let error = wait("the error", || Ok(members_status(&agent)["error"].as_str().map(str::to_owned)));
    assert!(error.expect("the status has it").contains("members.toml"));
    assert_eq!(name(&agent).expect("a member"), "Example Networks");
    site.write("members.toml", renamed("Back")).expect("it is written");
    wait_for_name(&agent, "Back");
}

#[test]
fn cells_are_named_by_the_table_in_use() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap("", "").expect("the agent starts without members");
    let wire = Wire::open(FABRIC).expect("the other end is there");
    wire.send(&Frame::new(FIRST, SECOND, Family::Ipv4, 100).bytes).expect("it is sent");
    agent.settled(1).expect("it is counted");
    let asns = || {
        let matrix = agent.json("/api/v1/matrix").expect("a matrix");
        (matrix["cells"][0]["src_asn"].clone(), matrix["cells"][0]["dst_asn"].clone())
    };
    assert_eq!(asns(), (Value::Null, Value::Null));
    site.write("members.toml", MEMBERS).expect("it is written");
    wait_for_name_after_404(&agent);
    assert_eq!(asns(), (64500.into(), 64501.into()));
}

fn wait_for_name_after_404(agent: &Agent) {
    let is_there = || Ok((agent.get("/api/v1/members/64500")?.status == 200).then_some(()));
    wait("the member", is_there).expect("the file is read again");
}

#[test]
fn an_export_is_taken_where_a_members_file_is() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(EXPORT, "").expect("the agent starts");
    assert_eq!(name(&agent).expect("a member"), "Exported One");
    let wire = Wire::open(FABRIC).expect("the other end is there");
    wire.send(&Frame::new(FIRST, SECOND, Family::Ipv4, 100).bytes).expect("it is sent");
    agent.settled(1).expect("it is counted");
    let matrix = agent.json("/api/v1/matrix?by=asn").expect("a matrix");
    assert_eq!(
        (&matrix["cells"][0]["src_asn"], &matrix["cells"][0]["dst_asn"]),
        (&64500.into(), &64501.into())
    );
    site.write("members.toml", EXPORT.replace("Exported One", "Exported Again")).expect("it is written");
    wait_for_name(&agent, "Exported Again");
}
