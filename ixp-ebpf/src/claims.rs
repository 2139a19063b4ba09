//! Who says that an address is its own, and who speaks BGP to whom.

use aya_ebpf::bindings::{BPF_ANY, BPF_NOEXIST};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{HashMap, LruHashMap};
use ixp_common::counters::{ClaimKey, Heard, SessionKey};
use ixp_common::names;

#[map]
static CLAIMS: LruHashMap<ClaimKey, Heard> = LruHashMap::with_max_entries(names::CLAIMS_ROOM, 0);

#[map]
static SESSIONS: HashMap<SessionKey, u64> = HashMap::with_max_entries(names::SESSIONS_ROOM, 0);

/// Notes a claim.
#[inline(always)]
pub fn claim(claim: &ClaimKey, now: u64) {
    if let Some(heard) = CLAIMS.get_ptr_mut(claim) {
        // SAFETY: the entry's memory stays the table's own; two CPUs may write two moments that are
        // a few nanoseconds apart, either of which is right.
        unsafe { (*heard).last = now };
        return;
    }
    // There is no room only while other CPUs evict at the same moment; the next claim finds some.
    let _noted = CLAIMS.insert(claim, Heard { first: now, last: now }, u64::from(BPF_ANY));
}

/// Notes a session.
#[inline(always)]
pub fn session(session: &SessionKey, now: u64) {
    // SAFETY: the value is not looked at.
    if unsafe { SESSIONS.get(session) }.is_none() {
        // A full table is seen by the agent, which reads it.
        let _noted = SESSIONS.insert(session, now, u64::from(BPF_NOEXIST));
    }
}
