//! A frame and a loaded program in, what the kernel's test run makes of it out.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use aya::programs::{TestRun as _, TestRunAttrs, TestRunOptions, Xdp, loaded_programs};
use aya_obj::programs::XdpAttachType;
use ixp_common::names;
use ixp_common::policy::Action;
use serde_json::Value;

use crate::netns::Namespace;

/// Where a test run's frames come in: the loopback interface of the caller's network namespace.
pub const IFINDEX: u32 = 1;
/// The shortest frame that the kernel hands to an XDP program: an Ethernet header.
pub const SHORTEST: usize = 14;

/// `linux/bpf.h`.
const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

/// What became of a frame, and how long a run took on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What the program says.
    pub action: Action,
    /// Time of one run.
    pub each: Duration,
}

/// Runs a program `repeat` times on a frame.
///
/// # Errors
/// If the kernel refuses, or the program returns neither pass nor drop.
pub fn run(program: &Xdp, frame: &[u8], repeat: u32) -> Result<Outcome> {
    finish(program, TestRunOptions { data_in: Some(frame), repeat, ..TestRunOptions::new() })
}

/// Runs a program on a frame of which only the first `visible` bytes lie in the linear part, and the
/// rest in fragments. Needs a kernel that takes such a request: 6.18, commit fe9544ed1a2e.
///
/// # Errors
/// As [`run`].
pub fn run_split(program: &Xdp, frame: &[u8], visible: usize) -> Result<Outcome> {
    let context = context(visible, 0)?;
    let options = TestRunOptions { data_in: Some(frame), ctx_in: Some(&context), ..TestRunOptions::new() };
    finish(program, options).context("a test run with a short linear part needs Linux 6.18")
}

/// Runs a program `repeat` times on a frame that came in by an interface with a program on it.
///
/// # Errors
/// As [`run`].
pub fn run_on(program: &Xdp, ifindex: u32, frame: &[u8], repeat: u32) -> Result<Outcome> {
    let context = context(frame.len(), ifindex)?;
    let options =
        TestRunOptions { data_in: Some(frame), ctx_in: Some(&context), repeat, ..TestRunOptions::new() };
    finish(program, options)
}

/// `struct xdp_md`: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
fn context(end: usize, ifindex: u32) -> Result<Vec<u8>> {
    Ok([0, u32::try_from(end)?, 0, ifindex, 0, 0].map(u32::to_ne_bytes).concat())
}

/// The sampler that an agent has put on an interface.
///
/// # Errors
/// If there is none.
pub fn sampler_on(namespace: &Namespace, interface: &str) -> Result<Xdp> {
    let shown = namespace.ip(&["-json", "-details", "link", "show", "dev", interface])?;
    let shown: Value = serde_json::from_str(&shown).context("`ip` writes JSON")?;
    let id = shown[0]["xdp"]["prog"]["id"].as_u64().with_context(|| format!("no program on {interface}"))?;
    for program in loaded_programs() {
        let program = program.context("ask for the kernel's programs")?;
        if u64::from(program.id()) == id {
            let name = Cow::Borrowed(names::PROGRAM);
            return Ok(Xdp::from_program_info(program, name, XdpAttachType::Interface)?);
        }
    }
    bail!("program {id} of {interface} is gone")
}

/// Frames that a run on live frames makes at once: a veth's ring holds 256.
const BATCH: u32 = 64;

/// Runs a program `repeat` times on live frames: what it says of them happens.
///
/// # Errors
/// If the kernel refuses: it knows live frames since 5.18, commit b530e9e1063e.
pub fn run_live(program: &Xdp, frame: &[u8], repeat: u32) -> Result<()> {
    let attrs = TestRunAttrs::new().xdp_live_frames(BATCH);
    let options = TestRunOptions { data_in: Some(frame), repeat, attrs, ..TestRunOptions::new() };
    program.test_run(options).context("BPF_PROG_TEST_RUN on live frames")?;
    Ok(())
}

fn finish(program: &Xdp, options: TestRunOptions<'_>) -> Result<Outcome> {
    let len = options.data_in.map_or(0, <[u8]>::len);
    let result = program.test_run(options).with_context(|| format!("BPF_PROG_TEST_RUN on {len} bytes"))?;
    ensure!(
        [XDP_DROP, XDP_PASS].contains(&result.return_value),
        "the program returns {}",
        result.return_value
    );
    let action = if result.return_value == XDP_DROP { Action::Consume } else { Action::Pass };
    Ok(Outcome { action, each: result.duration })
}
