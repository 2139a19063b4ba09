//! A folder of history in, what lies there out, sorted by what is to become of it. Nothing is changed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use super::Error;
use super::disk::Disk;
use super::part::{self, Found, Part, is_unfinished};
use super::place::{Label, Segment, home, size};
use super::segment::{Kin, source_from_name};
use super::step::Step;
use super::table::Table;

/// The parts of a folder.
#[derive(Default)]
pub(super) struct Parts {
    /// Those that together have each row once.
    pub(super) whole: Vec<Part>,
    /// Not whole, and made of others that are all there.
    pub(super) spoiled: Vec<Part>,
    /// In a longer one already.
    pub(super) consumed: Vec<Part>,
    /// Folders that were never finished.
    pub(super) unfinished: Vec<PathBuf>,
    /// Files of whole parts that are nothing that belongs there, and why.
    pub(super) damaged: Vec<(PathBuf, String)>,
}

/// What there is of parts.
pub(super) fn parts(disk: &Arc<dyn Disk>, recent: &Path) -> Result<Parts, Error> {
    let (mut all, mut sorted) = (Vec::new(), Parts::default());
    for path in entries(recent).map_err(Error::io(recent))? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if is_unfinished(name) {
            sorted.unfinished.push(path);
            continue;
        }
        match Label::from_folder(name) {
            Some(label) => all.push(part::read(disk, &path, label).map_err(Error::io(&path))?),
            None => warn!("{} is nothing of this program's, and is left alone", path.display()),
        }
    }
    let there: BTreeSet<u64> = all.iter().map(|found| found.part.label.number).collect();
    for Found { part, damaged } in all {
        // What it was made of is still there, and better if this is not whole.
        let is_superfluous = !part.inputs.is_empty() && part.inputs.iter().all(|input| there.contains(input));
        let is_whole = || damaged.is_empty() && part.segments.iter().all(|segment| segment.verify().is_ok());
        if is_superfluous && !is_whole() {
            sorted.spoiled.push(part);
            continue;
        }
        sorted.damaged.extend(damaged);
        sorted.whole.push(part);
    }
    let consumed: BTreeSet<u64> = sorted.whole.iter().flat_map(|part| part.inputs.iter().copied()).collect();
    (sorted.consumed, sorted.whole) =
        sorted.whole.into_iter().partition(|part| consumed.contains(&part.label.number));
    Ok(sorted)
}

/// The segments in their last place.
pub(super) fn published(disk: &Arc<dyn Disk>, root: &Path) -> io::Result<Vec<(Label, Segment)>> {
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
    let segment = Segment::new(Arc::clone(disk), kin, label, (bytes, checksum), path, None);
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
