//! The file of VLAN interfaces in, the table of them out; again on each change, the last good one kept.

use std::fs;
use std::path::Path;

use tracing::{info, warn};

use super::Error;
use super::reload::{Stamp, stamp_of};
use crate::rrd::Vlis;

/// Who is behind which MAC, as it was read.
#[derive(Debug, Default)]
pub(super) struct Table {
    stamp: Stamp,
    pub(super) vlis: Option<Vlis>,
    /// Why it was not read the last time.
    error: Option<String>,
}

impl Table {
    /// The table at the start: here a bad file is an error; one that is not there may come.
    pub(super) fn first(path: &Path) -> Result<Self, Error> {
        let mut table = Self { stamp: stamp_of(path), ..Self::default() };
        match fs::read_to_string(path) {
            Ok(text) => {
                let vlis =
                    Vlis::parse(&text).map_err(|source| Error::Vlis { path: path.to_owned(), source })?;
                table.take(vlis, path);
            }
            Err(error) => table.keep(error.to_string(), path),
        }
        Ok(table)
    }

    /// Reads the file if it has changed. What cannot be read leaves the table as it is, and says so once.
    pub(super) fn read_again(&mut self, path: &Path) {
        let stamp = stamp_of(path);
        if stamp.is_some() && self.stamp == stamp {
            return;
        }
        self.stamp = stamp;
        let read = fs::read_to_string(path).map_err(|error| error.to_string());
        match read.and_then(|text| Vlis::parse(&text).map_err(|error| error.to_string())) {
            Ok(vlis) => self.take(vlis, path),
            Err(error) => self.keep(error, path),
        }
    }

    fn take(&mut self, vlis: Vlis, path: &Path) {
        let file = path.display();
        info!(%file, interfaces = vlis.len(), "VLAN interfaces read");
        if let Some(example) = vlis.notices.first() {
            warn!(notices = vlis.notices.len(), example, "parts of {file} could not be used");
        }
        (self.vlis, self.error) = (Some(vlis), None);
    }

    fn keep(&mut self, error: String, path: &Path) {
        let file = path.display();
        let is_new = self.error.as_ref() != Some(&error);
        match &self.vlis {
            Some(_) if is_new => warn!("{file} not read, the last good table is kept: {error}"),
            None if is_new => warn!("no RRD files are written: {file}: {error}"),
            Some(_) | None => {}
        }
        self.error = Some(error);
    }
}
