//! How well exporters are heard in, what somebody should know of it into the log, once each.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use tracing::{info, warn};

use crate::intake::Health;
use crate::live::Hearing;

/// An exporter tells its interfaces' counters at least that often, if it lives.
const SILENCE: SignedDuration = SignedDuration::from_secs(120);
/// How often the same trouble is told.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What was told so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    exporters: BTreeMap<IpAddr, Known>,
    strangers: u64,
    strangers_at: Option<Timestamp>,
    dropped: u64,
    dropped_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Known {
    is_heard: bool,
    may_count_twice: bool,
    lost: u64,
    lost_at: Option<Timestamp>,
}

impl Told {
    /// Tells what has changed.
    pub(super) fn look(&mut self, hearing: &Hearing, now: Timestamp) {
        for health in &hearing.exporters {
            self.exporters.entry(health.address).or_default().look(health, now);
        }
        let (strangers, last) = hearing.strangers;
        if strangers > self.strangers && is_due(&mut self.strangers_at, now) {
            let datagrams = strangers - self.strangers;
            let from = last.map(tracing::field::display);
            warn!(
                datagrams,
                from,
                "datagrams of an exporter that is not allowed; if it is one of yours, add [[sflow.exporter]]"
            );
            self.strangers = strangers;
        }
        if hearing.dropped > self.dropped && is_due(&mut self.dropped_at, now) {
            let datagrams = hearing.dropped - self.dropped;
            warn!(
                datagrams,
                "datagrams found the receive buffer full: raise receive_buffer or workers in [sflow.listen]"
            );
            self.dropped = hearing.dropped;
        }
    }
}

impl Known {
    fn look(&mut self, health: &Health, now: Timestamp) {
        let Some((_, last)) = health.heard else { return };
        let (exporter, name) = (health.address, health.name.as_deref());
        let is_heard = now.duration_since(last) < SILENCE;
        match (self.is_heard, is_heard) {
            (false, true) => info!(%exporter, name, "the exporter is heard"),
            (true, false) => warn!(%exporter, name, %last, "nothing is heard of the exporter"),
            (true, true) | (false, false) => {}
        }
        self.is_heard = is_heard;
        if health.may_count_twice() && !self.may_count_twice {
            self.may_count_twice = true;
            warn!(
                %exporter, name,
                "samples are taken where frames come in and where they go out, so frames may be counted twice: write \
                 directions = \"both\" in its [[sflow.exporter]], or \"one\" if each frame is sampled at one place alone"
            );
        }
        if health.lost > self.lost && is_due(&mut self.lost_at, now) {
            let datagrams = health.lost - self.lost;
            warn!(%exporter, name, datagrams, "datagrams of the exporter were lost; later samples stand for theirs");
            self.lost = health.lost;
        }
    }
}

/// Whether something was not told for long; it is with this.
fn is_due(told: &mut Option<Timestamp>, now: Timestamp) -> bool {
    let is_due = told.is_none_or(|told| now.duration_since(told) >= AGAIN);
    if is_due {
        *told = Some(now);
    }
    is_due
}
