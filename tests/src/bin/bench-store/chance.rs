//! Rows in, what each takes out, and how much of that is chance: what no packing takes less for that says each count
//! exactly and takes each row by itself.

use std::fmt;

use anyhow::{Result, ensure};
use ixp_agent::store::{Catalog, Wanted};
use serde::Serialize;

use crate::hour::real;

/// What the rows of a step take.
#[derive(Debug, Serialize)]
pub(crate) struct Rows {
    source: &'static str,
    step: &'static str,
    pub(crate) rows: u64,
    bytes_per_row: f64,
    /// Of these, what is chance in counts of frames and bytes.
    chance: f64,
}

/// The first line above some [`Rows`].
pub(crate) const HEAD: &str = "step                  rows  bytes per row  of these chance";

impl Rows {
    /// Of rows of a matrix whose counts are multiples of `unit`, and whose files have so many bytes.
    pub(crate) fn of(catalog: &Catalog, wanted: &Wanted, bytes: u64, unit: u64) -> Result<Self> {
        let Chance { rows, bytes: chance } = chance(catalog, wanted, unit)?;
        let (source, step) = (wanted.source.name(), wanted.step.name());
        ensure!(rows > 0 && bytes > 0, "no {source} rows of {step} are in their last place");
        let [bytes_per_row, chance] = [real(bytes), chance].map(|bytes| bytes / real(rows));
        Ok(Self { source, step, rows, bytes_per_row, chance })
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, step, rows, bytes_per_row, chance } = self;
        write!(f, "{source:<8}{step:<5}{rows:>13}{bytes_per_row:>15.2}{chance:>17.2}")
    }
}

/// Rows, and bytes of what is chance in them.
#[derive(Debug, Clone, Copy, Default)]
struct Chance {
    rows: u64,
    bytes: f64,
}

/// A pair's frames are taken to lie around their mean as a normal law has them, and its bytes around the straight line that
/// frames tell best: that takes log₂(σ √(2πe)) bits for each (Shannon 1948), and no less than none. What is known of a pair
/// before is left out.
fn chance(catalog: &Catalog, wanted: &Wanted, unit: u64) -> Result<Chance> {
    let mut rows = catalog.rows(wanted)?;
    let (mut chance, mut of, mut pair) = (Chance::default(), [0; 4], Spread::default());
    while let Some(row) = rows.next_row()? {
        let [key @ .., packets, bytes] = row.pair();
        if key != of {
            chance.add(pair);
            (of, pair) = (key, Spread::default());
        }
        pair.add([packets, bytes].map(|count| real(count.unsigned_abs() / unit)));
    }
    chance.add(pair);
    Ok(chance)
}

/// The spread of frames and bytes, each and together (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    many: u64,
    mean: [f64; 2],
    squares: [f64; 2],
    products: f64,
}

impl Spread {
    fn add(&mut self, counts: [f64; 2]) {
        self.many += 1;
        let before = [counts[0] - self.mean[0], counts[1] - self.mean[1]];
        for (at, count) in counts.into_iter().enumerate() {
            self.mean[at] += before[at] / real(self.many);
            self.squares[at] += before[at] * (count - self.mean[at]);
        }
        self.products += before[0] * (counts[1] - self.mean[1]);
    }

    /// What all of them take, in bytes.
    fn bytes(self) -> f64 {
        let [frames, bytes] = self.squares;
        // Two points are always on a line.
        let told = if frames > 0.0 && self.many > 2 { self.products * self.products / frames } else { 0.0 };
        taken(frames, self.many) + taken((bytes - told).max(0.0), self.many)
    }
}

/// What so many counts take whose squares off the mean have this sum, in bytes.
fn taken(squares: f64, many: u64) -> f64 {
    if many < 2 {
        return 0.0;
    }
    let deviation = (squares / real(many - 1)).sqrt();
    (deviation * (std::f64::consts::TAU * std::f64::consts::E).sqrt()).max(1.0).log2() * real(many) / 8.0
}

impl Chance {
    fn add(&mut self, pair: Spread) {
        self.rows += pair.many;
        self.bytes += pair.bytes();
    }
}
