//! The kernel reads and counts each frame as the host does.

use std::collections::BTreeSet;

use ixp_agent::kernel::load::Capacity;
use ixp_common::bytes::Captured;
use ixp_common::digest::Digest;
use ixp_common::frame::Malformed;
use ixp_common::observe::observe;
use ixp_common::policy::{Deployment, PortPolicy};
use ixp_tests::digests::Digests;
use ixp_tests::frames::{Fixture, corpus};
use ixp_tests::kernel::SHORTEST;
use ixp_tests::sampler::{SLOT, Sampler, policy};
use ixp_tests::tally::Tally;

/// Holds what the kernel makes of each frame against what the host makes of it.
fn check<T: PartialEq + std::fmt::Debug>(
    what: &str,
    frames: &[Fixture],
    mut kernel: impl FnMut(&[u8]) -> anyhow::Result<T>,
    host: impl Fn(&[u8]) -> T,
) {
    let mut disagreements = BTreeSet::new();
    for frame in frames {
        let kernel = kernel(&frame.bytes).unwrap_or_else(|error| panic!("{}: {error:#}", frame.name));
        let host = host(&frame.bytes);
        if kernel != host {
            disagreements.insert(format!("{}\n  kernel {kernel:?}\n  host   {host:?}", frame.name));
        }
    }
    println!("{what}: {} frames, {} disagreements", frames.len(), disagreements.len());
    let shown: Vec<String> = disagreements.iter().take(10).cloned().collect();
    assert!(disagreements.is_empty(), "{what}: {} disagreements\n{}", disagreements.len(), shown.join("\n"));
}

/// Small, since the counters are read after each frame.
const CAPACITY: Capacity = Capacity { pairs: 512, stations: 64 };

/// The frames that can reach an XDP program.
fn frames() -> Vec<Fixture> {
    let frames: Vec<Fixture> = corpus().into_iter().filter(|frame| frame.bytes.len() >= SHORTEST).collect();
    assert!(frames.len() > 1000, "a corpus of {} frames", frames.len());
    frames
}

fn counts(policy: PortPolicy) {
    let mut sampler = Sampler::load(CAPACITY).expect("the program loads");
    sampler.set(policy).expect("it takes its settings");
    let mut before = sampler.snapshot().expect("counters are read");
    let kernel = |bytes: &[u8]| {
        let action = sampler.run(bytes, 1)?.action;
        let after = sampler.snapshot()?;
        let tally = Tally::between(&before, &after, SLOT);
        before = after;
        Ok((action, tally))
    };
    let host = |bytes: &[u8]| {
        let mut tally = Tally::default();
        let action = observe(&Captured::whole(bytes), &policy, &mut tally);
        assert_eq!(tally.accounted(), tally.seen);
        (action, tally)
    };
    check(&format!("counted under {policy:?}"), &frames(), kernel, host);
}

#[test]
fn the_kernel_reads_each_frame_as_the_host_does() {
    let mut digests = Digests::load().expect("the probe loads");
    let kernel = |bytes: &[u8]| digests.of(bytes);
    check("read whole", &frames(), kernel, |bytes| Digest::of(&Captured::whole(bytes)));
}

#[test]
fn the_kernel_reads_a_frame_in_fragments_as_the_host_reads_a_cut_capture() {
    let mut digests = Digests::load().expect("the probe loads");
    for visible in [14, 15, 18, 21, 33, 34, 37, 41, 54, 57, 62, 70, 128] {
        let longer: Vec<Fixture> = frames().into_iter().filter(|frame| frame.bytes.len() > visible).collect();
        let kernel = |bytes: &[u8]| digests.of_split(bytes, visible);
        let host = |bytes: &[u8]| {
            let wire_len = u32::try_from(bytes.len()).expect("short");
            Digest::of(&Captured::new(&bytes[..visible], wire_len))
        };
        check(&format!("read by {visible} bytes"), &longer, kernel, host);
    }
}

#[test]
fn an_inline_port_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Inline, true, 0));
}

#[test]
fn a_peering_port_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Port, true, 0));
}

#[test]
fn a_consuming_tap_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Tap, true, 0));
}

#[test]
fn a_passing_tap_that_samples_each_frame_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Tap, false, 1));
}

/// Shorter frames exist on the host alone: a capture can hold them. The kernel's test run, a TAP device
/// and a packet socket refuse them alike, and so does `bpf_xdp_adjust_tail` to make one.
#[test]
fn no_frame_below_an_ethernet_header_reaches_the_program() {
    let mut digests = Digests::load().expect("the probe loads");
    let short: Vec<Fixture> = corpus().into_iter().filter(|frame| frame.bytes.len() < SHORTEST).collect();
    assert!(!short.is_empty());
    for frame in short {
        let error = digests.of(&frame.bytes).expect_err("the kernel refuses it");
        let source = error.root_cause().downcast_ref::<std::io::Error>();
        assert_eq!(source.and_then(std::io::Error::raw_os_error), Some(libc::EINVAL), "{}", frame.name);
        let host = Digest::of(&Captured::whole(&frame.bytes));
        assert_eq!(host.unread[0], 1 + Malformed::EthernetTruncated as u8, "{}", frame.name);
    }
}
