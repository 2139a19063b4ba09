//! A folder as a crash left it in, the catalog of what is whole out.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};

use super::catalog::Catalog;
use super::disk::{Disk, make_folder, settle};
use super::part::{self, Found, Part, is_unfinished};
use super::place::{Label, Segment, home, size};
use super::segment::{Kin, source_from_name};
use super::table::{Step, Table};
use super::{Error, quarantine, recent};

/// Finishes or undoes what was interrupted, and gives what there is and the number of the next part.
pub(super) fn recover(disk: &Arc<dyn Disk>, root: &Path) -> Result<(Catalog, u64), Error> {
    let recent = recent(root);
    make_folder(&**disk, &recent).map_err(Error::io(&recent))?;
    let parts = parts(disk, root, &recent)?;
    let published = published(disk, root).map_err(Error::io(root))?;
    let numbers = parts.iter().map(|part| part.label.number);
    let numbers = numbers.chain(published.iter().map(|(label, _)| label.number));
    let next = numbers.max().map_or(1, |last| last + 1);
    let published = published.into_iter().map(|(_, segment)| Arc::new(segment)).collect();
    Ok((Catalog { parts, published, ..Catalog::default() }, next))
}

/// The parts that are not part of another.
fn parts(disk: &Arc<dyn Disk>, root: &Path, recent: &Path) -> Result<Vec<Part>, Error> {
    let mut found = Vec::new();
    for path in entries(recent).map_err(Error::io(recent))? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if is_unfinished(name) {
            disk.remove_folder(&path).map_err(Error::io(&path))?;
            continue;
        }
        match Label::from_folder(name) {
            Some(label) => found.push(part::read(disk, &path, label).map_err(Error::io(&path))?),
            None => warn!("{} is nothing of this program's, and is left alone", path.display()),
        }
    }
    let there: BTreeSet<u64> = found.iter().map(|found| found.part.label.number).collect();
    let mut whole = Vec::new();
    for Found { part, damaged } in found {
        // What it was made of is still there, and better if this is not whole.
        let is_superfluous = !part.inputs.is_empty() && part.inputs.iter().all(|input| there.contains(input));
        let is_whole = || damaged.is_empty() && part.segments.iter().all(|segment| segment.verify().is_ok());
        if is_superfluous && !is_whole() {
            let to = aside(root, &part.folder.path)?;
            settle(&**disk, &part.folder.path, &to).map_err(Error::io(&to))?;
            warn!(
                "{} is damaged; it was put aside as {}, and is made again",
                part.folder.path.display(),
                to.display()
            );
            continue;
        }
        for (path, reason) in damaged {
            let to = aside(root, &path)?;
            settle(&**disk, &path, &to).map_err(Error::io(&to))?;
            warn!("{reason}; it was put aside as {}, and its time is a gap", to.display());
        }
        whole.push(part);
    }
    let consumed: BTreeSet<u64> = whole.iter().flat_map(|part| part.inputs.iter().copied()).collect();
    let (done, parts): (Vec<Part>, Vec<Part>) =
        whole.into_iter().partition(|part| consumed.contains(&part.label.number));
    for part in &done {
        info!("{} is part of a longer one already", part.folder.path.display());
        part.folder.doom();
    }
    drop(done);
    disk.flush_folder(recent).map_err(Error::io(recent))?;
    Ok(parts)
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
pub(super) fn put_aside(root: &Path, segment: &Segment) -> Result<PathBuf, Error> {
    let to = aside(root, &segment.path())?;
    segment.quarantine(&to).map_err(Error::io(&to))?;
    Ok(to)
}

/// The segments in their last place.
fn published(disk: &Arc<dyn Disk>, root: &Path) -> io::Result<Vec<(Label, Segment)>> {
    let mut found = Vec::new();
    for table in Table::ALL {
        for by_source in entries(&root.join(table.name()))? {
            let Some(source) = value(&by_source, "source").and_then(source_from_name) else { continue };
            for by_step in entries(&by_source)? {
                let Some(step) = value(&by_step, "res").and_then(Step::from_name) else { continue };
                let kin = Kin::new(table, source, step);
                for by_date in entries(&by_step)? {
                    for path in entries(&by_date)? {
                        found.extend(one(disk, root, kin, path)?);
                    }
                }
            }
        }
    }
    Ok(found)
}

fn one(disk: &Arc<dyn Disk>, root: &Path, kin: Kin, path: PathBuf) -> io::Result<Option<(Label, Segment)>> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let labelled = Label::from_file(name).filter(|(label, _)| {
        path.parent() == Some(&root.join(home(kin, label.start))) && label.level.may_have_published(kin.step)
    });
    let Some((label, checksum)) = labelled else {
        warn!("{} is no segment of this folder, and is left alone", path.display());
        return Ok(None);
    };
    let bytes = size(&path)?;
    let segment = Segment::new(Arc::clone(disk), kin, label.span(), (bytes, checksum), path, None);
    Ok(Some((label, segment)))
}

/// What stands behind `key=` in the name of a folder.
fn value<'p>(path: &'p Path, key: &str) -> Option<&'p str> {
    path.file_name()?.to_str()?.strip_prefix(key)?.strip_prefix('=')
}

/// What is in a folder, in order; nothing, if there is none.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut paths: Vec<PathBuf> = listed.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}
