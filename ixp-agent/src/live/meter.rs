//! What was exchanged in each reading and what was sampled in, what the sums of a step do not tell out: the most in a second, and
//! how large frames are.

mod most;

use std::collections::BTreeMap;

use ixp_common::addr::VlanId;
use ixp_common::counters::Counts;
use jiff::{SignedDuration, Timestamp};

use self::most::{Most, PerSecond};
use crate::matrix::{Closed, Detail, Records};
use crate::members::Asn;
use crate::pairs::PairId;

/// What is shorter says little of a second: it is taken with the reading that comes after it.
const SHORTEST: SignedDuration = SignedDuration::from_millis(500);

/// The most per second, while it is counted.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// When counting of what follows began.
    since: Option<Timestamp>,
    all: u64,
    members: BTreeMap<Asn, [u64; 2]>,
    lans: BTreeMap<VlanId, u64>,
    pairs: Most,
    /// Those of the open step, but for those of pairs.
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

    /// Adds what was sent on a LAN.
    pub(super) fn sent_on(&mut self, vlan: VlanId, bytes: u64) {
        *self.lans.entry(vlan).or_default() += bytes;
    }

    /// A sample of a frame of so many bytes stands for so many.
    pub(super) fn sample(&mut self, asn: Option<Asn>, bytes: u32, frames: u32) {
        self.open.sample(asn, bytes, frames);
    }

    /// A reading is over, which had so many bytes in all, and these of pairs.
    pub(super) fn read(&mut self, at: Timestamp, bytes: u64, pairs: &[(PairId, Counts)]) {
        self.all += bytes;
        let Some(since) = self.since else {
            // Nobody knows in how long these came.
            self.restart(at);
            return;
        };
        let took = at.duration_since(since);
        if took.is_negative() {
            self.restart(at);
            return;
        }
        if took < SHORTEST {
            self.pairs.hold(pairs);
            return;
        }
        let second = PerSecond::of(took);
        self.open.burst = self.open.burst.max(second.rate(self.all));
        for (asn, sums) in &self.members {
            let most = self.open.bursts.entry(*asn).or_default();
            most.iter_mut().zip(sums).for_each(|(most, bytes)| *most = second.rate(*bytes).max(*most));
        }
        for (vlan, bytes) in &self.lans {
            let most = self.open.lans.entry(*vlan).or_default();
            *most = second.rate(*bytes).max(*most);
        }
        self.pairs.read(pairs, second);
        self.restart(at);
    }

    fn restart(&mut self, at: Timestamp) {
        self.since = Some(at);
        self.all = 0;
        self.members.clear();
        self.lans.clear();
        self.pairs.release();
    }

    /// A step is over, in which these pairs exchanged something.
    pub(super) fn close(&mut self, pairs: &Records<Counts>) {
        let pairs = self.pairs.take(pairs);
        self.over.push(Detail { pairs, ..std::mem::take(&mut self.open) });
    }

    /// Gives closed steps theirs; the last may be one that was closed before its end.
    pub(super) fn give(&mut self, closed: &mut [Closed<Counts>]) {
        if let Some(last) = closed.get(self.over.len()) {
            self.close(&last.pairs);
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
        let (mut meter, member, vlan) = (Meter::default(), Asn(64500), VlanId::UNTAGGED);
        let pair = PairId::from_index(1);
        let exchanged = |bytes: u64| [(pair, Counts { packets: 1, bytes }); 2];
        let mut reading = |millis: i64, sent: u64| {
            meter.add(member, [sent, 1]);
            meter.sent_on(vlan, sent);
            // On two CPUs.
            meter.read(at(0) + SignedDuration::from_millis(millis), sent, &exchanged(sent / 2));
        };
        reading(0, 1_000_000);
        reading(1000, 500);
        reading(2000, 700);
        reading(2001, 100);
        reading(3000, 500);
        reading(4500, 750);
        let first = Detail {
            burst: 700,
            bursts: [(member, [700, 2])].into(),
            lans: [(vlan, 700)].into(),
            ..Detail::default()
        };
        assert_eq!(meter.open, first);
        let mut step = Records::default();
        (0..3).for_each(|id| step.push(PairId::from_index(id), Counts::frame(60)));
        meter.close(&step);
        meter.add(member, [40, 0]);
        meter.read(at(5), 40, &exchanged(15));
        // The clock was put back.
        meter.read(at(2), 9000, &exchanged(9000));
        assert_eq!((meter.open.burst, &meter.open.bursts), (80, &[(member, [80, 0])].into()));
        meter.close(&step);
        let pairs: Vec<&[u64]> = meter.over.iter().map(|detail| &detail.pairs[..]).collect();
        assert_eq!(pairs, [[0, 700, 0], [0, 60, 0]]);
        assert_eq!(meter.over[0], Detail { pairs: pairs[0].to_vec(), ..first });
    }
}
