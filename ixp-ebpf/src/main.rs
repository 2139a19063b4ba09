//! The XDP program: each frame of an attached interface in, counted, and its fate out. It decides
//! nothing itself. Compiled for the host it is an empty stub.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![expect(missing_docs, reason = "the xdp macro drops a program's doc comment")]
#![cfg_attr(not(target_arch = "bpf"), expect(dead_code, reason = "the kernel calls what the stub does not"))]

mod budget;
mod cells;
mod claims;
mod events;
mod memory;
mod packet;
mod pairs;
mod ports;
mod rules;
mod samples;
mod sink;
mod site;
mod states;
mod stations;

use crate::packet::Packet;
use aya_ebpf::bindings::xdp_action::{XDP_DROP, XDP_PASS};
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::ProgramArray;
use aya_ebpf::programs::XdpContext;
use ixp_common::bytes::FrameBytes as _;
use ixp_common::frame::{self, Found, Link};
use ixp_common::names::ABI_VERSION;
use ixp_common::observe::{count, hold, settle};
use ixp_common::policy::Action;
use ixp_common::rules::Kind;

#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = "ixp_abi")]
static IXP_ABI: u32 = ABI_VERSION;

#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// The programs that hold frames against rules, by [`Kind`]. The agent fills them in with its first table.
#[map]
static RULE_PROGRAMS: ProgramArray = ProgramArray::with_max_entries(Kind::COUNT, 0);

/// Counts a frame, and hands it on to the rules that it is to be held against.
#[xdp(frags)]
pub fn ixp_sampler(ctx: XdpContext) -> u32 {
    let packet = Packet::new(&ctx);
    let ifindex = ifindex(&ctx);
    let Some(policy) = ports::policy(ifindex) else {
        return stray(&packet);
    };
    let slot = policy.slot();
    let (Some(counters), Some(memory)) = (ports::counters(slot), memory::Maps::find()) else {
        return XDP_PASS;
    };
    let mut sink = sink::Counting { ctx: &ctx, ifindex, slot, counters };
    let counted = count(&packet, policy, Some(&memory), &mut sink);
    if let Some(kind) = counted.held {
        // SAFETY: the map holds XDP programs alone, and nothing here waits to be dropped. Where there is
        // none yet no rule is applied.
        unsafe { RULE_PROGRAMS.tail_call(&ctx, kind as u32) };
    }
    fate(settle(&packet, policy, counted.link.destination(), false, &mut sink))
}

/// A frame of an interface without settings counts in slot 0 and passes: fail open.
#[inline(always)]
fn stray(packet: &Packet) -> u32 {
    if let Some(counters) = ports::counters(0) {
        counters.seen.add_frame(packet.wire_len());
        counters.unattributed.add_frame(packet.wire_len());
    }
    XDP_PASS
}

/// Holds an ARP packet against its rules.
#[xdp(frags)]
pub fn ixp_rules_arp(ctx: XdpContext) -> u32 {
    held(&ctx, Kind::Arp)
}

/// Holds an IPv4 packet against its rules.
#[xdp(frags)]
pub fn ixp_rules_ipv4(ctx: XdpContext) -> u32 {
    held(&ctx, Kind::Ipv4)
}

/// Holds an IPv6 packet against its rules.
#[xdp(frags)]
pub fn ixp_rules_ipv6(ctx: XdpContext) -> u32 {
    held(&ctx, Kind::Ipv6)
}

/// Holds any other frame against its rules.
#[xdp(frags)]
pub fn ixp_rules_other(ctx: XdpContext) -> u32 {
    held(&ctx, Kind::Other)
}

/// Holds an IPv6 packet whose extension headers are cut off against its rule.
#[xdp(frags)]
pub fn ixp_rules_cut_ipv6(ctx: XdpContext) -> u32 {
    held(&ctx, Kind::CutIpv6)
}

/// What becomes of a frame that is counted and held against the rules of its kind. It was read a moment
/// ago, so all of this is there; if it were not, the frame would pass.
#[inline(always)]
fn held(ctx: &XdpContext, kind: Kind) -> u32 {
    let packet = Packet::new(ctx);
    let ifindex = ifindex(ctx);
    let Some(policy) = ports::policy(ifindex) else {
        return XDP_PASS;
    };
    let slot = policy.slot();
    let Some(counters) = ports::counters(slot) else {
        return XDP_PASS;
    };
    let mut link = Link::EMPTY;
    let is_read = frame::read_link(&packet, &mut link).found() == Found::Sound;
    let mut sink = sink::Counting { ctx, ifindex, slot, counters };
    let is_dropping = match memory::Maps::find() {
        Some(memory) if is_read => hold(&packet, &link, kind, policy, &memory, &mut sink),
        _ => false,
    };
    fate(settle(&packet, policy, link.destination(), is_dropping, &mut sink))
}

#[inline(always)]
fn ifindex(ctx: &XdpContext) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the kernel's field has 32 bits")]
    let ifindex = ctx.ingress_ifindex() as u32;
    ifindex
}

#[inline(always)]
const fn fate(action: Action) -> u32 {
    match action {
        Action::Pass => XDP_PASS,
        Action::Consume | Action::Drop => XDP_DROP,
    }
}

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
