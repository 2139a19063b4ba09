//! A folder of history that is another's in, the catalog of what is there at one moment out: of an agent that writes there
//! meanwhile, of one that was killed, or a copy. Nothing in it is changed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use super::catalog::Catalog;
use super::disk::{Disk, Output};
use super::found::{self, Parts};
use super::table::Table;
use super::{Error, ends, recent, segment};

/// How often it is looked until nothing moves meanwhile. An agent moves files every ten seconds, and a look is a few
/// milliseconds long.
pub(super) const LOOKS: usize = 100;

/// What there is at one moment, and who has which number. Those are written before any row has them, so they are read behind.
pub(super) fn look(root: &Path) -> Result<Catalog, Error> {
    let catalog = still(root)?;
    let entries = ends::load(root).map_err(Error::Ends)?;
    if entries.is_empty() && !catalog.is_empty() {
        return Err(Error::Ends(format!("there are rows in {}, and no table of members", root.display())));
    }
    Ok(Catalog { ends: Arc::new(entries), ..catalog })
}

/// What there is at one moment.
pub(super) fn still(root: &Path) -> Result<Catalog, Error> {
    let is_store = Table::ALL.iter().any(|table| root.join(table.name()).is_dir());
    if !is_store && !recent(root).is_dir() {
        return Err(Error::NoHistory { path: root.to_owned() });
    }
    let seen = settled(|| glance(root))?;
    let Glance { catalog, damaged } = seen.ok_or_else(|| Error::Restless { path: root.to_owned() })?;
    for path in damaged {
        warn!("{} is damaged, and is left out", path.display());
    }
    Ok(catalog)
}

/// What is seen when it lies where it lay a glance before, and so was there at every moment between.
fn settled<T>(glance: impl Fn() -> Result<(BTreeSet<PathBuf>, T), Error>) -> Result<Option<T>, Error> {
    let mut before = None;
    for _ in 0..LOOKS {
        match glance() {
            Ok((places, seen)) if before.as_ref() == Some(&places) => return Ok(Some(seen)),
            Ok((places, _)) => before = Some(places),
            Err(error) if error.is_gone() => before = None,
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// What is seen at once.
struct Glance {
    catalog: Catalog,
    /// Files that should be segments, and are none.
    damaged: Vec<PathBuf>,
}

/// Where each segment lies, and what is seen.
fn glance(root: &Path) -> Result<(BTreeSet<PathBuf>, Glance), Error> {
    let disk: Arc<dyn Disk> = Arc::new(Untouched);
    let Parts { whole, spoiled, consumed, damaged, unfinished: _ } = found::parts(&disk, &recent(root))?;
    let published = found::published(&disk, root).map_err(Error::io(root))?;
    let published = published.into_iter().map(|(_, segment)| Arc::new(segment)).collect();
    let others = spoiled.iter().chain(&consumed).map(|part| part.folder.path.clone());
    let parts = whole.iter().map(|part| part.folder.path.clone());
    let folders: Vec<PathBuf> = others.chain(parts).collect();
    let catalog = Catalog { parts: whole, published, ..Catalog::default() };
    let places = catalog.all().map(|segment| segment.path()).chain(folders).collect();
    let damaged = damaged.into_iter().map(|(path, _)| path).collect();
    Ok((places, Glance { catalog, damaged }))
}

impl Error {
    /// Whether something was not there any more.
    fn is_gone(&self) -> bool {
        match self {
            Self::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
            Self::Segment(error) => error.is_gone(),
            Self::Locked { .. }
            | Self::NoFolder { .. }
            | Self::NoHistory { .. }
            | Self::Restless { .. }
            | Self::Ends(_)
            | Self::Merge(_) => false,
        }
    }
}

impl segment::Error {
    /// Whether its file was not there any more.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// A disk that nothing is done to.
#[derive(Debug)]
struct Untouched;

impl Untouched {
    fn refused<T>() -> io::Result<T> {
        Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "it is another's, and is only read"))
    }
}

impl Disk for Untouched {
    fn create(&self, _: &Path) -> io::Result<Box<dyn Output>> {
        Self::refused()
    }

    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Self::refused()
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Self::refused()
    }

    fn flush_folder(&self, _: &Path) -> io::Result<()> {
        Self::refused()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Self::refused()
    }

    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        Self::refused()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What is seen of glances, each of which finds files under these names; where there are none, something has just gone.
    fn seen(glances: &[&[&str]]) -> Option<usize> {
        let number = Cell::new(0);
        let glance = || {
            let at = number.replace((number.get() + 1) % glances.len());
            let places: BTreeSet<PathBuf> = glances[at].iter().map(PathBuf::from).collect();
            let gone = || Error::io(Path::new("x"))(io::ErrorKind::NotFound.into());
            if places.is_empty() { Err(gone()) } else { Ok((places, at)) }
        };
        settled(glance).expect("nothing else is wrong")
    }

    #[test]
    fn what_moves_between_two_glances_is_looked_at_again() {
        assert_eq!(seen(&[&["recent/a"], &["recent/a"]]), Some(1));
        // Once it was met in both places, and once in none.
        assert_eq!(seen(&[&["recent/a", "last/a"], &["last/a"], &["last/a"]]), Some(2));
        assert_eq!(seen(&[&["recent/a"], &[], &["last/a"], &["last/a"]]), Some(3));
        assert_eq!(seen(&[&["recent/a"], &["last/a"]]), None);
        assert_eq!(seen(&[&[]]), None);
    }
}
