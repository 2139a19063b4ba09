//! Keeps a thread on one CPU.

use std::io;
use std::mem;

use anyhow::{Context as _, Result, ensure};

/// The CPUs that this process may run on.
///
/// # Errors
/// If the kernel does not tell.
pub fn allowed() -> Result<Vec<usize>> {
    // SAFETY: a CPU set is plain data, for which all zero is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: `set` lives, and its size is given.
    let result = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &mut set) };
    ensure!(result == 0, "sched_getaffinity: {}", io::Error::last_os_error());
    let bits = usize::try_from(libc::CPU_SETSIZE).context("a small number")?;
    // SAFETY: each index lies below CPU_SETSIZE.
    Ok((0..bits).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) }).collect())
}

/// Keeps the calling thread on a CPU, for the rest of its life.
///
/// # Errors
/// If the process may not run there.
pub fn pin(cpu: usize) -> Result<()> {
    // SAFETY: a CPU set is plain data, for which all zero is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    ensure!(cpu < 8 * size_of_val(&set), "CPU {cpu} is beyond CPU_SETSIZE");
    // SAFETY: the index was just checked.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: `set` lives, and its size is given; 0 is the calling thread.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &set) };
    ensure!(result == 0, "run on CPU {cpu} alone: {}", io::Error::last_os_error());
    Ok(())
}
