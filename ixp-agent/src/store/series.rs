//! A member and a time in, what it sent and received step by step out.

use std::collections::BTreeMap;

use ixp_common::counters::Counts;

use super::catalog::Catalog;
use super::query::Wanted;
use super::segment;
use super::step::Step;
use super::sum::counted;
use super::table::Table;
use crate::members::Asn;
use crate::snapshot::Source;

/// What is asked of a member's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Whose.
    pub asn: Asn,
    /// How it came about.
    pub source: Source,
    /// How long a step is.
    pub step: Step,
    /// The first moment, in milliseconds since 1970: a multiple of the step.
    pub from: i64,
    /// The first moment behind it, likewise.
    pub to: i64,
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its first moment, in milliseconds since 1970.
    pub at: i64,
    /// How long was observed in it, in milliseconds.
    pub observed: i64,
    /// What the member sent and received; `None` if nothing was observed.
    pub exchanged: Option<[Counts; 2]>,
}

impl Catalog {
    /// Whether an AS number was ever a member's.
    #[must_use]
    pub fn has_member(&self, asn: Asn) -> bool {
        self.ends.iter().any(|entry| entry.who.asn == Some(asn.0))
    }

    /// What all interfaces of a member sent and received, a point for each step.
    ///
    /// # Errors
    /// [`segment::Error`].
    pub fn series(&self, asked: &Asked) -> Result<Vec<Point>, segment::Error> {
        let Asked { asn, source, step, from, to } = *asked;
        let wanted = |table, only| Wanted { table, source, step, from, to, only };
        let mut observed: BTreeMap<i64, i64> = BTreeMap::new();
        self.each(&wanted(Table::Intervals, Vec::new()), |row| {
            *observed.entry(row.0[0]).or_default() += row.0[1];
        })?;
        let mut exchanged: BTreeMap<i64, [Counts; 2]> = BTreeMap::new();
        let only = vec![("asn", i64::from(asn.0), i64::from(asn.0))];
        self.each(&wanted(Table::Networks, only), |row| {
            let sums = exchanged.entry(row.0[1]).or_default();
            sums.iter_mut().zip([2, 4]).for_each(|(sum, at)| sum.add(counted(row, at)));
        })?;
        let times = (0..).map(|number| from + number * step.millis()).take_while(|at| *at < to);
        let point = |at| {
            let observed = observed.get(&at).copied();
            let exchanged = observed.map(|_| exchanged.get(&at).copied().unwrap_or_default());
            Point { at, observed: observed.unwrap_or(0), exchanged }
        };
        Ok(times.map(point).collect())
    }
}
