//! Ctrl-C becomes a question that the run asks.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};

static ASKED: AtomicBool = AtomicBool::new(false);

extern "C" fn remember(_signal: libc::c_int) {
    ASKED.store(true, Ordering::Relaxed);
}

/// From here on SIGINT, SIGTERM and SIGHUP ask the run to end; the second of a kind ends it at once.
///
/// # Errors
/// The kernel refuses the handler.
pub fn listen() -> Result<()> {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: all-zero is a valid sigaction: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = remember as *const () as usize;
        action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
        // SAFETY: the handler only stores an atomic, which is safe in a signal; the pointers outlive the call.
        let answer = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
        ensure!(answer == 0, "handle signal {signal}: {}", std::io::Error::last_os_error());
    }
    Ok(())
}

/// Whether the run was asked to end.
#[must_use]
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
