//! The parts of the XDP programs that more than one of them uses, and those that test them. Nothing here uses aya-ebpf: what
//! links it on a host has its `memset`, which gives nothing back, for the C library's.
#![no_std]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

pub mod assembly;
pub mod paced;
pub mod traffic;
