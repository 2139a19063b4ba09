//! Segments: files of rows of one table and step, sorted, written once. Their name says what they are of, and a checksum
//! of all their bytes; their end has one for each block.

pub(super) mod blocks;
mod columns;
#[cfg(test)]
pub(super) mod older;
mod pages;
pub(super) mod read;
pub(super) mod write;

use std::path::Path;

use parquet::errors::ParquetError;

use super::step::Step;
use super::table::{Column, Kind, Role, Table};
use crate::snapshot::Source;

/// Of the columns, and of what stands in the footer; grows when one of them changes its meaning. One more at the end,
/// which may be empty, changes none: older files lack it.
pub(super) const SCHEMA: &str = "2";

/// What a segment is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kin {
    /// What its rows are.
    pub(super) table: Table,
    /// How they came about: 0 exact, 1 sampled.
    source: u8,
    /// How long their intervals are.
    pub(super) step: Step,
}

impl Kin {
    pub(super) const fn new(table: Table, source: Source, step: Step) -> Self {
        Self { table, source: matches!(source, Source::Sampled) as u8, step }
    }

    pub(super) const fn source(self) -> Source {
        if self.source == 0 { Source::Exact } else { Source::Sampled }
    }

    /// The same with another step.
    pub(super) const fn of_step(self, step: Step) -> Self {
        Self { step, ..self }
    }

    /// How the name of such a segment begins, in the folder of a part.
    fn stem(self) -> String {
        format!("{}-{}-{}", self.table.name(), self.source().name(), self.step.name())
    }

    /// The name of such a segment in the folder of a part.
    pub(super) fn file_name(self, checksum: u32) -> String {
        format!("{}-{checksum:08x}.parquet", self.stem())
    }

    /// What the name says of a segment in the folder of a part: what it is of, and its checksum.
    pub(super) fn from_file_name(name: &str) -> Option<(Self, u32)> {
        let mut words = name.strip_suffix(".parquet")?.split('-');
        let table = Table::from_name(words.next()?)?;
        let source = source_from_name(words.next()?)?;
        let step = Step::from_name(words.next()?)?;
        let checksum = u32::from_str_radix(words.next()?, 16).ok()?;
        words.next().is_none().then_some((Self::new(table, source, step), checksum))
    }
}

/// The source of a name.
pub(super) fn source_from_name(name: &str) -> Option<Source> {
    super::table::SOURCES.into_iter().find(|source| source.name() == name)
}

/// The schema of a table in Parquet's own words.
fn schema(table: Table) -> String {
    let mut text = format!("message {} {{\n", table.name());
    for column in table.columns() {
        let (physical, logical) = match column.kind {
            Kind::Moment => ("INT64", " (TIMESTAMP(MILLIS,true))"),
            Kind::Small => ("INT32", ""),
            Kind::Large => ("INT64", ""),
            Kind::Real => ("DOUBLE", ""),
        };
        let needed = if is_optional(column) { "OPTIONAL" } else { "REQUIRED" };
        text += &format!("{needed} {physical} {}{logical};\n", column.name);
    }
    text + "}"
}

fn is_optional(column: &Column) -> bool {
    match column.role {
        Role::Key | Role::Sum => false,
        Role::SumOrNothing | Role::Peak(_) | Role::MostOrNothing => true,
    }
}

/// Why a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its bytes are not those that were written.
    #[error("{path}: its checksum is {found:08x}, not {named:08x}")]
    Checksum {
        /// Where it is.
        path: String,
        /// What its bytes give.
        found: u32,
        /// What they gave when it was written.
        named: u32,
    },
    /// What it says is no segment of this program.
    #[error("{path}: {source}")]
    Parquet {
        /// Where it is.
        path: String,
        /// What is wrong.
        source: ParquetError,
    },
    /// It was not read to its end.
    #[error("nobody waits for the answer any more")]
    Unwanted,
    /// The file.
    #[error("{path}: {source}")]
    Io {
        /// Where it is.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
}

impl Error {
    fn parquet(path: &Path) -> impl Fn(ParquetError) -> Self {
        move |source| Self::Parquet { path: path.display().to_string(), source }
    }

    fn io(path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { path: path.display().to_string(), source }
    }
}
