//! An HDR histogram in, a classic Prometheus histogram out.

use hdrhistogram::Histogram;
use prometheus::core::{Collector, Desc};
use prometheus::proto;

/// Upper bounds of the buckets, in microseconds.
const BOUNDS: [u32; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

const NAME: &str = "ixp_agent_drain_duration_seconds";
const HELP: &str = "Time that a reading of the kernel's counters took.";

/// The durations of readings.
pub(super) struct Drains {
    desc: Desc,
    family: proto::MetricFamily,
}

impl Drains {
    /// The histogram as it is. A recorded value is known to three digits, so one next to a bound may
    /// count in the neighbouring bucket.
    pub(super) fn new(drains: &Histogram<u64>) -> Self {
        let mut histogram = proto::Histogram::default();
        histogram.set_sample_count(drains.len());
        let sum: f64 = drains
            .iter_recorded()
            .map(|value| micros(value.value_iterated_to()) * count(value.count_at_value()))
            .sum();
        histogram.set_sample_sum(sum);
        let buckets = BOUNDS.iter().map(|&bound| {
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(f64::from(bound) / 1e6);
            bucket.set_cumulative_count(drains.count_between(0, u64::from(bound)));
            bucket
        });
        histogram.set_bucket(buckets.collect());
        let mut metric = proto::Metric::default();
        metric.set_histogram(histogram);
        let mut family = proto::MetricFamily::default();
        family.set_name(NAME.to_owned());
        family.set_help(HELP.to_owned());
        family.set_field_type(proto::MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        let desc = Desc::new(NAME.to_owned(), HELP.to_owned(), Vec::new(), Default::default())
            .expect("a name and help that are constant");
        Self { desc, family }
    }
}

impl Collector for Drains {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        vec![self.family.clone()]
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of an hour fit into 53 bits")]
fn micros(value: u64) -> f64 {
    value as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "readings come once a second")]
fn count(value: u64) -> f64 {
    value as f64
}
