//! The parts of the XDP programs that more than one of them uses.
#![no_std]

pub mod paced;
pub mod packet;
pub mod traffic;
