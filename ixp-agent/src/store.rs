//! History: what was counted in each interval in, kept on a disk through crashes, summed up to longer steps, read by time
//! and by member out ([ADR 12](../../docs/adr/0012-a-store-of-segments.md)).

mod catalog;
pub mod disk;
mod ends;
mod exchange;
mod found;
mod history;
mod interval;
mod keep;
mod level;
mod look;
mod merge;
mod networks;
mod part;
mod past;
mod place;
mod plan;
mod query;
mod reach;
mod recover;
mod seal;
mod segment;
mod series;
mod shelf;
mod stats;
mod step;
mod steps;
mod sum;
mod table;
#[cfg(test)]
mod tests;
mod view;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use self::catalog::Catalog;
use self::disk::{Disk, make_folder};
use self::ends::Ends;
use self::level::Level;
use self::part::Making;
use self::place::Label;
use self::segment::Kin;
use self::segment::write::write;
use self::shelf::Owner;

pub use self::exchange::{EndId, Exchange, OneWay, Stations};
pub use self::history::{Counted, History, Told};
pub use self::keep::Keep;
pub use self::past::Past;
pub use self::query::{Sums, Wanted};
pub use self::segment::Error as SegmentError;
pub use self::series::{Asked, Point};
pub use self::shelf::Shelf;
pub use self::stats::{Flow, Growth, MemberStats, Rate, Stats, Whose};
pub use self::step::Step;
pub use self::steps::{OfStep, StepError, Steps};
pub use self::table::{Row, Table};
pub use self::view::Query;

use crate::snapshot::Source;

/// Why the store does not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another agent has it.
    #[error("{path} is in use by another agent; give each a folder of its own")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// There is something else.
    #[error("{path} is no folder; name one, which is made if it is not there")]
    NoFolder {
        /// Where.
        path: PathBuf,
    },
    /// What is read has no history.
    #[error("{path} has no history in it; name a folder as [store] of a configuration does")]
    NoHistory {
        /// Where.
        path: PathBuf,
    },
    /// What is read does not keep still.
    #[error("{path} changes faster than it is read; ask the agent that writes there")]
    Restless {
        /// Where.
        path: PathBuf,
    },
    /// The disk.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A segment that cannot be read.
    #[error(transparent)]
    Segment(#[from] segment::Error),
    /// The table of who is who.
    #[error("{0}: without it nobody knows whose rows are whose; put back a copy of members.parquet")]
    Ends(String),
    /// Segments that were to be merged.
    #[error("sum up: {0}")]
    Merge(#[from] merge::Error),
}

impl Error {
    fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Whether there is no room on the disk.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } | Self::Merge(merge::Error::Write(source)) => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Locked { .. }
            | Self::NoFolder { .. }
            | Self::NoHistory { .. }
            | Self::Restless { .. }
            | Self::Segment(_)
            | Self::Ends(_)
            | Self::Merge(merge::Error::Read(_) | merge::Error::Stopped) => false,
        }
    }

    /// Whether nobody waited for it any more.
    #[must_use]
    pub const fn is_unwanted(&self) -> bool {
        matches!(self, Self::Segment(segment::Error::Unwanted))
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self, Self::Merge(merge::Error::Stopped))
    }
}

/// What was counted in one interval, as rows in order of their keys.
#[derive(Debug, Clone, Default)]
pub struct Interval {
    /// Its start, in milliseconds since 1970.
    pub start: i64,
    /// By table and source, each once.
    pub rows: Vec<(Table, Source, Vec<Row>)>,
}

/// A store that is written. Intervals are kept while others are summed up, and any number of [`Shelf`]s read meanwhile.
#[derive(Debug)]
pub struct Store {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    /// Says in each footer who wrote it.
    agent: String,
    shelf: Shelf,
    /// The number of the next part.
    next: AtomicU64,
    keep: Keep,
    /// Held by who sums up.
    summing: Mutex<Summing>,
    /// Held as long as the store is open.
    _lock: File,
}

/// What was told while summing up.
#[derive(Debug, Default)]
struct Summing {
    /// When it was last told that there will soon be too little room, in milliseconds since 1970.
    warned: Option<i64>,
}

impl Store {
    /// Opens a folder, or makes it: what was interrupted is finished or undone, what is damaged is put aside.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::Io`].
    pub fn open(disk: Arc<dyn Disk>, root: &Path, agent: &str, keep: Keep) -> Result<Self, Error> {
        if root.exists() && !root.is_dir() {
            return Err(Error::NoFolder { path: root.to_owned() });
        }
        make_folder(&*disk, root).map_err(Error::io(root))?;
        let lock = locked(root)?;
        let (catalog, next) = recover::recover(&disk, root)?;
        let shelf = Shelf::new(root, catalog, Owner::This);
        let (root, agent, next) = (root.to_owned(), agent.to_owned(), AtomicU64::new(next));
        Ok(Self { disk, root, agent, shelf, next, keep, summing: Mutex::default(), _lock: lock })
    }

    /// What there is to read.
    #[must_use]
    pub fn shelf(&self) -> Shelf {
        self.shelf.clone()
    }

    /// Keeps an interval: when this returns, it is there after a crash and a power cut.
    ///
    /// # Errors
    /// [`Error::Io`]. Then nothing of it is kept.
    pub fn append(&self, interval: &Interval) -> Result<(), Error> {
        let label = self.label(Level::Interval, interval.start);
        let recent = recent(&self.root);
        let making = Making::begin(&self.disk, &recent, label).map_err(Error::io(&recent))?;
        let mut written = Vec::with_capacity(interval.rows.len());
        for (table, source, rows) in &interval.rows {
            let kin = Kin::new(*table, *source, Step::TenSeconds);
            match write(&*self.disk, &making.folder, kin, &self.footer(), rows) {
                Ok(segment) => written.extend(segment),
                Err(error) => {
                    making.abandon();
                    return Err(Error::io(&recent)(error));
                }
            }
        }
        let part = making.commit(written, Vec::new()).map_err(Error::io(&recent))?;
        self.shelf.change(|catalog| catalog.parts.push(part));
        Ok(())
    }

    /// Whoever reads knows these ends.
    fn show(&self, ends: &Ends) {
        let ends = Arc::new(ends.entries().to_vec());
        self.shelf.change(|catalog| catalog.ends = ends);
    }

    /// The name of a new part.
    fn label(&self, level: Level, millis: i64) -> Label {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Label { start: level.around(millis).0, level, number }
    }

    fn footer(&self) -> [(&'static str, String); 2] {
        [("agent", self.agent.clone()), ("byte_basis", "frame-without-fcs".to_owned())]
    }
}

/// The folder of parts.
fn recent(root: &Path) -> PathBuf {
    root.join("recent")
}

/// The folder of what is damaged.
fn quarantine(root: &Path) -> PathBuf {
    root.join("quarantine")
}

fn locked(root: &Path) -> Result<File, Error> {
    let path = root.join("lock");
    let lock =
        File::options().create(true).truncate(false).write(true).open(&path).map_err(Error::io(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path: root.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::io(&path)(error)),
    }
}
