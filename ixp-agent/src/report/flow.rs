//! What is known of traffic in one direction in, the figures of it that are shown out.

use std::collections::BTreeMap;

use ixp_common::addr::Family;
use ixp_common::counters::Counts;
use serde::Serialize;

use crate::matrix::SIZES;
use crate::store::{Flow, Growth, Rate};

/// What a frame takes on the wire besides: FCS, preamble, the least gap (IEEE 802.3 §3.1.1, §4.4.2).
const ON_THE_WIRE: f64 = 4.0 + 8.0 + 12.0;

/// Traffic in one direction. What nobody knows is `null`, and not nought. Bits are of frames without FCS.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FlowDto {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) average_bps: Option<u64>,
    pub(super) average_pps: Option<u64>,
    pub(super) p95_bps: Option<u64>,
    pub(super) p99_bps: Option<u64>,
    /// Of ten seconds.
    pub(super) peak_bps: Option<u64>,
    pub(super) peak_pps: Option<u64>,
    /// Where no peak is known, what it is not above.
    pub(super) peak_at_most_bps: Option<u64>,
    /// Of the time between two readings, a second.
    pub(super) burst_bps: Option<u64>,
    /// Where none is known, what it is not above.
    pub(super) burst_at_most_bps: Option<u64>,
    /// Bytes.
    pub(super) average_size: Option<f64>,
    pub(super) ipv6_share: Option<f64>,
    pub(super) families: BTreeMap<&'static str, CountsDto>,
    /// How many frames are of which size, by the largest of the class with FCS; estimated by samples, null without any.
    pub(super) sizes: Option<Vec<SizeDto>>,
    pub(super) growth_per_month: Option<f64>,
    pub(super) growth_error: Option<f64>,
    pub(super) growth_days: Option<usize>,
    /// Parts of the port's speed, by what frames take on the wire.
    pub(super) utilisation_average: Option<f64>,
    pub(super) utilisation_p95: Option<f64>,
    pub(super) utilisation_peak: Option<f64>,
}

/// So many frames of up to so many bytes, and more than the class before.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct SizeDto {
    up_to: Option<u16>,
    packets: u64,
}

impl SizeDto {
    fn all(sizes: &BTreeMap<u16, u64>) -> Option<Vec<Self>> {
        let size = |largest: u16| Self {
            up_to: Some(largest).filter(|largest| *largest != u16::MAX),
            packets: sizes.get(&largest).copied().unwrap_or(0),
        };
        (!sizes.is_empty()).then(|| SIZES.map(size).to_vec())
    }
}

/// So many frames and bytes, as JSON.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CountsDto {
    packets: u64,
    bytes: u64,
}

impl CountsDto {
    pub(super) const fn bytes(self) -> u64 {
        self.bytes
    }

    /// Packets and bytes, as they stand in CSV.
    pub(super) fn fields(self) -> String {
        format!("{},{}", self.packets, self.bytes)
    }
}

impl From<Counts> for CountsDto {
    fn from(Counts { packets, bytes }: Counts) -> Self {
        Self { packets, bytes }
    }
}

impl FlowDto {
    /// Names of the columns in CSV.
    pub(super) const COLUMNS: [&'static str; 26] = [
        "packets",
        "bytes",
        "average_bps",
        "average_pps",
        "p95_bps",
        "p99_bps",
        "peak_bps",
        "peak_pps",
        "peak_at_most_bps",
        "burst_bps",
        "burst_at_most_bps",
        "average_size",
        "ipv6_share",
        "up_to_64",
        "up_to_127",
        "up_to_255",
        "up_to_511",
        "up_to_1023",
        "up_to_1518",
        "larger",
        "growth_per_month",
        "growth_error",
        "growth_days",
        "utilisation_average",
        "utilisation_p95",
        "utilisation_peak",
    ];

    /// Of a port with so many bit/s, if that is known.
    #[expect(clippy::cast_precision_loss, reason = "shares")]
    pub(super) fn new(flow: &Flow, speed: Option<u64>) -> Self {
        let Counts { packets, bytes } = flow.counts;
        let bps = |rate: Option<Rate>| rate.map(|rate| bits(rate.bytes));
        let used = |rate: Option<Rate>| {
            let rate = rate?;
            Some((rate.bytes + rate.packets * ON_THE_WIRE) * 8.0 / speed.filter(|speed| *speed > 0)? as f64)
        };
        let version = |family| flow.families.get(&family).map_or(0, |counts: &Counts| counts.bytes);
        let (older, newer) = (version(Family::Ipv4), version(Family::Ipv6));
        Self {
            packets,
            bytes,
            average_bps: bps(flow.average),
            average_pps: flow.average.map(|rate| rounded(rate.packets)),
            p95_bps: bps(flow.p95),
            p99_bps: bps(flow.p99),
            peak_bps: bps(flow.peak),
            peak_pps: flow.peak.map(|rate| rounded(rate.packets)),
            peak_at_most_bps: flow.peak_at_most.map(bits),
            burst_bps: flow.burst.map(|bytes| bytes.saturating_mul(8)),
            burst_at_most_bps: flow.burst_at_most.map(|bytes| bytes.saturating_mul(8)),
            average_size: (packets > 0).then(|| bytes as f64 / packets as f64),
            ipv6_share: (older + newer > 0).then(|| newer as f64 / (older + newer) as f64),
            families: flow
                .families
                .iter()
                .map(|(family, counts)| (family.name(), (*counts).into()))
                .collect(),
            sizes: SizeDto::all(&flow.sizes),
            growth_per_month: flow.growth.map(|Growth { per_month, .. }| per_month),
            growth_error: flow.growth.map(|Growth { error, .. }| error),
            growth_days: flow.growth.map(|Growth { days, .. }| days),
            utilisation_average: used(flow.average),
            utilisation_p95: used(flow.p95),
            utilisation_peak: used(flow.peak),
        }
    }

    /// How many of 100 frames are of which size.
    #[expect(clippy::cast_precision_loss, reason = "shares")]
    pub(super) fn sizes(&self) -> Option<String> {
        let sizes = self.sizes.as_ref()?;
        let all: u64 = sizes.iter().map(|size| size.packets).sum();
        let words = sizes.iter().map(|size| {
            let largest = size.up_to.map_or_else(|| "larger".to_owned(), |largest| format!("≤{largest}"));
            format!("{largest} {:.0}%", size.packets as f64 * 100.0 / all.max(1) as f64)
        });
        Some(words.collect::<Vec<_>>().join(", "))
    }

    /// The values of [`COLUMNS`](Self::COLUMNS); what is not known is empty.
    pub(super) fn fields(&self) -> [String; Self::COLUMNS.len()] {
        let whole = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let size = |class: usize| whole(self.sizes.as_ref().map(|sizes| sizes[class].packets));
        let part = |value: Option<f64>| value.map(|value| format!("{value:.6}")).unwrap_or_default();
        [
            self.packets.to_string(),
            self.bytes.to_string(),
            whole(self.average_bps),
            whole(self.average_pps),
            whole(self.p95_bps),
            whole(self.p99_bps),
            whole(self.peak_bps),
            whole(self.peak_pps),
            whole(self.peak_at_most_bps),
            whole(self.burst_bps),
            whole(self.burst_at_most_bps),
            part(self.average_size),
            part(self.ipv6_share),
            size(0),
            size(1),
            size(2),
            size(3),
            size(4),
            size(5),
            size(6),
            part(self.growth_per_month),
            part(self.growth_error),
            self.growth_days.map(|days| days.to_string()).unwrap_or_default(),
            part(self.utilisation_average),
            part(self.utilisation_p95),
            part(self.utilisation_peak),
        ]
    }
}

fn bits(bytes: f64) -> u64 {
    rounded(bytes * 8.0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and far below 2⁶⁴"
)]
fn rounded(value: f64) -> u64 {
    value.round() as u64
}
