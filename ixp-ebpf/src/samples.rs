//! Chooses frames, and hands the start of each that is chosen to the agent.

use crate::packet::Packet;
use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::{bpf_get_prandom_u32, bpf_ktime_get_ns};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{PerCpuArray, RingBuf};
use ixp_common::bytes::FrameBytes;
use ixp_common::counters::PORT_SLOTS;
use ixp_common::names;
use ixp_common::sample::{SAMPLE_BYTES, SampleRecord};
use ixp_common::sampling::Countdown;

#[map]
static SAMPLE_RING: RingBuf = RingBuf::with_byte_size(names::SAMPLE_RING_BYTES, 0);

#[map]
static COUNTDOWNS: PerCpuArray<Countdown> = PerCpuArray::with_max_entries(PORT_SLOTS, 0);

/// Whether a frame of a slot is chosen, at one in `rate`.
#[inline(always)]
pub fn is_chosen(slot: u32, rate: u32) -> bool {
    let Some(countdown) = COUNTDOWNS.get_ptr_mut(slot) else {
        return false;
    };
    // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU. The helper has no
    // preconditions.
    unsafe { &mut *countdown }.is_chosen(rate, || unsafe { bpf_get_prandom_u32() })
}

/// Puts a sample into the ring; `false` if there is no room.
#[inline(always)]
pub fn put(packet: &Packet, ifindex: u32, rate: u32) -> bool {
    let Some(mut entry) = SAMPLE_RING.reserve::<SampleRecord>(0) else {
        return false;
    };
    // SAFETY: the helper has no preconditions.
    let monotonic_ns = unsafe { bpf_ktime_get_ns() };
    let wire_len = packet.wire_len();
    let header = [0; SAMPLE_BYTES];
    let record = entry.write(SampleRecord { monotonic_ns, ifindex, wire_len, rate, header_len: 0, header });
    record.header_len = packet.copy_start(&mut record.header);
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    true
}
