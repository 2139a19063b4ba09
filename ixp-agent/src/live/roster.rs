//! The members as they are known, and how they came to be.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::members::Registry;

/// The members, and how they came to be known.
#[derive(Debug, Default)]
pub struct Roster {
    /// The last good table.
    pub registry: Registry,
    /// Where it is from; `None` if none was named.
    pub file: Option<PathBuf>,
    /// When it was read.
    pub loaded: Option<Timestamp>,
    /// Entries that could not be used, as text.
    pub notices: Vec<String>,
    /// Why the latest attempt to read it failed; the table above is then an older one.
    pub error: Option<String>,
}
