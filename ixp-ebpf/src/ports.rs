//! Settings and counters per attached interface.

use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, PerCpuArray};
use ixp_common::counters::{Counts, PORT_SLOTS, PortCounters, REASONS};
use ixp_common::names::NEAR_PORTS;
use ixp_common::policy::PortPolicy;

#[map]
static PORT_POLICIES: Array<PortPolicy> = Array::with_max_entries(NEAR_PORTS + PORT_SLOTS, 0);

#[map]
static FAR_PORTS: HashMap<u32, u32> = HashMap::with_max_entries(PORT_SLOTS, 0);

#[map]
static PORT_COUNTERS: PerCpuArray<PortCounters> = PerCpuArray::with_max_entries(PORT_SLOTS, 0);

#[map]
static REASON_COUNTERS: PerCpuArray<Counts> = PerCpuArray::with_max_entries(PORT_SLOTS * REASONS, 0);

/// The settings of an interface.
#[inline(always)]
pub fn policy(ifindex: u32) -> Option<&'static PortPolicy> {
    let place = if ifindex < NEAR_PORTS {
        ifindex
    } else {
        // SAFETY: the value is copied at once.
        *unsafe { FAR_PORTS.get(ifindex) }?
    };
    // One that is not attached has no slot.
    PORT_POLICIES.get(place).filter(|policy| policy.slot() != 0)
}

/// This CPU's counters of a slot.
#[inline(always)]
pub fn counters(slot: u32) -> Option<&'static mut PortCounters> {
    // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU.
    PORT_COUNTERS.get_ptr_mut(slot).map(|counters| unsafe { &mut *counters })
}

/// Counts a frame under a reason.
#[inline(always)]
pub fn reason(index: u32, bytes: u32) {
    if let Some(counts) = REASON_COUNTERS.get_ptr_mut(index) {
        // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU.
        unsafe { &mut *counts }.add_frame(bytes);
    }
}
