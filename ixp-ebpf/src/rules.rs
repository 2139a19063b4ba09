//! Counts who breaks which rule, and says when it is time to tell of it.

use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{PerCpuArray, PerCpuHashMap};
use ixp_common::counters::{PORT_SLOTS, RULE_PLACES, RuleCounts, RuleKey, RuleState, rule_index};
use ixp_common::names;
use ixp_common::observe::Broken;

#[map]
static RULES: PerCpuHashMap<RuleKey, RuleState> = PerCpuHashMap::with_max_entries(names::RULES_ROOM, 0);

#[map]
static STRANGER_RULES: PerCpuHashMap<RuleKey, RuleState> =
    PerCpuHashMap::with_max_entries(names::STRANGER_RULES_ROOM, 0);

#[map]
static RULES_MISSED: PerCpuArray<RuleCounts> = PerCpuArray::with_max_entries(PORT_SLOTS * RULE_PLACES, 0);

/// Counts a frame; gives the state of its rule and station on this CPU.
#[inline(always)]
pub fn record(broken: &Broken, slot: u32) -> Option<&'static mut RuleState> {
    let table = if broken.is_registered { &RULES } else { &STRANGER_RULES };
    let state = find(table, &broken.key);
    match state {
        Some(state) => {
            state.counts.add_frame(broken.bytes, broken.outcome);
            Some(state)
        }
        None => {
            if let Some(counts) = RULES_MISSED.get_ptr_mut(rule_index(slot, broken.rule)) {
                // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU.
                unsafe { &mut *counts }.add_frame(broken.bytes, broken.outcome);
            }
            None
        }
    }
}

#[inline(always)]
fn find(table: &'static PerCpuHashMap<RuleKey, RuleState>, key: &RuleKey) -> Option<&'static mut RuleState> {
    if let Some(state) = table.get_ptr_mut(key) {
        // SAFETY: this CPU's value, which no other CPU writes; entries are never removed.
        return Some(unsafe { &mut *state });
    }
    // Another CPU may have been faster, or there is no room: the look-up tells.
    let _made = table.insert(key, RuleState::NEW, u64::from(BPF_NOEXIST));
    // SAFETY: as above.
    table.get_ptr_mut(key).map(|state| unsafe { &mut *state })
}
