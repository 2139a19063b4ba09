//! A live run that is sampled in, what pmacct's sfacctd, nfdump's sfcapd and IXP Manager's handler make of it out, beside
//! the agent's exact matrix.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use etherparse::{IpHeaders, Ipv6Extensions, Ipv6Header, Ipv6RawExtHeader, PacketBuilder, ip_number};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;
use ixp_lab::clock;
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, Site};
use ixp_tests::agent::{Agent, number, wait};
use ixp_tests::collector::{Collector, Sfacctd, Sfcapd, Sums};
use ixp_tests::sflowtool;
use ixp_tests::wire::Wire;

/// In a namespace of its own, every port is free.
const PORT: u16 = 6343;
/// Bytes of the FCS, which samples count and the matrix does not.
const FCS: u64 = 4;
/// How long a collector that has something to say is silent at most.
const SILENCE: Duration = Duration::from_secs(3);

fn agent(site: &Site, rate: u32, port: u16) -> Agent {
    let config = format!(
        "[sampling]\nrate = {rate}\n[sflow]\ncollectors = [\"127.0.0.1:{port}\"]\ncounters = \"1s\"\n"
    );
    site.tap(MEMBERS, &config).expect("the agent starts")
}

fn send<'f>(frames: impl IntoIterator<Item = &'f [u8]>) {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for frame in frames {
        wire.send(frame).expect("it is sent");
    }
}

/// The exact matrix with FCS, by source and destination.
fn exact(agent: &Agent) -> Sums {
    let matrix = agent.json("/api/v1/matrix").expect("a matrix");
    let mut sums = Sums::new();
    for cell in matrix["cells"].as_array().expect("cells") {
        let mac = |name: &str| cell[name].as_str().expect("an address").to_owned();
        let [packets, bytes] = ["packets", "bytes"].map(|name| number(&cell[name]).expect("a number"));
        let sum = sums.entry((mac("src_mac"), mac("dst_mac"))).or_default();
        *sum = (sum.0 + packets, sum.1 + bytes + FCS * packets);
    }
    sums
}

/// Sends frames of three pairs past an agent that samples one in 16, and holds what a collector says against the matrix.
fn agrees_within_the_error(site: &Site, sums_of: impl Fn() -> anyhow::Result<Sums>) {
    const RATE: u32 = 16;
    let agent = agent(site, RATE, PORT);
    let pairs = [(FIRST, SECOND), (SECOND, FIRST), (FIRST, SECOND), (STRANGER, FIRST)];
    let frame = |at: usize| {
        let (from, to) = pairs[at % pairs.len()];
        Frame::new(from, to, Family::Ipv4, 30 + at * 7 % 1400).bytes
    };
    let frames: Vec<Vec<u8>> = (0..24_000).map(frame).collect();
    send(frames.iter().map(Vec::as_slice));
    let status = agent.settled(frames.len() as u64).expect("all are counted");
    assert_eq!(status["interfaces"][0]["samples_lost"], 0);
    let exact = exact(&agent);
    let (mut last, mut since) = (Sums::new(), clock::now());
    let agreed = wait("a collector's sums", || {
        let sums = sums_of()?;
        if sums != last {
            (last, since) = (sums, clock::now());
        }
        let mut offs = exact.iter().map(|(pair, truth)| Some(off(*last.get(pair)?, *truth, RATE)));
        let is_near = offs.all(|off| off.is_some_and(|off| off < 5.0));
        // Both print what is new within two seconds: by then it has said all.
        Ok((is_near && last.len() == exact.len() && since.elapsed() > SILENCE).then_some(()))
    });
    assert!(agreed.is_ok(), "{agreed:?}: {last:#?} is not {exact:#?}");
}

/// How far frames or bytes are off, in standard deviations: one number in two million is beyond five of them.
fn off(told: (u64, u64), truth: (u64, u64), rate: u32) -> f64 {
    let [told, bytes_told, frames, bytes] = [told.0, told.1, truth.0, truth.1].map(|number| number as f64);
    // A frame stands for N with the chance 1/N: that varies by N-1, and by N-1 times the square of its length in bytes.
    // Lengths are even from 0 on, so that the mean of their squares is 4/3 of the square of their mean.
    let deviation = (frames * f64::from(rate - 1)).sqrt();
    let bytes_deviation = deviation * bytes / frames * (4f64 / 3.0).sqrt();
    f64::max((told - frames).abs() / deviation, (bytes_told - bytes).abs() / bytes_deviation)
}

#[test]
fn sfacctd_agrees_with_the_matrix_within_the_sampling_error() {
    let site = Site::enter().expect("a place for an agent");
    let sfacctd = Sfacctd::start(&site.path(""), PORT).expect("it starts");
    agrees_within_the_error(&site, || sfacctd.sums());
}

#[test]
fn sfcapd_agrees_with_the_matrix_within_the_sampling_error() {
    let site = Site::enter().expect("a place for an agent");
    let sfcapd = Sfcapd::start(&site.path(""), PORT).expect("it starts");
    agrees_within_the_error(&site, || sfcapd.sums());
}

/// Lines of all that an agent tells of frames, each of which it samples, and one with an interface's counters.
fn lines(agent: &Agent, collector: &Collector, frames: &[Vec<u8>]) -> Vec<String> {
    send(frames.iter().map(Vec::as_slice));
    agent.settled(frames.len() as u64).expect("all are counted");
    let lines = |heard: &[Vec<u8>]| -> Vec<String> {
        heard.iter().flat_map(|datagram| sflowtool::lines(datagram).expect("a reference reads it")).collect()
    };
    let heard = collector
        .hear(|heard| {
            let lines = lines(heard);
            let flows = lines.iter().filter(|line| line.starts_with("FLOW")).count();
            flows == frames.len() && lines.len() > flows
        })
        .expect("each is told");
    lines(&heard)
}

#[test]
fn ixp_managers_handler_has_the_sums_that_the_matrix_has() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = agent(&site, 1, collector.address().expect("bound").port());
    let tagged = VlanId::configured(100).expect("a VLAN");
    let mut frames = vec![
        Frame::new(SECOND, Mac::BROADCAST, Family::Arp, 18).bytes,
        Frame::new(STRANGER, FIRST, Family::Ipv6, 50).bytes,
    ];
    frames.extend((0..30).map(|size| Frame::on(tagged, FIRST, SECOND, Family::Ipv4, 40 * size).bytes));
    frames.extend((0..9).map(|size| Frame::new(SECOND, FIRST, Family::Ipv4, 1000 + size).bytes));
    let lines = lines(&agent, &collector, &frames);
    let matrix = agent.json("/api/v1/matrix").expect("a matrix");
    let told = sflowtool::sums(lines.iter().map(String::as_str)).expect("lines as sflowtool has them");
    let cells = matrix["cells"].as_array().expect("cells").iter().map(|cell| {
        let mac = |name: &str| cell[name].as_str().expect("an address").replace(':', "");
        let number = |name: &str| number(&cell[name]).expect("a number");
        let ethertype = match cell["family"].as_str() {
            Some("ipv4") => 0x0800,
            Some("ipv6") => 0x86dd,
            _ => 0x0806,
        };
        let vlan = u16::try_from(number("vlan")).expect("a tag");
        let bytes = number("bytes") + FCS * number("packets");
        let counts = Counts { packets: number("packets"), bytes };
        ((vlan, mac("src_mac"), mac("dst_mac"), ethertype), counts)
    });
    let tagged = cells.filter(|((vlan, ..), _)| *vlan != 0);
    assert_eq!(told, tagged.collect::<BTreeMap<_, _>>());
    assert_eq!(told.values().map(|counts| counts.packets).sum::<u64>(), 30);
    let untagged = lines.iter().filter(|line| line.split(',').nth(7) == Some("0"));
    assert_eq!(untagged.filter(|line| line.starts_with("FLOW")).count(), frames.len() - 30);
}

#[test]
fn a_line_has_what_the_frame_has_in_the_places_that_readers_know() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = agent(&site, 1, collector.address().expect("bound").port());
    let builder = PacketBuilder::ethernet2(FIRST.0, SECOND.0)
        .single_vlan(100.try_into().expect("a tag"))
        .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 61);
    let mut tcp = Vec::new();
    builder.tcp(40_000, 179, 7, 1024).ack(9).psh().write(&mut tcp, &[0; 19]).expect("a vector takes it");
    let told = lines(&agent, &collector, &[tcp]);
    let member = agent.json("/api/v1/members/64500").expect("a member");
    let first = number(&member["ifindex"]).expect("a number");
    // 14 + 4 + 20 + 20 + 19 bytes, and 4 of FCS. The other is no member on VLAN 100, and so no interface.
    let line = format!(
        "FLOW,127.0.0.1,{first},0,020000000001,020000000002,0x0800,100,100,192.0.2.1,192.0.2.2,6,0x00,61,40000,179,0x18,\
         81,59,1"
    );
    assert_eq!(told.iter().find(|line| line.starts_with("FLOW")), Some(&line));
    let counters = told.iter().find(|line| line.starts_with("CNTR")).expect("counters");
    let fields: Vec<&str> = counters.split(',').collect();
    assert_eq!((fields.len(), fields[1], fields[3]), (21, "127.0.0.1", "6"), "{counters}");
}

#[test]
fn a_line_of_ipv6_to_a_group_has_its_class_and_neither_a_port_nor_a_vlan() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = agent(&site, 1, collector.address().expect("bound").port());
    let mut header = Ipv6Header {
        traffic_class: 0xb8,
        hop_limit: 1,
        source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).octets(),
        destination: Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 5).octets(),
        ..Ipv6Header::default()
    };
    header.set_payload_length(8 + 8 + 30).expect("it is short");
    let options = Ipv6RawExtHeader::new_raw(ip_number::UDP, &[1, 4, 0, 0, 0, 0]).expect("eight bytes");
    let extensions = Ipv6Extensions { destination_options: Some(options), ..Ipv6Extensions::default() };
    let builder =
        PacketBuilder::ethernet2(FIRST.0, [0x33, 0x33, 0, 0, 0, 5]).ip(IpHeaders::Ipv6(header, extensions));
    let mut udp = Vec::new();
    builder.udp(5000, 6000).write(&mut udp, &[0; 30]).expect("a vector takes it");
    let told = lines(&agent, &collector, &[udp]);
    let member = agent.json("/api/v1/members/64500").expect("a member");
    let first = number(&member["ifindex"]).expect("a number");
    // 14 + 40 + 8 + 8 + 30 bytes, and 4 of FCS, which alone it takes off where there is no IPv4.
    let line = format!(
        "FLOW,127.0.0.1,{first},0,020000000001,333300000005,0x86dd,0,0,fe80::1,ff02::5,17,0xb8,1,5000,6000,0x00,104,100,1"
    );
    assert_eq!(told.iter().find(|line| line.starts_with("FLOW")), Some(&line));
}
