//! What is kept of the past and a question in, what an agent that has no more than that answers out: the same routes, without a
//! socket.

use std::io;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, broadcast, watch};
use tower::ServiceExt as _;

use super::{Api, query, router};
use crate::live::{Live, Roster};
use crate::matrix::Window;
use crate::stations::Inventory;
use crate::store::Shelf;

/// The largest problem that is read.
const LARGEST: usize = 1 << 16;

/// What is told of a problem.
#[derive(Debug, Deserialize)]
struct Told {
    detail: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The question is refused, with a status code.
    Refused(u16, String),
    /// There is no answer, or it ends before its end.
    Failed(String),
    /// Whoever takes it does not.
    Untaken(io::Error),
}

/// A moment as queries have it, if it is one.
#[must_use]
pub fn time(text: &str, now: Timestamp) -> Option<Timestamp> {
    query::time("to", text, now).ok()
}

/// Hands over the answer to a path with a query, as it is made. The members' names are those that they had last.
///
/// # Errors
/// [`Unanswered`]; part of the answer may be handed over by then.
pub fn answer(
    shelf: Shelf,
    clock: fn() -> Timestamp,
    question: &str,
    each: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Unanswered> {
    let failed = |error: &dyn std::error::Error| Unanswered::Failed(error.to_string());
    let runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|error| failed(&error))?;
    let (stop, stopped) = watch::channel(());
    let request = Request::get(question).body(Body::empty()).map_err(|error| failed(&error))?;
    let api = api(shelf, clock, stopped);
    let outcome = runtime.block_on(async {
        let Ok(response) = router(Arc::new(api)).oneshot(request).await;
        given(response, each).await
    });
    drop(stop);
    outcome
}

async fn given(
    response: Response<Body>,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Unanswered> {
    let (status, body) = (response.status(), response.into_body());
    if status != StatusCode::OK {
        let text = to_bytes(body, LARGEST).await.map_err(|error| Unanswered::Failed(error.to_string()))?;
        let told: Option<Told> = serde_json::from_slice(&text).ok();
        let detail = told.map_or_else(|| status.to_string(), |told| told.detail);
        return Err(Unanswered::Refused(status.as_u16(), detail));
    }
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        each(&piece.map_err(|error| Unanswered::Failed(error.to_string()))?).map_err(Unanswered::Untaken)?;
    }
    Ok(())
}

/// An agent that counts nothing, and has nothing in memory.
fn api(shelf: Shelf, clock: fn() -> Timestamp, stopped: watch::Receiver<()>) -> Api {
    let now = clock();
    let registry = shelf.now().past(now.as_millisecond()).into_registry();
    let window = Window::new(SignedDuration::from_secs(1), SignedDuration::from_secs(1), 0);
    Api {
        live: Arc::new(Mutex::new(Live::new(now, window, Inventory::new(0)))),
        roster: Arc::new(ArcSwap::from_pointee(Roster { registry, ..Roster::default() })),
        metrics: |_, _| Err("no agent runs".to_owned()),
        clock,
        token: None,
        version: env!("CARGO_PKG_VERSION"),
        revision: env!("IXP_REVISION"),
        matrices: Semaphore::new(1),
        news: broadcast::channel(1).0,
        streams: Arc::new(Semaphore::new(0)),
        exports: Arc::new(Semaphore::new(1)),
        shelf: Some(shelf),
        stopped,
    }
}
