//! One lab of a name at a time, and the folder it keeps its files in.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The folder of the lab named `prefix`, held until dropped.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    _held: File,
}

impl Lock {
    /// Takes the lab's name.
    ///
    /// # Errors
    /// Another lab has it.
    pub fn take(prefix: &str) -> Result<Self> {
        let folder = Path::new("/run/ixp-lab").join(prefix);
        fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let path = folder.join("lock");
        let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { folder, _held: file }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another lab named {prefix} is running on this host; end it first (it holds {})",
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
        }
    }

    /// Where the lab's files go.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
