//! Samples and what each stands for in; how many frames there were, and how sure that is, out.

use ixp_common::counters::{Counts, RuleCounts};

use super::amount::{Amount, Measure, Sampled, Source};

/// Standard deviations that 95 of 100 cases lie within.
const NORMAL_95: f64 = 1.96;

/// How many frames there were, by those that were sampled.
///
/// A frame that is chosen with the chance 1/w stands for w of them (Horvitz and Thompson 1952). The variance of the sum is
/// estimated by the sum of w·(w−1) over the samples, times the square of their bytes where those are summed up: for c samples
/// at 1 in N that is 196·√(1/c) percent of it in 95 of 100 cases (sFlow.org, "Packet Sampling Theory"), and nothing where
/// each frame is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Estimate {
    counts: Counts,
    samples: u64,
    packets_variance: f64,
    bytes_variance: f64,
}

impl Estimate {
    /// One sample of `bytes` without FCS, which stands for `weight` frames.
    #[expect(clippy::cast_precision_loss, reason = "an error of an error")]
    #[must_use]
    pub fn sample(weight: u64, bytes: u32) -> Self {
        let variance = weight as f64 * weight.saturating_sub(1) as f64;
        let square = f64::from(bytes) * f64::from(bytes);
        Self {
            counts: Counts { packets: weight, bytes: weight.saturating_mul(u64::from(bytes)) },
            samples: 1,
            packets_variance: variance,
            bytes_variance: variance * square,
        }
    }
}

impl Amount for Estimate {
    type Plain = Counts;

    #[inline]
    fn join(&mut self, other: &Self) {
        // Whoever sends samples may say anything: too much is the most there is, and not next to nothing.
        let Counts { packets, bytes } = &mut self.counts;
        *packets = packets.saturating_add(other.counts.packets);
        *bytes = bytes.saturating_add(other.counts.bytes);
        self.samples = self.samples.wrapping_add(other.samples);
        self.packets_variance += other.packets_variance;
        self.bytes_variance += other.bytes_variance;
    }

    fn is_nothing(&self) -> bool {
        self.samples == 0
    }

    fn plain(&self) -> Counts {
        self.counts
    }

    fn sampled(&self) -> Option<Sampled> {
        Some(Sampled::of(self.samples, self.counts, self.variances()))
    }

    fn variances(&self) -> [f64; 2] {
        [self.packets_variance, self.bytes_variance]
    }
}

impl Measure for Estimate {
    type Broken = BrokenEstimate;
    const SOURCE: Source = Source::Sampled;
}

/// How many frames broke a rule, by those that were sampled.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BrokenEstimate {
    /// All of them.
    pub broken: Estimate,
    /// Those that would have been dropped here.
    pub would_drop: u64,
}

impl Amount for BrokenEstimate {
    type Plain = RuleCounts;

    fn join(&mut self, other: &Self) {
        self.broken.join(&other.broken);
        self.would_drop = self.would_drop.wrapping_add(other.would_drop);
    }

    fn is_nothing(&self) -> bool {
        self.broken.is_nothing()
    }

    fn plain(&self) -> RuleCounts {
        RuleCounts { broken: self.broken.plain(), dropped: 0, would_drop: self.would_drop }
    }

    fn sampled(&self) -> Option<Sampled> {
        self.broken.sampled()
    }

    fn variances(&self) -> [f64; 2] {
        self.broken.variances()
    }
}

impl Sampled {
    /// How sure a sum is, by its variances of frames and bytes.
    #[must_use]
    pub fn of(samples: u64, counts: Counts, [packets, bytes]: [f64; 2]) -> Self {
        Self {
            samples,
            relative_error: relative(packets, counts.packets),
            bytes_relative_error: relative(bytes, counts.bytes),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "an error of an error")]
fn relative(variance: f64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { NORMAL_95 * variance.sqrt() / of as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(samples: impl IntoIterator<Item = (u64, u32)>) -> Estimate {
        let mut sum = Estimate::default();
        for (weight, bytes) in samples {
            sum.join(&Estimate::sample(weight, bytes));
        }
        sum
    }

    fn check(estimate: Estimate, counts: (u64, u64), error: f64, bytes_error: f64) {
        let sampled = estimate.sampled().expect("it is");
        assert_eq!(estimate.plain(), Counts { packets: counts.0, bytes: counts.1 });
        let near = |left: f64, right: f64| (left - right).abs() < 1e-3;
        assert!(near(sampled.relative_error, error), "{sampled:?}");
        assert!(near(sampled.bytes_relative_error, bytes_error), "{sampled:?}");
    }

    #[test]
    fn samples_of_one_rate_have_the_error_of_the_theory() {
        let error = 1.96 / 10_000f64.sqrt();
        check(sum(vec![(1000, 100); 10_000]), (10_000_000, 1_000_000_000), error, error);
    }

    #[test]
    fn where_each_frame_is_sampled_there_is_no_error() {
        check(sum(vec![(1, 60); 100]), (100, 6000), 0.0, 0.0);
        check(Estimate::default(), (0, 0), 0.0, 0.0);
    }

    #[test]
    fn lengths_that_differ_make_bytes_less_sure_than_frames() {
        let mixed = (0..1000).map(|at| (100, if at % 2 == 0 { 60 } else { 1500 }));
        check(sum(mixed), (100_000, 78_000_000), 0.0617, 0.0839);
    }

    #[test]
    fn samples_of_several_rates_are_weighed_by_theirs() {
        // The variance of one at 1 in 1000 is that of a hundred at 1 in 100.
        let mixed = vec![(100, 100); 100].into_iter().chain([(1000, 100)]);
        check(
            sum(mixed),
            (11_000, 1_100_000),
            1.96 * (100.0 * 9900.0 + 999_000f64).sqrt() / 11_000.0,
            0.2513,
        );
    }
}
