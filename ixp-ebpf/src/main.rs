//! The XDP program: each frame of an attached interface in, counted, and its fate out. It decides
//! nothing itself. Compiled for the host it is an empty stub.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![expect(missing_docs, reason = "the xdp macro drops a program's doc comment")]
#![cfg_attr(not(target_arch = "bpf"), expect(dead_code, reason = "the kernel calls what the stub does not"))]

mod budget;
mod claims;
mod events;
mod memory;
mod pairs;
mod ports;
mod rules;
mod samples;
mod sink;
mod site;
mod states;
mod stations;

use aya_ebpf::bindings::xdp_action::{XDP_DROP, XDP_PASS};
use aya_ebpf::macros::xdp;
use aya_ebpf::programs::XdpContext;
use ixp_common::bytes::FrameBytes as _;
use ixp_common::names::ABI_VERSION;
use ixp_common::observe::{Sink as _, observe};
use ixp_common::policy::Action;
use ixp_ebpf::packet::Packet;

#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = "ixp_abi")]
static IXP_ABI: u32 = ABI_VERSION;

#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// Counts a frame.
#[xdp(frags)]
pub fn ixp_sampler(ctx: XdpContext) -> u32 {
    match sample(&ctx) {
        Action::Pass => XDP_PASS,
        Action::Consume | Action::Drop => XDP_DROP,
    }
}

/// A frame of an interface without settings counts in slot 0 and passes: fail open.
#[inline(always)]
fn sample(ctx: &XdpContext) -> Action {
    #[expect(clippy::cast_possible_truncation, reason = "the kernel's field has 32 bits")]
    let ifindex = ctx.ingress_ifindex() as u32;
    let packet = Packet::new(ctx);
    let policy = ports::policy(ifindex);
    let slot = policy.map_or(0, |policy| policy.slot());
    let Some(counters) = ports::counters(slot) else {
        return Action::Pass;
    };
    let mut sink = sink::Counting { ctx, ifindex, slot, counters };
    match policy {
        Some(policy) => observe(&packet, &policy, memory::Maps::find().as_ref(), &mut sink),
        None => {
            sink.seen(packet.wire_len());
            sink.unattributed(packet.wire_len());
            Action::Pass
        }
    }
}

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
