//! Both ways against each other, against other decoders, and against bytes that are no datagram.

use std::net::IpAddr;

use flowparser_sflow::counter_records::CounterRecord as TheirCounterRecord;
use flowparser_sflow::flow_records::FlowRecord as TheirFlowRecord;
use flowparser_sflow::{SflowParser, SflowSample};
use proptest::collection::vec;
use proptest::prelude::*;

use super::decode::{Datagram, Fault, MOST, Sample};
use super::encode::{Encoder, Full};
use super::*;

/// A sample with its records, that lives by itself.
#[derive(Debug, Clone, PartialEq)]
enum Owned {
    Flow(Flow, Vec<OwnedRecord>),
    Counters(Counters, Vec<CounterRecord>),
    Discard(Discard, Vec<OwnedRecord>),
    Other(u32, u32),
}

#[derive(Debug, Clone, PartialEq)]
enum OwnedRecord {
    Header { protocol: u32, frame_length: u32, stripped: u32, bytes: Vec<u8> },
    Switch(Switch),
    Other(u32, u32),
}

impl OwnedRecord {
    fn borrowed(&self) -> FlowRecord<'_> {
        match self {
            Self::Header { protocol, frame_length, stripped, bytes } => FlowRecord::Header(Header {
                protocol: *protocol,
                frame_length: *frame_length,
                stripped: *stripped,
                bytes,
            }),
            Self::Switch(switch) => FlowRecord::Switch(*switch),
            Self::Other(enterprise, kind) => FlowRecord::Other { enterprise: *enterprise, kind: *kind },
        }
    }

    fn of(record: FlowRecord<'_>) -> Self {
        match record {
            FlowRecord::Header(Header { protocol, frame_length, stripped, bytes }) => {
                Self::Header { protocol, frame_length, stripped, bytes: bytes.to_vec() }
            }
            FlowRecord::Switch(switch) => Self::Switch(switch),
            FlowRecord::Other { enterprise, kind } => Self::Other(enterprise, kind),
        }
    }
}

fn owned(sample: Sample<'_>) -> Result<Owned, Fault> {
    fn records(records: decode::FlowRecords<'_>) -> Result<Vec<OwnedRecord>, Fault> {
        records.map(|record| record.map(OwnedRecord::of)).collect()
    }
    Ok(match sample {
        Sample::Flow(flow, of) => Owned::Flow(flow, records(of)?),
        Sample::Counters(counters, records) => Owned::Counters(counters, records.collect::<Result<_, _>>()?),
        Sample::Discard(discard, of) => Owned::Discard(discard, records(of)?),
        Sample::Other { enterprise, kind } => Owned::Other(enterprise, kind),
    })
}

fn all(bytes: &[u8]) -> Result<Vec<Owned>, Fault> {
    Datagram::read(bytes)?.map(|sample| sample.and_then(owned)).collect()
}

fn put(encoder: &mut Encoder, sample: &Owned) -> Result<(), Full> {
    fn borrowed(records: &[OwnedRecord]) -> Vec<FlowRecord<'_>> {
        records.iter().map(OwnedRecord::borrowed).collect()
    }
    match sample {
        Owned::Flow(flow, records) => encoder.flow(flow, &borrowed(records)),
        Owned::Counters(counters, records) => encoder.counters(counters, records),
        Owned::Discard(discard, records) => encoder.discard(discard, &borrowed(records)),
        Owned::Other(..) => Ok(()),
    }
}

fn encoded(agent: IpAddr, samples: &[Owned]) -> Vec<u8> {
    let mut encoder = Encoder::new(agent, 3, usize::MAX >> 32);
    for sample in samples {
        put(&mut encoder, sample).expect("there is room");
    }
    encoder.sealed(7, 1234).to_vec()
}

fn agent() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

fn source() -> impl Strategy<Value = Source> {
    let narrow = (0u32..=255, 0u32..1 << 24);
    prop_oneof![narrow, any::<(u32, u32)>()].prop_map(|(class, index)| Source { class, index })
}

fn port() -> impl Strategy<Value = Port> {
    prop_oneof![
        any::<u32>().prop_map(Port::from_compact),
        any::<(u32, u32)>().prop_map(|(format, value)| Port::from_expanded(format, value))
    ]
}

fn flow() -> impl Strategy<Value = Flow> {
    (any::<[u32; 4]>(), source(), port(), port()).prop_map(
        |([sequence, rate, pool, drops], source, input, output)| Flow {
            sequence,
            source,
            rate,
            pool,
            drops,
            input,
            output,
        },
    )
}

fn flow_record() -> impl Strategy<Value = OwnedRecord> {
    let header = (any::<[u32; 3]>(), vec(any::<u8>(), 0..140)).prop_map(
        |([protocol, frame_length, stripped], bytes)| OwnedRecord::Header {
            protocol,
            frame_length,
            stripped,
            bytes,
        },
    );
    let switch = any::<[u32; 4]>().prop_map(
        |[source_vlan, source_priority, destination_vlan, destination_priority]| {
            OwnedRecord::Switch(Switch {
                source_vlan,
                source_priority,
                destination_vlan,
                destination_priority,
            })
        },
    );
    prop_oneof![header, switch]
}

fn interface() -> impl Strategy<Value = CounterRecord> {
    (any::<[u32; 16]>(), any::<[u64; 3]>()).prop_map(|(w, d)| {
        CounterRecord::Interface(Interface {
            index: w[0],
            kind: w[1],
            speed: d[0],
            direction: w[2],
            status: w[3],
            in_octets: d[1],
            in_unicast: w[4],
            in_multicast: w[5],
            in_broadcast: w[6],
            in_discards: w[7],
            in_errors: w[8],
            in_unknown_protocols: w[9],
            out_octets: d[2],
            out_unicast: w[10],
            out_multicast: w[11],
            out_broadcast: w[12],
            out_discards: w[13],
            out_errors: w[14],
            promiscuous: w[15],
        })
    })
}

fn ethernet() -> impl Strategy<Value = CounterRecord> {
    any::<[u32; 13]>().prop_map(|w| {
        CounterRecord::Ethernet(Ethernet {
            alignment_errors: w[0],
            fcs_errors: w[1],
            single_collisions: w[2],
            multiple_collisions: w[3],
            sqe_test_errors: w[4],
            deferred: w[5],
            late_collisions: w[6],
            excessive_collisions: w[7],
            mac_transmit_errors: w[8],
            carrier_sense_errors: w[9],
            frame_too_longs: w[10],
            mac_receive_errors: w[11],
            symbol_errors: w[12],
        })
    })
}

fn flow_or_counters() -> impl Strategy<Value = Owned> {
    let flows = (flow(), vec(flow_record(), 0..4)).prop_map(|(flow, records)| Owned::Flow(flow, records));
    let counters = (any::<u32>(), source(), vec(prop_oneof![interface(), ethernet()], 0..3))
        .prop_map(|(sequence, source, records)| Owned::Counters(Counters { sequence, source }, records));
    prop_oneof![3 => flows, 1 => counters]
}

fn sample() -> impl Strategy<Value = Owned> {
    let discards = (any::<[u32; 5]>(), source(), vec(flow_record(), 0..3)).prop_map(
        |([sequence, drops, input, output, reason], source, records)| {
            let reason = Reason(reason);
            Owned::Discard(Discard { sequence, source, drops, input, output, reason }, records)
        },
    );
    prop_oneof![4 => flow_or_counters(), 1 => discards]
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(agent in agent(), samples in vec(sample(), 0..8)) {
        let bytes = encoded(agent, &samples);
        let datagram = Datagram::read(&bytes).expect("a datagram");
        prop_assert_eq!((datagram.agent, datagram.sub_agent, datagram.sequence, datagram.uptime_ms), (agent, 3, 7, 1234));
        prop_assert_eq!(all(&bytes), Ok(samples));
    }

    #[test]
    fn another_decoder_reads_the_same(agent in agent(), samples in vec(flow_or_counters(), 0..8)) {
        let bytes = encoded(agent, &samples);
        let read = SflowParser::default().parse_bytes(&bytes);
        prop_assert!(read.error.is_none(), "{:?}", read.error);
        prop_assert_eq!(read.datagrams.len(), 1);
        prop_assert_eq!(read.datagrams[0].samples.len(), samples.len());
        for (theirs, ours) in read.datagrams[0].samples.iter().zip(&samples) {
            agrees(theirs, ours);
        }
    }

    #[test]
    fn a_cut_datagram_gives_the_samples_before_the_cut(samples in vec(sample(), 1..5), cut in any::<prop::sample::Index>()) {
        let bytes = encoded(IpAddr::from([192, 0, 2, 1]), &samples);
        let cut = cut.index(bytes.len());
        if let Ok(datagram) = Datagram::read(&bytes[..cut]) {
            let read: Vec<_> = datagram.map(|sample| sample.and_then(owned)).collect();
            let (last, whole) = read.split_last().expect("there is at least the fault");
            prop_assert!(last.is_err() && whole.iter().all(Result::is_ok));
            for (read, sent) in whole.iter().zip(&samples) {
                prop_assert_eq!(read.as_ref(), Ok(sent));
            }
        } else {
            prop_assert!(cut < 28);
        }
    }

    #[test]
    fn any_bytes_come_to_an_end(bytes in vec(any::<u8>(), 0..300), is_dressed in any::<bool>(), kind in 1u8..6) {
        let mut bytes = bytes;
        if is_dressed {
            for (at, byte) in [(3, 5), (7, 1), (24, 0), (25, 0), (26, 0), (28, 0), (29, 0), (30, 0), (31, kind), (32, 0), (33, 0), (34, 0)] {
                if let Some(field) = bytes.get_mut(at) {
                    *field = byte;
                }
            }
            bytes.iter_mut().take(3).for_each(|byte| *byte = 0);
            bytes.iter_mut().skip(4).take(3).for_each(|byte| *byte = 0);
        }
        if let Ok(datagram) = Datagram::read(&bytes) {
            let most = datagram.len() as usize;
            let read: Vec<_> = datagram.map(|sample| sample.and_then(owned)).collect();
            prop_assert!(read.len() <= most);
        }
    }
}

/// Another decoder (the crate `flowparser-sflow`) against what was sent. It is not asked for discards, whose source it reads
/// as one word: the specification has two.
fn agrees(theirs: &SflowSample, ours: &Owned) {
    match (theirs, ours) {
        (SflowSample::Flow(theirs), Owned::Flow(flow, records)) => {
            let head = (theirs.sequence_number, theirs.sampling_rate, theirs.sample_pool, theirs.drops);
            assert_eq!(head, (flow.sequence, flow.rate, flow.pool, flow.drops));
            let source = (theirs.source_id_type, theirs.source_id_index);
            assert_eq!(source, (flow.source.class, flow.source.index));
            let ports = (Some(theirs.input), Some(theirs.output));
            assert_eq!(ports, (flow.input.compact(), flow.output.compact()));
            records_agree(&theirs.records, records);
        }
        (SflowSample::ExpandedFlow(theirs), Owned::Flow(flow, records)) => {
            let head = (theirs.sequence_number, theirs.sampling_rate, theirs.sample_pool, theirs.drops);
            assert_eq!(head, (flow.sequence, flow.rate, flow.pool, flow.drops));
            let source = (theirs.source_id_type, theirs.source_id_index);
            assert_eq!(source, (flow.source.class, flow.source.index));
            assert_eq!((theirs.input_format, theirs.input_value), flow.input.expanded());
            assert_eq!((theirs.output_format, theirs.output_value), flow.output.expanded());
            records_agree(&theirs.records, records);
        }
        (SflowSample::Counter(theirs), Owned::Counters(counters, records)) => {
            let head = (theirs.sequence_number, theirs.source_id_type, theirs.source_id_index);
            assert_eq!(head, (counters.sequence, counters.source.class, counters.source.index));
            counters_agree(&theirs.records, records);
        }
        (SflowSample::ExpandedCounter(theirs), Owned::Counters(counters, records)) => {
            let head = (theirs.sequence_number, theirs.source_id_type, theirs.source_id_index);
            assert_eq!(head, (counters.sequence, counters.source.class, counters.source.index));
            counters_agree(&theirs.records, records);
        }
        (theirs, ours) => panic!("{ours:?} is read as {theirs:?}"),
    }
}

fn records_agree(theirs: &[TheirFlowRecord], ours: &[OwnedRecord]) {
    assert_eq!(theirs.len(), ours.len());
    for both in theirs.iter().zip(ours) {
        match both {
            (
                TheirFlowRecord::RawPacketHeader(theirs),
                OwnedRecord::Header { protocol, frame_length, stripped, bytes },
            ) => {
                assert_eq!((theirs.header_protocol, theirs.frame_length), (*protocol, *frame_length));
                assert_eq!((theirs.stripped, &theirs.header), (*stripped, bytes));
            }
            (TheirFlowRecord::ExtendedSwitch(theirs), OwnedRecord::Switch(switch)) => {
                assert_eq!(
                    (theirs.src_vlan, theirs.src_priority),
                    (switch.source_vlan, switch.source_priority)
                );
                let destination = (switch.destination_vlan, switch.destination_priority);
                assert_eq!((theirs.dst_vlan, theirs.dst_priority), destination);
            }
            both => panic!("{both:?}"),
        }
    }
}

fn counters_agree(theirs: &[TheirCounterRecord], ours: &[CounterRecord]) {
    assert_eq!(theirs.len(), ours.len());
    for both in theirs.iter().zip(ours) {
        match both {
            (TheirCounterRecord::GenericInterface(t), CounterRecord::Interface(o)) => {
                assert_eq!((t.if_index, t.if_type, t.if_speed), (o.index, o.kind, o.speed));
                assert_eq!((t.if_direction, t.if_status), (o.direction, o.status));
                assert_eq!((t.if_in_octets, t.if_in_ucast_pkts), (o.in_octets, o.in_unicast));
                assert_eq!(
                    (t.if_in_multicast_pkts, t.if_in_broadcast_pkts),
                    (o.in_multicast, o.in_broadcast)
                );
                assert_eq!((t.if_in_discards, t.if_in_errors), (o.in_discards, o.in_errors));
                assert_eq!((t.if_in_unknown_protos, t.if_out_octets), (o.in_unknown_protocols, o.out_octets));
                assert_eq!((t.if_out_ucast_pkts, t.if_out_multicast_pkts), (o.out_unicast, o.out_multicast));
                assert_eq!((t.if_out_broadcast_pkts, t.if_out_discards), (o.out_broadcast, o.out_discards));
                assert_eq!((t.if_out_errors, t.if_promiscuous_mode), (o.out_errors, o.promiscuous));
            }
            (TheirCounterRecord::EthernetInterface(_), CounterRecord::Ethernet(_)) => {}
            both => panic!("{both:?}"),
        }
    }
}

/// A third decoder (the crate `sflow-parser`), which has discards as the specification has them.
#[test]
fn a_discard_has_class_and_index_of_its_source_in_a_word_each() {
    use sflow_parser::models::core::{DropReason, SampleData};
    let discard = Discard {
        sequence: 9,
        source: Source::interface(4),
        drops: 2,
        input: 100_064_500,
        output: 0,
        reason: Reason::ACL,
    };
    let record = OwnedRecord::Header { protocol: 1, frame_length: 64, stripped: 4, bytes: vec![7; 61] };
    let bytes = encoded(IpAddr::from([192, 0, 2, 1]), &[Owned::Discard(discard, vec![record])]);
    let read = sflow_parser::parsers::parse_datagram(&bytes).expect("it reads it");
    let SampleData::DiscardedPacket(theirs) = &read.samples[0].sample_data else {
        panic!("{:?}", read.samples);
    };
    assert_eq!((theirs.source_id.source_id_type, theirs.source_id.source_id_index), (0, 4));
    assert_eq!((theirs.sequence_number, theirs.drops), (9, 2));
    assert_eq!((theirs.input_ifindex, theirs.output_ifindex), (100_064_500, 0));
    assert_eq!((theirs.reason, theirs.flow_records.len()), (DropReason::Acl, 1));
}

/// Word by word, as the specification has them.
#[test]
fn a_flow_sample_is_these_words() {
    let flow = Flow {
        sequence: 1,
        source: Source::interface(3),
        rate: 1000,
        pool: 5000,
        drops: 2,
        input: Port::interface(100_064_500),
        output: Port::discarded(Reason::ACL),
    };
    let header =
        Header { protocol: PROTOCOL_ETHERNET, frame_length: 68, stripped: 4, bytes: &[1, 2, 3, 4, 5] };
    let switch = Switch { source_vlan: 7, destination_vlan: 7, ..Switch::default() };
    let mut encoder = Encoder::new(IpAddr::from([192, 0, 2, 1]), 0, 1400);
    encoder.flow(&flow, &[FlowRecord::Header(header), FlowRecord::Switch(switch)]).expect("it fits");
    let words: Vec<u32> =
        encoder.sealed(42, 60_000).as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
    let head = [5, 1, 0xc000_0201, 0, 42, 60_000, 1];
    let sample = [1, 88, 1, 3, 1000, 5000, 2, 100_064_500, 1 << 30 | 258, 2];
    let header = [1, 24, 1, 68, 4, 5, 0x0102_0304, 0x0500_0000];
    let switch = [1001, 16, 7, 0, 7, 0];
    assert_eq!(words, [&head[..], &sample[..], &header[..], &switch[..]].concat());
}

#[test]
fn numbers_that_do_not_fit_a_word_take_the_expanded_form() {
    let flow = |source, input| Owned::Flow(Flow { source, input, ..Flow::default() }, Vec::new());
    let narrow = flow(Source::interface((1 << 24) - 1), Port::interface((1 << 30) - 2));
    for (sample, kind) in [
        (narrow, kind::FLOW),
        (flow(Source::interface(1 << 24), Port::LOCAL), kind::EXPANDED_FLOW),
        (flow(Source { class: 256, index: 0 }, Port::LOCAL), kind::EXPANDED_FLOW),
        (flow(Source::default(), Port::interface(1 << 30)), kind::EXPANDED_FLOW),
        (flow(Source::default(), Port::several(0)), kind::FLOW),
    ] {
        let bytes = encoded(IpAddr::from([192, 0, 2, 1]), std::slice::from_ref(&sample));
        assert_eq!(bytes[28..32], kind.to_be_bytes(), "{sample:?}");
        assert_eq!(all(&bytes), Ok(vec![sample]));
    }
}

#[test]
fn a_sample_that_does_not_fit_leaves_the_datagram_as_it_was() {
    let record = OwnedRecord::Header { protocol: 1, frame_length: 132, stripped: 4, bytes: vec![9; 128] };
    let sample = Owned::Flow(Flow::default(), vec![record]);
    let mut encoder = Encoder::new(IpAddr::from([192, 0, 2, 1]), 0, 1400);
    let fitting = (0..100).take_while(|_| put(&mut encoder, &sample).is_ok()).count();
    assert_eq!((fitting, encoder.len()), (7, 7));
    let bytes = encoder.sealed(1, 1).to_vec();
    assert!(bytes.len() <= 1400);
    assert_eq!(all(&bytes), Ok(vec![sample; 7]));
    encoder.clear();
    assert!(encoder.is_empty());
    assert_eq!(all(encoder.sealed(2, 2)), Ok(vec![]));
}

/// Words as bytes, the high one first.
fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

const HEAD: [u32; 6] = [5, 1, 0xc000_0201, 0, 1, 1];

#[test]
fn what_is_not_known_is_passed_over_by_its_length() {
    let other = [9 << 12 | 1, 8, 0xdead, 0xbeef];
    let flow = [1, 56, 1, 3, 10, 5, 0, 0, 0, 2, 7 << 12 | 3, 4, 9, 1002, 0];
    // Four bytes more than its records take, as Brocade and others have it.
    let padding = [0];
    let datagram = [&HEAD[..], &[3], &other, &flow, &padding, &other[..], &[0, 0]].concat();
    let head = Flow { sequence: 1, source: Source::interface(3), rate: 10, pool: 5, ..Flow::default() };
    let records = vec![OwnedRecord::Other(7, 3), OwnedRecord::Other(0, 1002)];
    assert_eq!(
        all(&bytes(&datagram)),
        Ok(vec![Owned::Other(9, 1), Owned::Flow(head, records), Owned::Other(9, 1)])
    );
}

#[test]
fn a_header_needs_no_padding_behind_it() {
    let mut datagram = bytes(&[&HEAD[..], &[1, 1, 57, 1, 3, 10, 5, 0, 0, 0, 1, 1, 17, 1, 64, 4, 1]].concat());
    datagram.push(0xaa);
    let Ok(read) = all(&datagram) else { panic!("it reads") };
    let record = OwnedRecord::Header { protocol: 1, frame_length: 64, stripped: 4, bytes: vec![0xaa] };
    assert!(matches!(&read[..], [Owned::Flow(_, records)] if records == &[record]));
}

#[test]
fn every_fault_has_its_name() {
    let with = |words: &[u32]| bytes(&[&HEAD[..], words].concat());
    let flow = |len: u32, records: u32| [1, 1, len, 1, 3, 10, 5, 0, 0, 0, records];
    for (datagram, fault) in [
        (bytes(&[4, 1, 0xc000_0201, 0, 1, 1, 0]), Fault::Version),
        (bytes(&[5, 3, 0xc000_0201, 0, 1, 1, 0]), Fault::Address),
        (bytes(&[5, 1, 0xc000_0201, 0, 1, 1]), Fault::Header),
        (Vec::new(), Fault::Header),
        (with(&[1]), Fault::Sample),
        (with(&[1, 1, 8, 0]), Fault::Sample),
        (with(&[1, 1, 8, 0, 0]), Fault::Record),
        (with(&[flow(36, 1).as_slice(), &[0]].concat()), Fault::Record),
        (with(&[MOST + 1]), Fault::Samples),
        (with(&flow(32, MOST + 1)), Fault::Records),
    ] {
        assert_eq!(all(&datagram), Err(fault), "{datagram:x?}");
    }
    let names: std::collections::BTreeSet<_> = Fault::ALL.map(Fault::name).into();
    assert_eq!(names.len(), Fault::ALL.len());
}

#[test]
fn a_sample_that_is_not_understood_hides_none_behind_it() {
    let broken = [1, 8, 0, 0];
    let flow = [1, 32, 1, 3, 10, 5, 0, 0, 0, 0];
    let datagram = bytes(&[&HEAD[..], &[2], &broken, &flow].concat());
    let read: Vec<_> = Datagram::read(&datagram).expect("it reads").collect();
    assert!(matches!(read[..], [Err(Fault::Record), Ok(Sample::Flow(..))]));
}
