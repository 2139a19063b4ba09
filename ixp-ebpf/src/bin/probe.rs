//! Programs that measure the sampler: a frame in, its digest out, or nothing done at all, or another
//! pair's frame handed on. Never attached by the agent.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![expect(missing_docs, reason = "the xdp macro drops a program's doc comment")]
#![cfg_attr(not(target_arch = "bpf"), expect(dead_code, reason = "the kernel calls what the stub does not"))]

#[path = "probe/paced.rs"]
mod paced;
#[path = "../packet.rs"]
#[cfg_attr(target_arch = "bpf", expect(dead_code, reason = "the sampler has more use of it"))]
mod packet;

use crate::packet::Packet;
use aya_ebpf::bindings::BPF_F_MMAPABLE;
use aya_ebpf::bindings::xdp_action::XDP_PASS;
use aya_ebpf::helpers::bpf_redirect;
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::{Array, PerCpuArray, ProgramArray};
use aya_ebpf::programs::XdpContext;
use ixp_common::digest::Digest;
use ixp_ebpf::traffic::{self, ENTRY_WORDS, Entry, Traffic, addresses};

#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[map]
static DIGEST: Array<Digest> = Array::with_max_entries(1, 0);

#[map]
static TRAFFIC: Array<Traffic> = Array::with_max_entries(1, 0);

/// Who sends to whom, frame by frame: walked in order, so that the processor foresees what is read.
#[map]
static SEQUENCE: Array<Entry> = Array::with_max_entries(traffic::SEQUENCE / ENTRY_WORDS, BPF_F_MMAPABLE);

/// The place in the sequence of each CPU's next frame.
#[map]
static TRAFFIC_PLACE: PerCpuArray<u32> = PerCpuArray::with_max_entries(1, 0);

#[map]
static TRAFFIC_TO: ProgramArray = ProgramArray::with_max_entries(1, 0);

#[map]
static STORM_TO: Array<u32> = Array::with_max_entries(1, 0);

/// Writes down what the kernel's copy of the parser reads, over a digest that the test set to zero.
#[xdp(frags)]
pub fn ixp_digest(ctx: XdpContext) -> u32 {
    if let Some(digest) = DIGEST.get_ptr_mut(0) {
        // SAFETY: the only reader is the test that runs this program, and it waits for its end.
        unsafe { &mut *digest }.write(&Packet::new(&ctx));
    }
    XDP_PASS
}

/// Does nothing: the floor under every measurement.
#[xdp(frags)]
pub fn ixp_empty(_ctx: XdpContext) -> u32 {
    XDP_PASS
}

/// Gives the frame the addresses of the sequence's next word and hands it to the program in `TRAFFIC_TO`. While
/// there is none, it is the floor under a measurement of that program.
#[xdp(frags)]
pub fn ixp_traffic(ctx: XdpContext) -> u32 {
    if readdress(&ctx).is_some() {
        // SAFETY: the map holds XDP programs alone, and nothing here waits to be dropped.
        unsafe { TRAFFIC_TO.tail_call(&ctx, 0) };
    }
    XDP_PASS
}

/// Sends the frame out by the interface in `STORM_TO`, as it is, or from and to the next pair if `TRAFFIC` has any.
/// Run on live frames, it is a source of them.
#[xdp]
pub fn ixp_storm(ctx: XdpContext) -> u32 {
    if TRAFFIC.get(0).is_some_and(Traffic::has_pairs) {
        let _readdressed = readdress(&ctx);
    }
    let to = STORM_TO.get(0).copied().unwrap_or(0);
    // SAFETY: the helper has no preconditions; it refuses an interface that is not there.
    let action = unsafe { bpf_redirect(to, 0) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
    let action = action as u32;
    action
}

#[inline(always)]
fn readdress(ctx: &XdpContext) -> Option<()> {
    let traffic = TRAFFIC.get(0)?;
    let place = TRAFFIC_PLACE.get_ptr_mut(0)?;
    // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU.
    let place = unsafe { &mut *place };
    let entry = SEQUENCE.get(*place / ENTRY_WORDS)?;
    let word = entry[(*place % ENTRY_WORDS) as usize];
    *place = traffic.after(*place);
    let start = ctx.data();
    if start + size_of::<[u8; 12]>() > ctx.data_end() {
        return None;
    }
    // SAFETY: the first 12 bytes lie before `data_end`, and bytes need no alignment.
    unsafe { *(start as *mut [u8; 12]) = addresses(word) };
    Some(())
}

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
