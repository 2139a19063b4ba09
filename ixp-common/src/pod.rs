//! Tells aya which types a map may hold.

use crate::counters::{
    ClaimKey, Counts, Heard, PairKey, PortCounters, RuleCounts, RuleKey, RuleState, SessionKey, StationKey,
};
use crate::digest::Digest;
use crate::policy::PortPolicy;
use crate::table::{AddressKey, PolicyTable};

macro_rules! pod {
    ($($type:ty),*) => { $(
        // SAFETY: `repr(C)` of integers without padding (each size is asserted beside its type), so
        // that every bit pattern is a value and no byte is uninitialised.
        unsafe impl aya::Pod for $type {}
    )* };
}

pod!(
    AddressKey,
    ClaimKey,
    Counts,
    Digest,
    Heard,
    PairKey,
    PolicyTable,
    PortCounters,
    PortPolicy,
    RuleCounts,
    RuleKey,
    RuleState,
    SessionKey,
    StationKey
);
