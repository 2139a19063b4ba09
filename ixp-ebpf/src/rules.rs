//! Counts who breaks which rule, and tells of it when it is time to.

use crate::packet::Packet;
use aya_ebpf::bindings::{BPF_NOEXIST, xdp_md};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, PerCpuArray, PerCpuHashMap};
use aya_ebpf::programs::XdpContext;
use ixp_common::counters::{Outcome, PORT_SLOTS, RULE_PLACES, RuleKey, RuleState, StationKey, rule_index};
use ixp_common::names;
use ixp_common::observe::Broken;

use crate::{events, ports};

#[map]
static RULES: PerCpuHashMap<RuleKey, RuleState> = PerCpuHashMap::with_max_entries(names::RULES_ROOM, 0);

#[map]
static STRANGER_RULES: PerCpuHashMap<RuleKey, RuleState> =
    PerCpuHashMap::with_max_entries(names::STRANGER_RULES_ROOM, 0);

#[map]
static RULES_MISSED: PerCpuArray<RuleState> = PerCpuArray::with_max_entries(PORT_SLOTS * RULE_PLACES, 0);

/// What a new state starts with, all zero: the stack has no room for one.
#[map]
static BLANK_RULE: Array<RuleState> = Array::with_max_entries(1, 0);

/// Counts a frame; whether it is time to tell of its rule and station.
#[inline(always)]
pub fn record(broken: &Broken, slot: u32) -> bool {
    ixp_count_rule(broken.station.to_bits(), packed(broken, slot), broken.bytes, broken.now) != 0
}

/// Tells of a frame.
#[inline(always)]
pub fn tell(packet: &Packet, broken: &Broken, slot: u32) {
    ixp_tell(packet.ctx(), broken.station.to_bits(), packed(broken, slot), broken.now);
}

/// Rule, outcome, whether the station is registered, and slot, a byte each.
#[inline(always)]
fn packed(broken: &Broken, slot: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "below PORT_SLOTS")]
    let slot = slot as u8;
    u32::from_be_bytes([slot, u8::from(broken.is_registered), broken.outcome as u8, broken.rule])
}

#[inline(always)]
fn unpacked(station: u64, packed: u32, bytes: u32, now: u64) -> (Broken, u32) {
    let [slot, is_registered, outcome, rule] = packed.to_be_bytes();
    let broken = Broken {
        station: StationKey::from_bits(station),
        rule,
        outcome: Outcome::from_number(outcome).unwrap_or(Outcome::Passed),
        is_registered: is_registered != 0,
        bytes,
        now,
    };
    (broken, u32::from(slot))
}

/// Global functions take numbers and a context alone, and the verifier looks at each once, not for every rule
/// that a frame can break.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_count_rule(station: u64, rule: u32, bytes: u32, now: u64) -> u64 {
    let (broken, slot) = unpacked(station, rule, bytes, now);
    if let Some(state) = state_or_new(&broken) {
        state.counts.add_frame(bytes, broken.outcome);
        return u64::from(events::is_due(state, now));
    }
    if let Some(state) = missed(slot, broken.rule) {
        state.counts.add_frame(bytes, broken.outcome);
        return u64::from(events::is_due(state, now));
    }
    0
}

/// As [`ixp_count_rule`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn ixp_tell(ctx: *mut xdp_md, station: u64, rule: u32, now: u64) -> u64 {
    let (broken, slot) = unpacked(station, rule, 0, now);
    let ctx = XdpContext::new(ctx);
    let Some(counters) = ports::counters(slot) else {
        return 0;
    };
    #[expect(clippy::cast_possible_truncation, reason = "the kernel's field has 32 bits")]
    let ifindex = ctx.ingress_ifindex() as u32;
    if let Some(state) = state(&broken) {
        events::tell(&Packet::new(&ctx), ifindex, &broken, state, counters);
    } else if let Some(state) = missed(slot, broken.rule) {
        // The frames since the last event are of many stations, and none of this one's.
        state.told_packets = state.counts.broken.packets.wrapping_sub(1);
        events::tell(&Packet::new(&ctx), ifindex, &broken, state, counters);
    }
    0
}

/// The state of a rule on this CPU for all stations of a slot that found no room: however many addresses
/// were forged before, who comes after them is still told of.
#[inline(always)]
fn missed(slot: u32, rule: u8) -> Option<&'static mut RuleState> {
    let state = RULES_MISSED.get_ptr_mut(rule_index(slot, rule));
    // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU.
    state.map(|state| unsafe { &mut *state })
}

/// The state of a rule and station on this CPU, if they have one.
#[inline(always)]
fn state(broken: &Broken) -> Option<&'static mut RuleState> {
    let state = table(broken).get_ptr_mut(broken.key());
    // SAFETY: this CPU's value, which no other CPU writes; entries are never removed.
    state.map(|state| unsafe { &mut *state })
}

#[inline(always)]
fn state_or_new(broken: &Broken) -> Option<&'static mut RuleState> {
    let known = state(broken);
    if known.is_some() {
        return known;
    }
    let blank = BLANK_RULE.get(0)?;
    // Another CPU may have been faster, or there is no room: the look-up tells.
    let _made = table(broken).insert(broken.key(), blank, u64::from(BPF_NOEXIST));
    state(broken)
}

#[inline(always)]
fn table(broken: &Broken) -> &'static PerCpuHashMap<RuleKey, RuleState> {
    if broken.is_registered { &RULES } else { &STRANGER_RULES }
}
