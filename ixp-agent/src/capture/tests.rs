//! Claims about captures: every way to write a frame gives that frame, every fault is named.

mod build;
mod robust;

use self::build::{Order, Pcapng, option, pcap, record};
use super::*;

/// A frame as it is read: seconds and nanoseconds, bytes kept, length on the wire.
type Seen = (Moment, Vec<u8>, u32);
type Moment = Option<(i64, i32)>;

/// Reads until the end or an error.
fn drain(bytes: impl Read) -> (Vec<Seen>, Option<Error>, BTreeMap<LinkType, u64>) {
    use ixp_common::bytes::FrameBytes;
    let mut capture = match Capture::open(bytes) {
        Ok(capture) => capture,
        Err(error) => return (Vec::new(), Some(error), BTreeMap::new()),
    };
    let mut frames = Vec::new();
    let error = loop {
        match capture.next_record() {
            Ok(Some(Record { at, frame })) => frames.push((
                at.map(|at| (at.as_second(), at.subsec_nanosecond())),
                frame.bytes().to_vec(),
                frame.wire_len(),
            )),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert_eq!(capture.frames(), frames.len() as u64);
    (frames, error, capture.skipped())
}

fn check(capture: &[u8], expected: &[(Moment, &[u8], u32)]) {
    let (frames, error, skipped) = drain(capture);
    assert!(error.is_none(), "{error:?}");
    assert!(skipped.is_empty());
    let expected: Vec<Seen> = expected.iter().map(|(at, kept, wire)| (*at, kept.to_vec(), *wire)).collect();
    assert_eq!(frames, expected);
}

fn check_fault(capture: &[u8], frames: usize, text: &str) {
    let (read, error, _) = drain(capture);
    assert_eq!(error.map(|error| error.to_string()).as_deref(), Some(text));
    assert_eq!(read.len(), frames, "{text}");
}

const A: &[u8] = &[0xaa; 60];
const B: &[u8] = &[0xbb; 61];
const T: i64 = 1_800_000_000;

#[test]
fn pcap_is_read_in_both_orders_and_units() {
    for (order, magic, nanos) in [
        (Order::Little, 0xa1b2_c3d4, 7_000),
        (Order::Big, 0xa1b2_c3d4, 7_000),
        (Order::Little, 0xa1b2_3c4d, 7),
        (Order::Big, 0xa1b2_3c4d, 7),
    ] {
        let records = [record(order, T, 7, A, 60), record(order, T + 1, 7, B, 1500)].concat();
        let capture = pcap(order, magic, 1, &records);
        check(&capture, &[(Some((T, nanos)), A, 60), (Some((T + 1, nanos)), B, 1500)]);
    }
}

#[test]
fn an_fcs_that_the_header_tells_of_is_no_part_of_the_frame() {
    let records = [
        record(Order::Little, T, 0, &[0xaa; 64], 64),
        record(Order::Little, T, 0, B, 1504),
        record(Order::Little, T, 0, &[0xaa; 62], 64),
        record(Order::Little, T, 0, &[0xaa; 2], 2),
    ];
    let capture = pcap(Order::Little, 0xa1b2_c3d4, 0x2400_0001, &records.concat());
    let at = Some((T, 0));
    check(&capture, &[(at, A, 60), (at, B, 1500), (at, A, 60), (at, &[], 0)]);
}

#[test]
fn every_packet_block_of_pcapng_gives_its_frame() {
    for order in [Order::Little, Order::Big] {
        let capture = Pcapng::new(order)
            .interface(1, 61, &[])
            .interface(1, 0, &option(order, 9, &[9]))
            .enhanced(0, 1_800_000_000_000_007, A, 60, &[])
            .block(0x0000_0bad, &[1, 2, 3, 4])
            .enhanced(1, 1_800_000_000_000_000_007, B, 1500, &option(order, 1, b"note"))
            .old(1, 1_800_000_000_000_000_007, A, 64)
            .simple(A, 60)
            .simple(B, 1500)
            .bytes();
        check(
            &capture,
            &[
                (Some((T, 7_000)), A, 60),
                (Some((T, 7)), B, 1500),
                (Some((T, 7)), A, 64),
                (None, A, 60),
                (None, B, 1500),
            ],
        );
    }
}

#[test]
fn a_section_has_its_own_order_and_interfaces() {
    let sections = [
        Pcapng::new(Order::Little).interface(1, 0, &[]).enhanced(0, 0, A, 60, &[]),
        Pcapng::new(Order::Big).interface(1, 0, &[]).enhanced(0, 1, B, 61, &[]),
    ];
    let capture = sections.map(Pcapng::bytes).concat();
    check(&capture, &[(Some((0, 0)), A, 60), (Some((0, 1_000)), B, 61)]);
}

#[test]
fn time_is_counted_in_the_interfaces_unit_from_its_offset() {
    let order = Order::Big;
    let cases: [(&[u8], u64, Moment); 5] = [
        (&option(order, 9, &[0]), 5, Some((5, 0))),
        (&option(order, 9, &[0x81]), 3, Some((1, 500_000_000))),
        (&option(order, 14, &T.to_be_bytes()), 1, Some((T, 1_000))),
        (&option(order, 9, &[0x7f]), 5, None),
        (&option(order, 9, &[0]), u64::MAX, None),
    ];
    for (options, ticks, at) in cases {
        let capture = Pcapng::new(order).interface(1, 0, options).enhanced(0, ticks, A, 60, &[]);
        check(&capture.bytes(), &[(at, A, 60)]);
    }
}

#[test]
fn an_fcs_that_pcapng_tells_of_is_no_part_of_the_frame() {
    let order = Order::Little;
    for (interface, packet) in [
        (option(order, 13, &[4]), vec![]),
        (option(order, 13, &[32]), vec![]),
        (vec![], option(order, 2, &[0x80, 0, 0, 0])),
        (option(order, 13, &[2]), option(order, 2, &[0x80, 0, 0, 0])),
        (option(order, 13, &[4]), option(order, 2, &[0x01, 0, 0, 0])),
    ] {
        let capture = Pcapng::new(order).interface(1, 0, &interface).enhanced(0, 0, &[0xaa; 64], 64, &packet);
        check(&capture.bytes(), &[(Some((0, 0)), A, 60)]);
    }
}

#[test]
fn frames_without_ethernet_header_are_passed_over_and_counted() {
    let capture = Pcapng::new(Order::Little)
        .interface(113, 0, &[])
        .interface(1, 0, &[])
        .enhanced(0, 0, B, 61, &[])
        .enhanced(1, 0, A, 60, &[])
        .simple(B, 61);
    let (frames, error, skipped) = drain(capture.bytes().as_slice());
    assert!(error.is_none());
    assert_eq!(frames, [(Some((0, 0)), A.to_vec(), 60)]);
    assert_eq!(skipped, [(LinkType(113), 2)].into());
}

#[test]
fn each_fault_is_named_with_its_place() {
    let order = Order::Little;
    let whole = record(order, T, 0, A, 60);
    let then = |bytes: &[u8]| pcap(order, 0xa1b2_c3d4, 1, &[&whole, bytes].concat());
    let empty = "the capture is empty (0 bytes); write it by `tcpdump -w FILE` or `dumpcap -w FILE`";
    check_fault(b"", 0, empty);
    check_fault(b"hello", 0, "neither pcap nor pcapng: it starts with 68 65 6c 6c");
    let gzip = "neither pcap nor pcapng: it starts with 1f 8b 08 00; it is gzip, try `zcat FILE | ixp-agent replay -`";
    check_fault(&[0x1f, 0x8b, 8, 0], 0, gzip);
    let cooked =
        "link type 113 (Linux cooked): capture on the physical interface, as `tcpdump -i eth0`, not `-i any`";
    check_fault(&pcap(order, 0xa1b2_c3d4, 113, &[]), 0, cooked);
    let cut = "cut off inside the record at byte 100, after 1 frames";
    check_fault(&then(&whole[..15]), 1, cut);
    check_fault(&then(&whole[..75]), 1, cut);
    let kept =
        "broken record at byte 100, after 1 frames: it keeps 262145 bytes of a frame, more than 262144";
    check_fault(&then(&[&[0; 8][..], &262_145u32.to_le_bytes(), &[0; 4]].concat()), 1, kept);
    let wire = "broken record at byte 100, after 1 frames: its frame had 4294967295 bytes, more than 1048576";
    check_fault(&then(&[&[0; 12][..], &[0xff; 4]].concat()), 1, wire);
}

#[test]
fn each_fault_of_a_block_is_named_with_its_place() {
    let order = Order::Little;
    let start = Pcapng::new(order).interface(1, 0, &[]).enhanced(0, 0, A, 60, &[]).bytes();
    let cases: [(Vec<u8>, &str); 6] = [
        (Pcapng::just(order).enhanced(1, 0, A, 60, &[]).bytes(), "interface 1 was not described"),
        (
            Pcapng::just(order).enhanced(0, 0, A, 60, &[]).kept(61).bytes(),
            "61 bytes of a frame do not fit into their block",
        ),
        (Pcapng::just(order).block(6, &[0; 16]).bytes(), "a block of type 0x00000006 with a length of 28"),
        (Pcapng::just(order).block(0xbad, &[0; 1]).bytes(), "a block of type 0x00000bad with a length of 13"),
        (
            Pcapng::just(order).enhanced(0, 0, A, 60, &[]).trailer(7).bytes(),
            "a block whose length is 92 at its start and 7 at its end",
        ),
        ([&[0x0a, 0x0d, 0x0d, 0x0a][..], &[0; 24]].concat(), "a section of an unknown byte order or version"),
    ];
    for (block, fault) in cases {
        let capture = [start.as_slice(), &block].concat();
        let text = format!("broken record at byte {}, after 1 frames: {fault}", start.len());
        check_fault(&capture, 1, &text);
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn a_stream_that_fails_gives_what_came_before() {
    let capture = pcap(Order::Little, 0xa1b2_c3d4, 1, &record(Order::Little, T, 0, A, 60));
    let (frames, error, _) = drain(capture.chain(Failing));
    assert_eq!(frames.len(), 1);
    assert_eq!(error.map(|error| error.to_string()).as_deref(), Some("read at byte 100, after 1 frames"));
}
