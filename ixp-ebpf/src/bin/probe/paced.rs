//! A source of frames on a wire at a pace, and a program that only drops them; never attached by the agent.

use aya_ebpf::bindings::xdp_action::XDP_DROP;
use aya_ebpf::helpers::{bpf_ktime_get_ns, bpf_redirect};
use aya_ebpf::macros::{map, xdp};
use aya_ebpf::maps::Array;
use aya_ebpf::programs::XdpContext;
use ixp_ebpf::assembly::store;
use ixp_ebpf::paced::{Headers, Link, Pace};

#[map]
static PACE: Array<Pace> = Array::with_max_entries(1, 0);

/// Who sends to whom, frame by frame; begun again at its end.
#[map]
static PACED_LINKS: Array<u32> = Array::with_max_entries(LINKS, 0);

const LINKS: u32 = 1 << 20;

#[map]
static PACED_TO: Array<u32> = Array::with_max_entries(1, 0);

/// Run on live frames, it sends those that are due out by the interface in `PACED_TO`, each between the stations
/// whose turn it is, and takes the others back.
#[xdp]
pub fn ixp_paced(ctx: XdpContext) -> u32 {
    send(&ctx).unwrap_or(XDP_DROP)
}

/// Drops all: the floor under what takes frames off a wire.
#[xdp(frags)]
pub fn ixp_drop(_ctx: XdpContext) -> u32 {
    XDP_DROP
}

#[inline(always)]
fn send(ctx: &XdpContext) -> Option<u32> {
    let to = *PACED_TO.get(0)?;
    let start = ctx.data();
    if start + size_of::<Headers>() > ctx.data_end() {
        return None;
    }
    let pace = PACE.get_ptr_mut(0)?;
    // SAFETY: this program alone writes it, on one CPU; XDP does not nest.
    let pace = unsafe { &mut *pace };
    // SAFETY: the helper has no preconditions.
    let number = pace.next(|| unsafe { bpf_ktime_get_ns() })?;
    #[expect(clippy::cast_possible_truncation, reason = "the mask is what is meant")]
    let link = Link::read(*PACED_LINKS.get(number as u32 & (LINKS - 1))?);
    let headers = link.headers();
    let (words, rest) = headers.as_chunks::<8>();
    // A source is to cost little: 34 stores of a byte would.
    for (word, at) in words.iter().zip((start..).step_by(8)) {
        // SAFETY: the headers lie before `data_end`.
        unsafe { store::<8>(at, u64::from_ne_bytes(*word)) };
    }
    // SAFETY: as above.
    unsafe { store::<2>(start + 32, u64::from(u16::from_ne_bytes([rest[0], rest[1]]))) };
    // SAFETY: the helper has no preconditions; it refuses an interface that is not there.
    let action = unsafe { bpf_redirect(to, 0) };
    u32::try_from(action).ok()
}
