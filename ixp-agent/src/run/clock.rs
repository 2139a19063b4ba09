//! The clocks.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "the room that reads the clock")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The clock for intervals.
#[expect(clippy::disallowed_methods, reason = "the room that reads the clock")]
pub(super) fn instant() -> Instant {
    Instant::now()
}

/// The wall-clock time of a moment of `CLOCK_MONOTONIC`, by which the kernel stamps records.
pub(super) fn wall(monotonic_ns: u64) -> Timestamp {
    let age = monotonic().saturating_sub(Duration::from_nanos(monotonic_ns));
    let age = SignedDuration::try_from(age).unwrap_or_default();
    now().checked_sub(age).unwrap_or_else(|_| now())
}

/// The clock by which the kernel stamps records, in nanoseconds.
pub(super) fn monotonic_ns() -> u64 {
    u64::try_from(monotonic().as_nanos()).unwrap_or(u64::MAX)
}

fn monotonic() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a live timespec, which the call fills.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_present_is_the_present() {
        let apart = now().duration_since(wall(monotonic_ns())).abs();
        assert!(apart < SignedDuration::from_secs(5), "{apart}");
    }
}
