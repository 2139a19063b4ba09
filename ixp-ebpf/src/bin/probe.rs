//! Programs that measure the sampler: a frame in, its digest out, or nothing done at all. Never
//! attached by the agent.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![expect(missing_docs, reason = "the xdp macro drops a program's doc comment")]
#![cfg_attr(not(target_arch = "bpf"), expect(dead_code, reason = "the kernel calls what the stub does not"))]

use aya_ebpf::bindings::xdp_action::XDP_PASS;
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::Array;
use aya_ebpf::programs::XdpContext;
use ixp_common::digest::Digest;
use ixp_ebpf::packet::Packet;

#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = "license")]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[map]
static DIGEST: Array<Digest> = Array::with_max_entries(1, 0);

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

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
