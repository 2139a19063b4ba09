//! Steps that were counted in, a store that has them out. What cannot be written waits; of what waits too long the oldest is
//! lost, and counted.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use ixp_common::counters::{Counts, PairKey};
use tracing::warn;

use super::disk::Disk;
use super::ends::{self, Ends};
use super::interval::Builder;
use super::{Error, Interval, Keep, Shelf, Store};
use crate::matrix::Closed;
use crate::members::Registry;
use crate::snapshot::{Estimate, Measure, Source};

/// Pairs of steps that may wait to be written.
const MOST_WAITING: usize = 16_000_000;

/// Steps that were closed, and the pairs that were met since those before.
#[derive(Debug, Clone)]
pub struct Counted<M: Measure> {
    /// In order.
    pub closed: Vec<Closed<M>>,
    /// In the order of their numbers.
    pub keys: Vec<PairKey>,
}

impl<M: Measure> Counted<M> {
    /// How many pairs its steps have.
    #[must_use]
    pub fn records(&self) -> usize {
        self.closed.iter().map(|closed| closed.pairs.iter().len()).sum()
    }
}

/// What was counted, and what was sampled.
#[derive(Debug, Clone)]
pub enum Told {
    /// Each frame was counted.
    Exact(Counted<Counts>),
    /// Some frames stand for all.
    Sampled(Counted<Estimate>),
}

/// The store, and all that it takes to bring steps there.
#[derive(Debug)]
pub struct History {
    store: Arc<Store>,
    ends: Ends,
    exact: Builder,
    sampled: Builder,
    waiting: VecDeque<Interval>,
    /// Steps that were lost since the start.
    lost: u64,
    is_failing: bool,
}

impl History {
    /// Opens the store of a folder.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(disk: Arc<dyn Disk>, root: &Path, agent: &str, keep: Keep) -> Result<Self, Error> {
        let store = Arc::new(Store::open(disk, root, agent, keep)?);
        let entries = ends::load(root).map_err(Error::Ends)?;
        if entries.is_empty() && !store.shelf().now().is_empty() {
            return Err(Error::Ends(format!(
                "there are rows in {}, and no table of members",
                root.display()
            )));
        }
        let ends = Ends::new(entries);
        store.show(&ends);
        let (exact, sampled) = (Builder::default(), Builder::default());
        Ok(Self { store, ends, exact, sampled, waiting: VecDeque::new(), lost: 0, is_failing: false })
    }

    /// What there is to read.
    #[must_use]
    pub fn shelf(&self) -> Shelf {
        self.store.shelf()
    }

    /// The members are these from `now` on, milliseconds since 1970.
    pub fn register(&mut self, registry: &Registry, now: i64) {
        self.ends.register(registry, now);
        self.exact.forget();
        self.sampled.forget();
    }

    /// Takes steps, and writes them and those that wait.
    pub fn take(&mut self, told: Told, registry: &Registry) {
        let Self { ends, exact, sampled, waiting, .. } = self;
        match told {
            Told::Exact(counted) => waiting.extend(rows(exact, counted, ends, registry)),
            Told::Sampled(counted) => waiting.extend(rows(sampled, counted, ends, registry)),
        }
        self.write();
    }

    /// Writes what waits, as far as that can be.
    fn write(&mut self) {
        while let Some(interval) = self.waiting.pop_front() {
            if let Err(error) = self.kept(&interval) {
                self.waiting.push_front(interval);
                if !self.is_failing {
                    warn!(%error, "what was counted is not written; tried again");
                }
                self.is_failing = true;
                break;
            }
            if self.is_failing {
                warn!(intervals = self.waiting.len(), "what was counted is written again");
            }
            self.is_failing = false;
            let is_sampled = interval.rows.iter().any(|(_, source, _)| *source == Source::Sampled);
            if is_sampled { &mut self.sampled } else { &mut self.exact }.reuse(interval);
        }
        let mut waiting: usize = self.waiting.iter().map(records).sum();
        while waiting > MOST_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            waiting -= records(&oldest);
            self.lost += 1;
        }
    }

    /// Ends first: no row has a number that is nobody's.
    fn kept(&mut self, interval: &Interval) -> Result<(), Error> {
        if self.ends.is_changed() {
            let (disk, root) = (&*self.store.disk, &self.store.root);
            ends::save(disk, root, self.ends.entries()).map_err(Error::io(root))?;
            self.ends.saved();
            self.store.show(&self.ends);
        }
        self.store.append(interval)
    }

    /// The store, to sum up there.
    #[must_use]
    pub fn store(&self) -> Arc<Store> {
        Arc::clone(&self.store)
    }

    /// Stations of no member that are silent make room for others, now and then.
    pub fn make_room(&mut self, now: i64) {
        let has_others = self.exact.has_others() || self.sampled.has_others();
        if self.ends.make_room(now) && has_others {
            self.exact.forget();
            self.sampled.forget();
        }
    }

    /// Steps that wait to be written, and those that were lost since the start.
    #[must_use]
    pub fn behind(&self) -> (usize, u64) {
        (self.waiting.len(), self.lost)
    }
}

fn records(interval: &Interval) -> usize {
    interval.rows.iter().map(|(.., rows)| rows.len()).sum()
}

fn rows<M: Measure>(
    builder: &mut Builder,
    counted: Counted<M>,
    ends: &mut Ends,
    registry: &Registry,
) -> Vec<Interval> {
    builder.meet(&counted.keys);
    counted.closed.iter().map(|closed| builder.rows(closed, ends, registry)).collect()
}
