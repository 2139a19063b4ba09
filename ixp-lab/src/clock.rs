//! The lab's only clock: now, and a pause.

use std::time::{Duration, Instant};

/// The moment of the call.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the lab's one door to the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Lets `length` pass.
#[expect(clippy::disallowed_methods, reason = "the lab's one door to the clock")]
pub fn pause(length: Duration) {
    std::thread::sleep(length);
}

/// Asks `done` each 20 ms until it says yes or `limit` has passed; says whether it did.
///
/// # Errors
/// The first error of `done`.
pub fn until(limit: Duration, mut done: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<bool> {
    let start = now();
    loop {
        if done()? {
            return Ok(true);
        }
        if start.elapsed() >= limit {
            return Ok(false);
        }
        pause(Duration::from_millis(20));
    }
}
