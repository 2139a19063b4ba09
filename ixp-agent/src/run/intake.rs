//! The samples of switches: a thread per socket hears them, and one puts what was heard into the live state each second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tracing::{error, info, warn};

use super::hearing;
use super::history::Outlet;
use super::{Error, clock};
use crate::config::sflow::Listen;
use crate::intake::{Exporter, Exporters, Facts, Moment, Room, Tally};
use crate::live::{Hearing, Live, Roster};
use crate::policy::{self, Policy, Ports, Tables, build};
use crate::sflow::listen::{Gauge, Receiver};
use crate::snapshot::Delta;
use crate::store::{Counted, Told};

/// How often what was heard is put into the live state.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a socket that fails is left alone.
const RESPITE: Duration = Duration::from_millis(100);

/// Sockets that are open, and what their datagrams are held against.
pub(super) struct Intake {
    receivers: Vec<Receiver>,
    gauges: Vec<Gauge>,
    shared: Arc<Shared>,
    policy: Policy,
    /// The members that the facts are of, and when these are over.
    loaded: Option<Timestamp>,
    next: Option<Timestamp>,
}

/// What the threads share.
struct Shared {
    exporters: Exporters,
    /// One per socket.
    shards: Vec<Mutex<Shard>>,
    start: Instant,
    is_over: AtomicBool,
}

/// What one socket's datagrams said since the last second.
struct Shard {
    tally: Tally,
    facts: Facts,
}

impl Intake {
    /// Opens the sockets; nothing is heard yet.
    ///
    /// # Errors
    /// [`Error::Receive`], [`Error::Policy`].
    pub(super) fn open(listen: &Listen, policy: &Policy, roster: &Roster, room: Room) -> Result<Self, Error> {
        let failed = |source| Error::Receive { address: listen.address, source };
        let receivers =
            Receiver::open(listen.address, listen.workers, listen.receive_buffer).map_err(failed)?;
        let gauges =
            receivers.iter().map(Receiver::gauge).collect::<Result<Vec<Gauge>, _>>().map_err(failed)?;
        let now = clock::now();
        let exporters = listen.exporters.iter();
        let exporters = exporters
            .map(|exporter| Exporter::new(exporter.address, exporter.name.clone(), exporter.directions));
        let tables = tables(policy, roster, now)?;
        let shards = receivers.iter().map(|_| {
            let facts = Facts::new(tables.clone(), &roster.registry);
            Mutex::new(Shard { tally: Tally::new(room), facts })
        });
        let shared = Shared {
            exporters: Exporters::new(exporters),
            shards: shards.collect(),
            start: clock::instant(),
            is_over: AtomicBool::new(false),
        };
        told(listen, &gauges);
        Ok(Self {
            receivers,
            gauges,
            shared: Arc::new(shared),
            policy: policy.clone(),
            loaded: roster.loaded,
            next: roster.registry.next_change(now),
        })
    }

    /// Hears until [`Heard::stop`].
    ///
    /// # Errors
    /// [`Error::Start`].
    pub(super) fn start(
        mut self,
        live: Arc<Mutex<Live>>,
        roster: Arc<ArcSwap<Roster>>,
        history: Option<Outlet>,
    ) -> Result<Heard, Error> {
        let failed = |source| Error::Start { what: "a receiver of samples", source };
        let shared = Arc::clone(&self.shared);
        let mut threads = Vec::new();
        for (at, receiver) in std::mem::take(&mut self.receivers).into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(format!("sflow-{at}"));
            threads.push(thread.spawn(move || shared.hear(receiver, at)).map_err(failed)?);
        }
        let thread = thread::Builder::new().name("sflow".to_owned());
        let read = move || self.read(threads, &live, &roster, history.as_ref());
        let reader = thread.spawn(read).map_err(failed)?;
        Ok(Heard { shared, reader })
    }

    /// Each second what was heard into the live state, and once more at the end.
    fn read(
        mut self,
        threads: Vec<JoinHandle<()>>,
        live: &Mutex<Live>,
        roster: &ArcSwap<Roster>,
        history: Option<&Outlet>,
    ) {
        let mut told = hearing::Told::default();
        let mut next = clock::instant();
        while !self.shared.is_over.load(Ordering::Relaxed) {
            self.look(&roster.load());
            self.take(live, &roster.load_full(), &mut told);
            keep(live, history, false);
            next = (next + PERIOD).max(clock::instant());
            thread::park_timeout(next.saturating_duration_since(clock::instant()));
        }
        for thread in threads {
            if thread.join().is_err() {
                error!("a receiver of samples ended unexpectedly; please report this");
            }
        }
        self.take(live, &roster.load_full(), &mut told);
        keep(live, history, true);
    }

    /// Other members, or a MAC whose time is over, make other facts.
    fn look(&mut self, roster: &Roster) {
        let now = clock::now();
        if roster.loaded == self.loaded && self.next.is_none_or(|next| now < next) {
            return;
        }
        (self.loaded, self.next) = (roster.loaded, roster.registry.next_change(now));
        match tables(&self.policy, roster, now) {
            Ok(tables) => {
                for shard in &self.shared.shards {
                    let facts = Facts::new(tables.clone(), &roster.registry);
                    lock(shard).facts = facts;
                }
            }
            Err(error) => warn!("samples go on being held against the members before: {error}"),
        }
    }

    fn take(&self, live: &Mutex<Live>, roster: &Arc<Roster>, told: &mut hearing::Told) {
        let at = clock::now();
        let mut delta = Delta::default();
        for shard in &self.shared.shards {
            lock(shard).tally.take(&mut delta);
        }
        let hearing = self.hearing();
        told.look(&hearing, at);
        if let Some(sampled) = &mut lock(live).sampled {
            sampled.absorb(at, delta, roster);
            sampled.hearing = hearing;
        }
    }

    fn hearing(&self) -> Hearing {
        let exporters = &self.shared.exporters;
        let dropped = self.gauges.iter().filter_map(|gauge| gauge.dropped().ok());
        let buffer = self.gauges.first().and_then(|gauge| gauge.buffer().ok());
        Hearing {
            exporters: exporters.health(),
            strangers: exporters.strangers(),
            dropped: dropped.sum(),
            buffers: (buffer.unwrap_or(0), self.gauges.len()),
        }
    }
}

impl Shared {
    /// Takes what comes to one socket until it is over.
    fn hear(&self, mut receiver: Receiver, at: usize) {
        let mut was_failing = false;
        while !self.is_over.load(Ordering::Relaxed) {
            let received = match receiver.receive() {
                Ok(received) => received,
                Err(error) => {
                    if !was_failing {
                        warn!(%error, "samples are not received; tried again");
                    }
                    was_failing = true;
                    thread::park_timeout(RESPITE);
                    continue;
                }
            };
            was_failing = false;
            let since_start = clock::instant().duration_since(self.start);
            let now = Moment { at: clock::now(), since_start };
            let mut shard = lock(&self.shards[at]);
            let Shard { tally, facts } = &mut *shard;
            for (from, datagram) in received {
                self.exporters.hear(from, datagram, now, facts, tally);
            }
        }
    }
}

/// The threads that hear.
pub(super) struct Heard {
    shared: Arc<Shared>,
    /// Ends only when it is told to.
    pub(super) reader: JoinHandle<()>,
}

impl Heard {
    /// Hears no more; what was heard is in the live state.
    ///
    /// # Errors
    /// [`Error::DrainEnded`].
    pub(super) fn stop(self) -> Result<(), Error> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.reader.thread().unpark();
        self.reader.join().map_err(|_| Error::DrainEnded)
    }
}

fn tables(policy: &Policy, roster: &Roster, now: Timestamp) -> Result<Tables, policy::Error> {
    build(policy, &roster.registry, &Ports::default(), now, 0)
}

fn told(listen: &Listen, gauges: &[Gauge]) {
    let (address, exporters) = (listen.address, listen.exporters.len());
    info!(%address, exporters, sockets = gauges.len(), "samples of switches are received");
    let asked = usize::try_from(listen.receive_buffer).unwrap_or(usize::MAX);
    // The kernel says twice what it was asked for, to have room for what it adds to each datagram.
    let given = gauges.first().and_then(|gauge| gauge.buffer().ok()).map_or(0, |bytes| bytes / 2);
    if given < asked {
        warn!(
            asked,
            given,
            "the receive buffer is smaller than asked for: raise net.core.rmem_max, or give CAP_NET_ADMIN"
        );
    }
}

/// Hands closed steps over to the store, if they are kept; at the end the open one, too.
fn keep(live: &Mutex<Live>, history: Option<&Outlet>, is_end: bool) {
    let Some(history) = history else { return };
    let closed = lock(live).sampled.as_mut().and_then(|sampled| {
        if is_end {
            sampled.window.finish();
        }
        sampled.take_closed()
    });
    if let Some((closed, keys)) = closed {
        history.tell(Told::Sampled(Counted { closed, keys }));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
