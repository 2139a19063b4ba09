//! The members file in, the roster out; again on each change, the last good one kept.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use arc_swap::ArcSwap;
use tracing::{debug, info, warn};

use super::clock;
use crate::config;
use crate::live::Roster;
use crate::members::{MembersError, Registry, load};

/// What changes when a file is edited or replaced: device, inode, size, modification time.
pub(super) type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The roster at the start: here a bad file is an error.
pub(super) fn first(members: &config::Members) -> Result<Roster, MembersError> {
    let Some(file) = &members.file else {
        return Ok(Roster::default());
    };
    let (registry, notices) = load::load(file, &members.vlan_tags)?;
    let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
    told(&registry, &notices, file);
    Ok(Roster { registry, file: Some(file.clone()), loaded: Some(clock::now()), notices, error: None })
}

/// Reads the file again. What cannot be read leaves the table as it is, and says so.
pub(super) fn again(members: &config::Members, roster: &ArcSwap<Roster>) {
    match first(members) {
        Ok(read) => roster.store(read.into()),
        Err(error) => {
            let old = roster.load();
            let age = old.loaded.map(|loaded| clock::now().duration_since(loaded).as_secs());
            warn!(age_seconds = age, "members not reloaded, the last good table is kept: {error}");
            roster.store(
                Roster {
                    registry: old.registry.clone(),
                    file: old.file.clone(),
                    loaded: old.loaded,
                    notices: old.notices.clone(),
                    error: Some(error.to_string()),
                }
                .into(),
            );
        }
    }
}

/// Which version of the file is there.
pub(super) fn stamp(members: &config::Members) -> Stamp {
    stamp_of(members.file.as_ref()?)
}

/// Which version of a file is there; none if there is no such file.
pub(super) fn stamp_of(file: &Path) -> Stamp {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.dev(), metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

fn told(registry: &Registry, notices: &[String], file: &Path) {
    info!(file = %file.display(), members = registry.members().len(), interfaces = registry.interfaces().len(), "members read");
    if !notices.is_empty() {
        warn!(notices = notices.len(), "parts of it could not be used; `ixp-agent members check` lists them");
    }
    for notice in notices {
        debug!("{notice}");
    }
}
