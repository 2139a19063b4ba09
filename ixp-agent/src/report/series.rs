//! What a member sent and received step by step in, that as JSON, CSV and a table out.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::{BYTE_BASIS, CountsDto, lined};
use crate::format::human;
use crate::members::Asn;
use crate::store::{Asked, Point};

/// A member's steps, as JSON.
#[derive(Debug, Serialize)]
pub struct SeriesDto {
    asn: Asn,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    step: &'static str,
    source: &'static str,
    byte_basis: &'static str,
    points: Vec<PointDto>,
}

/// What is not known is null, and not nought.
#[derive(Debug, Serialize)]
struct PointDto {
    at: Option<Timestamp>,
    observed_ms: i64,
    sent: Option<CountsDto>,
    received: Option<CountsDto>,
}

fn moment(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis).ok()
}

impl From<&Point> for PointDto {
    fn from(Point { at, observed, exchanged }: &Point) -> Self {
        let [sent, received] = exchanged.map_or([None; 2], |both| both.map(Some));
        let [sent, received] = [sent, received].map(|counts| counts.map(CountsDto::from));
        Self { at: moment(*at), observed_ms: *observed, sent, received }
    }
}

impl PointDto {
    /// Bit/s of what was observed.
    fn bps(&self, counts: Option<CountsDto>) -> String {
        let seconds = |bytes: u64| {
            let bits = u128::from(bytes) * 8000 / u128::from(self.observed_ms.max(1).unsigned_abs());
            u64::try_from(bits).unwrap_or(u64::MAX)
        };
        counts.map_or_else(|| "-".to_owned(), |counts| human(seconds(counts.bytes()), ""))
    }
}

impl SeriesDto {
    /// As it was asked.
    #[must_use]
    pub fn new(asked: &Asked, points: &[Point]) -> Self {
        Self {
            asn: asked.asn,
            from: moment(asked.from),
            to: moment(asked.to),
            step: asked.step.name(),
            source: asked.source.name(),
            byte_basis: BYTE_BASIS,
            points: points.iter().map(PointDto::from).collect(),
        }
    }

    /// Writes a header line and a line for each step; what was not observed is empty.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn csv(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "at,observed_ms,sent_packets,sent_bytes,received_packets,received_bytes")?;
        for point in &self.points {
            let fields = |counts: Option<CountsDto>| counts.map_or_else(|| ",".to_owned(), CountsDto::fields);
            let (sent, received) = (fields(point.sent), fields(point.received));
            let at = point.at.map(|at| at.to_string()).unwrap_or_default();
            writeln!(out, "{at},{},{sent},{received}", point.observed_ms)?;
        }
        Ok(())
    }

    /// Writes a table.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn table(&self, out: &mut impl Write) -> io::Result<()> {
        let bytes = |counts: Option<CountsDto>| {
            counts.map_or_else(|| "-".to_owned(), |counts| human(counts.bytes(), "B"))
        };
        let rows = self.points.iter().map(|point| {
            vec![
                point.at.map(|at| at.to_string()).unwrap_or_default(),
                bytes(point.sent),
                point.bps(point.sent),
                bytes(point.received),
                point.bps(point.received),
            ]
        });
        let header = [self.step, "SENT", "BIT/S", "RECEIVED", "BIT/S"];
        writeln!(out, "{}", lined(&header, 1, rows).trim_fmt())?;
        if self.points.iter().any(|point| point.sent.is_none()) {
            writeln!(out, "\n-         was not observed")?;
        }
        Ok(())
    }
}
