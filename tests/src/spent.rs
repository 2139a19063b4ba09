//! How long a processor worked for the calling thread.

use std::mem;
use std::time::Duration;

/// Of all time since the thread began, its own and the kernel's on its behalf.
#[must_use]
pub fn by_this_thread() -> Duration {
    // SAFETY: a time is plain data, for which all zero is a value.
    let mut time: libc::timespec = unsafe { mem::zeroed() };
    // SAFETY: `time` lives until the call returns; each thread has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time() {
        let begun = by_this_thread();
        let mut sum = 0u64;
        while by_this_thread() - begun < Duration::from_millis(2) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(sum > 0);
    }
}
