//! Keeps a thread on one CPU, and before all others there.

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
    pin_thread(0, cpu)
}

/// Keeps a thread on a CPU; 0 is the calling one.
///
/// # Errors
/// There is no such thread, or it may not run there.
pub fn pin_thread(thread: libc::pid_t, cpu: usize) -> Result<()> {
    // SAFETY: a CPU set is plain data, for which all zero is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    ensure!(cpu < 8 * size_of_val(&set), "CPU {cpu} is beyond CPU_SETSIZE");
    // SAFETY: the index was just checked.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: `set` lives, and its size is given.
    let result = unsafe { libc::sched_setaffinity(thread, size_of_val(&set), &set) };
    ensure!(result == 0, "run on CPU {cpu} alone: {}", io::Error::last_os_error());
    Ok(())
}

/// Lets a thread run before all that is not of real time, and of those before all of lower priority; 0 is the calling
/// one.
///
/// # Errors
/// There is no such thread, or CAP_SYS_NICE is missing.
pub fn put_first(thread: libc::pid_t, priority: libc::c_int) -> Result<()> {
    let first = libc::sched_param { sched_priority: priority };
    // SAFETY: `first` lives until the call returns.
    let result = unsafe { libc::sched_setscheduler(thread, libc::SCHED_FIFO, &raw const first) };
    ensure!(result == 0, "real-time priority needs CAP_SYS_NICE: {}", io::Error::last_os_error());
    Ok(())
}
