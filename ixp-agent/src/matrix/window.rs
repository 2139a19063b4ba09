//! Deltas in as they are counted, the sum over any part of the last hour out; memory is bounded.

mod closed;
mod open;
mod step;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use ixp_common::counters::{Counts, PairKey};
use jiff::{SignedDuration, Timestamp};

pub use self::closed::{Closed, Detail, SIZES};
use self::open::Open;
pub use self::step::Records;
use self::step::Step;
use super::Span;
use crate::pairs::PairId;
use crate::snapshot::{Delta, Measure};

/// What was counted in the recent past, in steps aligned to the wall clock.
///
/// A delta goes whole into the step in which it was read, so that an edge of a step is exact to the
/// time between two readings. If the clock steps back a little, deltas go into the latest step until
/// the clock has caught up; if it steps back far, all that was counted moves back with it. Time is blurred,
/// and no count is lost.
#[derive(Debug)]
pub struct Window<M: Measure = Counts> {
    step_nanos: i128,
    keep_steps: i64,
    max_records: usize,
    /// The pairs of the last step.
    open: Open<M>,
    /// In order of time; the last one is open.
    steps: VecDeque<Step<M>>,
    records: usize,
    /// The first reading and the last one.
    read: Option<(Timestamp, Timestamp)>,
    /// How long was observed in the open step, in nanoseconds.
    observed: i128,
    /// Steps that are closed and were not yet taken; `None` if nobody takes them.
    closed: Option<Vec<Closed<M>>>,
    loss: Loss<M>,
}

/// Steps that the clock may go back by and is waited for.
const PATIENCE: i64 = 6;

/// What a bound on memory cost.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loss<M: Measure = Counts> {
    /// Steps that were dropped before their time.
    pub steps: u64,
    /// Their records.
    pub records: u64,
    /// Frames that are `unattributed` here, though the kernel had a cell for them: one step alone
    /// had more pairs than all steps together may have.
    pub overflowed: M,
}

/// What was counted in a part of the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice<M: Measure = Counts> {
    /// The sum.
    pub delta: Delta<PairKey, M>,
    /// What it covers: the steps that the query touches, the open one up to the last reading. Both
    /// are unknown if that is nothing.
    pub span: Span,
    /// Parts of the span in which nothing was read, in order: the agent did not run, or the steps
    /// were dropped.
    pub gaps: Vec<(Timestamp, Timestamp)>,
}

impl<M: Measure> Default for Slice<M> {
    fn default() -> Self {
        Self { delta: Delta::default(), span: Span::default(), gaps: Vec::new() }
    }
}

impl<M: Measure> Window<M> {
    /// An empty window that holds `keep` in steps of `step`, and in no case more than `max_records`
    /// counts of a pair in a step, of 20 bytes each, or 44 of estimates; then the oldest steps go first. What a
    /// station broke of a rule in a step takes the room of five. The open step takes 16 bytes, or 40, for each pair
    /// ever met instead.
    #[must_use]
    pub fn new(step: SignedDuration, keep: SignedDuration, max_records: usize) -> Self {
        let step_nanos = step.as_nanos().max(1);
        let keep_steps = ((keep.as_nanos() + step_nanos - 1) / step_nanos).max(1);
        Self {
            step_nanos,
            keep_steps: i64::try_from(keep_steps).unwrap_or(i64::MAX),
            max_records,
            open: Open::default(),
            steps: VecDeque::new(),
            records: 0,
            read: None,
            observed: 0,
            closed: None,
            loss: Loss::default(),
        }
    }

    /// Keeps each step that is closed from now on until it is [taken](Self::take_closed).
    pub fn hand_over(&mut self) {
        self.closed.get_or_insert_default();
    }

    /// The steps that were closed since the last call.
    pub fn take_closed(&mut self) -> Vec<Closed<M>> {
        self.closed.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Steps that were closed since they were last taken; `None` if nobody takes them.
    #[must_use]
    pub fn closed(&self) -> Option<&[Closed<M>]> {
        self.closed.as_deref()
    }

    /// Closes the open step before its end: nothing more will be read.
    pub fn finish(&mut self) {
        self.close();
    }

    /// Takes what was counted between the last call and `at`.
    pub fn absorb(&mut self, at: Timestamp, delta: &Delta<PairId, M>) {
        self.follow(at);
        let number = self.number(at);
        self.observe(at);
        if self.steps.back().is_none_or(|open| open.number < number) {
            self.open(number);
            self.observed = self.observed_since(self.start(number), at);
        }
        let Some(step) = self.steps.back_mut() else { return };
        step.add_totals(delta);
        let before = self.open.pairs() + step.rule_records();
        let bound = self.max_records.saturating_sub(step.rule_records());
        for (id, counts) in &delta.pairs {
            if !self.open.add(*id, counts, bound) {
                step.add_unattributed(counts);
                self.loss.overflowed.join(counts);
            }
        }
        step.add_rules(delta, self.max_records.saturating_sub(self.open.pairs()));
        self.records = self.records + self.open.pairs() + step.rule_records() - before;
        while self.records > self.max_records && self.steps.len() > 1 {
            self.loss.steps += 1;
            self.loss.records += self.drop_oldest();
        }
        let (begun, last) = self.read.unwrap_or((at, at));
        self.read = Some((begun, last.max(at)));
    }

    /// The sum over all steps that `from..to` touches; without `from` from the oldest step on, without
    /// `to` up to the last reading. What lies ahead of the last reading is no gap. `keys` are the pairs in
    /// the order of their numbers.
    #[must_use]
    pub fn query(&self, from: Option<Timestamp>, to: Option<Timestamp>, keys: &[PairKey]) -> Slice<M> {
        let (Some(oldest), Some(open), Some((begun, last))) =
            (self.steps.front(), self.steps.back(), self.read)
        else {
            return Slice::default();
        };
        let first = from.map_or(oldest.number, |from| self.number(from));
        let end = to.map_or(i64::MAX, |to| self.number_up(to)).min(open.number + 1);
        if first >= end {
            return Slice::default();
        }
        let opening = match from {
            Some(from) if from < begun => self.start(first),
            Some(_) | None => self.start(first).max(begun),
        };
        let mut slice = Slice::default();
        let mut sums = vec![M::default(); keys.len()];
        let mut expected = first;
        for step in self.steps.iter().filter(|step| (first..end).contains(&step.number)) {
            gap(opening.max(self.start(expected)), self.start(step.number).max(begun), &mut slice.gaps);
            expected = step.number + 1;
            step.add_to(&mut slice.delta, &mut sums);
        }
        gap(self.start(expected), self.start(end), &mut slice.gaps);
        let is_open = end == open.number + 1;
        if is_open {
            self.open.add_to(&mut sums);
        }
        let counted = keys.iter().copied().zip(sums).filter(|(_, sum)| !sum.is_nothing());
        slice.delta.pairs = counted.collect();
        slice.span = Span { from: Some(opening), to: Some(if is_open { last } else { self.start(end) }) };
        slice
    }

    /// The first moment that is in it.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        let (begun, _) = self.read?;
        self.steps.front().map(|oldest| self.start(oldest.number).max(begun))
    }

    /// What the bound on memory cost.
    #[must_use]
    pub fn loss(&self) -> Loss<M> {
        self.loss
    }

    /// Bytes of memory held, give or take what allocators add.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.open.memory() + self.steps.iter().map(Step::memory).sum::<usize>()
    }

    /// Counts of a pair in a step that are held.
    #[must_use]
    pub fn records(&self) -> usize {
        self.records
    }

    /// A clock that was far ahead and was put right: what was counted by it moves back with it, so that
    /// the present is not hidden behind a future that comes late or never.
    fn follow(&mut self, at: Timestamp) {
        let (Some(open), Some((begun, last))) = (self.steps.back(), self.read) else { return };
        let ahead = open.number.saturating_sub(self.number(at));
        if ahead <= PATIENCE {
            return;
        }
        for step in &mut self.steps {
            step.number = step.number.saturating_sub(ahead);
        }
        let back = last.duration_since(at);
        self.read = Some((begun.checked_sub(back).unwrap_or(Timestamp::MIN), at));
    }

    /// What lies between the last reading and this one was observed, as far as it is of the open step.
    fn observe(&mut self, at: Timestamp) {
        let Some(open) = self.steps.back() else { return };
        let end = self.start(open.number + 1);
        self.observed += self.observed_since(Timestamp::MIN, at.min(end));
    }

    /// What was observed from the last reading to `at`, but not before `from`, in nanoseconds.
    fn observed_since(&self, from: Timestamp, at: Timestamp) -> i128 {
        self.read.map_or(0, |(_, last)| at.duration_since(last.max(from)).as_nanos().max(0))
    }

    fn close(&mut self) {
        let (number, observed) = (self.steps.back().map(|open| open.number), self.observed);
        let start = number.map(|number| self.start(number));
        let Some((step, start)) = self.steps.back_mut().zip(start) else { return };
        step.pairs = Arc::new(self.open.take());
        if let Some(closed) = &mut self.closed {
            closed.push(step.closed(start, observed));
        }
    }

    fn open(&mut self, number: i64) {
        self.close();
        let oldest = number.saturating_sub(self.keep_steps);
        while self.steps.front().is_some_and(|step| step.number < oldest) {
            self.drop_oldest();
        }
        self.steps.push_back(Step::new(number));
    }

    fn drop_oldest(&mut self) -> u64 {
        let Some(step) = self.steps.pop_front() else {
            return 0;
        };
        self.records -= step.records();
        step.records() as u64
    }

    fn number(&self, at: Timestamp) -> i64 {
        clamped(at.as_nanosecond().div_euclid(self.step_nanos))
    }

    fn number_up(&self, at: Timestamp) -> i64 {
        clamped((at.as_nanosecond() + self.step_nanos - 1).div_euclid(self.step_nanos))
    }

    fn start(&self, number: i64) -> Timestamp {
        let nanos = i128::from(number).saturating_mul(self.step_nanos);
        let bound = if number < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Timestamp::from_nanosecond(nanos).unwrap_or(bound)
    }
}

fn gap(from: Timestamp, to: Timestamp, gaps: &mut Vec<(Timestamp, Timestamp)>) {
    if from < to {
        gaps.push((from, to));
    }
}

fn clamped(number: i128) -> i64 {
    let bound = if number < 0 { i64::MIN } else { i64::MAX - 1 };
    i64::try_from(number).unwrap_or(bound)
}
