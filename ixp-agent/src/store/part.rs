//! Parts: what was counted in one stretch of time, all tables together, in a folder that is there as a whole or not at all.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use super::disk::{Disk, settle};
use super::place::{Folder, Label, Segment, size};
use super::segment::Kin;
use super::segment::write::Written;

/// What a folder's name has while it is not yet a part.
const UNFINISHED: &str = ".tmp";
/// The file that says which parts are in this one.
const INPUTS: &str = "inputs";

/// A part.
#[derive(Debug, Clone)]
pub struct Part {
    pub(super) label: Label,
    pub(super) folder: Arc<Folder>,
    /// Those that are not in their last place.
    pub(super) segments: Vec<Arc<Segment>>,
    /// The numbers of parts that are in this one: should one of them still be there, it is not to be counted again.
    pub(super) inputs: Vec<u64>,
}

/// What was found under the name of a part.
pub(super) struct Found {
    pub(super) part: Part,
    /// Files that are nothing that belongs there.
    pub(super) damaged: Vec<(PathBuf, String)>,
}

/// The folder in which a part is made.
pub(super) struct Making {
    disk: Arc<dyn Disk>,
    pub(super) label: Label,
    /// Where its segments are to be written.
    pub(super) folder: PathBuf,
    place: PathBuf,
}

impl Making {
    /// Begins a part in `recent`.
    pub(super) fn begin(disk: &Arc<dyn Disk>, recent: &Path, label: Label) -> io::Result<Self> {
        let place = recent.join(label.folder());
        let folder = recent.join(label.folder() + UNFINISHED);
        if folder.exists() {
            disk.remove_folder(&folder)?;
        }
        disk.create_folder(&folder)?;
        Ok(Self { disk: Arc::clone(disk), label, folder, place })
    }

    /// The part is there: from now on, and after a power cut. If that fails it is not, so that it may be made again.
    pub(super) fn commit(self, segments: Vec<Written>, inputs: Vec<u64>) -> io::Result<Part> {
        if let Err(error) = self.settled(&inputs) {
            self.abandon();
            return Err(error);
        }
        let disk = self.disk;
        let folder = Arc::new(Folder::new(Arc::clone(&disk), self.place));
        let segment = |Written { kin, bytes, checksum }| {
            let path = folder.path.join(kin.file_name(checksum));
            let within = Some(Arc::clone(&folder));
            let segment = Segment::new(Arc::clone(&disk), kin, self.label, (bytes, checksum), path, within);
            segment.assume_verified();
            Arc::new(segment)
        };
        let segments = segments.into_iter().map(segment).collect();
        Ok(Part { label: self.label, segments, inputs, folder })
    }

    fn settled(&self, inputs: &[u64]) -> io::Result<()> {
        let disk = &*self.disk;
        if !inputs.is_empty() {
            let mut file = disk.create(&self.folder.join(INPUTS))?;
            file.write_all(listed(inputs).as_bytes())?;
            file.flush_to_disk()?;
        }
        disk.flush_folder(&self.folder)?;
        settle(disk, &self.folder, &self.place)
    }

    /// It is not to be; what there is of it goes, as far as that can be.
    pub(super) fn abandon(self) {
        for folder in [self.folder, self.place].iter().filter(|folder| folder.exists()) {
            if let Err(error) = self.disk.remove_folder(folder) {
                warn!(%error, "{} was not finished, and stays", folder.display());
            }
        }
    }
}

/// Whether a folder's name is that of a part that was not finished.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.ends_with(UNFINISHED)
}

/// Reads what a part's folder has. Its segments are held against their checksums by who opens them: there may be a day's of them.
pub(super) fn read(disk: &Arc<dyn Disk>, path: &Path, label: Label) -> io::Result<Found> {
    let folder = Arc::new(Folder::new(Arc::clone(disk), path.to_owned()));
    let mut found =
        Found { part: Part { label, folder, segments: Vec::new(), inputs: Vec::new() }, damaged: Vec::new() };
    let mut names: Vec<PathBuf> =
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    names.sort();
    for path in names {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == INPUTS {
            match numbers(&fs::read_to_string(&path).unwrap_or_default()) {
                Some(inputs) => found.part.inputs = inputs,
                None => found.damaged.push((path, "the list of what is in it is damaged".to_owned())),
            }
            continue;
        }
        let Some((kin, checksum)) = Kin::from_file_name(name) else {
            found.damaged.push((path, "its name is that of no segment".to_owned()));
            continue;
        };
        let folder = Some(Arc::clone(&found.part.folder));
        let segment = Segment::new(Arc::clone(disk), kin, label, (size(&path)?, checksum), path, folder);
        found.part.segments.push(Arc::new(segment));
    }
    Ok(found)
}

/// Numbers, one per line, and their checksum.
fn listed(numbers: &[u64]) -> String {
    let mut text = String::new();
    for number in numbers {
        let _infallible: std::fmt::Result = writeln!(text, "{number}");
    }
    let sum = crc32fast::hash(text.as_bytes());
    text + &format!("checksum {sum:08x}\n")
}

fn numbers(text: &str) -> Option<Vec<u64>> {
    let (listed, sum) = text.rsplit_once("checksum ")?;
    let sum = u32::from_str_radix(sum.trim_end(), 16).ok()?;
    if crc32fast::hash(listed.as_bytes()) != sum {
        return None;
    }
    listed.lines().map(|line| line.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_was_written_and_no_other_is() {
        let text = listed(&[7, 12]);
        assert_eq!(numbers(&text), Some(vec![7, 12]));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let read = String::from_utf8(bytes).ok().and_then(|text| numbers(&text));
            assert!(read.is_none_or(|numbers| numbers == [7, 12]), "byte {at}");
        }
        assert_eq!(numbers(""), None);
        assert_eq!(numbers("7\n"), None);
    }
}
