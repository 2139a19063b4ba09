//! Steps that were closed in, into the store by a thread of its own: who counts never waits for a disk, and who writes never for
//! who sums up.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
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
use crate::store::{Counted, History, Keep, Shelf, Store, Told};

/// How often it is looked whether something is to be summed up.
const PERIOD: Duration = Duration::from_secs(5);
/// How far summing up stands behind all else that runs, as nice(1) has it.
const NICE: libc::c_int = 10;
/// Pairs of steps that may be on their way; beyond, a step is lost, and counted.
const MOST_UNTAKEN: usize = 16_000_000;

/// Where steps go.
#[derive(Debug, Clone)]
pub(super) struct Outlet {
    steps: Sender<Told>,
    way: Arc<Way>,
}

/// What is on its way.
#[derive(Debug, Default)]
struct Way {
    /// Pairs of steps that were not taken yet.
    untaken: AtomicUsize,
    /// Steps that were lost for want of room.
    lost: AtomicU64,
}

impl Outlet {
    /// Hands steps over, and never waits.
    pub(super) fn tell(&self, told: Told) {
        let told = match told {
            Told::Exact(counted) => Told::Exact(self.bounded(counted)),
            Told::Sampled(counted) => Told::Sampled(self.bounded(counted)),
        };
        self.way.untaken.fetch_add(records(&told), Ordering::AcqRel);
        // A thread that has ended has said why.
        let _ended: Result<(), mpsc::SendError<Told>> = self.steps.send(told);
    }

    fn bounded<M: Measure>(&self, mut counted: Counted<M>) -> Counted<M> {
        if self.way.untaken.load(Ordering::Acquire) > MOST_UNTAKEN {
            warn!(steps = counted.closed.len(), "the store is too slow; what was counted is not kept");
            self.way.lost.fetch_add(counted.closed.len() as u64, Ordering::Relaxed);
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

/// The threads that write and sum up.
pub(super) struct Writing {
    writer: JoinHandle<()>,
    summer: JoinHandle<()>,
    state: Arc<State>,
}

/// What both know.
#[derive(Debug, Default)]
struct State {
    is_over: AtomicBool,
    /// Whether summing up failed the last time.
    is_failing: AtomicBool,
}

/// Writes steps as they come.
struct Writer {
    history: History,
    live: Arc<Mutex<Live>>,
    roster: Arc<ArcSwap<Roster>>,
    known: Arc<Roster>,
    way: Arc<Way>,
    state: Arc<State>,
}

/// Sums up, meanwhile.
struct Summer {
    store: Arc<Store>,
    state: Arc<State>,
    share: u32,
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
    let (way, state) = (Arc::<Way>::default(), Arc::<State>::default());
    let outlet = Outlet { steps, way: Arc::clone(&way) };
    let summer = Summer { store: history.store(), state: Arc::clone(&state), share: config.share };
    let (live, roster) = (Arc::clone(live), Arc::clone(roster));
    let writer = Writer { history, live, roster, known, way, state: Arc::clone(&state) };
    let thread = |name: &str| thread::Builder::new().name(name.to_owned());
    let failed = |source| Error::Start { what: "the writer of the store", source };
    let writer = thread("store").spawn(move || writer.run(&taken)).map_err(failed)?;
    let summer = thread("sum-up").spawn(move || summer.run()).map_err(failed)?;
    Ok(Some((outlet, shelf, Writing { writer, summer, state })))
}

fn keep(config: &config::Store) -> Keep {
    let millis = |time: Option<jiff::SignedDuration>| {
        time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    };
    Keep { time: config.keep.map(millis), bytes: config.bytes }
}

impl Writing {
    /// Waits until all that was handed over is written; what is being summed up is left for the next start. Every [`Outlet`]
    /// must be gone.
    pub(super) fn stop(self) -> Result<(), Error> {
        let written = self.writer.join();
        self.state.is_over.store(true, Ordering::Release);
        self.summer.thread().unpark();
        written.and(self.summer.join()).map_err(|_| Error::StoreEnded)
    }
}

impl Writer {
    /// Writes until nobody has anything more.
    fn run(mut self, taken: &Receiver<Told>) {
        self.report();
        while let Ok(told) = taken.recv() {
            self.way.untaken.fetch_sub(records(&told), Ordering::AcqRel);
            let now = clock::now().as_millisecond();
            let roster = self.roster.load_full();
            if !Arc::ptr_eq(&roster, &self.known) {
                self.history.register(&roster.registry, now);
                self.known = roster;
            }
            self.history.make_room(now);
            self.history.take(told, &self.known.registry);
            self.report();
        }
    }

    fn report(&self) {
        let (waiting, lost) = self.history.behind();
        let shelf = self.history.shelf().now();
        known(&self.live).kept = Some(Kept {
            segments: shelf.len(),
            bytes: shelf.bytes(),
            waiting,
            lost: lost + self.way.lost.load(Ordering::Relaxed),
            is_failing: self.state.is_failing.load(Ordering::Relaxed),
        });
    }
}

impl Summer {
    fn run(self) {
        step_back();
        while !self.is_over() {
            self.tend();
            thread::park_timeout(PERIOD);
        }
    }

    fn is_over(&self) -> bool {
        self.state.is_over.load(Ordering::Acquire)
    }

    /// Sums up what is to be, and takes no more of a processor than its share.
    fn tend(&self) {
        let mut since = clock::instant();
        let mut pace = || {
            let worked = clock::instant().duration_since(since);
            // Whatever wakes it early makes it take a little more.
            thread::park_timeout(rest(worked, self.share));
            since = clock::instant();
            !self.is_over()
        };
        let was_failing = self.state.is_failing.load(Ordering::Relaxed);
        let is_failing = match self.store.tend(clock::now().as_millisecond(), &mut pace) {
            Ok(()) => false,
            Err(error) => {
                if !was_failing && !error.is_stopped() {
                    warn!(%error, "what is kept is not summed up; tried again");
                }
                !error.is_stopped()
            }
        };
        self.state.is_failing.store(is_failing, Ordering::Relaxed);
    }
}

/// Lets the other threads go first, the one that reads the counters above all.
fn step_back() {
    // SAFETY: no pointers. On Linux 0 is the calling thread alone (setpriority(2), C library/kernel differences).
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) };
    if result != 0 {
        warn!(error = %io::Error::last_os_error(), "summing up is as urgent as counting");
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
