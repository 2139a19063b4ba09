//! A configuration file's path and flags in, the configuration out.

use std::fs;
use std::path::Path;

use super::{Config, ConfigError, Overrides, resolve};

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
