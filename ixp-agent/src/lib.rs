//! Turns the XDP program's counters into per-member traffic matrices.
