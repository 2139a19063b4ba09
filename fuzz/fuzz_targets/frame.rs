//! Any bytes as a frame: parsed without a panic, counted in exactly one place.
#![no_main]

use ixp_agent::policy::memory::HostMemory;
use ixp_common::addr::Mac;
use ixp_common::bytes::Captured;
use ixp_common::counters::{Counts, Outcome};
use ixp_common::digest::Digest;
use ixp_common::frame::{Link, Malformed, Oddity};
use ixp_common::observe::{Broken, Sink, observe};
use ixp_common::policy::{Action, Deployment, PortPolicy};
use ixp_common::rules::Place;
use libfuzzer_sys::fuzz_target;

/// Where one frame was counted.
#[derive(Default)]
struct Ledger {
    seen: Counts,
    counted: Counts,
    consumed: Counts,
}

impl Sink<Captured<'_>> for Ledger {
    fn seen(&mut self, bytes: u32) {
        self.seen.add_frame(bytes);
    }
    fn pair(&mut self, _link: &Link, _place: Place, bytes: u32) {
        self.counted.add_frame(bytes);
    }
    fn malformed(&mut self, _reason: Malformed, bytes: u32) {
        self.counted.add_frame(bytes);
    }
    fn unattributed(&mut self, bytes: u32) {
        self.counted.add_frame(bytes);
    }
    fn odd(&mut self, _oddity: Oddity, _bytes: u32) {}
    fn broken(&mut self, _broken: &Broken) -> bool {
        true
    }
    fn tell(&mut self, _frame: &Captured<'_>, _broken: &Broken) {}
    fn dropping(&mut self, _outcome: Outcome, _bytes: u32) {}
    fn consumed(&mut self, bytes: u32) {
        self.consumed.add_frame(bytes);
    }
    fn is_chosen(&mut self, _rate: u32) -> bool {
        true
    }
    fn sample(&mut self, _frame: &Captured<'_>, _rate: u32) {}
}

fuzz_target!(|bytes: &[u8]| {
    let kept = u32::try_from(bytes.len()).expect("libFuzzer's inputs are small");
    for wire_len in [kept, kept + 4, kept + 1500] {
        check(Captured::new(bytes, wire_len));
    }
});

fn check(frame: Captured<'_>) {
    assert_eq!(Digest::of(&frame), Digest::of(&frame));
    for deployment in [Deployment::Tap, Deployment::Port, Deployment::Inline] {
        let mut ledger = Ledger::default();
        let policy = PortPolicy::new(1, deployment, Mac([2; 6]), true, 1);
        let action = observe(&frame, &policy, None::<&HostMemory>, &mut ledger);
        assert_eq!(ledger.seen.packets, 1);
        assert_eq!(ledger.counted, ledger.seen);
        assert_eq!(ledger.consumed.packets, u64::from(action == Action::Consume));
    }
}
