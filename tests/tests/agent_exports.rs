//! A members file in, what Wireshark and pmacct make of its exports out: whose a MAC is.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use ixp_common::addr::{Family, Mac};
use ixp_tests::agent::command;
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::pcap::{ETHERNET, pcap};
use ixp_tests::agent::site::{FABRIC, Site, word};
use ixp_tests::agent::wait;
use ixp_tests::collector::Sfacctd;
use ixp_tests::wire::Wire;

/// In a namespace of its own, every port is free.
const PORT: u16 = 6343;

fn exported(site: &Site, format: &str) -> String {
    let members = site.write("members.toml", MEMBERS).expect("it is written");
    let ended = command::run(&["members", "export", "--format", format, word(&members)]).expect("it ends");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    ended.out
}

fn frames() -> [Frame; 3] {
    [(FIRST, SECOND), (SECOND, FIRST), (STRANGER, FIRST)]
        .map(|(from, to)| Frame::new(from, to, Family::Ipv4, 100))
}

#[test]
fn wireshark_has_the_members_names_for_their_addresses() {
    let site = Site::enter().expect("a place for files");
    let folder = site.path("wireshark");
    fs::create_dir(&folder).expect("it is made");
    fs::write(folder.join("ethers"), exported(&site, "ethers")).expect("it is written");
    let bytes = pcap(ETHERNET, frames().iter().map(|frame| frame.bytes.as_slice()));
    let capture = site.write("lan.pcap", bytes).expect("it is written");
    let mut tshark = Command::new("tshark");
    tshark.env("XDG_CONFIG_HOME", site.path("")).args([
        "-N",
        "m",
        "-T",
        "fields",
        "-e",
        "eth.src_resolved",
        "-r",
    ]);
    let read = tshark.arg(capture).output().expect("tshark runs");
    let names = String::from_utf8_lossy(&read.stdout);
    let names: Vec<&str> = names.lines().collect();
    let said = String::from_utf8_lossy(&read.stderr);
    assert_eq!(names[..2], ["AS64500@peering", "AS64501@peering"], "{said}");
    assert!(!names[2].contains("AS"), "{names:?}");
}

#[test]
fn sfacctd_has_the_members_numbers_for_their_addresses() {
    let site = Site::enter().expect("a place for an agent");
    let map = site.write("peers.map", exported(&site, "peers-map")).expect("it is written");
    let sfacctd = Sfacctd::with_peers(&site.path(""), PORT, &map).expect("it starts");
    let config = format!("[sampling]\nrate = 1\n[sflow]\ncollectors = [\"127.0.0.1:{PORT}\"]\n");
    let _agent = site.tap(MEMBERS, &config).expect("the agent starts");
    let wire = Wire::open(FABRIC).expect("the other end is there");
    frames().iter().for_each(|frame| wire.send(&frame.bytes).expect("it is sent"));
    let owners = wait("sfacctd has heard of three stations", || {
        Ok(Some(sfacctd.owners()?).filter(|owners| owners.len() == 3))
    });
    let expected = [(FIRST, 64_500), (SECOND, 64_501), (STRANGER, 0)];
    let expected: BTreeMap<String, u64> =
        expected.map(|(mac, asn): (Mac, u64)| (mac.to_string(), asn)).into();
    assert_eq!(owners.expect("in time"), expected);
}
