//! A folder as a crash left it in, the catalog of what is whole out.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};

use super::catalog::Catalog;
use super::disk::{Disk, make_folder, settle};
use super::found::{self, Parts};
use super::part::Part;
use super::place::Segment;
use super::{Error, quarantine, recent};

/// Finishes or undoes what was interrupted, and gives what there is and the number of the next part.
pub(super) fn recover(disk: &Arc<dyn Disk>, root: &Path) -> Result<(Catalog, u64), Error> {
    let recent = recent(root);
    make_folder(&**disk, &recent).map_err(Error::io(&recent))?;
    let parts = put_right(disk, root, &recent)?;
    let published = found::published(disk, root).map_err(Error::io(root))?;
    let numbers = parts.iter().map(|part| part.label.number);
    let numbers = numbers.chain(published.iter().map(|(label, _)| label.number));
    let next = numbers.max().map_or(1, |last| last + 1);
    let published = published.into_iter().map(|(_, segment)| Arc::new(segment)).collect();
    Ok((Catalog { parts, published, ..Catalog::default() }, next))
}

/// The parts that are not part of another.
fn put_right(disk: &Arc<dyn Disk>, root: &Path, recent: &Path) -> Result<Vec<Part>, Error> {
    let Parts { whole, spoiled, consumed, unfinished, damaged } = found::parts(disk, recent)?;
    for path in unfinished {
        disk.remove_folder(&path).map_err(Error::io(&path))?;
    }
    for part in spoiled {
        let path = &part.folder.path;
        let to = move_aside(disk, root, path)?;
        warn!("{} is damaged; it was put aside as {}, and is made again", path.display(), to.display());
    }
    for (path, reason) in damaged {
        let to = move_aside(disk, root, &path)?;
        warn!("{reason}; it was put aside as {}, and its time is a gap", to.display());
    }
    for part in &consumed {
        info!("{} is part of a longer one already", part.folder.path.display());
        part.folder.doom();
    }
    drop(consumed);
    disk.flush_folder(recent).map_err(Error::io(recent))?;
    Ok(whole)
}

fn move_aside(disk: &Arc<dyn Disk>, root: &Path, path: &Path) -> Result<PathBuf, Error> {
    let to = aside(root, path)?;
    settle(&**disk, path, &to).map_err(Error::io(&to))?;
    Ok(to)
}

/// A name among what is put aside that nothing has.
fn aside(root: &Path, path: &Path) -> Result<PathBuf, Error> {
    let folder = quarantine(root);
    fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
    let within = path.strip_prefix(root).unwrap_or(path);
    let name = within.to_string_lossy().replace('/', "_");
    let names = (0u32..).map(|number| match number {
        0 => folder.join(&name),
        number => folder.join(format!("{name}.{number}")),
    });
    Ok(names.into_iter().find(|path| !path.exists()).unwrap_or(folder))
}

/// Puts a segment aside that was found damaged while it was read.
pub(super) fn put_aside(root: &Path, segment: &Segment) -> Result<(), Error> {
    let to = aside(root, &segment.path())?;
    segment.quarantine(&to).map_err(Error::io(&to))
}
