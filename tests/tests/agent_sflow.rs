//! Frames on a wire in, what collectors read of the running agent's samples out: our own decoder, tshark, pmacct's sfacctd.

use std::collections::BTreeMap;

use ixp_agent::sflow::decode::{Datagram, Sample};
use ixp_agent::sflow::{CounterRecord, FlowRecord, Port};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;
use ixp_tests::agent::lan::{FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site, enforcing};
use ixp_tests::agent::{Agent, number};
use ixp_tests::collector::{Collector, Sfacctd, Sfcapd, Sums, tshark};
use ixp_tests::wire::Wire;
use serde_json::Value;

/// Bytes of the FCS, which samples count and the matrix does not.
const FCS: u64 = 4;

fn frames() -> Vec<Frame> {
    let tagged = VlanId::configured(100).expect("a VLAN");
    let mut frames = vec![
        Frame::new(SECOND, Mac::BROADCAST, Family::Arp, 18),
        Frame::new(STRANGER, FIRST, Family::Ipv6, 50),
        Frame::on(tagged, FIRST, STRANGER, Family::Ipv4, 100),
    ];
    frames.extend((0..40).map(|size| Frame::new(FIRST, SECOND, Family::Ipv4, 30 * size)));
    frames.extend((0..9).map(|size| Frame::new(SECOND, FIRST, Family::Ipv4, 1000 + size)));
    frames
}

/// An agent that samples every frame, for these collectors.
fn agent(site: &Site, collectors: &[u16], more: &str) -> Agent {
    let collectors: Vec<String> = collectors.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    let config = format!("[sampling]\nrate = 1\n[sflow]\ncollectors = [{}]\n{more}", collectors.join(", "));
    site.tap(MEMBERS, &config).expect("the agent starts")
}

fn send(frames: &[Frame]) {
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for frame in frames {
        wire.send(&frame.bytes).expect("it is sent");
    }
}

fn flows(datagrams: &[Vec<u8>]) -> usize {
    let is_flow = |sample: &Result<Sample<'_>, _>| matches!(sample, Ok(Sample::Flow(..)));
    datagrams.iter().map(|bytes| Datagram::read(bytes).expect("a datagram").filter(is_flow).count()).sum()
}

/// Frames and bytes with FCS, by source and destination.
fn sums(frames: &[Frame]) -> BTreeMap<(Mac, Mac), Counts> {
    let mut sums: BTreeMap<(Mac, Mac), Counts> = BTreeMap::new();
    for frame in frames {
        let bytes = frame.bytes.len() as u64 + FCS;
        sums.entry((frame.key.source(), frame.key.destination()))
            .or_default()
            .add(Counts { packets: 1, bytes });
    }
    sums
}

#[test]
fn every_sampled_frame_arrives_with_its_length_and_its_members() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let port = collector.address().expect("bound").port();
    let agent = agent(&site, &[port], "counters = \"1s\"\n");
    let frames = frames();
    send(&frames);
    agent.settled(frames.len() as u64).expect("all are counted");
    let heard = collector.hear(|heard| flows(heard) == frames.len()).expect("each is told");
    let mut told: BTreeMap<(Mac, Mac), Counts> = BTreeMap::new();
    let mut last = 0;
    for bytes in &heard {
        let datagram = Datagram::read(bytes).expect("a datagram");
        assert_eq!((datagram.agent.to_string(), datagram.sequence), ("127.0.0.1".to_owned(), last + 1));
        last = datagram.sequence;
        for sample in datagram {
            let Ok(Sample::Flow(flow, mut records)) = sample else { continue };
            assert_eq!((flow.rate, flow.drops), (1, 0));
            assert!(flow.pool >= flow.sequence, "{flow:?}");
            let Some(Ok(FlowRecord::Header(header))) = records.next() else { panic!("no header first") };
            let [destination, source] =
                [0, 6].map(|at| Mac(header.bytes[at..at + 6].try_into().expect("six bytes")));
            let counts = Counts { packets: 1, bytes: u64::from(header.frame_length) };
            told.entry((source, destination)).or_default().add(counts);
        }
    }
    assert_eq!(told, sums(&frames));
    let status = agent.json("/api/v1/status").expect("a status");
    let sflow = &status["sflow"];
    assert_eq!((&sflow["agent"], &sflow["collectors"][0]["lost"]), (&"127.0.0.1".into(), &0.into()));
    assert!(number(&sflow["collectors"][0]["sent"]).expect("a number") >= heard.len() as u64);
    let member = agent.json("/api/v1/members/64500").expect("a member");
    assert_eq!(member["ifindex"], 100_064_500);
    let sources = agent.json("/api/v1/exporter-sources").expect("a list");
    assert_eq!(sources[0]["exportersubnet"], "127.0.0.1/32");
    assert_eq!(sources[0]["interfaces"][1]["ifindex"], 100_064_501);
    assert_eq!(sources[0]["interfaces"][1]["description"], "Second Network");
}

#[test]
fn counters_are_those_that_the_kernel_has() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = agent(&site, &[collector.address().expect("bound").port()], "counters = \"1s\"\n");
    let frames = frames();
    send(&frames);
    let status = agent.settled(frames.len() as u64).expect("all are counted");
    let received = number(&status["interfaces"][0]["nic_received"]["packets"]).expect("a number");
    let interface = |heard: &[Vec<u8>]| {
        let samples = heard.iter().rev().flat_map(|bytes| Datagram::read(bytes).expect("a datagram"));
        let counted = samples.filter_map(|sample| match sample {
            Ok(Sample::Counters(_, mut records)) => records.next(),
            _ => None,
        });
        counted.map(|record| record.expect("a record")).next()
    };
    let heard = collector
        .hear(|heard| match interface(heard) {
            Some(CounterRecord::Interface(counted)) => u64::from(counted.in_unicast) >= received,
            _ => false,
        })
        .expect("counters are told until they have all frames");
    let Some(CounterRecord::Interface(counted)) = interface(&heard) else { panic!("no counters") };
    assert_eq!((counted.kind, counted.status & 1), (6, 1));
    assert_eq!(counted.speed, 10_000_000_000);
}

#[test]
fn frames_that_rules_drop_are_told_as_discards() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let port = collector.address().expect("bound").port();
    site.write("members.toml", MEMBERS).expect("written");
    let config = format!(
        "[sampling]\nrate = 1000000\n[sflow]\ncollectors = [\"127.0.0.1:{port}\"]\n{}",
        enforcing(&[SAMPLER])
    );
    let agent = site.agent(&config).expect("the agent starts");
    // LLDP, which no member may send (L12).
    send(&[Frame::new(FIRST, Mac([1, 0x80, 0xc2, 0, 0, 0x0e]), Family::Other, 60)]);
    agent.settled(1).expect("it is counted");
    let discards = |heard: &[Vec<u8>]| {
        let samples = heard.iter().flat_map(|bytes| Datagram::read(bytes).expect("a datagram"));
        samples.filter(|sample| matches!(sample, Ok(Sample::Discard(..)))).count()
    };
    let heard = collector.hear(|heard| discards(heard) == 1).expect("it is told");
    let told = heard.iter().flat_map(|bytes| Datagram::read(bytes).expect("a datagram"));
    let discard = told.filter_map(|sample| match sample {
        Ok(Sample::Discard(discard, _)) => Some(discard),
        _ => None,
    });
    let discard = discard.last().expect("one");
    assert_eq!((discard.sequence, discard.input, discard.reason.0), (1, 100_064_500, 258));
    let read = tshark(&site.path(""), &heard).expect("tshark reads them");
    assert!(read.iter().all(|packet| malformed(packet).is_none()), "{read:#?}");
}

/// Why tshark takes a packet for malformed.
fn malformed(packet: &Value) -> Option<String> {
    let text = packet["_source"]["layers"].to_string();
    text.contains("_ws.malformed").then_some(text)
}

#[test]
fn tshark_finds_nothing_malformed_and_each_field_as_it_was_sent() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = agent(&site, &[collector.address().expect("bound").port()], "counters = \"1s\"\n");
    let frames = frames();
    send(&frames);
    agent.settled(frames.len() as u64).expect("all are counted");
    let heard = collector.hear(|heard| flows(heard) == frames.len()).expect("each is told");
    let read = tshark(&site.path(""), &heard).expect("tshark reads them");
    assert_eq!(read.len(), heard.len());
    for (packet, bytes) in read.iter().zip(&heard) {
        assert_eq!(malformed(packet), None);
        let datagram = Datagram::read(bytes).expect("a datagram");
        let sflow = &packet["_source"]["layers"]["sflow"];
        let field = |name: &str| sflow[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(field("sflow_245.version"), "5");
        assert_eq!(field("sflow_245.agent"), "127.0.0.1");
        assert_eq!(field("sflow_245.sequence_number"), datagram.sequence.to_string(), "{sflow:#}");
        assert_eq!(field("sflow_245.sysuptime"), datagram.uptime_ms.to_string());
        assert_eq!(field("sflow_245.numsamples"), datagram.len().to_string());
        for sample in datagram {
            agrees(sflow, &sample.expect("a sample"));
        }
    }
}

/// What tshark reads of a sample against what was sent.
fn agrees(sflow: &Value, sample: &Sample<'_>) {
    let field = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let Sample::Flow(flow, records) = sample else { return };
    let read = &sflow[format!("Flow sample, seq {}", flow.sequence)];
    let head = |name: &str| field(read, &format!("sflow.flow_sample.{name}"));
    assert_eq!(head("sequence_number"), flow.sequence.to_string(), "{read:#}");
    assert_eq!(head("index"), flow.source.index.to_string());
    assert_eq!(head("sampling_rate"), flow.rate.to_string());
    assert_eq!(head("sample_pool"), flow.pool.to_string());
    assert_eq!(head("dropped_packets"), flow.drops.to_string());
    let index = |port: Port| port.index().map(|index| index.to_string()).unwrap_or_default();
    assert_eq!(head("input_interface"), index(flow.input));
    if let Some(output) = flow.output.index() {
        let tree = &read["sflow.flow_sample.output_interface_tree"];
        assert_eq!(field(tree, "sflow.flow_sample.output_interface_value"), output.to_string());
    }
    for record in records.map(|record| record.expect("a record")) {
        match record {
            FlowRecord::Header(header) => {
                let raw = &read["Raw packet header"];
                assert_eq!(field(raw, "sflow_245.header.frame_length"), header.frame_length.to_string());
                assert_eq!(field(raw, "sflow_245.header.payload_stripped"), header.stripped.to_string());
                let bytes: Vec<String> = header.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let len = header.bytes.len().to_string();
                assert_eq!(field(raw, "sflow_245.header.sampled_header_length"), len);
                // It shows what pads them, too.
                let shown = field(raw, "sflow_245.header");
                let padding = shown.strip_prefix(&bytes.join(":")).expect("the header");
                assert!(padding.len() < 12 && padding.replace(":00", "").is_empty(), "{shown}");
            }
            FlowRecord::Switch(switch) => {
                let vlan = &read["Extended switch data"];
                assert_eq!(field(vlan, "sflow_245.vlan.in"), switch.source_vlan.to_string(), "{read:#}");
            }
            FlowRecord::Other { .. } => panic!("nothing else is sent"),
        }
    }
}

/// In a namespace of its own, every port is free.
const PORT: u16 = 6343;

/// Sends frames past an agent that samples all, and waits until a collector has the sums of those that it counts.
fn agrees_with(site: &Site, counts: fn(&Frame) -> bool, sums_of: impl Fn() -> anyhow::Result<Sums>) {
    let agent = agent(site, &[PORT], "");
    let frames = frames();
    send(&frames);
    agent.settled(frames.len() as u64).expect("all are counted");
    let expected: Sums = sums(&frames.into_iter().filter(counts).collect::<Vec<_>>())
        .into_iter()
        .map(|((source, destination), counts)| {
            ((source.to_string(), destination.to_string()), (counts.packets, counts.bytes))
        })
        .collect();
    let mut last = Sums::new();
    let printed = ixp_tests::agent::wait("a collector's sums", || {
        last = sums_of()?;
        Ok((last == expected).then_some(()))
    });
    assert!(printed.is_ok(), "{printed:?}: {last:#?} is not {expected:#?}");
}

#[test]
fn sfacctd_has_the_sums_that_the_matrix_has() {
    let site = Site::enter().expect("a place for an agent");
    let sfacctd = Sfacctd::start(&site.path(""), PORT).expect("it starts");
    // It counts IP alone.
    let is_ip = |frame: &Frame| matches!(frame.key.family(), Family::Ipv4 | Family::Ipv6);
    agrees_with(&site, is_ip, || sfacctd.sums());
}

#[test]
fn sfcapd_has_the_sums_that_the_matrix_has() {
    let site = Site::enter().expect("a place for an agent");
    let sfcapd = Sfcapd::start(&site.path(""), PORT).expect("it starts");
    agrees_with(&site, |_| true, || sfcapd.sums());
}

#[test]
fn a_collector_that_is_not_there_is_counted_and_holds_up_nothing() {
    let site = Site::enter().expect("a place for an agent");
    let collector = Collector::open().expect("a port");
    let agent = agent(&site, &[9, collector.address().expect("bound").port()], "");
    let frames = frames();
    // One datagram finds out, the next ones know.
    for _ in 0..3 {
        send(&frames);
        collector.hear(|heard| flows(heard) == frames.len()).expect("all arrive at the other");
    }
    let lost = ixp_tests::agent::wait("losses", || {
        let status = agent.json("/api/v1/status")?;
        let lost = number(&status["sflow"]["collectors"][0]["lost"])?;
        Ok((lost > 0).then_some((lost, number(&status["sflow"]["collectors"][1]["lost"])?)))
    });
    assert_eq!(lost.expect("they are counted").1, 0);
    let metrics = agent.get("/metrics").expect("metrics");
    assert!(metrics.body.contains("ixp_sflow_datagrams_lost_total{collector=\"127.0.0.1:9\"}"));
}
