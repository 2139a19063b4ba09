//! Records of the kernel in, what a collector reads of the datagrams out.

use std::net::IpAddr;

use ixp_common::addr::Mac;
use ixp_common::counters::{Counts, Outcome, PortCounters};
use ixp_common::sample::{EventRecord, SAMPLE_BYTES, SampleRecord};
use proptest::prelude::*;

use super::{Exporter, Settings};
use crate::members::{Asn, Interface, Lan, Member, MemberId, Registry, ifindex};
use crate::sflow::decode::{Datagram, Sample};
use crate::sflow::{CounterRecord, Discard, Flow, FlowRecord, Port, Reason, Source};

const MINE: Mac = Mac([2, 0, 0, 0, 0, 1]);
const THINE: Mac = Mac([2, 0, 0, 0, 0, 2]);
const NOBODY: Mac = Mac([2, 0, 0, 0, 0, 9]);
const IFINDEX: u32 = 7;

fn registry() -> Registry {
    let lan = Lan { name: "peering".to_owned(), vlan: None, ipv4: None, ipv6: None, mtu: 1500 };
    let members = [64500, 64501].map(|asn| Member { asn: Asn(asn), name: String::new() });
    let interface = |member, mac| Interface {
        member: MemberId(member),
        lan: 0,
        label: String::new(),
        macs: vec![mac],
        change: None,
        ipv4: Vec::new(),
        ipv6: Vec::new(),
        port: None,
        facility: None,
        speed: None,
    };
    Registry::new(vec![lan], members.to_vec(), vec![interface(0, MINE), interface(1, THINE)])
}

fn settings() -> Settings {
    Settings {
        agent: IpAddr::from([192, 0, 2, 5]),
        sub_agent: 0,
        header: SAMPLE_BYTES,
        datagram: 1400,
        hides_hosts: false,
    }
}

/// An Ethernet frame, cut as the kernel cuts it.
fn record(frame: &[u8]) -> SampleRecord {
    let mut header = [0; SAMPLE_BYTES];
    let len = frame.len().min(SAMPLE_BYTES);
    header[..len].copy_from_slice(&frame[..len]);
    let [wire_len, header_len] = [frame.len(), len].map(|len| u32::try_from(len).expect("short"));
    SampleRecord { monotonic_ns: 1, ifindex: IFINDEX, wire_len, rate: 100, header_len, header }
}

fn event(frame: &[u8], monotonic_ns: u64, outcome: Outcome) -> EventRecord {
    let SampleRecord { ifindex, wire_len, header, .. } = record(frame);
    let [outcome, rule] = [outcome as u8, 3];
    EventRecord {
        monotonic_ns,
        suppressed: 4,
        ifindex,
        wire_len,
        vlan: 0,
        mac: MINE.0,
        rule,
        outcome,
        header_len: 60,
        zero: 0,
        header,
    }
}

fn link(source: Mac, destination: Mac, ethertype: u16) -> Vec<u8> {
    [&destination.0[..], &source.0, &ethertype.to_be_bytes()].concat()
}

/// TCP with twelve bytes of options, and a payload that nobody is to see.
fn tcp(source: Mac, destination: Mac) -> Vec<u8> {
    let ip = [0x45, 0, 0, 84, 0, 0, 0, 0, 64, 6, 0, 0, 8, 8, 8, 8, 9, 9, 9, 9];
    let tcp = [[0, 80, 0, 81].as_slice(), &[0; 8], &[0x80, 0x18], &[0; 6], &[1; 12]].concat();
    [&link(source, destination, 0x0800)[..], &ip, &tcp, &[0x55; 32]].concat()
}

/// What `told` tells, datagram by datagram.
fn told(settings: &Settings, tell: impl FnOnce(&mut Exporter, &mut dyn FnMut(&[u8]))) -> Vec<Vec<u8>> {
    let mut exporter = Exporter::new(settings.clone());
    let mut datagrams = Vec::new();
    tell(&mut exporter, &mut |datagram| datagrams.push(datagram.to_vec()));
    exporter.flush(99, &mut |datagram| datagrams.push(datagram.to_vec()));
    datagrams
}

/// The flow samples and what of each frame they tell.
fn flows(datagrams: &[Vec<u8>]) -> Vec<(Flow, Vec<u8>)> {
    let mut flows = Vec::new();
    for datagram in datagrams {
        for sample in Datagram::read(datagram).expect("a datagram") {
            let Ok(Sample::Flow(flow, mut records)) = sample else { panic!("{sample:?}") };
            let Some(Ok(FlowRecord::Header(header))) = records.next() else { panic!("no header first") };
            let Some(Ok(FlowRecord::Switch(_))) = records.next() else { panic!("no switch behind it") };
            assert_eq!((header.protocol, header.stripped), (1, 4));
            flows.push((flow, header.bytes.to_vec()));
        }
    }
    flows
}

fn header(frame: &[u8], settings: &Settings) -> Vec<u8> {
    let datagrams = told(settings, |exporter, out| exporter.sampled(&record(frame), &registry(), 1, out));
    flows(&datagrams).remove(0).1
}

#[test]
fn a_sample_says_between_whom_and_of_how_many() {
    let datagrams = told(&settings(), |exporter, out| {
        let seen = Counts { packets: (1 << 32) + 5000, bytes: 0 };
        exporter.counted(IFINDEX, &PortCounters { seen, samples_lost: 3, ..PortCounters::default() }, 4);
        for destination in [THINE, NOBODY, Mac::BROADCAST] {
            exporter.sampled(&record(&tcp(MINE, destination)), &registry(), 1, out);
        }
        exporter.sampled(&record(&tcp(NOBODY, MINE)), &registry(), 1, out);
    });
    let [mine, thine] = [64500, 64501].map(|asn| Port::interface(ifindex(Asn(asn)).expect("it has one")));
    let flow = |sequence, input, output| Flow {
        sequence,
        source: Source::interface(IFINDEX),
        rate: 100,
        pool: 5000,
        drops: 3,
        input,
        output,
    };
    let read: Vec<Flow> = flows(&datagrams).into_iter().map(|(flow, _)| flow).collect();
    let expected = [
        flow(1, mine, thine),
        flow(2, mine, Port::UNKNOWN),
        flow(3, mine, Port::several(0)),
        flow(4, Port::interface(IFINDEX), mine),
    ];
    assert_eq!(read, expected);
}

/// The pools that are told of samples which come by so many at once, after each of which so many frames were seen.
fn pools(batches: &[(u32, u64)]) -> Vec<u32> {
    let datagrams = told(&settings(), |exporter, out| {
        for &(samples, packets) in batches {
            let seen = Counts { packets, bytes: 0 };
            exporter.counted(IFINDEX, &PortCounters { seen, ..PortCounters::default() }, samples);
            for _ in 0..samples {
                exporter.sampled(&record(&tcp(MINE, THINE)), &registry(), 1, out);
            }
        }
    });
    flows(&datagrams).iter().map(|(flow, _)| flow.pool).collect()
}

#[test]
fn a_pool_grows_by_what_each_sample_stands_for() {
    assert_eq!(pools(&[(2, 100), (1, 110), (4, 150)]), [100, 100, 110, 120, 130, 140, 150]);
    // What does not divide is in the last: none is left out.
    assert_eq!(pools(&[(1, 0), (3, 11)]), [0, 3, 7, 11]);
    let wrapped = (1 << 32) + 4;
    assert_eq!(pools(&[(1, wrapped - 8), (2, wrapped)]), [u32::MAX - 3, 0, 4]);
}

proptest! {
    /// Whoever takes a sample for the frames by which the pool has grown since the one before has all of them.
    #[test]
    fn pools_never_fall_and_end_at_what_was_seen(batches in prop::collection::vec((1..40u32, 0..5000u64), 1..9)) {
        let mut seen = 0;
        let batches: Vec<_> = batches.iter().map(|&(samples, more)| { seen += more; (samples, seen) }).collect();
        let told = pools(&batches);
        prop_assert!(told.is_sorted());
        let mut last = 0;
        for (samples, seen) in batches {
            last += samples as usize;
            prop_assert_eq!(u64::from(told[last - 1]), seen);
        }
    }
}

#[test]
fn the_length_is_that_on_the_wire_and_the_tag_stands_last() {
    let mut frame = tcp(MINE, THINE);
    frame.splice(12..12, [0x81, 0, 0x60, 0x64]);
    let datagrams = told(&settings(), |exporter, out| exporter.sampled(&record(&frame), &registry(), 1, out));
    let mut datagram = Datagram::read(&datagrams[0]).expect("a datagram");
    let Some(Ok(Sample::Flow(_, records))) = datagram.next() else { panic!("no flow sample") };
    let records: Vec<_> = records.map(|record| record.expect("a record")).collect();
    let [FlowRecord::Header(header), FlowRecord::Switch(switch)] = records[..] else { panic!("{records:?}") };
    assert_eq!((header.frame_length, header.stripped), (102 + 4, 4));
    assert_eq!((switch.source_vlan, switch.destination_vlan), (100, 100));
    assert_eq!(header.bytes[..], frame[..70]);
}

#[test]
fn nothing_is_told_of_what_headers_carry() {
    let ipv4 = |protocol, rest: &[u8]| {
        let len = u8::try_from(20 + rest.len()).expect("short");
        let ip = [0x45, 0, 0, len, 0, 0, 0, 0, 64, protocol, 0, 0, 8, 8, 8, 8, 9, 9, 9, 9];
        [&link(MINE, THINE, 0x0800)[..], &ip, rest].concat()
    };
    let ipv6 = |next, rest: &[u8]| {
        let len = u8::try_from(rest.len()).expect("short");
        let ip = [&[0x60, 0, 0, 0, 0, len, next, 64][..], &[0x20; 32]].concat();
        [&link(MINE, THINE, 0x86dd)[..], &ip, rest].concat()
    };
    let rest = [0x55; 50];
    let sctp = [[0, 80, 0, 81].as_slice(), &rest].concat();
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &[1; 20], &[0; 18]].concat();
    let fragment = {
        let mut later = ipv4(17, &rest);
        later[20..22].copy_from_slice(&[0, 9]);
        later
    };
    let broken = ipv4(17, &rest)[..40].to_vec();
    for (what, frame, len) in [
        ("TCP with options", tcp(MINE, THINE), 14 + 20 + 32),
        ("UDP", ipv4(17, &rest), 14 + 20 + 8),
        ("ICMP", ipv4(1, &rest), 14 + 20 + 8),
        ("SCTP", ipv4(132, &sctp), 14 + 20 + 12),
        ("a protocol that is not known", ipv4(99, &rest), 14 + 20),
        ("a later fragment", fragment, 14 + 20),
        ("UDP over IPv6", ipv6(17, &rest), 14 + 40 + 8),
        (
            "behind an extension header",
            ipv6(60, &[[17, 0, 0, 0, 0, 0, 0, 0].as_slice(), &rest].concat()),
            14 + 48 + 8,
        ),
        ("ARP", [&link(MINE, THINE, 0x0806)[..], &arp].concat(), 14 + 28),
        ("LLDP", [&link(MINE, THINE, 0x88cc)[..], &rest].concat(), 14),
        ("LLC", [&link(MINE, THINE, 40)[..], &[0x42, 0x42, 3], &rest].concat(), 14 + 3),
        ("SNAP", [&link(MINE, THINE, 40)[..], &[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0], &rest].concat(), 14 + 8),
        ("a packet that is cut off", broken, 14),
        ("half a header", link(MINE, THINE, 0x0800)[..9].to_vec(), 9),
    ] {
        assert_eq!(header(&frame, &settings()), frame[..len], "{what}");
    }
    let short = Settings { header: 40, ..settings() };
    assert_eq!(header(&tcp(MINE, THINE), &short).len(), 40);
}

#[test]
fn hosts_are_hidden_where_it_is_asked_for() {
    let hiding = Settings { hides_hosts: true, ..settings() };
    let frame = tcp(MINE, THINE);
    let told = header(&frame, &hiding);
    assert_eq!((&told[..26], &told[34..]), (&frame[..26], &frame[34..66]));
    assert_eq!(told[26..34], [0; 8]);
    let mut options = tcp(MINE, THINE);
    options[14] = 0x46;
    options.splice(34..34, [131, 4, 8, 8]);
    assert_eq!(header(&options, &hiding)[26..38], [0; 12]);
    let ipv6 = [
        &link(MINE, THINE, 0x86dd)[..],
        &[0x60, 0, 0, 0, 0, 24, 43, 64],
        &[0x20; 32],
        &[17, 2, 4, 1],
        &[9; 20],
    ];
    let told = header(&ipv6.concat(), &hiding);
    assert_eq!((told.len(), &told[22..]), (54, &[0; 32][..]));
    let arp = [&link(MINE, THINE, 0x0806)[..], &[0, 1, 8, 0, 6, 4, 0, 1], &[1; 20], &[0; 18]].concat();
    let told = header(&arp, &hiding);
    let zero: Vec<usize> = (22..42).filter(|at| told[*at] == 0).collect();
    assert_eq!(zero, [28, 29, 30, 31, 38, 39, 40, 41]);
}

#[test]
fn a_dropped_frame_is_told_once_however_many_rules_it_broke() {
    let frame = tcp(MINE, THINE);
    let datagrams = told(&settings(), |exporter, out| {
        for (at, outcome) in [
            (1, Outcome::Dropped),
            (1, Outcome::Dropped),
            (2, Outcome::WouldDrop),
            (3, Outcome::Passed),
            (4, Outcome::Dropped),
        ] {
            exporter.dropped(&event(&frame, at, outcome), &registry(), 1, out);
        }
    });
    let samples: Vec<_> = Datagram::read(&datagrams[0]).expect("a datagram").collect();
    let discards: Vec<Discard> = samples
        .into_iter()
        .map(|sample| match sample {
            Ok(Sample::Discard(discard, _)) => discard,
            other => panic!("{other:?}"),
        })
        .collect();
    let discard = |sequence| Discard {
        sequence,
        source: Source::interface(IFINDEX),
        drops: 4 * sequence,
        input: 100_064_500,
        output: 100_064_501,
        reason: Reason::ACL,
    };
    assert_eq!(discards, [discard(1), discard(2)]);
}

#[test]
fn sequences_are_those_of_each_source_and_of_the_agent() {
    let datagrams = told(&settings(), |exporter, out| {
        for number in 0..30u32 {
            let record = SampleRecord { ifindex: 1 + number % 2, ..record(&tcp(MINE, THINE)) };
            exporter.sampled(&record, &registry(), 1, out);
        }
    });
    let heads: Vec<u32> =
        datagrams.iter().map(|bytes| Datagram::read(bytes).expect("a datagram").sequence).collect();
    assert_eq!(heads, (1..=u32::try_from(datagrams.len()).expect("few")).collect::<Vec<_>>());
    assert!(datagrams.len() > 2 && datagrams.iter().all(|bytes| bytes.len() <= 1400));
    for source in [1, 2] {
        let of = flows(&datagrams).into_iter().filter(|(flow, _)| flow.source.index == source);
        assert_eq!(of.map(|(flow, _)| flow.sequence).collect::<Vec<_>>(), (1..=15).collect::<Vec<_>>());
    }
}

#[test]
fn counters_are_told_as_they_are() {
    let counted = crate::sflow::Interface {
        index: IFINDEX,
        kind: 6,
        speed: 10_000_000_000,
        direction: 1,
        status: 3,
        in_octets: 1,
        in_unicast: 2,
        in_multicast: 3,
        in_broadcast: u32::MAX,
        in_discards: 4,
        in_errors: 5,
        in_unknown_protocols: u32::MAX,
        out_octets: 6,
        out_unicast: 7,
        out_multicast: u32::MAX,
        out_broadcast: u32::MAX,
        out_discards: 8,
        out_errors: 9,
        promiscuous: 1,
    };
    let datagrams = told(&settings(), |exporter, out| exporter.counters(&counted, 5, out));
    let mut datagram = Datagram::read(&datagrams[0]).expect("a datagram");
    let Some(Ok(Sample::Counters(head, mut records))) = datagram.next() else { panic!("no counters") };
    assert_eq!((head.sequence, head.source), (1, Source::interface(IFINDEX)));
    assert_eq!(records.next(), Some(Ok(CounterRecord::Interface(counted))));
}

proptest! {
    #[test]
    fn any_frame_is_told_of_and_never_more_than_there_is(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        kind in 0usize..5,
        hides_hosts in any::<bool>(),
        most in 22usize..=128,
    ) {
        let mut bytes = bytes;
        let kinds = [[8, 0], [0x86, 0xdd], [8, 6], [0x81, 0], [0, 20]];
        if let Some(field) = bytes.get_mut(12..14) {
            field.copy_from_slice(&kinds[kind]);
        }
        let settings = Settings { hides_hosts, header: most, ..settings() };
        let told = header(&bytes, &settings);
        prop_assert!(told.len() <= bytes.len().min(most));
        let link = told.len().min(12);
        prop_assert_eq!(&told[..link], &bytes[..link]);
        if !hides_hosts {
            prop_assert_eq!(&told[..], &bytes[..told.len()]);
        }
    }
}
