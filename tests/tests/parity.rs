//! The kernel reads and counts each frame as the host does.

use std::fmt::Debug;

use ixp_agent::kernel::load::Capacity;
use ixp_common::bytes::Captured;
use ixp_common::digest::Digest;
use ixp_common::frame::Malformed;
use ixp_common::observe::observe;
use ixp_common::policy::{Action, Deployment, PortPolicy};
use ixp_tests::digests::Digests;
use ixp_tests::frames::{Fixture, corpus};
use ixp_tests::kernel::{SHORTEST, run, run_split};
use ixp_tests::rules::{memory, tables};
use ixp_tests::sampler::{SLOT, Sampler, policy};
use ixp_tests::tally::Tally;

/// Holds what the kernel makes of each group of frames against what the host makes of it; where they
/// differ, frame by frame.
fn check<T: PartialEq + Debug>(
    what: &str,
    frames: &[Fixture],
    group: usize,
    mut kernel: impl FnMut(&[Fixture]) -> anyhow::Result<T>,
    host: impl Fn(&[Fixture]) -> T,
) {
    let mut differ = |frames: &[Fixture]| {
        let kernel = kernel(frames).unwrap_or_else(|error| panic!("{}: {error:#}", frames[0].name));
        let host = host(frames);
        (kernel != host).then(|| format!("{}\n  kernel {kernel:?}\n  host   {host:?}", frames[0].name))
    };
    let mut disagreements = Vec::new();
    for frames in frames.chunks(group) {
        if let Some(disagreement) = differ(frames) {
            let each: Vec<String> = frames.chunks(1).filter_map(&mut differ).collect();
            disagreements.extend(if each.is_empty() { vec![disagreement] } else { each });
        }
    }
    println!("{what}: {} frames, {} disagreements", frames.len(), disagreements.len());
    let shown = disagreements[..disagreements.len().min(10)].join("\n");
    assert!(disagreements.is_empty(), "{what}: {} disagreements\n{shown}", disagreements.len());
}

/// All bytes of a frame are visible.
const WHOLE: usize = usize::MAX;
/// Frames between two readings of the counters.
const GROUP: usize = 32;
/// Small, since all of it is read so often.
const CAPACITY: Capacity = Capacity { pairs: 512, stations: 64 };

/// The frames that can reach an XDP program.
fn frames() -> Vec<Fixture> {
    let frames: Vec<Fixture> = corpus().into_iter().filter(|frame| frame.bytes.len() >= SHORTEST).collect();
    assert!(frames.len() > 1000, "a corpus of {} frames", frames.len());
    frames
}

/// Counts each frame under a policy, of which `visible` bytes lie in the linear part.
fn counts(policy: PortPolicy, visible: usize) {
    let tables = tables().expect("the tables are built");
    let memory = memory(&tables);
    let mut sampler = Sampler::load(CAPACITY).expect("the program loads");
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    sampler.set(policy).expect("it takes its settings");
    let mut before = sampler.snapshot().expect("counters are read");
    let kernel = |frames: &[Fixture]| {
        let program = sampler.program()?;
        let run = |frame: &Fixture| match visible {
            WHOLE => run(program, &frame.bytes, 1),
            visible => run_split(program, &frame.bytes, visible),
        };
        let actions = frames
            .iter()
            .map(|frame| Ok(is_passed(run(frame)?.action)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let after = sampler.snapshot()?;
        let tally = Tally::between(&before, &after, SLOT);
        before = after;
        Ok((actions, tally))
    };
    let host = |frames: &[Fixture]| {
        let mut tally = Tally::default();
        let observe =
            |frame: &Fixture| observe(&cut(&frame.bytes, visible), &policy, Some(&memory), &mut tally);
        let actions: Vec<bool> = frames.iter().map(observe).map(is_passed).collect();
        assert_eq!(tally.accounted(), tally.seen);
        (actions, tally)
    };
    let mut frames = frames();
    frames.retain(|frame| visible == WHOLE || frame.bytes.len() > visible);
    let part = if visible == WHOLE { "whole".to_owned() } else { format!("by {visible} bytes") };
    check(&format!("counted {part} under {policy:?}"), &frames, GROUP, kernel, host);
}

/// A test run tells no more.
fn is_passed(action: Action) -> bool {
    action == Action::Pass
}

/// A capture of a frame's first `visible` bytes.
fn cut(bytes: &[u8], visible: usize) -> Captured<'_> {
    Captured::new(&bytes[..visible.min(bytes.len())], u32::try_from(bytes.len()).expect("short"))
}

#[test]
fn the_kernel_reads_each_frame_as_the_host_does() {
    let mut digests = Digests::load().expect("the probe loads");
    let kernel = |frames: &[Fixture]| digests.of(&frames[0].bytes);
    check("read whole", &frames(), 1, kernel, |frames| Digest::of(&cut(&frames[0].bytes, WHOLE)));
}

#[test]
fn the_kernel_reads_a_frame_in_fragments_as_the_host_reads_a_cut_capture() {
    let mut digests = Digests::load().expect("the probe loads");
    for visible in [14, 15, 18, 21, 33, 34, 37, 41, 54, 57, 62, 70, 128] {
        let longer: Vec<Fixture> = frames().into_iter().filter(|frame| frame.bytes.len() > visible).collect();
        let kernel = |frames: &[Fixture]| digests.of_split(&frames[0].bytes, visible);
        let host = |frames: &[Fixture]| Digest::of(&cut(&frames[0].bytes, visible));
        check(&format!("read by {visible} bytes"), &longer, 1, kernel, host);
    }
}

#[test]
fn an_inline_port_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Inline, true, 0), WHOLE);
}

#[test]
fn an_inline_port_that_enforces_counts_and_drops_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Inline, true, 0).enforcing(), WHOLE);
}

#[test]
fn a_peering_port_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Port, true, 0), WHOLE);
}

#[test]
fn a_consuming_tap_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Tap, true, 0), WHOLE);
}

#[test]
fn a_passing_tap_that_samples_each_frame_counts_in_the_kernel_as_on_the_host() {
    counts(policy(Deployment::Tap, false, 1), WHOLE);
}

#[test]
fn a_frame_in_fragments_counts_in_the_kernel_as_a_cut_capture_on_the_host() {
    for visible in [14, 18, 30, 58] {
        counts(policy(Deployment::Tap, true, 0), visible);
    }
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
