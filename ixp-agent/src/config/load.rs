//! A configuration file's path and flags in, the configuration out.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError, Overrides, resolve};

/// Where a configuration is from, so that it can be read again.
#[derive(Debug)]
pub struct Origin {
    /// The file, if there is to be one.
    pub file: Option<PathBuf>,
    /// What goes before it.
    pub flags: Overrides,
}

impl Origin {
    /// The configuration as it is written by now.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self) -> Result<Config, ConfigError> {
        load(self.file.as_deref(), self.flags.clone())
    }
}

/// Reads the file, if there is to be one, and resolves it with the flags.
///
/// # Errors
/// What [`resolve`] says, or that the file cannot be read.
pub fn load(path: Option<&Path>, flags: Overrides) -> Result<Config, ConfigError> {
    let Some(path) = path else {
        return resolve(None, flags);
    };
    let text =
        fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    resolve(Some((path, &text)), flags)
}
