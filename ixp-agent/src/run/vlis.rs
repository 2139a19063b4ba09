//! The table of VLAN interfaces, of a file or of IXP Manager itself, in, the last good one out; again on each change, or now and
//! then.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::reload::{Stamp, stamp_of};
use super::{Error, clock};
use crate::config::Mapper;
use crate::rrd::{Vlis, mapper};

/// How often IXP Manager is asked, and how long after it did not answer.
const OFTEN: [Duration; 2] = [Duration::from_secs(600), Duration::from_secs(60)];

/// Who is behind which MAC, as it was read.
#[derive(Debug)]
pub(super) struct Table {
    source: Mapper,
    /// Which version of the file was read.
    stamp: Stamp,
    /// When IXP Manager was asked.
    asked: Option<Instant>,
    pub(super) vlis: Option<Vlis>,
    /// Why it was not read the last time.
    error: Option<String>,
}

impl Table {
    /// The table at the start: here a bad file is an error; one that is not there may come, and nobody waits for IXP Manager.
    pub(super) fn first(source: &Mapper) -> Result<Self, Error> {
        let mut table = Self { source: source.clone(), stamp: None, asked: None, vlis: None, error: None };
        if let Mapper::File(path) = source {
            table.stamp = stamp_of(path);
            match fs::read_to_string(path) {
                Ok(text) => {
                    let vlis =
                        Vlis::parse(&text).map_err(|source| Error::Vlis { path: path.clone(), source })?;
                    table.take(vlis);
                }
                Err(error) => table.keep(error.to_string()),
            }
        }
        Ok(table)
    }

    /// Reads the file if it has changed, or asks if that was some time ago. What cannot be read leaves the table as it is, and
    /// says so once.
    pub(super) fn read_again(&mut self) {
        let read = match &self.source {
            Mapper::File(path) => {
                let stamp = stamp_of(path);
                if stamp.is_some() && self.stamp == stamp {
                    return;
                }
                self.stamp = stamp;
                fs::read_to_string(path).map_err(|error| error.to_string())
            }
            Mapper::Portal { url, key_file } => {
                let [usually, again] = OFTEN;
                let pause = if self.error.is_some() { again } else { usually };
                let now = clock::instant();
                if self.asked.is_some_and(|asked| now.duration_since(asked) < pause) {
                    return;
                }
                self.asked = Some(now);
                key(key_file.as_deref()).and_then(|key| mapper::ask(url, key.as_deref()))
            }
        };
        match read.and_then(|text| Vlis::parse(&text).map_err(|error| error.to_string())) {
            Ok(vlis) if self.error.is_none() && self.vlis.as_ref() == Some(&vlis) => {}
            Ok(vlis) => self.take(vlis),
            Err(error) => self.keep(error),
        }
    }

    fn take(&mut self, vlis: Vlis) {
        let from = &self.source;
        info!(%from, interfaces = vlis.len(), "VLAN interfaces read");
        if let Some(example) = vlis.notices.first() {
            warn!(notices = vlis.notices.len(), example, "parts of {from} could not be used");
        }
        (self.vlis, self.error) = (Some(vlis), None);
    }

    fn keep(&mut self, error: String) {
        let from = &self.source;
        let is_new = self.error.as_ref() != Some(&error);
        match &self.vlis {
            Some(_) if is_new => warn!("{from} not read, the last good table is kept: {error}"),
            None if is_new => warn!("no RRD files are written: {from}: {error}"),
            Some(_) | None => {}
        }
        self.error = Some(error);
    }
}

/// The key in the first line of a file.
fn key(file: Option<&Path>) -> Result<Option<String>, String> {
    let Some(file) = file else { return Ok(None) };
    let text = fs::read_to_string(file).map_err(|error| format!("read {}: {error}", file.display()))?;
    match text.lines().next().map(str::trim) {
        Some(key) if !key.is_empty() => Ok(Some(key.to_owned())),
        Some(_) | None => Err(format!("{} has no key in its first line", file.display())),
    }
}
