//! Rows in, what each takes out, beside the least that any packing could.

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
    /// The entropy of its counts of frames and bytes, if it is known: no packing that loses nothing takes less.
    least: Option<f64>,
}

/// The first line above some [`Rows`].
pub(crate) const HEAD: &str = "step                  rows  bytes per row  any packing at least";

impl Rows {
    /// Of rows of a matrix whose files have so many bytes, and each of which takes as many at least.
    pub(crate) fn of(catalog: &Catalog, wanted: &Wanted, bytes: u64, least: Option<f64>) -> Result<Self> {
        let (mut rows, mut all) = (0, catalog.rows(wanted)?);
        while all.next_row()?.is_some() {
            rows += 1;
        }
        let (source, step) = (wanted.source.name(), wanted.step.name());
        ensure!(rows > 0 && bytes > 0, "no {source} rows of {step} are in their last place");
        let bytes_per_row = real(bytes) / real(rows);
        ensure!(
            least.is_none_or(|least| least < bytes_per_row),
            "rows of {step} take less than they can: {bytes_per_row:.2}"
        );
        Ok(Self { source, step, rows, bytes_per_row, least })
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, step, rows, bytes_per_row, .. } = self;
        let least = self.least.map_or_else(|| "-".to_owned(), |least| format!("{least:.2}"));
        write!(f, "{source:<8}{step:<5}{rows:>13}{bytes_per_row:>15.2}{least:>22}")
    }
}
