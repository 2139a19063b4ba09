//! What deltas, windows and matrices are sums of: frames that were counted, or estimates of them.

use std::fmt::Debug;

use ixp_common::counters::{Counts, RuleCounts};

/// A sum of frames.
pub trait Amount: Copy + Default + PartialEq + Debug {
    /// What it amounts to.
    type Plain;

    /// Adds another.
    fn join(&mut self, other: &Self);
    /// Whether it is nothing.
    fn is_nothing(&self) -> bool;
    /// What it amounts to.
    fn plain(&self) -> Self::Plain;
    /// How sure it is; `None` if each frame was counted.
    fn sampled(&self) -> Option<Sampled>;
    /// Variances of its frames and bytes; nought if each frame was counted.
    fn variances(&self) -> [f64; 2];
}

/// A sum of frames and their bytes, and of those that broke a rule.
pub trait Measure: Amount<Plain = Counts> {
    /// Frames that broke a rule.
    type Broken: Amount<Plain = RuleCounts>;
    /// How sums came about.
    const SOURCE: Source;
}

/// How sums came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Each frame was counted.
    Exact,
    /// Some frames stand for all.
    Sampled,
}

impl Source {
    /// The name in JSON and queries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Sampled => "sampled",
        }
    }
}

/// How sure an estimate is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sampled {
    /// Frames that stand for all.
    pub samples: u64,
    /// In 95 of 100 cases the number of frames is off by no more than this part of itself. Below some ten samples take it
    /// for a hint alone.
    pub relative_error: f64,
    /// The same of the number of bytes.
    pub bytes_relative_error: f64,
}

impl Sampled {
    /// How sure the sum of two figures is that share no sample. `counts` are theirs and the sum's.
    #[expect(clippy::cast_precision_loss, reason = "an error of an error")]
    #[must_use]
    pub fn beside(self, other: Self, counts: [Counts; 3]) -> Self {
        let relative = |errors: [f64; 2], amounts: [u64; 3]| {
            let [left, right, sum] = amounts.map(|amount| amount as f64);
            if sum == 0.0 { 0.0 } else { (errors[0] * left).hypot(errors[1] * right) / sum }
        };
        let errors = [self.relative_error, other.relative_error];
        let bytes_errors = [self.bytes_relative_error, other.bytes_relative_error];
        Self {
            samples: self.samples.saturating_add(other.samples),
            relative_error: relative(errors, counts.map(|counts| counts.packets)),
            bytes_relative_error: relative(bytes_errors, counts.map(|counts| counts.bytes)),
        }
    }
}

impl Amount for Counts {
    type Plain = Self;

    fn join(&mut self, other: &Self) {
        self.add(*other);
    }

    fn is_nothing(&self) -> bool {
        self.is_zero()
    }

    fn plain(&self) -> Self {
        *self
    }

    fn sampled(&self) -> Option<Sampled> {
        None
    }

    fn variances(&self) -> [f64; 2] {
        [0.0; 2]
    }
}

impl Measure for Counts {
    type Broken = RuleCounts;
    const SOURCE: Source = Source::Exact;
}

impl Amount for RuleCounts {
    type Plain = Self;

    fn join(&mut self, other: &Self) {
        self.add(other);
    }

    fn is_nothing(&self) -> bool {
        self.is_zero()
    }

    fn plain(&self) -> Self {
        *self
    }

    fn sampled(&self) -> Option<Sampled> {
        None
    }

    fn variances(&self) -> [f64; 2] {
        [0.0; 2]
    }
}
