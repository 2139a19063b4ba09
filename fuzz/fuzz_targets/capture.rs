//! Any bytes as a capture: read without a panic, no more out than in, each frame counted once.
#![no_main]

use ixp_agent::capture::{Capture, MAX_WIRE};
use ixp_agent::replay::Tally;
use ixp_common::bytes::FrameBytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut capture) = Capture::open(bytes) else {
        return;
    };
    let mut tally = Tally::default();
    let mut kept = 0;
    while let Ok(Some(record)) = capture.next_record() {
        assert!(record.frame.wire_len() <= MAX_WIRE);
        kept += record.frame.bytes().len();
        tally.count(&record.frame, None);
    }
    assert!(kept <= bytes.len());
    let delta = tally.into_delta();
    assert_eq!(delta.seen.packets, capture.frames());
    assert_eq!(delta.accounted(), delta.seen);
});
