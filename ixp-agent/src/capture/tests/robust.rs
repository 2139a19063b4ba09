//! Claims about any bytes: no panic, no frame twice or lost, the same however the stream arrives.

use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, LegacyPcapReader, PcapBlockOwned, PcapError, PcapNGReader};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

type Frames = Vec<(Vec<u8>, u32)>;

fn frames() -> impl Strategy<Value = Frames> {
    vec(
        (vec(any::<u8>(), 0..90), 0u32..2000)
            .prop_map(|(kept, more)| (u32::try_from(kept.len()).expect("short") + more, kept))
            .prop_map(|(wire, kept)| (kept, wire)),
        0..12,
    )
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Little), Just(Order::Big)]
}

fn written(order: Order, is_pcapng: bool, frames: &Frames) -> Vec<u8> {
    if is_pcapng {
        let start = Pcapng::new(order).interface(1, 0, &[]);
        let all = frames.iter().fold(start, |file, (kept, wire)| file.enhanced(0, 0, kept, *wire, &[]));
        return all.bytes();
    }
    let records = frames.iter().map(|(kept, wire)| record(order, T, 0, kept, *wire));
    pcap(order, 0xa1b2_c3d4, 1, &records.collect::<Vec<_>>().concat())
}

/// What pcap-parser's own reader finds.
fn oracle(capture: &[u8], is_pcapng: bool) -> Frames {
    let mut reader: Box<dyn PcapReaderIterator> = match is_pcapng {
        true => Box::new(PcapNGReader::new(65536, capture).expect("a start")),
        false => Box::new(LegacyPcapReader::new(65536, capture).expect("a start")),
    };
    let mut frames = Frames::new();
    loop {
        match reader.next() {
            Ok((used, block)) => {
                match block {
                    PcapBlockOwned::Legacy(block) => frames.push((block.data.to_vec(), block.origlen)),
                    PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                        frames.push((block.data[..block.caplen as usize].to_vec(), block.origlen));
                    }
                    _ => {}
                }
                reader.consume(used);
            }
            Err(PcapError::Incomplete(_)) => reader.refill().expect("memory can be read"),
            Err(_) => return frames,
        }
    }
}

/// Hands out a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = self.1.min(into.len());
        self.0.read(&mut into[..len])
    }
}

proptest! {
    #[test]
    fn frames_are_those_that_pcap_parser_reads(order in order(), is_pcapng: bool, frames in frames()) {
        let capture = written(order, is_pcapng, &frames);
        let (read, error, _) = drain(capture.as_slice());
        prop_assert!(error.is_none());
        let read: Frames = read.into_iter().map(|(_, kept, wire)| (kept, wire)).collect();
        prop_assert_eq!(&read, &frames);
        prop_assert_eq!(read, oracle(&capture, is_pcapng));
    }

    #[test]
    fn a_capture_that_trickles_in_is_the_same(order in order(), is_pcapng: bool, frames in frames(), few in 1usize..40) {
        let capture = written(order, is_pcapng, &frames);
        let (read, error, _) = drain(Trickle(&capture, few));
        prop_assert!(error.is_none());
        prop_assert_eq!(read, drain(capture.as_slice()).0);
    }

    #[test]
    fn a_cut_capture_gives_every_frame_before_the_cut(is_pcapng: bool, frames in frames(), at in any::<proptest::sample::Index>()) {
        let capture = written(Order::Little, is_pcapng, &frames);
        let cut = at.index(capture.len());
        let (read, error, _) = drain(&capture[..cut]);
        let whole = (0..=frames.len())
            .rev()
            .find(|count| written(Order::Little, is_pcapng, &frames[..*count].to_vec()).len() <= cut);
        prop_assert_eq!(read.len(), whole.unwrap_or(0));
        let is_at_edge = whole.is_some_and(|count| written(Order::Little, is_pcapng, &frames[..count].to_vec()).len() == cut);
        let is_after_section = is_pcapng && cut == 28;
        prop_assert_eq!(error.is_none(), is_at_edge || is_after_section, "{:?}", error);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        start in prop_oneof![
            Just(vec![]),
            Just(pcap(Order::Little, 0xa1b2_c3d4, 1, &[])),
            Just(pcap(Order::Big, 0xa1b2_3c4d, 0x2400_0001, &[])),
            Just(Pcapng::new(Order::Big).interface(1, 0, &[]).bytes()),
        ],
        rest in vec(prop_oneof![3 => Just(0u8), 1 => 0u8..32, 1 => any::<u8>()], 0..400),
    ) {
        drain([start, rest].concat().as_slice());
    }

    #[test]
    fn a_damaged_capture_is_read_without_a_panic(
        order in order(), is_pcapng: bool, frames in frames(),
        damage in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut capture = written(order, is_pcapng, &frames);
        for (at, byte) in damage {
            let at = at.index(capture.len());
            capture[at] = byte;
        }
        drain(capture.as_slice());
    }
}
