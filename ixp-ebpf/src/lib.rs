//! The parts of the XDP programs that more than one of them uses.
#![no_std]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

pub mod assembly;
pub mod paced;
pub mod packet;
pub mod traffic;
