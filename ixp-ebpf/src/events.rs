//! Tells the agent of a frame that breaks a rule, at most so often.

use crate::packet::Packet;
use aya_ebpf::bindings::BPF_RB_NO_WAKEUP;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{PerCpuArray, RingBuf};
use ixp_common::bytes::FrameBytes;
use ixp_common::counters::{PortCounters, RuleState};
use ixp_common::names;
use ixp_common::observe::Broken;
use ixp_common::sample::{EventRecord, SAMPLE_BYTES};

use crate::budget::Budget;

#[map]
static EVENT_RING: RingBuf = RingBuf::with_byte_size(names::EVENT_RING_BYTES, 0);

/// Registered stations have a budget of their own, which forged addresses cannot use up.
#[map]
static EVENT_BUDGETS: PerCpuArray<Budget> = PerCpuArray::with_max_entries(2, 0);

/// Whether a rule and station were not told of a moment ago.
#[inline(always)]
pub fn is_due(state: &RuleState, now: u64) -> bool {
    state.told_at == 0 || now.wrapping_sub(state.told_at) >= names::EVENT_GAP
}

/// Tells of a frame, as long as the budget lasts.
#[inline(always)]
pub fn tell(
    packet: &Packet,
    ifindex: u32,
    broken: &Broken,
    state: &mut RuleState,
    counters: &mut PortCounters,
) {
    let now = broken.now;
    let budget = EVENT_BUDGETS.get_ptr_mut(u32::from(broken.is_registered));
    // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU.
    if !budget.is_some_and(|budget| unsafe { &mut *budget }.take(now, names::EVENTS_PER_SECOND)) {
        counters.events_suppressed += 1;
        return;
    }
    let suppressed = state.counts.broken.packets.wrapping_sub(state.told_packets).wrapping_sub(1);
    if put(packet, ifindex, broken, now, suppressed) {
        state.told_at = now;
        state.told_packets = state.counts.broken.packets;
        counters.events += 1;
    } else {
        counters.events_lost += 1;
    }
}

#[inline(always)]
fn put(packet: &Packet, ifindex: u32, broken: &Broken, monotonic_ns: u64, suppressed: u64) -> bool {
    let Some(mut entry) = EVENT_RING.reserve::<EventRecord>(0) else {
        return false;
    };
    let record = entry.write(EventRecord {
        monotonic_ns,
        suppressed,
        ifindex,
        wire_len: packet.wire_len(),
        vlan: broken.station.vlan().get(),
        mac: broken.station.mac().0,
        rule: broken.rule,
        outcome: broken.outcome as u8,
        header_len: 0,
        zero: 0,
        header: [0; SAMPLE_BYTES],
    });
    #[expect(clippy::cast_possible_truncation, reason = "at most SAMPLE_BYTES")]
    let header_len = packet.copy_start(&mut record.header) as u16;
    record.header_len = header_len;
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    true
}
