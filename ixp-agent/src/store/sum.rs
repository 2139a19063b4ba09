//! Rows in, sums of them with how sure they are out: of a cell, of a rule, of all frames.

use std::collections::BTreeMap;

use ixp_common::addr::Family;
use ixp_common::counters::{Counts, RuleCounts};
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::ends::EndId;
use super::past::Past;
use super::step::Step;
use super::table::{NOTHING, Row, small};
use super::view::Query;
use crate::matrix::{BrokenRule, Figure, Frames, Owner, Span};
use crate::snapshot::Sampled;

/// So many frames, and how sure that is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) counts: Counts,
    samples: Option<u64>,
    variances: [f64; 2],
}

impl Sum {
    /// Adds what stands in the columns of a row from `counts` on, and how sure it is in those from `samples` on.
    pub(super) fn add(&mut self, row: &Row, counts: usize, samples: usize) {
        self.counts.add(counted(row, counts));
        if row.0[samples] != NOTHING {
            self.samples = Some(self.samples.unwrap_or(0).saturating_add(small(row.0[samples])));
            for (sum, bits) in self.variances.iter_mut().zip(&row.0[samples + 1..]) {
                *sum += f64::from_bits(bits.cast_unsigned());
            }
        }
    }

    pub(super) fn sampled(&self) -> Option<Sampled> {
        self.samples.map(|samples| Sampled::of(samples, self.counts, self.variances))
    }
}

/// The frames and bytes that stand in a column of a row and the next.
pub(super) fn counted(row: &Row, at: usize) -> Counts {
    Counts { packets: small(row.0[at]), bytes: small(row.0[at + 1]) }
}

/// The family that stands in a row.
pub(super) fn family(number: i64) -> Family {
    match number {
        4 => Family::Ipv4,
        6 => Family::Ipv6,
        1 => Family::Arp,
        _ => Family::Other,
    }
}

/// What broke a rule.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Broken {
    sum: Sum,
    dropped: u64,
    would_drop: u64,
}

impl Broken {
    pub(super) fn add(&mut self, row: &Row) {
        self.sum.add(row, 4, 8);
        self.dropped += small::<u64>(row.0[6]);
        self.would_drop += small::<u64>(row.0[7]);
    }

    /// As it stands in a matrix: of all stations of an interface together.
    pub(super) fn rule<'p>(
        &self,
        rule: u8,
        id: EndId,
        query: &Query,
        past: &'p Past,
    ) -> Option<BrokenRule<'p>> {
        let owner = past.interfaces.get(&id).map(|id| Owner::of(&past.registry, *id));
        let is_wanted = query.filter.asn.is_none_or(|asn| owner.is_some_and(|owner| owner.member.asn == asn));
        let counts =
            RuleCounts { broken: self.sum.counts, dropped: self.dropped, would_drop: self.would_drop };
        let rule = Rule::from_number(rule).filter(|_| is_wanted)?;
        Some(BrokenRule { rule, station: None, owner, counts, sampled: self.sum.sampled() })
    }
}

/// All frames of a time.
#[derive(Debug, Default)]
pub(super) struct Whole {
    seen: Sum,
    malformed: Counts,
    unattributed: Counts,
    /// Stretches with rows, and how long was observed in them.
    steps: BTreeMap<i64, (i64, i64)>,
}

impl Whole {
    pub(super) fn add(&mut self, row: &Row) {
        self.seen.add(row, 2, 8);
        self.malformed.add(counted(row, 4));
        self.unattributed.add(counted(row, 6));
    }

    /// Takes in how long was observed in a step.
    pub(super) fn cover(&mut self, row: &Row, step: Step) {
        let (_, observed) = self.steps.entry(row.0[0]).or_insert((step.millis(), 0));
        *observed += row.0[1];
    }

    /// Takes how much was observed in each step, by its start: how long it is, and how much.
    pub(super) fn observed(&mut self, steps: BTreeMap<i64, (i64, i64)>) {
        self.steps = steps;
    }

    pub(super) fn frames(&self) -> Frames {
        let seen = Figure { counts: self.seen.counts, sampled: self.seen.sampled() };
        let figure = |counts| Figure {
            counts,
            sampled: seen.sampled.map(|sampled| part(counts, seen.counts, sampled)),
        };
        Frames {
            seen,
            malformed: figure(self.malformed),
            unattributed: figure(self.unattributed),
            ..Frames::default()
        }
    }

    pub(super) fn span(&self) -> Span {
        let first = self.steps.first_key_value().map(|(start, _)| *start);
        let last = self.steps.last_key_value().map(|(start, (length, _))| start + length);
        Span { from: first.and_then(moment), to: last.and_then(moment) }
    }

    /// Stretches between the first and the last row without any, and of those that were observed in part alone as much as was
    /// not, at their beginning.
    pub(super) fn gaps(&self) -> Vec<(Timestamp, Timestamp)> {
        let mut gaps: Vec<(i64, i64)> = Vec::new();
        let mut expected = None;
        for (start, (length, observed)) in &self.steps {
            let before = expected.filter(|expected| expected < start).map(|expected| (expected, *start));
            // An edge of a step is exact to the time between two readings.
            let part = (*observed + SLACK < *length).then_some((*start, start + length - observed));
            for (from, to) in before.into_iter().chain(part) {
                match gaps.last_mut() {
                    Some(last) if last.1 == from => last.1 = to,
                    _ => gaps.push((from, to)),
                }
            }
            expected = Some(start + length);
        }
        gaps.into_iter().filter_map(|(from, to)| Some((moment(from)?, moment(to)?))).collect()
    }
}

/// What may lack of a step that was observed from its beginning to its end, in milliseconds.
pub(super) const SLACK: i64 = 1500;

/// How sure a part of what was sampled is, as if its samples stood for as many frames as those of all.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an error of an error"
)]
fn part(counts: Counts, all: Counts, of_all: Sampled) -> Sampled {
    let share = if all.packets == 0 { 0.0 } else { counts.packets as f64 / all.packets as f64 };
    let error = |of_all: f64| if share == 0.0 { 0.0 } else { of_all / share.sqrt() };
    Sampled {
        samples: (of_all.samples as f64 * share).round() as u64,
        relative_error: error(of_all.relative_error),
        bytes_relative_error: error(of_all.bytes_relative_error),
    }
}

fn moment(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis).ok()
}
