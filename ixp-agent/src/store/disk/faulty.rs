//! A disk that fails when a test says so, and that forgets in a power cut what was not flushed. Nothing is flushed to the host's
//! disk, whose power is not cut.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, Output};

/// Why a call fails, and all after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power is cut.
    Cut,
    /// There is no room; calls that need none still work.
    Full,
    /// This call alone fails.
    Once,
}

/// A disk on top of the host's.
#[derive(Debug, Clone)]
pub struct Faulty(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    calls: u64,
    fails_at: u64,
    fault: Fault,
    /// What was done to folders and is not flushed, in order.
    pending: Vec<Done>,
    /// Files whose bytes are not flushed.
    dirty: BTreeMap<PathBuf, ()>,
    /// Where what was removed is kept, so that it can come back.
    grave: PathBuf,
    buried: u64,
}

#[derive(Debug, Clone)]
enum Done {
    Created(PathBuf),
    CreatedFolder(PathBuf),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf, PathBuf),
}

impl Done {
    /// Whether flushing a folder makes it last.
    fn is_of(&self, folder: &Path) -> bool {
        match self {
            Self::Created(path)
            | Self::CreatedFolder(path)
            | Self::Renamed(_, path)
            | Self::Removed(path, _) => path.parent() == Some(folder),
        }
    }

    fn follow(&mut self, from: &Path, to: &Path) {
        match self {
            Self::Created(path) | Self::CreatedFolder(path) | Self::Removed(path, _) => {
                *path = moved(std::mem::take(path), from, to);
            }
            Self::Renamed(old, new) => {
                for path in [old, new] {
                    *path = moved(std::mem::take(path), from, to);
                }
            }
        }
    }

    fn undo(&self) {
        match self {
            Self::Created(path) => drop(fs::remove_file(path)),
            Self::CreatedFolder(path) => drop(fs::remove_dir_all(path)),
            Self::Renamed(from, to) => drop(fs::rename(to, from)),
            Self::Removed(path, grave) => drop(fs::rename(grave, path)),
        }
    }
}

/// Where a path is when a folder that it is in has another name.
fn moved(path: PathBuf, from: &Path, to: &Path) -> PathBuf {
    match path.strip_prefix(from) {
        Ok(rest) if rest.as_os_str().is_empty() => to.to_owned(),
        Ok(rest) => to.join(rest),
        Err(_) => path,
    }
}

impl Faulty {
    /// A disk that works. What is removed is kept in `grave`, which is empty.
    pub fn new(grave: &Path) -> Self {
        Self(Arc::new(Mutex::new(State {
            calls: 0,
            fails_at: u64::MAX,
            fault: Fault::Cut,
            pending: Vec::new(),
            dirty: BTreeMap::new(),
            grave: grave.to_owned(),
            buried: 0,
        })))
    }

    /// The call of this number from now on fails, and those behind it.
    pub fn fail(&self, after: u64, fault: Fault) {
        let mut state = self.state();
        (state.fails_at, state.fault) = (state.calls.saturating_add(after), fault);
    }

    /// It works again.
    pub fn mend(&self) {
        self.state().fails_at = u64::MAX;
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// The power is cut, and is back: of what is not flushed the first `survives` of a hundred parts are there, and of a
    /// file that was not flushed the first half.
    pub fn cut(&self, survives: usize) {
        let mut state = self.state();
        for path in std::mem::take(&mut state.dirty).into_keys() {
            if let Ok(file) = File::options().write(true).open(&path) {
                let half = file.metadata().expect("a file that was opened").len() / 2;
                file.set_len(half).expect("a file that was opened");
            }
        }
        let pending = std::mem::take(&mut state.pending);
        let kept = pending.len() * survives / 100;
        pending[kept..].iter().rev().for_each(Done::undo);
        state.fails_at = u64::MAX;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, takes_room: bool) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        match (state.calls > state.fails_at, state.fault) {
            (true, Fault::Cut) => Err(io::Error::other("the power is cut")),
            (true, Fault::Once) => {
                state.fails_at = u64::MAX;
                Err(io::Error::other("it failed once"))
            }
            (true, Fault::Full) if takes_room => Err(io::ErrorKind::StorageFull.into()),
            (_, _) => Ok(state),
        }
    }
}

impl State {
    fn bury(&mut self, path: &Path) -> io::Result<()> {
        self.buried += 1;
        let grave = self.grave.join(self.buried.to_string());
        fs::rename(path, &grave)?;
        self.dirty.retain(|dirty, ()| !dirty.starts_with(path));
        self.pending.push(Done::Removed(path.to_owned(), grave));
        Ok(())
    }
}

impl Disk for Faulty {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        let mut state = self.call(true)?;
        let file = File::create_new(path)?;
        state.pending.push(Done::Created(path.to_owned()));
        state.dirty.insert(path.to_owned(), ());
        drop(state);
        Ok(Box::new(Written { disk: self.clone(), path: path.to_owned(), file, is_begun: false }))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call(true)?;
        fs::create_dir(path)?;
        state.pending.push(Done::CreatedFolder(path.to_owned()));
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call(false)?;
        fs::rename(from, to)?;
        state.pending.push(Done::Renamed(from.to_owned(), to.to_owned()));
        let dirty = std::mem::take(&mut state.dirty).into_keys();
        state.dirty = dirty.map(|path| (moved(path, from, to), ())).collect();
        Ok(())
    }

    fn flush_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call(false)?;
        let (flushed, mut pending): (Vec<Done>, Vec<Done>) =
            std::mem::take(&mut state.pending).into_iter().partition(|done| done.is_of(path));
        // What was done in a folder that has another name for good is undone there.
        for done in &flushed {
            if let Done::Renamed(from, to) = done {
                pending.iter_mut().for_each(|done| done.follow(from, to));
            }
        }
        state.pending = pending;
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(false)?.bury(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.call(false)?.bury(path)
    }
}

/// A file on such a disk.
struct Written {
    disk: Faulty,
    path: PathBuf,
    file: File,
    is_begun: bool,
}

impl Write for Written {
    /// All that is written to a file is one call.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_begun {
            drop(self.disk.call(true)?);
            self.is_begun = true;
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Output for Written {
    fn flush_to_disk(&mut self) -> io::Result<()> {
        let mut state = self.disk.call(false)?;
        state.dirty.remove(&self.path);
        Ok(())
    }
}
