//! Hands the start of a sampled frame to the agent.

use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::RingBuf;
use ixp_common::bytes::FrameBytes;
use ixp_common::names;
use ixp_common::sample::{SAMPLE_BYTES, SampleRecord};
use ixp_ebpf::packet::Packet;

#[map]
static SAMPLE_RING: RingBuf = RingBuf::with_byte_size(names::SAMPLE_RING_BYTES, 0);

/// Puts a sample into the ring; `false` if there is no room.
#[inline(always)]
pub fn put(packet: &Packet, ifindex: u32, rate: u32) -> bool {
    let Some(mut entry) = SAMPLE_RING.reserve::<SampleRecord>(0) else {
        return false;
    };
    // SAFETY: the helper has no preconditions.
    let monotonic_ns = unsafe { bpf_ktime_get_ns() };
    let record = entry.write(SampleRecord {
        monotonic_ns,
        ifindex,
        wire_len: packet.wire_len(),
        rate,
        header_len: 0,
        header: [0; SAMPLE_BYTES],
    });
    record.header_len = copy_start(packet, &mut record.header);
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    true
}

/// Copies word by word, since the verifier takes only constant lengths; a frame's odd last byte,
/// if it is among the first [`SAMPLE_BYTES`], comes with the byte before it.
#[inline(always)]
pub fn copy_start(packet: &Packet, header: &mut [u8; SAMPLE_BYTES]) -> u32 {
    let mut len = 0;
    for word in 0..SAMPLE_BYTES / 2 {
        let at = word * 2;
        let Some([first, second]) = packet.load::<2>(at) else {
            break;
        };
        header[at] = first;
        header[at + 1] = second;
        len = at + 2;
    }
    if (2..SAMPLE_BYTES).contains(&len)
        && let Some([_, last]) = packet.load::<2>(len - 1)
    {
        header[len & (SAMPLE_BYTES - 1)] = last;
        len += 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most SAMPLE_BYTES")]
    let len = len as u32;
    len
}
