//! Keeps the fabric on one CPU and everything that watches it on the others.
//!
//! A veth ring has 256 frames, and a CPU that polls it may stall for longer than another takes to fill it. When
//! sender, bridge and XDP program share a CPU, each frame is handled before its sender goes on.

use std::io;

use anyhow::{Context, Result};

/// Which CPUs do what. On a host with one CPU both are that one.
#[derive(Debug, Clone, Copy)]
pub struct Split {
    fabric: libc::cpu_set_t,
    watchers: libc::cpu_set_t,
}

impl Split {
    /// The first of this process's CPUs for the fabric, the rest for the watchers.
    ///
    /// # Errors
    /// The kernel does not tell this process's CPUs.
    pub fn of_this_host() -> Result<Self> {
        let allowed = allowed().context("read this process's CPUs")?;
        let cpus: Vec<usize> = (0..libc::CPU_SETSIZE as usize)
            // SAFETY: the index is below CPU_SETSIZE.
            .filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &allowed) })
            .collect();
        let (fabric, watchers) = match cpus.split_first() {
            Some((first, rest)) if !rest.is_empty() => (set(&[*first]), set(rest)),
            _ => (allowed, allowed),
        };
        Ok(Self { fabric, watchers })
    }

    /// Moves the calling thread, and what it starts from here on, to the watchers' CPUs.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn watch_from_here(&self) -> Result<()> {
        confine(&self.watchers).context("move to the watchers' CPUs")
    }

    /// Moves the calling thread, and what it starts from here on, to the fabric's CPU. Safe between fork and exec.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn join_fabric(&self) -> io::Result<()> {
        confine(&self.fabric)
    }
}

fn allowed() -> io::Result<libc::cpu_set_t> {
    let mut cpus = set(&[]);
    // SAFETY: the set is as long as the size says; 0 is the calling thread.
    let answer = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut cpus) };
    if answer == 0 { Ok(cpus) } else { Err(io::Error::last_os_error()) }
}

fn confine(cpus: &libc::cpu_set_t) -> io::Result<()> {
    // SAFETY: the set is as long as the size says; 0 is the calling thread.
    let answer = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), cpus) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn set(cpus: &[usize]) -> libc::cpu_set_t {
    // SAFETY: all-zero is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &cpu in cpus {
        // SAFETY: the callers' indices are below CPU_SETSIZE.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    set
}
