//! Files as the store writes them: created, flushed to the disk, moved to their place. Whoever implements it decides what a
//! power cut leaves.

#[cfg(test)]
pub(super) mod faulty;

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// What the store does to a disk. Nothing is sure to be there after a power cut but what was flushed: a file by
/// [`Output::flush_to_disk`], that it is in its folder by [`Disk::flush_folder`].
pub trait Disk: Debug + Send + Sync {
    /// A file to write to; there was none.
    ///
    /// # Errors
    /// Those of the file system; so are those of all others here.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>>;
    /// A folder; that which it is in is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Moves a file or a folder, on the same file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes sure that what is in a folder will be.
    fn flush_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder and all that is in it.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that is written.
pub trait Output: Write + Send {
    /// Makes sure that what was written will be there.
    ///
    /// # Errors
    /// Those of the file system.
    fn flush_to_disk(&mut self) -> io::Result<()>;
}

/// The file system of this host.
#[derive(Debug)]
pub struct Host;

impl Disk for Host {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        Ok(Box::new(File::create_new(path)?))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn flush_folder(&self, path: &Path) -> io::Result<()> {
        // Of a relative path's only part the parent is "".
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

impl Output for File {
    fn flush_to_disk(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// The file system of this host for what can be made again: nothing is flushed, and a power cut may leave anything.
#[derive(Debug)]
pub struct Scratch;

impl Disk for Scratch {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Output>> {
        struct Unflushed(File);

        impl Write for Unflushed {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write(bytes)
            }

            fn flush(&mut self) -> io::Result<()> {
                self.0.flush()
            }
        }

        impl Output for Unflushed {
            fn flush_to_disk(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        Ok(Box::new(Unflushed(File::create_new(path)?)))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        Host.create_folder(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Host.rename(from, to)
    }

    fn flush_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Host.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Host.remove_folder(path)
    }
}

/// Makes a folder for good, and those that it is in.
///
/// # Errors
/// Those of the file system.
pub(super) fn make_folder(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(disk, parent)?;
    }
    disk.create_folder(path)?;
    path.parent().map_or(Ok(()), |parent| disk.flush_folder(parent))
}

/// Moves a file or a folder to its place for good: its old folder and its new one are flushed.
///
/// # Errors
/// Those of the file system. If flushing fails it may be in either place after a power cut.
pub(super) fn settle(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    disk.rename(from, to)?;
    let folders = [to.parent(), from.parent()];
    if let Some(folder) = folders[0] {
        disk.flush_folder(folder)?;
    }
    if let (true, Some(folder)) = (folders[0] != folders[1], folders[1]) {
        disk.flush_folder(folder)?;
    }
    Ok(())
}
