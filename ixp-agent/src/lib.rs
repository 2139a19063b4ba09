//! Turns the XDP program's counters into per-member traffic matrices. The rooms, in the order in
//! which data takes its way through them.

pub mod kernel;
pub mod members;
pub mod snapshot;
