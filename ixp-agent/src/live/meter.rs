//! What members exchanged in each reading and what was sampled in, what pairs do not tell of a step out: the most in a second, and
//! how large frames are.

use std::collections::BTreeMap;

use ixp_common::counters::Counts;
use jiff::{SignedDuration, Timestamp};

use crate::matrix::{Closed, Detail};
use crate::members::Asn;

/// What is shorter says little of a second: it is taken with the reading that comes after it.
const SHORTEST: SignedDuration = SignedDuration::from_millis(500);

/// The most per second, while it is counted.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// When counting of what follows began.
    since: Option<Timestamp>,
    all: u64,
    members: BTreeMap<Asn, [u64; 2]>,
    /// Those of the open step.
    open: Detail,
    /// Those of closed steps, until they are taken.
    over: Vec<Detail>,
}

impl Meter {
    /// Adds what a member sent and received.
    pub(super) fn add(&mut self, asn: Asn, bytes: [u64; 2]) {
        let sums = self.members.entry(asn).or_default();
        sums.iter_mut().zip(bytes).for_each(|(sum, bytes)| *sum += bytes);
    }

    /// A sample of a frame of so many bytes stands for so many.
    pub(super) fn sample(&mut self, asn: Option<Asn>, bytes: u32, frames: u32) {
        self.open.sample(asn, bytes, frames);
    }

    /// A reading is over, which had so many bytes in all.
    pub(super) fn read(&mut self, at: Timestamp, bytes: u64) {
        self.all += bytes;
        let Some(since) = self.since else {
            // Nobody knows in how long these came.
            self.restart(at);
            return;
        };
        let took = at.duration_since(since);
        if took.is_negative() {
            self.restart(at);
        }
        if took < SHORTEST {
            return;
        }
        let rate = |bytes: u64| {
            let rate = u128::from(bytes) * 1_000_000_000 / took.as_nanos().unsigned_abs();
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        self.open.burst = self.open.burst.max(rate(self.all));
        for (asn, sums) in &self.members {
            let most = self.open.bursts.entry(*asn).or_default();
            most.iter_mut().zip(sums).for_each(|(most, bytes)| *most = rate(*bytes).max(*most));
        }
        self.restart(at);
    }

    fn restart(&mut self, at: Timestamp) {
        self.since = Some(at);
        self.all = 0;
        self.members.clear();
    }

    /// A step is over.
    pub(super) fn close(&mut self) {
        self.over.push(std::mem::take(&mut self.open));
    }

    /// Gives closed steps theirs; the last may be one that was closed before its end.
    pub(super) fn give(&mut self, closed: &mut [Closed<Counts>]) {
        if self.over.len() < closed.len() {
            self.close();
        }
        for (step, detail) in closed.iter_mut().zip(self.over.drain(..)) {
            step.detail = Some(detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::at;

    #[test]
    fn the_most_of_a_second_is_kept_by_step_and_what_is_short_is_taken_with_the_next() {
        let (mut meter, member) = (Meter::default(), Asn(64500));
        let mut reading = |millis: i64, sent: u64| {
            meter.add(member, [sent, 1]);
            meter.read(at(0) + SignedDuration::from_millis(millis), sent);
        };
        reading(0, 1_000_000);
        reading(1000, 500);
        reading(2000, 700);
        reading(2001, 100);
        reading(3000, 500);
        reading(4500, 750);
        let first = Detail { burst: 700, bursts: [(member, [700, 2])].into(), ..Detail::default() };
        assert_eq!(meter.open, first);
        meter.close();
        meter.add(member, [40, 0]);
        meter.read(at(5), 40);
        // The clock was put back.
        meter.read(at(2), 9000);
        assert_eq!((meter.open.burst, &meter.open.bursts), (80, &[(member, [80, 0])].into()));
        assert_eq!(meter.over, [first]);
    }
}
