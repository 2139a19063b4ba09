//! Reports a station once, when it sends its first frame.

use aya_ebpf::bindings::{BPF_NOEXIST, BPF_RB_NO_WAKEUP};
use aya_ebpf::helpers::bpf_ktime_get_ns;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{HashMap, PerCpuArray, RingBuf};
use ixp_common::addr::Mac;
use ixp_common::counters::{PairKey, PortCounters, StationKey};
use ixp_common::names;
use ixp_common::sample::StationRecord;

use crate::budget::Budget;

#[map]
static STATIONS: HashMap<StationKey, u64> = HashMap::with_max_entries(names::DEFAULT_STATIONS, 0);

#[map]
static STATION_RING: RingBuf = RingBuf::with_byte_size(names::STATION_RING_BYTES, 0);

#[map]
static STATION_BUDGET: PerCpuArray<Budget> = PerCpuArray::with_max_entries(1, 0);

/// Reports the source of a new pair if it is a station that was not reported yet.
#[inline(always)]
pub fn discover(pair: &PairKey, slot: u32, counters: &mut PortCounters) {
    let mac: Mac = pair.source();
    let key = StationKey::new(pair.vlan(), mac);
    // SAFETY: the value is not looked at.
    if !mac.is_station() || unsafe { STATIONS.get(key) }.is_some() {
        return;
    }
    // SAFETY: the helper has no preconditions.
    let monotonic_ns = unsafe { bpf_ktime_get_ns() };
    let record = StationRecord { monotonic_ns, slot, vlan: pair.vlan().get(), mac: mac.0, zero: 0 };
    if is_within_budget(monotonic_ns) && report(&key, record) {
        counters.stations += 1;
    } else {
        counters.stations_suppressed += 1;
    }
}

#[inline(always)]
fn is_within_budget(monotonic_ns: u64) -> bool {
    let Some(budget) = STATION_BUDGET.get_ptr_mut(0) else {
        return false;
    };
    // SAFETY: this CPU's entry, which no other CPU writes; XDP does not nest on one CPU.
    unsafe { &mut *budget }.take(monotonic_ns, names::STATIONS_PER_SECOND)
}

/// Room in the ring first, so that no station is remembered as reported that was not.
#[inline(always)]
fn report(key: &StationKey, record: StationRecord) -> bool {
    let Some(mut entry) = STATION_RING.reserve::<StationRecord>(0) else {
        return false;
    };
    if STATIONS.insert(key, record.monotonic_ns, u64::from(BPF_NOEXIST)).is_err() {
        entry.discard(u64::from(BPF_RB_NO_WAKEUP));
        return false;
    }
    entry.write(record);
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    true
}
