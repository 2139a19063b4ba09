//! Steps that were closed in, into the store by a thread of its own: who counts never waits for a disk.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;
use tracing::{info, warn};

use super::{Error, clock, known};
use crate::config;
use crate::live::{Kept, Live, Roster};
use crate::snapshot::Measure;
use crate::store::disk::Host;
use crate::store::{Counted, History, Keep, Shelf, Told};

/// How often it is looked whether something is to be summed up.
const PERIOD: Duration = Duration::from_secs(5);
/// Pairs of steps that may be on their way; beyond, a step is lost, and counted.
const MOST_UNTAKEN: usize = 16_000_000;

/// Where steps go.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    steps: Sender<Told>,
    untaken: Arc<AtomicUsize>,
}

impl Outlet {
    /// Hands steps over, and never waits.
    pub(super) fn tell(&self, told: Told) {
        let told = match told {
            Told::Exact(counted) => Told::Exact(self.bounded(counted)),
            Told::Sampled(counted) => Told::Sampled(self.bounded(counted)),
        };
        self.untaken.fetch_add(records(&told), Ordering::AcqRel);
        // A thread that has ended has said why.
        let _ended: Result<(), mpsc::SendError<Told>> = self.steps.send(told);
    }

    fn bounded<M: Measure>(&self, mut counted: Counted<M>) -> Counted<M> {
        if self.untaken.load(Ordering::Acquire) > MOST_UNTAKEN {
            warn!(steps = counted.closed.len(), "the store is too slow; what was counted is not kept");
            counted.closed.clear();
        }
        counted
    }
}

fn records(told: &Told) -> usize {
    match told {
        Told::Exact(counted) => counted.records(),
        Told::Sampled(counted) => counted.records(),
    }
}

/// The thread that writes.
pub(super) struct Writing {
    writer: JoinHandle<()>,
}

/// What it works with.
struct Writer {
    history: History,
    live: Arc<Mutex<Live>>,
    roster: Arc<ArcSwap<Roster>>,
    known: Arc<Roster>,
    untaken: Arc<AtomicUsize>,
    share: u32,
    is_failing: bool,
}

/// Opens the store, if there is to be one, and starts its thread.
pub(super) fn start(
    config: &config::Store,
    live: &Arc<Mutex<Live>>,
    roster: &Arc<ArcSwap<Roster>>,
) -> Result<Option<(Outlet, Shelf, Writing)>, Error> {
    let Some(folder) = &config.folder else {
        return Ok(None);
    };
    let agent = concat!("ixp-agent ", env!("CARGO_PKG_VERSION"));
    let mut history = History::open(Arc::new(Host), folder, agent, keep(config))?;
    let known = roster.load_full();
    history.register(&known.registry, clock::now().as_millisecond());
    let shelf = history.shelf();
    info!(folder = %folder.display(), segments = shelf.now().len(), bytes = shelf.now().bytes(), "the past is kept");
    let (steps, taken) = mpsc::channel();
    let untaken = Arc::new(AtomicUsize::new(0));
    let outlet = Outlet { steps, untaken: Arc::clone(&untaken) };
    let (live, roster) = (Arc::clone(live), Arc::clone(roster));
    let writer = Writer { history, live, roster, known, untaken, share: config.share, is_failing: false };
    let writer = thread::Builder::new()
        .name("store".to_owned())
        .spawn(move || writer.run(&taken))
        .map_err(|source| Error::Start { what: "the writer of the store", source })?;
    Ok(Some((outlet, shelf, Writing { writer })))
}

fn keep(config: &config::Store) -> Keep {
    let millis = |time: Option<jiff::SignedDuration>| {
        time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    };
    Keep { time: config.keep.map(millis), bytes: config.bytes }
}

impl Writing {
    /// Waits until all that was handed over is written. Every [`Outlet`] must be gone.
    pub(super) fn stop(self) -> Result<(), Error> {
        self.writer.join().map_err(|_| Error::StoreEnded)
    }
}

impl Writer {
    /// Writes until nobody has anything more.
    fn run(mut self, taken: &Receiver<Told>) {
        let mut next = clock::instant();
        loop {
            match taken.recv_timeout(next.saturating_duration_since(clock::instant())) {
                Ok(told) => self.take(told),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if clock::instant() >= next {
                self.tend();
                next = clock::instant() + PERIOD;
            }
        }
        self.report();
    }

    fn take(&mut self, told: Told) {
        self.untaken.fetch_sub(records(&told), Ordering::AcqRel);
        let roster = self.roster.load_full();
        if !Arc::ptr_eq(&roster, &self.known) {
            self.history.register(&roster.registry, clock::now().as_millisecond());
            self.known = roster;
        }
        self.history.take(told, &self.known.registry);
        self.report();
    }

    /// Sums up, and takes no more of a processor than its share. Steps that come meanwhile wait in memory.
    fn tend(&mut self) {
        let mut since = clock::instant();
        let share = self.share;
        let mut pace = move || {
            let worked = clock::instant().duration_since(since);
            // Whatever wakes it early makes it take a little more.
            thread::park_timeout(rest(worked, share));
            since = clock::instant();
        };
        match self.history.tend(clock::now().as_millisecond(), &mut pace) {
            Ok(()) => self.is_failing = false,
            Err(error) if !self.is_failing => {
                warn!(%error, "what is kept is not summed up; tried again");
                self.is_failing = true;
            }
            Err(_) => {}
        }
        self.report();
    }

    fn report(&self) {
        let (waiting, lost) = self.history.behind();
        let shelf = self.history.shelf().now();
        known(&self.live).kept = Some(Kept {
            segments: shelf.len(),
            bytes: shelf.bytes(),
            waiting,
            lost,
            is_failing: self.is_failing,
        });
    }
}

/// How long to rest after so much work, to take `share` percent of a processor.
fn rest(worked: Duration, share: u32) -> Duration {
    let share = share.clamp(1, 100);
    worked.saturating_mul(100 - share) / share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_work_is_followed_by_the_rest() {
        assert_eq!(rest(Duration::from_millis(10), 25), Duration::from_millis(30));
        assert_eq!(rest(Duration::from_millis(10), 100), Duration::ZERO);
        assert_eq!(rest(Duration::from_millis(10), 0), Duration::from_millis(990));
    }
}
