//! Any bytes as an sFlow datagram: read to an end without a panic, and what is understood is encoded and read again alike.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use ixp_agent::sflow::decode::{Datagram, MOST, Sample};
use ixp_agent::sflow::encode::Encoder;
use libfuzzer_sys::fuzz_target;

/// More than any datagram takes.
const SIZE: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
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
