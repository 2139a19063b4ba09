//! What a frame is and what becomes of it: the one source of truth for the XDP program and the host.
//!
//! Data takes one way through these rooms: [`bytes`] → [`frame`] → [`observe`] → [`Sink`](observe::Sink).
//! Nothing here allocates, panics, reads a clock or knows of aya, so the same code runs under the
//! verifier, in `replay`, in tests and in fuzzers.
#![no_std]
#![cfg_attr(not(feature = "user"), forbid(unsafe_code))]

#[cfg(test)]
extern crate std;

#[cfg(feature = "user")]
#[macro_use]
mod layout;

pub mod addr;
pub mod bytes;
pub mod cells;
pub mod counters;
pub mod digest;
pub mod frame;
pub mod limit;
pub mod memory;
pub mod names;
pub mod observe;
pub mod policy;
pub mod rules;
pub mod sample;
pub mod sampling;
pub mod table;

#[cfg(feature = "user")]
mod pod;
