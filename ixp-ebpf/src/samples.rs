//! Hands the start of a sampled frame to the agent.

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::RingBuf;
use ixp_common::bytes::FrameBytes;
use ixp_common::names;
use ixp_common::sample::SampleRecord;
use ixp_ebpf::packet::{Packet, Start};

#[map]
static SAMPLE_RING: RingBuf = RingBuf::with_byte_size(names::SAMPLE_RING_BYTES, 0);

/// A [`SampleRecord`] whose header is written afterwards.
#[repr(C)]
struct Record {
    monotonic_ns: u64,
    ifindex: u32,
    wire_len: u32,
    rate: u32,
    header_len: u32,
    header: Start,
}

const _: () = assert!(size_of::<Record>() == size_of::<SampleRecord>());

/// Puts a sample into the ring; `false` if there is no room.
#[inline(always)]
pub fn put(packet: &Packet, ifindex: u32, rate: u32) -> bool {
    let Some(mut entry) = SAMPLE_RING.reserve::<Record>(0) else {
        return false;
    };
    // SAFETY: the helper has no preconditions.
    let monotonic_ns = unsafe { bpf_ktime_get_ns() };
    let wire_len = packet.wire_len();
    let header = Start::uninit();
    let record = entry.write(Record { monotonic_ns, ifindex, wire_len, rate, header_len: 0, header });
    record.header_len = packet.copy_start(&mut record.header);
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    true
}
