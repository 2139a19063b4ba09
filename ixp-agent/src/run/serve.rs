//! The API, the signals, and the service manager, until it is time to stop.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::limit::Limited;
use super::settings::Settings;
use super::{Error, State, clock, reload};
use crate::http::{self, Api};
use crate::live::{Live, Roster};
use crate::{config, metrics};

const BUILD: metrics::Build =
    metrics::Build { version: env!("CARGO_PKG_VERSION"), revision: env!("IXP_REVISION") };

/// Readers of the stream at once: a part of the connections, so that others are left.
const STREAMS: usize = 32;

/// The members file, its version that was read at the start, and the configuration.
pub(super) type Read<'a> = (&'a config::Members, reload::Stamp, &'a Settings<'a>);

/// Serves until a signal ends it, or a reader of counters or samples has ended.
pub(super) fn until_signal(
    listener: TcpListener,
    token: Option<String>,
    state: State,
    read: Read<'_>,
    readers: &[&JoinHandle<()>],
) -> Result<(), Error> {
    let start = |source| Error::Start { what: "the runtime", source };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(start)?;
    let (stop, mut stopped) = watch::channel(());
    let (live, roster) = (Arc::clone(&state.live), Arc::clone(&state.roster));
    let api = api(state, token, stopped.clone());
    let ended = runtime.block_on(async {
        // Caught before anybody is told that the agent is ready, and can send one.
        let signals = Signals::caught()?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(start)?;
        let listener = Limited::new(listener);
        let server = axum::serve(listener, http::router(api)).with_graceful_shutdown(async move {
            // Either a value or the sender's end: both say stop.
            let _ended = stopped.changed().await;
        });
        let server = tokio::spawn(server.into_future());
        notify(&[NotifyState::Ready]);
        let ended = supervise(signals, &live, &roster, read, readers).await;
        notify(&[NotifyState::Stopping]);
        drop(stop);
        // A reader that does not go away must not hold up the last reading of the counters.
        if tokio::time::timeout(Duration::from_secs(2), server).await.is_err() {
            warn!("a client kept its connection open; closed");
        }
        ended
    });
    runtime.shutdown_background();
    ended
}

fn api(
    State { live, roster, stream, shelf }: State,
    token: Option<String>,
    stopped: watch::Receiver<()>,
) -> Arc<Api> {
    Arc::new(Api {
        live,
        roster,
        metrics: |live, roster| metrics::render(live, roster, BUILD).map_err(|error| error.to_string()),
        clock: clock::now,
        token,
        version: BUILD.version,
        revision: BUILD.revision,
        matrices: Semaphore::new(1),
        news: stream,
        streams: Arc::new(Semaphore::new(STREAMS)),
        exports: Arc::new(Semaphore::new(1)),
        shelf,
        stopped,
    })
}

/// The signals that mean something to the agent.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn caught() -> Result<Self, Error> {
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            hangup: catch(SignalKind::hangup())?,
        })
    }
}

/// Waits for signals; looks each second whether the members changed and the counters are read.
async fn supervise(
    mut signals: Signals,
    live: &Mutex<Live>,
    roster: &ArcSwap<Roster>,
    (members, mut stamp, settings): Read<'_>,
    readers: &[&JoinHandle<()>],
) -> Result<(), Error> {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => { info!(signal = "SIGTERM", "stopping"); return Ok(()); }
            _ = signals.interrupt.recv() => { info!(signal = "SIGINT", "stopping"); return Ok(()); }
            _ = signals.hangup.recv() => {
                settings.again();
                stamp = reload::stamp(members);
                reload::again(members, roster);
            }
            _ = second.tick() => {
                if readers.iter().any(|reader| reader.is_finished()) {
                    return Err(Error::DrainEnded);
                }
                let now = reload::stamp(members);
                if now != stamp {
                    stamp = now;
                    reload::again(members, roster);
                }
                beat(live, roster);
            }
        }
    }
}

fn catch(kind: SignalKind) -> Result<Signal, Error> {
    signal(kind).map_err(|source| Error::Start { what: "the signal handler", source })
}

/// The watchdog is fed only while the counters are being read.
fn beat(live: &Mutex<Live>, roster: &ArcSwap<Roster>) {
    let live = tokio::task::block_in_place(|| live.lock().unwrap_or_else(PoisonError::into_inner));
    let is_fresh = live.read().is_some_and(|last| clock::now().duration_since(last).as_secs() < 10);
    let status = format!(
        "{} members, {} cells, {} frames seen",
        roster.load().registry.members().len(),
        live.pair_table.0 + live.stranger_pairs.0,
        live.seen.packets
    );
    drop(live);
    notify(&[NotifyState::Status(&status)]);
    if is_fresh {
        notify(&[NotifyState::Watchdog]);
    }
}

/// Without a service manager this does nothing.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "the service manager was not told");
    }
}
