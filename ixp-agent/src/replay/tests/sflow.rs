//! Claims about captures of sFlow datagrams.

use std::net::Ipv4Addr;

use etherparse::{Ethernet2Slice, PacketBuilder};
use ixp_common::addr::Mac;

use super::*;
use crate::matrix::tests::mac;
use crate::sflow::encode::Encoder;
use crate::sflow::{Flow, FlowRecord, Header, PROTOCOL_ETHERNET, Source};

/// A UDP packet from station to station with so many bytes, without FCS.
fn frame(from: u8, to: Mac, payload: usize) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2(mac(from).0, to.0).ipv4([11, 0, 0, from], [12, 0, 0, 1], 64);
    let mut bytes = Vec::new();
    builder.udp(1, 2).write(&mut bytes, &vec![0; payload]).expect("a vector takes it");
    bytes
}

/// A packet of an exporter with a datagram of frames that it sampled at 1 in 100.
fn packet(host: u8, port: u16, sequence: u32, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = Encoder::new(Ipv4Addr::new(192, 0, 2, host).into(), 0, 1400);
    for (at, frame) in (0u32..).zip(frames) {
        let per_datagram = u32::try_from(frames.len()).expect("few");
        let sequence = sequence * per_datagram + at;
        let flow = Flow { sequence, source: Source::interface(1), rate: 100, ..Flow::default() };
        let frame_length = u32::try_from(frame.len()).expect("short") + 4;
        let bytes = &frame[..frame.len().min(128)];
        let header = Header { protocol: PROTOCOL_ETHERNET, frame_length, stripped: 4, bytes };
        encoder.flow(&flow, &[FlowRecord::Header(header)]).expect("it fits");
    }
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([192, 0, 2, host], [192, 0, 2, 250], 64);
    let mut bytes = Vec::new();
    let datagram = encoder.sealed(sequence, sequence * 1000);
    builder.udp(5000, port).write(&mut bytes, datagram).expect("a vector takes it");
    bytes
}

/// A pcap with a packet each second, of which `kept` bytes are kept.
fn capture(packets: &[Vec<u8>], kept: usize) -> Vec<u8> {
    let mut pcap = [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1].map(u32::to_le_bytes).concat();
    for (second, packet) in (1_800_000_000u32..).zip(packets) {
        let bytes = &packet[..packet.len().min(kept)];
        let [kept, long] = [bytes.len(), packet.len()].map(|len| u32::try_from(len).expect("short"));
        pcap.extend([second, 0, kept, long].map(u32::to_le_bytes).concat());
        pcap.extend(bytes);
    }
    pcap
}

/// An hour of two switches: pairs of members, a stranger, ARP.
fn packets() -> Vec<Vec<u8>> {
    let stp = [&[1, 0x80, 0xc2, 0, 0, 0][..], &mac(1).0, &[0, 38, 0x42, 0x42, 3], &[0; 43]].concat();
    let frames = |sequence: usize| match sequence % 20 {
        7 => vec![stp.clone(), frame(4, mac(1), 30)],
        13 => vec![frame(4, mac(9), 30), frame(9, mac(1), 30)],
        _ => vec![frame(1, mac(4), 1400), frame(4, mac(1), 30 + sequence)],
    };
    let numbers = (1..=100).filter(|sequence| *sequence != 50);
    numbers
        .flat_map(|sequence| {
            let host = 1 + u8::try_from(sequence % 2).expect("0 or 1");
            let number = u32::try_from(sequence).expect("small");
            [packet(1, 6343, number, &frames(sequence)), packet(host, 53, number, &frames(sequence))]
        })
        .collect()
}

#[test]
fn samples_of_a_capture_give_their_golden_matrix() {
    let capture = capture(&packets(), usize::MAX);
    for (name, words) in [
        ("sflow.txt", "--by asn --sflow -"),
        ("sflow.csv", "--by interface --format csv --sflow -"),
        ("sflow.json", "--by asn --format json --sflow=6343 -"),
    ] {
        let (out, err, outcome) = replay(words, &capture);
        let remark = "exporter 192.0.2.1: 1 datagrams lost; later samples stand for theirs\n";
        assert_eq!((err.as_str(), outcome), (remark, Outcome::Complete));
        golden::check(&format!("replay/{name}"), &out);
    }
}

#[test]
fn what_is_no_capture_of_samples_is_told_so() {
    let whole = capture(&packets(), usize::MAX);
    let (_, err, outcome) = replay("--sflow=9 -", &whole);
    assert!(
        err.starts_with("no sFlow datagram to UDP port 9; if they are to another, say --sflow=PORT"),
        "{err}"
    );
    assert_eq!(outcome, Outcome::Incomplete);
    let (_, err, outcome) = replay("--sflow -", &capture(&packets(), 96));
    assert_eq!(err, "99 sFlow datagrams were cut by the capture; capture packets whole, as `tcpdump -s 0`\n");
    assert_eq!(outcome, Outcome::Incomplete);
}

#[test]
fn fragments_are_told_of_where_they_are_of_datagrams_to_the_port() {
    let mut packets = packets();
    for packet in &mut packets {
        let ipv4 = Ethernet2Slice::from_slice_without_fcs(packet).expect("Ethernet").header_len();
        // RFC 791: more fragments.
        packet[ipv4 + 6] |= 0x20;
    }
    let (_, err, outcome) = replay("--sflow -", &capture(&packets, usize::MAX));
    assert_eq!(err, "99 sFlow datagrams are in fragments, which are not put together\n");
    assert_eq!(outcome, Outcome::Incomplete);
}
