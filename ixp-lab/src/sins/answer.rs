//! A sinner's ears and mouth: solicitations come in, an answer for each goes out.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::packet::{Injector, Watcher};

/// An answer comes within half a second (RFC 4861 §6.2.6): after that the last is sent.
const PATIENCE: Duration = Duration::from_millis(500);

/// How a sinner is reached, and reaches the others.
#[derive(Debug)]
pub struct Answering {
    ears: Watcher,
    mouth: Injector,
    heard: Cell<u32>,
}

impl Answering {
    /// One that listens from here on.
    #[must_use]
    pub const fn new(ears: Watcher, mouth: Injector) -> Self {
        Self { ears, mouth, heard: Cell::new(0) }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// As [`Injector::send`].
    pub(super) fn say(&self, frame: &[u8]) -> Result<()> {
        self.mouth.send(frame)
    }

    /// How many solicitations were heard so far.
    ///
    /// # Errors
    /// As [`Watcher::drain`].
    pub(super) fn heard(&self) -> Result<u32> {
        self.ears.drain(|_, _| self.heard.set(self.heard.get() + 1))?;
        Ok(self.heard.get())
    }
}

/// Whether answers may still come, when the last was asked for or sent at `last`.
pub(super) fn is_waited_for(last: Instant, now: Instant) -> bool {
    now.duration_since(last) < PATIENCE
}
