//! What graphs show of a step in, told to `rrdcached` out: each file is made when there is something to show, gets every step
//! after its last once, and a nought where nothing was exchanged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use foldhash::fast::RandomState;

use super::cached::Cached;
use super::known::Known;
use super::layout::{File, Graph, Ip, STEP, Unit};
use super::line::{self, Refusal};
use super::tally::Tally;
use super::vli::Vlis;

/// Commands that are told at once.
const BATCH: usize = 500;

/// Why a step was not told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The way to `rrdcached`.
    #[error("talk to rrdcached: {0}")]
    Io(#[from] io::Error),
    /// Which files there are could not be kept, so none is made.
    #[error("keep which RRD files there are: {0}")]
    Kept(io::Error),
    /// No file took it.
    #[error("rrdcached takes none of {files} files, as {example}; {hint}", hint = HINT)]
    Refused {
        /// How many.
        files: usize,
        /// What was said of one of them.
        example: String,
    },
}

/// What `rrdcached` needs to make files.
const HINT: &str =
    "start it with -B -R and a -b that folder in [rrd] is below, as a user who may write there";

/// What came of a step.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Files that took it.
    pub told: usize,
    /// Files that did not, and what was said of one of them.
    pub refused: (usize, String),
}

/// Tells steps in order.
#[derive(Debug)]
pub struct Writer {
    /// The folder of all files, as `rrdcached` has it.
    folder: String,
    known: Known,
    /// Whether what is known was kept.
    is_kept: bool,
    /// When each file that was asked for was last updated, in seconds since 1970; `None` if it is not there.
    last: HashMap<File, Option<i64>, RandomState>,
}

impl Writer {
    /// Tells files below a folder, some of which are known to be there.
    #[must_use]
    pub fn new(folder: &str, known: Known) -> Self {
        Self {
            folder: folder.trim_end_matches('/').to_owned(),
            known,
            is_kept: true,
            last: HashMap::default(),
        }
    }

    /// Forgets how far files are: `rrdcached` is another.
    pub fn forget(&mut self) {
        self.last.clear();
    }

    /// Asks how far the known files are: the last time that all of them have, in seconds since 1970; `None` if there are none.
    ///
    /// # Errors
    /// Those of the network.
    pub fn reached(&mut self, cached: &mut Cached, vlis: &Vlis) -> io::Result<Option<i64>> {
        let files = self.wanted(None, vlis);
        self.look_up(cached, &files)?;
        Ok(files.iter().filter_map(|file| self.last.get(file).copied().flatten()).min())
    }

    /// Tells a step. `keep` is called with what is known before any file is made.
    ///
    /// # Errors
    /// [`Error`]. Then some files may have it: it is to be told again.
    pub fn tell(
        &mut self,
        cached: &mut Cached,
        tally: &Tally,
        vlis: &Vlis,
        keep: &mut dyn FnMut(&Known) -> io::Result<()>,
    ) -> Result<Outcome, Error> {
        for (ip, graph) in tally.graphs.keys() {
            self.is_kept &= !self.known.insert(*ip, *graph);
        }
        if !self.is_kept {
            keep(&self.known).map_err(Error::Kept)?;
            self.is_kept = true;
        }
        let mut files = self.wanted(Some(tally), vlis);
        let mut outcome = Outcome::default();
        self.look_up(cached, &files)?;
        // What was removed since it was asked for is made again.
        for _ in 0..2 {
            files = self.told(cached, tally, &files, &mut outcome)?;
        }
        let (refused, example) = &outcome.refused;
        match outcome.told {
            0 if *refused > 0 => Err(Error::Refused { files: *refused, example: example.clone() }),
            _ => Ok(outcome),
        }
    }

    /// The files that are there or to be made, of interfaces that there are.
    fn wanted(&self, tally: Option<&Tally>, vlis: &Vlis) -> Vec<File> {
        let is_there = |(_, graph): &(Ip, Graph)| match graph {
            Graph::P2p(source, destination) => vlis.has(*source) && vlis.has(*destination),
            Graph::Individual(source) => vlis.has(*source),
            Graph::Aggregate(tag) => vlis.has_vlan(*tag),
        };
        let of = |(ip, graph)| Unit::ALL.map(|unit| File { graph, ip, unit });
        let known = self.known.iter().filter(is_there).flat_map(of);
        let wants = |file: &File| match (self.last.get(file), tally) {
            (Some(Some(last)), Some(tally)) => *last < tally.end(),
            (Some(None), Some(tally)) => tally.graphs.contains_key(&(file.ip, file.graph)),
            (None, _) | (_, None) => true,
        };
        known.filter(wants).collect()
    }

    /// Asks for files that were not asked for yet.
    fn look_up(&mut self, cached: &mut Cached, files: &[File]) -> io::Result<()> {
        let new: Vec<&File> = files.iter().filter(|file| !self.last.contains_key(file)).collect();
        for files in new.chunks(BATCH) {
            let commands: Vec<String> = files.iter().map(|file| line::last(&self.path(file))).collect();
            for (file, (status, text)) in files.iter().zip(cached.ask(&commands)?) {
                let last = (status >= 0).then(|| text.parse::<i64>().ok()).flatten();
                self.last.insert(**file, last);
            }
        }
        Ok(())
    }

    /// Tells a step to files; gives those that turn out not to be there any more.
    fn told(
        &mut self,
        cached: &mut Cached,
        tally: &Tally,
        files: &[File],
        outcome: &mut Outcome,
    ) -> io::Result<Vec<File>> {
        let mut gone = Vec::new();
        for files in files.chunks(BATCH) {
            let (of, commands): (Vec<File>, Vec<String>) =
                files.iter().flat_map(|file| self.commands(*file, tally)).unzip();
            let mut failed: BTreeMap<File, (Refusal, String)> = BTreeMap::new();
            for (at, text) in cached.batch(&commands)? {
                match Refusal::of(&text) {
                    Refusal::There => {}
                    // The first is why the others are.
                    refusal @ (Refusal::Missing | Refusal::Other) => {
                        failed.entry(of[at]).or_insert((refusal, text));
                    }
                }
            }
            for file in BTreeSet::from_iter(of) {
                let Some((refusal, text)) = failed.remove(&file) else {
                    self.last.insert(file, Some(tally.end()));
                    outcome.told += 1;
                    continue;
                };
                let before = self.last.remove(&file).flatten();
                if refusal == Refusal::Missing && before.is_some() {
                    self.last.insert(file, None);
                    gone.push(file);
                } else {
                    outcome.refused = (outcome.refused.0 + 1, text);
                }
            }
        }
        Ok(gone)
    }

    /// What makes a file, if it is not there and there is anything to show, and brings a step there.
    fn commands(&self, file: File, tally: &Tally) -> Vec<(File, String)> {
        let path = self.path(&file);
        let rates = tally.rates(file.ip, file.graph, file.unit);
        let update = |gap| line::update(&path, gap, tally.end(), rates);
        match self.last.get(&file).copied().flatten() {
            Some(last) if last >= tally.end() => Vec::new(),
            // A rate holds for all that is after the last update, up to twice the step: what was not observed must say so.
            Some(last) if last < tally.start => vec![(file, update(Some(tally.start)))],
            Some(_) => vec![(file, update(None))],
            None if tally.graphs.contains_key(&(file.ip, file.graph)) => {
                vec![(file, line::create(&path, tally.start)), (file, update(None))]
            }
            None => Vec::new(),
        }
    }

    fn path(&self, file: &File) -> String {
        match self.folder.as_str() {
            "" => file.to_string(),
            folder => format!("{folder}/{file}"),
        }
    }
}

/// The beginning of the last step that is over at a moment, both in seconds since 1970.
#[must_use]
pub fn last_over(now: i64) -> i64 {
    now.div_euclid(STEP) * STEP - STEP
}
