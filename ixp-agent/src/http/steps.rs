//! `GET /api/v1/matrix?step=…`: a time and a step in, the matrix of each step out as it is read; who stops reading ends it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use jiff::SignedDuration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Sender};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;
use tracing::warn;

use super::matrix::{self, Checked};
use super::problem::Problem;
use super::report::Waiting;
use super::{Api, query, report};
use crate::matrix::steps::Writer;
use crate::matrix::{By, Format};
use crate::store::{self, Query, Step, StepError, Steps};

/// The time that is asked of without `from`.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Bytes that are sent at once.
const PIECE: usize = 1 << 16;
/// Pieces that may wait for the reader.
const WAITING: usize = 16;
/// How long a reader may take for a piece.
const PATIENCE: Duration = Duration::from_secs(60);

/// Begins the answer.
pub(super) fn stream(
    api: Arc<Api>,
    checked: Checked,
    step: Step,
    format: Format,
) -> Result<Response, Problem> {
    let shelf = report::shelf(&api)?;
    if checked.by == By::Mac {
        return Err(matrix::no_macs());
    }
    let to = checked.to.unwrap_or_else(|| (api.clock)());
    let from = match checked.from {
        Some(from) => from,
        None => query::before(to, DAY)?,
    };
    query::in_order(from, to)?;
    let source = checked.source.unwrap_or_else(|| api.live().source());
    let (from, to) = (from.as_millisecond(), to.as_millisecond());
    let place = Arc::clone(&api.exports).try_acquire_owned();
    let place = place
        .map_err(|_| Problem::unavailable("another answer of many steps is written; try again later"))?;
    let asked = Query { by: checked.by, from, to, filter: checked.filter, source };
    let waiting = Waiting::default();
    let shelf = waiting.shelf(&shelf);
    let steps =
        Steps::new(shelf, api.roster.load().registry.lans(), asked, step).map_err(|error| match error {
            StepError::Forgotten { .. } => Problem::bad_request(&error.to_string()),
            StepError::Store(_) => Problem::internal(&error.to_string()),
        })?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let out = Pieces { sender, handle: Handle::current(), piece: BytesMut::new() };
    let square = || Problem::bad_request("format=dense is of one time; leave out step, or write format=csv");
    let writer = Writer::new(format, step.name(), out).ok_or_else(square)?;
    let is_whole = Arc::<AtomicBool>::default();
    let export = Export { steps, stopped: api.stopped.clone(), _place: place };
    let said = Arc::clone(&is_whole);
    tokio::task::spawn_blocking(move || export.run(writer, &said));
    let body = Body::from_stream(unfold((receiver, is_whole, waiting), |mut reading| async move {
        let piece = match reading.0.recv().await {
            Some(piece) => Ok(piece),
            None if reading.1.load(Ordering::Acquire) => return None,
            // So that nobody takes what there is for all.
            None => Err(io::Error::other("the answer ends before its end")),
        };
        Some((piece, reading))
    }));
    Ok(([(header::CONTENT_TYPE, matrix::kind(format))], body).into_response())
}

/// An answer that is written.
struct Export {
    steps: Steps,
    stopped: watch::Receiver<()>,
    _place: OwnedSemaphorePermit,
}

/// Why an answer ends before its end.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Nobody reads any more.
    #[error("{0}")]
    Reader(#[from] io::Error),
    #[error("the agent stops")]
    Stopped,
}

impl Export {
    /// Whether all was written is said before the reader finds that nothing more comes.
    fn run(mut self, mut writer: Writer<Pieces>, is_whole: &AtomicBool) {
        let outcome = self.written(&mut writer).and_then(|()| Ok(writer.end()?));
        if let Err(Ended::Store(error)) = &outcome
            && !error.is_unwanted()
        {
            warn!(%error, "an answer of many steps ends before its end");
        }
        is_whole.store(outcome.is_ok(), Ordering::Release);
        drop(writer);
    }

    fn written(&mut self, writer: &mut Writer<Pieces>) -> Result<(), Ended> {
        loop {
            if self.stopped.has_changed().unwrap_or(true) {
                return Err(Ended::Stopped);
            }
            let is_more =
                self.steps.next(|step| Ok::<_, Ended>(writer.write(&step.matrix, step.observed)?))?;
            if !is_more {
                return Ok(());
            }
        }
    }
}

/// What is written goes to the reader in pieces, who may take some time.
struct Pieces {
    sender: Sender<Bytes>,
    handle: Handle,
    piece: BytesMut,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = self.piece.split().freeze();
        if piece.is_empty() {
            return Ok(());
        }
        let sent = self.handle.block_on(timeout(PATIENCE, self.sender.send(piece)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
