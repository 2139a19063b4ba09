//! Turns the XDP program's counters into per-member traffic matrices. The rooms, in the order in
//! which data takes its way through them.

pub mod capture;
pub mod matrix;
pub mod members;
pub mod replay;
pub mod snapshot;
