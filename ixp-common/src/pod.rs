//! Tells aya which types a map may hold.

use crate::counters::{Counts, PairKey, PortCounters, StationKey};
use crate::digest::Digest;
use crate::policy::PortPolicy;

macro_rules! pod {
    ($($type:ty),*) => { $(
        // SAFETY: `repr(C)` of integers without padding (each size is asserted beside its type), so
        // that every bit pattern is a value and no byte is uninitialised.
        unsafe impl aya::Pod for $type {}
    )* };
}

pod!(Counts, Digest, PairKey, PortCounters, PortPolicy, StationKey);
