//! Rows in, how much of them is chance out: what no packing takes less for, as long as it says each count exactly.

use anyhow::Result;
use ixp_agent::store::{Catalog, Wanted};

use crate::hour::real;

/// Rows, and bytes of what is chance in them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chance {
    pub(crate) rows: u64,
    pub(crate) bytes: f64,
}

/// Of frames and bytes of the rows of a matrix, which are multiples of `unit`. A pair's counts are taken to lie around their mean as a normal law has them,
/// each on its own: that takes log₂(σ √(2πe)) bits for each (Shannon 1948), and no less than none. What is known of a pair before,
/// and what frames say of bytes, is left out.
pub(crate) fn of(catalog: &Catalog, wanted: &Wanted, unit: u64) -> Result<Chance> {
    let mut rows = catalog.rows(wanted)?;
    let (mut chance, mut of, mut pair) = (Chance::default(), [0; 4], [Spread::default(); 2]);
    while let Some(row) = rows.next_row()? {
        let [key @ .., packets, bytes] = row.pair();
        if key != of {
            chance.add(&mut pair);
            of = key;
        }
        pair[0].add(real(packets.unsigned_abs() / unit));
        pair[1].add(real(bytes.unsigned_abs() / unit));
    }
    chance.add(&mut pair);
    Ok(chance)
}

/// The spread of some counts (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    many: u64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn add(&mut self, count: f64) {
        self.many += 1;
        let off = count - self.mean;
        self.mean += off / real(self.many);
        self.squares += off * (count - self.mean);
    }

    /// What all of them take, in bytes.
    fn bytes(self) -> f64 {
        if self.many < 2 {
            return 0.0;
        }
        let deviation = (self.squares / real(self.many - 1)).sqrt();
        let bits = (deviation * (std::f64::consts::TAU * std::f64::consts::E).sqrt()).max(1.0).log2();
        bits * real(self.many) / 8.0
    }
}

impl Chance {
    fn add(&mut self, pair: &mut [Spread; 2]) {
        self.rows += pair[0].many;
        self.bytes += pair.iter().map(|spread| spread.bytes()).sum::<f64>();
        *pair = [Spread::default(); 2];
    }
}
