//! A members file's path in, its registry out.

use std::fs;
use std::path::Path;

use super::{MembersError, Registry, VlanTags, parse};
use crate::notice::Notice;

/// Reads and parses a members file or an IX-F export.
///
/// # Errors
/// What [`parse`] says, or that the file cannot be read.
pub fn load(path: &Path, vlan_tags: &VlanTags) -> Result<(Registry, Vec<Notice>), MembersError> {
    let text =
        fs::read_to_string(path).map_err(|source| MembersError::Read { path: path.to_owned(), source })?;
    parse(&path.display().to_string(), &text, vlan_tags)
}
