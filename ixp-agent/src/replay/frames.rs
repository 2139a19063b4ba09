//! The frames of captures in, counts of each out; judged as by an interface that others are reached by, at their time.

use ixp_common::counters::Counts;
use jiff::Timestamp;

use super::{Counting, Error, Finished, Tally};
use crate::capture::Record;
use crate::members::Registry;
use crate::policy::memory::HostMemory;
use crate::policy::{Policy, Ports, Profile, build};

/// The frames so far.
pub(super) struct Frames<'r> {
    tally: Tally,
    judge: Judge<'r>,
}

impl<'r> Frames<'r> {
    pub(super) fn new(registry: &'r Registry, policy: &'r Policy) -> Result<Self, Error> {
        let tally = match policy.profile {
            Profile::Monitor => Tally::default(),
            Profile::Enforce => Tally::enforcing(),
        };
        Ok(Self { tally, judge: Judge::new(registry, policy)? })
    }
}

impl Counting for Frames<'_> {
    type Measure = Counts;

    fn notices(&self) -> &[String] {
        &self.judge.notices
    }

    fn record(&mut self, record: &Record<'_>) {
        if let Some(at) = record.at {
            self.judge.at(at);
        }
        self.tally.count(&record.frame, Some(&self.judge.memory));
    }

    fn finish(self) -> Finished<Counts> {
        Finished { delta: self.tally.into_delta(), problems: Vec::new(), remarks: Vec::new() }
    }
}

/// What frames are held against, at their time.
pub(super) struct Judge<'r> {
    registry: &'r Registry,
    policy: &'r Policy,
    pub(super) memory: HostMemory,
    /// When other tables are due.
    next: Option<Timestamp>,
    notices: Vec<String>,
}

impl<'r> Judge<'r> {
    pub(super) fn new(registry: &'r Registry, policy: &'r Policy) -> Result<Self, Error> {
        let start = Timestamp::MIN;
        let tables = build(policy, registry, &Ports::default(), start, 0)?;
        let memory = HostMemory::new(tables.table, tables.owners);
        Ok(Self { registry, policy, memory, next: registry.next_change(start), notices: tables.notices })
    }

    pub(super) fn at(&mut self, now: Timestamp) {
        self.memory.at(u64::try_from(now.as_nanosecond()).unwrap_or(0));
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = self.registry.next_change(now);
        // Fewer stations fit where more did.
        if let Ok(tables) = build(self.policy, self.registry, &Ports::default(), now, 0) {
            self.memory.go_by(tables.table, tables.owners);
        }
    }
}
