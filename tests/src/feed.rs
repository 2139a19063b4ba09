//! Frames in, the same frames at the other end of a veth without one lost on the way: never more at once than
//! its ring holds.

use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ixp_agent::kernel::interface::nic_counters;
use ixp_lab::clock;

use crate::wire::Wire;

/// Frames between two looks at the other end: a veth's ring holds 256.
const AT_ONCE: u64 = 100;
/// How long the other end may take for them.
const PATIENCE: Duration = Duration::from_secs(20);

/// A wire, and how much the other end of it has received.
#[derive(Debug)]
pub struct Feed {
    wire: Wire,
    to: String,
    received_before: u64,
    sent: u64,
}

impl Feed {
    /// Opens one from an interface to its peer; nobody else sends there.
    ///
    /// # Errors
    /// As [`Wire::open`].
    pub fn open(from: &str, to: &str) -> Result<Self> {
        let (wire, received_before) = (Wire::open(from)?, received(to)?);
        Ok(Self { wire, to: to.to_owned(), received_before, sent: 0 })
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// The interface does not take it, or its peer does not receive those before.
    pub fn send(&mut self, frame: &[u8]) -> Result<()> {
        self.wire.send(frame)?;
        self.sent += 1;
        if self.sent.is_multiple_of(AT_ONCE) { self.flush() } else { Ok(()) }
    }

    /// Waits until the other end has received all that was sent.
    ///
    /// # Errors
    /// It has not in time, or has received more.
    pub fn flush(&self) -> Result<()> {
        let start = clock::now();
        loop {
            let received = received(&self.to)? - self.received_before;
            if received == self.sent {
                return Ok(());
            }
            ensure!(
                received < self.sent && start.elapsed() < PATIENCE,
                "{} received {received} of {} frames",
                self.to,
                self.sent
            );
            thread::yield_now();
        }
    }

    /// Frames sent so far.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }
}

fn received(interface: &str) -> Result<u64> {
    Ok(nic_counters(interface).with_context(|| format!("no counters of {interface}"))?.received.packets)
}
