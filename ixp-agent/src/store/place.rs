//! Where segments are: in the folder of a part while it waits to become part of a longer one, then in their last place. A
//! file that is no longer wanted goes when nobody reads it any more.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tracing::warn;

use super::disk::{Disk, make_folder, settle};
use super::level::{self, Level};
use super::segment::blocks::{Blocks, whole};
use super::segment::read::{Bounds, Reader};
use super::segment::{Error, Kin};

/// A folder that a part's segments are in.
#[derive(Debug)]
pub(super) struct Folder {
    disk: Arc<dyn Disk>,
    pub(super) path: PathBuf,
    is_doomed: AtomicBool,
}

impl Folder {
    pub(super) fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        Self { disk, path, is_doomed: AtomicBool::new(false) }
    }

    /// It goes with the last that knows it.
    pub(super) fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_doomed.load(Ordering::Acquire)
            && let Err(error) = self.disk.remove_folder(&self.path)
        {
            told(&self.path, &error);
        }
    }
}

/// What stays until the store is opened again, when it is tried again.
fn told(path: &Path, error: &io::Error) {
    warn!(%error, "{} is no longer wanted, and stays", path.display());
}

/// A file of rows.
#[derive(Debug)]
pub struct Segment {
    disk: Arc<dyn Disk>,
    /// What it is of.
    pub(super) kin: Kin,
    /// The part that it was made with.
    pub(super) label: Label,
    /// Its first moment and the first one behind it, in milliseconds since 1970.
    pub(super) span: (i64, i64),
    /// Its size.
    pub(super) bytes: u64,
    pub(super) checksum: u32,
    place: Mutex<Place>,
    /// What it is held against, once it was opened.
    blocks: OnceLock<Arc<Blocks>>,
    is_doomed: AtomicBool,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// While it is there.
    _folder: Option<Arc<Folder>>,
}

/// A name that says where a file belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) start: i64,
    pub(super) level: Level,
    /// Which of all parts that were ever made.
    pub(super) number: u64,
}

impl Label {
    /// The name of a part's folder.
    pub(super) fn folder(self) -> String {
        format!("{}-{}-{}", level::written(self.start), self.level.name(), self.number)
    }

    /// What the name of a part's folder says.
    pub(super) fn from_folder(name: &str) -> Option<Self> {
        let mut words = name.split('-');
        let label = Self::read(&mut words)?;
        words.next().is_none().then_some(label)
    }

    /// The name of a segment in its last place.
    fn file(self, checksum: u32) -> String {
        format!("{}-{checksum:08x}.parquet", self.folder())
    }

    /// What the name of a segment in its last place says, its checksum included.
    pub(super) fn from_file(name: &str) -> Option<(Self, u32)> {
        let mut words = name.strip_suffix(".parquet")?.split('-');
        let label = Self::read(&mut words)?;
        let checksum = u32::from_str_radix(words.next()?, 16).ok()?;
        words.next().is_none().then_some((label, checksum))
    }

    fn read<'n>(words: &mut impl Iterator<Item = &'n str>) -> Option<Self> {
        let start = level::read(words.next()?)?;
        let level = Level::from_name(words.next()?)?;
        let number = words.next()?.parse().ok()?;
        (level.around(start).0 == start).then_some(Self { start, level, number })
    }

    /// The first moment and the first one behind it.
    pub(super) fn span(self) -> (i64, i64) {
        self.level.around(self.start)
    }
}

/// The folder that segments of a kind have their last place in, below that of the store.
pub(super) fn home(kin: Kin, start: i64) -> PathBuf {
    PathBuf::from(kin.table.name())
        .join(format!("source={}", kin.source().name()))
        .join(format!("res={}", kin.step.name()))
        .join(format!("date={}", level::date(start)))
}

impl Segment {
    /// A file in the folder of a part, or in its last place.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        kin: Kin,
        label: Label,
        (bytes, checksum): (u64, u32),
        path: PathBuf,
        folder: Option<Arc<Folder>>,
    ) -> Self {
        let place = Mutex::new(Place { path, _folder: folder });
        let (blocks, is_doomed) = (OnceLock::new(), AtomicBool::new(false));
        Self { disk, kin, label, span: label.span(), bytes, checksum, place, blocks, is_doomed }
    }

    /// Opens it. What is read of it for the first time is held against its checksums.
    pub(super) fn open(&self, bounds: &Bounds) -> Result<Reader, Error> {
        let path = self.path();
        let blocks = match self.blocks.get() {
            Some(blocks) => blocks,
            None => {
                let read = Blocks::read(&path, self.checksum)?;
                self.blocks.get_or_init(|| Arc::new(read))
            }
        };
        Reader::open(&path, self.kin, bounds, Arc::clone(blocks))
    }

    /// Holds all of it against its checksum, whatever was found before.
    pub(super) fn verify(&self) -> Result<(), Error> {
        whole(&self.path(), self.checksum)
    }

    /// Its bytes are known to be those that were written.
    pub(super) fn assume_verified(&self) {
        self.blocks.get_or_init(|| Arc::new(Blocks::trusted()));
    }

    /// Where it is at this moment.
    pub(super) fn path(&self) -> PathBuf {
        self.place().path.clone()
    }

    /// Moves it from the folder of its part to its last place below `root`.
    pub(super) fn publish(&self, root: &Path) -> io::Result<()> {
        let home = root.join(home(self.kin, self.span.0));
        make_folder(&*self.disk, &home)?;
        let to = home.join(self.label.file(self.checksum));
        let mut place = self.place();
        settle(&*self.disk, &place.path, &to)?;
        *place = Place { path: to, _folder: None };
        Ok(())
    }

    /// Moves it out of the way, to be looked at by a person.
    pub(super) fn quarantine(&self, to: &Path) -> io::Result<()> {
        let mut place = self.place();
        settle(&*self.disk, &place.path, to)?;
        *place = Place { path: to.to_owned(), _folder: None };
        Ok(())
    }

    /// Whether both have rows of the same step that came about alike and were made at once: what one of them tells is whole
    /// with what the other does.
    pub(super) fn is_akin(&self, other: &Self) -> bool {
        let of = |segment: &Self| (segment.label, segment.kin.source(), segment.kin.step);
        of(self) == of(other)
    }

    /// It goes with the last that knows it.
    pub(super) fn doom(&self) {
        self.is_doomed.store(true, Ordering::Release);
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let path = &self.place().path;
        if self.is_doomed.load(Ordering::Acquire)
            && let Err(error) = self.disk.remove(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            told(path, &error);
        }
    }
}

/// The size of a file.
pub(super) fn size(path: &Path) -> io::Result<u64> {
    Ok(File::open(path)?.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_were_made_of_and_nothing_else_is_one() {
        let label = Label { start: 1_796_047_200_000, level: Level::Hour, number: 42 };
        assert_eq!(label.folder(), "20261130T140000Z-1h-42");
        assert_eq!(Label::from_folder(&label.folder()), Some(label));
        assert_eq!(Label::from_file(&label.file(0x9f3c)), Some((label, 0x9f3c)));
        for wrong in [
            "",
            "20261130T140000Z-1h",
            "20261130T140000Z-1h-x",
            "20261130T140001Z-1h-42",
            "20261130T140000Z-2h-42",
            "20261130T140000Z-1h-42-7",
        ] {
            assert_eq!(Label::from_folder(wrong), None, "{wrong}");
        }
    }
}
