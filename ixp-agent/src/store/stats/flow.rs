//! Rows of one direction of somebody's traffic in, what can be said of it out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use ixp_common::addr::Family;
use ixp_common::counters::Counts;

use super::growth::{Growth, growth};
use super::observed::Observed;
use crate::store::step::Step;
use crate::store::sum::counted;
use crate::store::table::{NOTHING, Row, small};

/// So much in a second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Rate {
    /// Bytes, without FCS.
    pub bytes: f64,
    /// Packets.
    pub packets: f64,
}

/// What can be said of traffic in one direction. What nobody knows is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Flow {
    /// All of it.
    pub counts: Counts,
    /// The same by family.
    pub families: BTreeMap<Family, Counts>,
    /// A second of what was observed.
    pub average: Option<Rate>,
    /// A second of the step that 95 of 100 are not above.
    pub p95: Option<Rate>,
    /// A second of the step that 99 of 100 are not above.
    pub p99: Option<Rate>,
    /// A second of the largest ten. Bytes and packets may be of different ones.
    pub peak: Option<Rate>,
    /// Bytes that no ten seconds had more of in a second, where just that is known: of a pair the families have peaks of their own,
    /// and not all at once.
    pub peak_at_most: Option<f64>,
    /// Bytes of the largest second.
    pub burst: Option<u64>,
    /// Bytes that no second had more of, where just that is known, as of a pair.
    pub burst_at_most: Option<u64>,
    /// How it grows.
    pub growth: Option<Growth>,
    /// How many frames are of which size, by the largest of the class in bytes with FCS; estimated by samples, nothing without any.
    pub sizes: BTreeMap<u16, u64>,
}

/// Where what is to be known stands in rows: bytes are behind packets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) counts: usize,
    pub(super) peak: usize,
    pub(super) burst: usize,
}

/// Bytes that no ten seconds of an hour had more of, and no second: the sums of those of its rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct AtMost {
    peak: i64,
    /// `None` if it is not known of some row: the others are no bound of all.
    burst: Option<i64>,
}

impl Default for AtMost {
    fn default() -> Self {
        Self { peak: 0, burst: Some(0) }
    }
}

impl AtMost {
    /// Takes in a row of a matrix.
    pub(super) fn join(&mut self, row: &Row) {
        let [peak, burst] = [row.0[10], row.0[11]].map(|value| Some(value).filter(|value| *value != NOTHING));
        self.peak = self.peak.saturating_add(peak.unwrap_or(0));
        self.burst = self.burst.zip(burst).map(|(sum, burst)| sum.saturating_add(burst));
    }

    /// Takes in what is known of another hour.
    fn most(self, hour: Self) -> Self {
        let burst = self.burst.zip(hour.burst).map(|(most, burst)| most.max(burst));
        Self { peak: self.peak.max(hour.peak), burst }
    }
}

/// What is known so far of one direction.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    counts: Counts,
    /// The largest steps, the least of them first; bytes and packets as if all of the step had been observed.
    top: BinaryHeap<Reverse<[u64; 2]>>,
    /// Packets and bytes.
    peak: Option<[i64; 2]>,
    at_most: Option<AtMost>,
    burst: Option<i64>,
    days: BTreeMap<i64, u64>,
    pub(super) families: BTreeMap<Family, Counts>,
    pub(super) sizes: BTreeMap<u16, u64>,
}

impl Gathered {
    /// Takes in the row of a step.
    pub(super) fn take(&mut self, row: &Row, at: i64, place: Place, observed: &Observed) {
        let counts = counted(row, place.counts);
        self.count(counts, at, observed);
        let peak = self.peak.get_or_insert_default();
        peak.iter_mut().zip(&row.0[place.peak..]).for_each(|(peak, value)| *peak = (*peak).max(*value));
        self.burst = self.burst.max(Some(row.0[place.burst]).filter(|burst| *burst != NOTHING));
    }

    /// Takes in what was counted in a step.
    pub(super) fn count(&mut self, counts: Counts, at: i64, observed: &Observed) {
        self.counts.add(counts);
        *self.days.entry(at.div_euclid(Step::Day.millis())).or_default() += counts.bytes;
        let Some(millis) = observed.in_step(at) else { return };
        let whole = |count: u64| {
            let scaled = u128::from(count) * u128::from(observed.step.millis().unsigned_abs());
            u64::try_from(scaled / u128::from(millis.unsigned_abs().max(1))).unwrap_or(u64::MAX)
        };
        self.top.push(Reverse([counts.bytes, counts.packets].map(whole)));
        // What 95 of 100 are not above is the largest of those that are left behind the five largest.
        while self.top.len() > beyond(observed.steps_known(), 95) + 1 {
            self.top.pop();
        }
    }

    /// Takes in an hour of which no more is known than this.
    pub(super) fn at_most(&mut self, hour: AtMost) {
        self.at_most = Some(self.at_most.unwrap_or_default().most(hour));
    }

    /// All that can be said.
    #[expect(clippy::cast_precision_loss, reason = "rates")]
    pub(super) fn flow(mut self, observed: &Observed) -> Flow {
        let seconds = observed.all() as f64 / 1000.0;
        let is_observed = seconds > 0.0;
        let rate = |[bytes, packets]: [u64; 2], seconds: f64| Rate {
            bytes: bytes as f64 / seconds,
            packets: packets as f64 / seconds,
        };
        let average = is_observed.then(|| rate([self.counts.bytes, self.counts.packets], seconds));
        let mut top = std::mem::take(&mut self.top).into_sorted_vec();
        top.truncate(beyond(observed.steps_known(), 95) + 1);
        let step = observed.step.millis() as f64 / 1000.0;
        let steps = observed.steps_known();
        let percentile = |percent| {
            // A step without a row had nothing.
            let found = top.get(beyond(steps, percent)).map_or([0, 0], |Reverse(step)| *step);
            (steps > 0).then(|| rate(found, step))
        };
        let peak = self.peak.map(|[packets, bytes]| rate([small(bytes), small(packets)], 10.0));
        let days: Vec<(i64, f64)> = observed
            .days()
            .iter()
            .map(|(day, millis)| {
                (*day, self.days.get(day).map_or(0.0, |bytes| *bytes as f64 / *millis as f64))
            })
            .collect();
        Flow {
            counts: self.counts,
            average,
            p95: percentile(95),
            p99: percentile(99),
            peak,
            peak_at_most: self.at_most.map(|hours| hours.peak as f64 / 10.0),
            burst: self.burst.map(small),
            burst_at_most: self.at_most.and_then(|hours| hours.burst).map(small),
            growth: growth(&days),
            families: self.families,
            sizes: self.sizes,
        }
    }
}

/// How many of so many steps are above the one that `percent` of 100 are not above: that of the nearest rank.
fn beyond(steps: usize, percent: usize) -> usize {
    steps - (steps * percent).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_one_row_does_not_know_is_no_bound_of_all() {
        let hour = |rows: &[(i64, i64)]| {
            let mut hour = AtMost::default();
            for (peak, burst) in rows {
                let mut row = Row::new(&[]);
                (row.0[10], row.0[11]) = (*peak, *burst);
                hour.join(&row);
            }
            hour
        };
        let told = |hours: &[AtMost]| {
            let mut gathered = Gathered::default();
            hours.iter().for_each(|hour| gathered.at_most(*hour));
            let flow = gathered.flow(&Observed::whole(Step::Hour, 2));
            (flow.peak_at_most, flow.burst_at_most)
        };
        let [known, unknown] = [hour(&[(100, 20), (50, 9)]), hour(&[(70, 30), (10, NOTHING)])];
        assert_eq!(told(&[]), (None, None));
        assert_eq!(told(&[known, hour(&[(80, 40)])]), (Some(15.0), Some(40)));
        assert_eq!(told(&[known, unknown]), (Some(15.0), None));
        assert_eq!(told(&[unknown, known]), (Some(15.0), None));
    }

    #[test]
    fn ranks_are_the_nearest() {
        // A month of five minutes: what is billed is the 433rd from above.
        assert_eq!((beyond(8640, 95), beyond(8640, 99)), (432, 86));
        assert_eq!((beyond(1, 95), beyond(20, 95), beyond(21, 95), beyond(0, 95)), (0, 1, 1, 0));
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_all_values_sorted(
            values in proptest::collection::vec(0u64..1000, 1..400), silent in 0usize..400,
        ) {
            let steps = values.len() + silent;
            let observed = Observed::whole(Step::FiveMinutes, steps);
            let mut gathered = Gathered::default();
            for (at, bytes) in (0i64..).zip(&values) {
                gathered.count(Counts { packets: 1, bytes: *bytes }, at * 300_000, &observed);
            }
            let flow = gathered.flow(&observed);
            let mut all = values.clone();
            all.resize(steps, 0);
            all.sort_unstable();
            for (percent, found) in [(95, flow.p95), (99, flow.p99)] {
                let rank = (steps * percent).div_ceil(100);
                let expected = all[rank - 1] as f64 / 300.0;
                prop_assert_eq!(found.map(|rate| rate.bytes), Some(expected), "{}", percent);
            }
            prop_assert_eq!(flow.counts.bytes, values.iter().sum::<u64>());
        }
    }
}
