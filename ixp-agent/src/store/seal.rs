//! Parts whose time is over in, the longer part that they make up out; then what is done to them moves to its last place.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use tracing::{debug, warn};

use super::catalog::Catalog;
use super::level::Level;
use super::merge::{self, Output, merge};
use super::part::{Making, Part};
use super::place::Segment;
use super::segment::write::{Packing, Writer, Written};
use super::segment::{self, Kin};
use super::step::Step;
use super::table::{SOURCES, Table};
use super::{Error, Store, recent};

/// How long after its end a part may still get intervals without being merged a second time.
const GRACE: i64 = 15_000;

impl Store {
    /// Merges what can be merged by `now`, milliseconds since 1970, moves what is finished to its last place, and removes
    /// what is kept no longer. `pace` is called now and then, may wait, and says whether
    /// to go on.
    ///
    /// # Errors
    /// [`Error`]. What was not done is done by the next call.
    pub fn tend(&self, now: i64, pace: &mut dyn FnMut() -> bool) -> Result<(), Error> {
        let mut summing = self.summing.lock().unwrap_or_else(PoisonError::into_inner);
        for level in Level::ALL {
            // What is finished in a part does not become part of another.
            self.publish()?;
            let Some(next) = level.next() else { break };
            // Parts that are done go as soon as nobody reads them.
            let due = due(&self.shelf.now(), level, next, now);
            for (start, parts) in due {
                self.seal(next, start, &parts, pace)?;
            }
        }
        self.forget(now, &mut summing);
        Ok(())
    }

    /// Makes one part of several.
    fn seal(
        &self,
        level: Level,
        start: i64,
        parts: &[Part],
        pace: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        let label = self.label(level, start);
        let folder = recent(&self.root);
        let making = Making::begin(&self.disk, &folder, label).map_err(Error::io(&folder))?;
        let written = match self.merged(&making, level, parts, pace) {
            Ok(written) => written,
            Err(error) => {
                making.abandon();
                return Err(self.put_aside(error, parts));
            }
        };
        let inputs = parts.iter().map(|part| part.label.number);
        // Those of an input are gone, unless somebody reads them still.
        let there = |number: &u64| self.is_there(*number);
        let before = parts.iter().flat_map(|part| part.inputs.iter().copied()).filter(there);
        let inputs = inputs.chain(before).collect();
        let made = making.commit(written, inputs).map_err(Error::io(&folder))?;
        debug!(part = %made.folder.path.display(), of = parts.len(), "summed up");
        self.shelf.change(|catalog| {
            catalog.parts.retain(|part| parts.iter().all(|input| input.label != part.label));
            catalog.parts.push(made);
        });
        parts.iter().for_each(|part| part.folder.doom());
        Ok(())
    }

    fn merged(
        &self,
        making: &Making,
        level: Level,
        parts: &[Part],
        pace: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<Written>, merge::Error> {
        let mut written = Vec::new();
        for table in Table::ALL {
            for source in SOURCES {
                for (step, made) in level.made() {
                    let kin = Kin::new(table, source, *step);
                    let inputs = segments(parts, kin);
                    if inputs.is_empty() {
                        continue;
                    }
                    let readers = inputs.iter().map(|segment| segment.open(&[])).collect::<Result<_, _>>()?;
                    let output = |step: &Step| {
                        let kin = kin.of_step(*step);
                        let packing = if level.publishes(*step) { Packing::Small } else { Packing::Quick };
                        let said = (packing, &self.footer()[..]);
                        let writer = Writer::create(&*self.disk, &making.folder, kin, said)?;
                        Ok(Output::new(kin, level.keeps_peaks(table, *step), writer))
                    };
                    let outputs = made.iter().map(output).collect::<std::io::Result<_>>()?;
                    written.extend(merge(&*self.disk, kin, readers, outputs, pace)?);
                }
            }
        }
        Ok(written)
    }

    /// Puts aside what could not be read, so that the rest can be merged by the next call.
    fn put_aside(&self, error: merge::Error, parts: &[Part]) -> Error {
        if let merge::Error::Write(_) | merge::Error::Stopped = error {
            return error.into();
        }
        for segment in parts.iter().flat_map(|part| &part.segments) {
            let Err(damage @ segment::Error::Checksum { .. }) = segment.verify() else { continue };
            if let Err(error) = self.shelf.put_aside(segment, &damage) {
                warn!(%error, "{damage}; it could not be put aside");
            }
        }
        error.into()
    }

    /// Whether a part is there, though it may be part of another.
    fn is_there(&self, number: u64) -> bool {
        let suffix = format!("-{number}");
        let listed = std::fs::read_dir(recent(&self.root)).into_iter().flatten().flatten();
        listed.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(&suffix))
    }

    /// Moves what is finished to its last place, and removes the folders of parts that have nothing left.
    fn publish(&self) -> Result<(), Error> {
        let before = self.shelf.now();
        for part in &before.parts {
            let is_done = |segment: &&Arc<Segment>| part.label.level.publishes(segment.kin.step);
            for segment in part.segments.iter().filter(is_done) {
                self.shelf.publish(segment)?;
            }
        }
        let catalog = self.shelf.now();
        let is_over =
            |part: &&Part| part.segments.is_empty() && part.inputs.iter().all(|input| !self.is_there(*input));
        let over: Vec<Part> = catalog.parts.iter().filter(is_over).cloned().collect();
        if !over.is_empty() {
            over.iter().for_each(|part| part.folder.doom());
            self.shelf.change(|catalog| {
                catalog.parts.retain(|part| over.iter().all(|over| over.label != part.label));
            });
        }
        Ok(())
    }
}

/// The parts of a level whose time is over, by the start of the longer part that they are in.
fn due(catalog: &Catalog, level: Level, next: Level, now: i64) -> BTreeMap<i64, Vec<Part>> {
    let mut due: BTreeMap<i64, Vec<Part>> = BTreeMap::new();
    for part in catalog.parts.iter().filter(|part| part.label.level == level) {
        let (start, end) = next.around(part.label.start);
        if end.saturating_add(GRACE) <= now {
            due.entry(start).or_default().push(part.clone());
        }
    }
    due
}

/// The segments of a kind that parts have.
fn segments(parts: &[Part], kin: Kin) -> Vec<Arc<Segment>> {
    let all = parts.iter().flat_map(|part| &part.segments);
    all.filter(|segment| segment.kin == kin).cloned().collect()
}
