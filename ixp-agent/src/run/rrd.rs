//! What the store has of each five minutes in, files of an exchange's portal out, by a thread of its own that nobody waits for.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, info, warn};

use super::vlis::Table;
use super::{Error, clock, known};
use crate::config::{self, Portal};
use crate::live::Live;
use crate::rrd::layout::STEP;
use crate::rrd::{Cached, Known, Tally, Vlis, Writer, tally, writer};
use crate::snapshot::Source;
use crate::store::{self, Shelf, Step};

/// How often it is looked whether five minutes are over.
const PERIOD: Duration = Duration::from_secs(5);
/// How long after their end they are told: by then the store has them.
const GRACE: i64 = 15;
/// How long to wait before another attempt; twice as long each time, up to the second.
const PAUSE: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(300)];
/// Steps that are told before rrdcached is to have written what it has, if many are to be told.
const AT_ONCE: usize = 12;
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(500);
/// How long the end of the agent waits for what is under way: it is told again after the next start.
const FAREWELL: Duration = Duration::from_secs(2);
/// Names in a warning.
const EXAMPLES: usize = 5;

/// The thread.
pub(super) struct Telling {
    /// Its end tells the thread to stop.
    stop: mpsc::Sender<()>,
    done: Receiver<()>,
}

/// What the thread works with.
struct Teller {
    portal: Portal,
    source: Source,
    fcs: bool,
    reach_back: Option<SignedDuration>,
    shelf: Shelf,
    live: Arc<Mutex<Live>>,
    /// What is known of files, across restarts.
    kept: PathBuf,
    table: Table,
    writer: Writer,
    cached: Option<Cached>,
    /// The beginning of the next step, in seconds since 1970; known while there is a connection.
    next: i64,
    strangers: BTreeSet<String>,
    refused: usize,
    is_failing: bool,
    stopped: Receiver<()>,
}

/// Why a step was not told.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("rrdcached at {at}: {source}")]
    Cached { at: String, source: io::Error },
    #[error(transparent)]
    Told(#[from] writer::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Starts the thread, if files are to be written.
pub(super) fn start(
    config: &config::Config,
    shelf: Option<&Shelf>,
    live: &Arc<Mutex<Live>>,
) -> Result<Option<Telling>, Error> {
    let (Some(portal), Some(shelf), Some(folder)) = (&config.rrd.portal, shelf, &config.store.folder) else {
        return Ok(None);
    };
    let kept = folder.join("rrd-files.txt");
    let known = Known::from_text(&fs::read_to_string(&kept).unwrap_or_default());
    let counts = if config.attach.is_empty() { Source::Sampled } else { Source::Exact };
    let (stop, stopped) = mpsc::channel();
    let teller = Teller {
        writer: Writer::new(&portal.folder, known),
        portal: portal.clone(),
        source: config.rrd.source.unwrap_or(counts),
        fcs: config.rrd.fcs,
        reach_back: config.rrd.reach_back,
        shelf: shelf.clone(),
        live: Arc::clone(live),
        kept,
        table: Table::first(&portal.vlis)?,
        cached: None,
        next: 0,
        strangers: BTreeSet::new(),
        refused: 0,
        is_failing: false,
        stopped,
    };
    info!(rrdcached = %portal.rrdcached, folder = portal.folder, source = teller.source.name(), "RRD files are written");
    let (finished, done) = mpsc::channel::<()>();
    let run = move || {
        teller.run();
        drop(finished);
    };
    let spawned = thread::Builder::new().name("rrd".to_owned()).spawn(run);
    spawned.map_err(|source| Error::Start { what: "the writer of RRD files", source })?;
    Ok(Some(Telling { stop, done }))
}

impl Telling {
    /// Ends the thread.
    pub(super) fn stop(self) {
        let Self { stop, done } = self;
        drop(stop);
        if done.recv_timeout(FAREWELL) == Err(RecvTimeoutError::Timeout) {
            warn!(
                "the writer of RRD files waits for an answer; what was under way is told after the next start"
            );
        }
    }
}

impl Teller {
    fn run(mut self) {
        let [first, longest] = PAUSE;
        let mut pause = first;
        loop {
            self.table.read_again();
            let was_connected = self.cached.is_some();
            let mut outcome = self.tell();
            if was_connected && outcome.is_err() {
                // It may be another by now, which is no failure.
                outcome = self.tell();
            }
            let wait = if outcome.is_ok() { PERIOD } else { pause };
            pause = if outcome.is_ok() { first } else { longest.min(pause * 2) };
            self.report(outcome.err());
            if self.rests(wait) {
                return;
            }
        }
    }

    /// Waits; whether the agent ends.
    fn rests(&self, time: Duration) -> bool {
        self.stopped.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
    }

    fn report(&mut self, failure: Option<Failure>) {
        match &failure {
            Some(failure) if self.is_failing => debug!("RRD files are not written: {failure}"),
            Some(failure) => warn!("RRD files are not written; tried again: {failure}"),
            None if self.is_failing => info!("RRD files are written again"),
            None => {}
        }
        self.is_failing = failure.is_some();
    }

    /// Tells every step that is over and was not told. If it fails, the connection is gone.
    fn tell(&mut self) -> Result<(), Failure> {
        let Some(vlis) = self.table.vlis.take() else { return Ok(()) };
        let outcome = self.tell_by(&vlis);
        self.table.vlis = Some(vlis);
        outcome
    }

    fn tell_by(&mut self, vlis: &Vlis) -> Result<(), Failure> {
        let mut cached = match self.cached.take() {
            Some(mut cached) => {
                // One that was ended meanwhile may have lost what it had.
                cached.ping().map_err(|source| self.failed(source))?;
                cached
            }
            None => self.connect(vlis)?,
        };
        let mut told = 0;
        // What waits for a disk is of a step that is not complete.
        while self.next <= writer::last_over(now() - GRACE) && !self.is_behind() {
            told += usize::from(self.tell_step(&mut cached, vlis)?);
            self.next += STEP;
            if told == AT_ONCE {
                self.let_it_write(&mut cached)?;
                told = 0;
            }
            if self.rests(Duration::ZERO) {
                break;
            }
        }
        self.cached = Some(cached);
        Ok(())
    }

    /// Connects, and finds out from which step on files lack anything.
    fn connect(&mut self, vlis: &Vlis) -> Result<Cached, Failure> {
        let mut cached = Cached::connect(&self.portal.rrdcached).map_err(|source| self.failed(source))?;
        self.writer.forget();
        let reached = self.writer.reached(&mut cached, vlis).map_err(|source| self.failed(source))?;
        self.next = self.first(reached);
        let from = Timestamp::from_second(self.next).unwrap_or_default();
        debug!(%from, "connected to rrdcached");
        Ok(cached)
    }

    fn failed(&self, source: io::Error) -> Failure {
        Failure::Cached { at: self.portal.rrdcached.to_string(), source }
    }

    /// The first step to be told: where the files end, else where the store begins, but not too old.
    fn first(&self, reached: Option<i64>) -> i64 {
        let begun = self.shelf.now().first().map_or_else(now, |first| first.div_euclid(1000));
        let oldest = self.reach_back.map_or(i64::MIN, |time| now().saturating_sub(time.as_secs()));
        let first = reached.unwrap_or(i64::MIN).max(begun).max(oldest);
        first.div_euclid(STEP) * STEP
    }

    fn is_behind(&self) -> bool {
        known(&self.live).kept.is_some_and(|kept| kept.waiting > 0)
    }

    /// Tells the next step; whether there is anything to tell of it.
    fn tell_step(&mut self, cached: &mut Cached, vlis: &Vlis) -> Result<bool, Failure> {
        let start = self.next.saturating_mul(1000);
        let exchange = self.shelf.exchange(self.source, Step::FiveMinutes, start)?;
        // Of what was not observed nothing is told: to the files it is unknown.
        let Some(tally) = exchange.and_then(|exchange| tally(&exchange, vlis, self.fcs)) else {
            return Ok(false);
        };
        self.warn_of_strangers(&tally);
        let kept = self.kept.clone();
        let outcome = self.writer.tell(cached, &tally, vlis, &mut |known| keep(&kept, known))?;
        let (refused, example) = outcome.refused;
        if refused > 0 && refused != self.refused {
            warn!(files = refused, example, "rrdcached refuses some files");
        }
        self.refused = refused;
        debug!(start = tally.start, files = outcome.told, "told to rrdcached");
        Ok(true)
    }

    fn warn_of_strangers(&mut self, tally: &Tally) {
        if tally.strangers.is_subset(&self.strangers) {
            return;
        }
        self.strangers = tally.strangers.clone();
        let examples: Vec<&str> = self.strangers.iter().take(EXAMPLES).map(String::as_str).collect();
        warn!(
            ends = self.strangers.len(),
            examples = examples.join(", "),
            "no VLAN interface is known of these, and their traffic is in no RRD file; see vlis in [rrd]"
        );
    }

    /// Lets rrdcached write what it has: it has all that it is told in memory until then.
    fn let_it_write(&self, cached: &mut Cached) -> Result<(), Failure> {
        cached.flush().map_err(|source| self.failed(source))?;
        while cached.queued().map_err(|source| self.failed(source))?.is_some_and(|files| files > 0) {
            if self.rests(LOOK) {
                break;
            }
        }
        Ok(())
    }
}

fn now() -> i64 {
    clock::now().as_second()
}

/// Keeps what is known of files: the file is the one before or this one, as a whole.
fn keep(path: &Path, known: &Known) -> io::Result<()> {
    let unfinished = path.with_extension("tmp");
    let mut file = File::create(&unfinished)?;
    file.write_all(known.to_text().as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}
