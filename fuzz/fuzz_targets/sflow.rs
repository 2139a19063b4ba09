//! Any bytes as an sFlow datagram: read to an end without a panic, what is understood is encoded and read again alike, and
//! each sampled frame has one place in the matrix.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ixp_agent::intake::{Exporter, Facts, Moment, Room, Tally};
use ixp_agent::members;
use ixp_agent::policy::{Policy, Ports, build};
use ixp_agent::sflow::decode::{Datagram, MOST, Sample};
use ixp_agent::sflow::encode::Encoder;
use ixp_agent::snapshot::{Amount as _, Delta};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

const MEMBERS: &str = include_str!("../../tests/data/rules/members.toml");

/// More than any datagram takes.
const SIZE: usize = 1 << 20;

thread_local! {
    static FACTS: Facts = facts();
}

fn facts() -> Facts {
    let (registry, _) = members::parse("members.toml", MEMBERS, &members::VlanTags::default())
        .expect("the corpora's members are sound");
    let tables = build(&Policy::default(), &registry, &Ports::default(), Timestamp::UNIX_EPOCH, 0)
        .expect("the corpora's members fit");
    Facts::new(tables, &registry)
}

fuzz_target!(|bytes: &[u8]| {
    FACTS.with(|facts| heard(bytes, facts));
    let Ok(datagram) = Datagram::read(bytes) else {
        return;
    };
    let most = datagram.len();
    assert!(most <= MOST);
    let mut samples = 0;
    for sample in datagram {
        samples += 1;
        again(sample);
    }
    assert!(samples <= most);
});

/// Hears a datagram, and one like it after it was lost for long.
fn heard(bytes: &[u8], facts: &Facts) {
    let mut exporter = Exporter::new(IpAddr::V4(Ipv4Addr::LOCALHOST), None, None);
    let mut tally = Tally::new(Room { members: 4, strangers: 4 });
    let mut delta = Delta::default();
    let mut later = bytes.to_vec();
    if let Some(sequence) = later.get_mut(19) {
        *sequence = sequence.wrapping_add(7);
    }
    for (bytes, second) in [(bytes, 1), (&later, 2), (bytes, 60)] {
        let now = Moment { at: Timestamp::UNIX_EPOCH, since_start: Duration::from_secs(second) };
        exporter.hear(bytes, now, facts, &mut tally);
        tally.take(&mut delta);
    }
    assert_eq!(exporter.health().datagrams, 3);
    let (seen, accounted) = (delta.seen.sampled(), delta.accounted().sampled());
    assert_eq!(seen.map(|seen| seen.samples), accounted.map(|accounted| accounted.samples));
}

fn again(sample: Result<Sample<'_>, ixp_agent::sflow::decode::Fault>) {
    let mut encoder = Encoder::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0, SIZE);
    let Ok(sample) = sample else { return };
    let is_put = match sample {
        Sample::Flow(flow, records) => {
            let records: Result<Vec<_>, _> = records.collect();
            records.is_ok_and(|records| encoder.flow(&flow, &records).is_ok())
        }
        Sample::Counters(counters, records) => {
            let records: Result<Vec<_>, _> = records.collect();
            records.is_ok_and(|records| encoder.counters(&counters, &records).is_ok())
        }
        Sample::Discard(discard, records) => {
            let records: Result<Vec<_>, _> = records.collect();
            records.is_ok_and(|records| encoder.discard(&discard, &records).is_ok())
        }
        Sample::Other { .. } => false,
    };
    if !is_put {
        return;
    }
    let bytes = encoder.sealed(0, 0);
    let mut read = Datagram::read(bytes).expect("what was encoded is a datagram");
    let read = read.next().expect("it has a sample").expect("which is sound");
    match (sample, read) {
        (Sample::Flow(one, these), Sample::Flow(other, those)) => {
            assert_eq!(one, other);
            assert!(these.eq(those));
        }
        (Sample::Counters(one, these), Sample::Counters(other, those)) => {
            assert_eq!(one, other);
            assert!(these.eq(those));
        }
        (Sample::Discard(one, these), Sample::Discard(other, those)) => {
            assert_eq!(one, other);
            assert!(these.eq(those));
        }
        (one, other) => panic!("{one:?} was read again as {other:?}"),
    }
}
