//! Queries over HTTP in, JSON out. Reads the agent's state, writes nothing.

pub mod alone;
mod auth;
mod dto;
mod events;
mod exporter;
mod matrix;
mod problem;
mod query;
mod report;
mod rules;
mod series;
mod sflow;
mod stations;
mod stats;
mod steps;
mod stream;
mod top;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{Method, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, broadcast, watch};

use self::problem::Problem;
use crate::events::News;
use crate::live::{Live, Roster};
use crate::members::Asn;
use crate::store::Shelf;

/// Readings come each second; this long without one, and the agent is not ready.
const LATE: SignedDuration = SignedDuration::from_secs(10);

/// Writes the metrics page; the error is for the reader.
pub type MetricsPage = fn(&Live, &Roster) -> Result<String, String>;

/// What the server answers from.
pub struct Api {
    /// The agent's state.
    pub live: Arc<Mutex<Live>>,
    /// The members.
    pub roster: Arc<ArcSwap<Roster>>,
    /// Writes the metrics page.
    pub metrics: MetricsPage,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// What a reader has to show; `None` on a loopback address.
    pub token: Option<String>,
    /// The agent's version.
    pub version: &'static str,
    /// The commit that it was built from.
    pub revision: &'static str,
    /// Lets one matrix be made at a time: a large one takes hundreds of megabytes.
    pub matrices: Semaphore,
    /// Events and incidents as they come.
    pub news: broadcast::Sender<News>,
    /// Places for those who read them.
    pub streams: Arc<Semaphore>,
    /// Lets one answer of many steps be written at a time.
    pub exports: Arc<Semaphore>,
    /// What is kept of the past, if it is.
    pub shelf: Option<Shelf>,
    /// Changes, or ends, when it is time to stop.
    pub stopped: watch::Receiver<()>,
}

impl Api {
    /// Another task takes over this thread while it waits: a reading of many cells holds the state.
    fn live(&self) -> MutexGuard<'_, Live> {
        tokio::task::block_in_place(|| self.live.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All routes.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/api/v1/matrix", get(matrix::get))
        .route("/api/v1/exporter-sources", get(exporter::get))
        .route("/api/v1/members", get(members))
        .route("/api/v1/members/{asn}", get(member))
        .route("/api/v1/members/{asn}/series", get(series::get))
        .route("/api/v1/stats", get(stats::get))
        .route("/api/v1/top-talkers", get(top::get))
        .route("/api/v1/stations", get(stations::get))
        .route("/api/v1/rules", get(rules::get))
        .route("/api/v1/events", get(events::get))
        .route("/api/v1/events/stream", get(stream::get))
        .route("/api/v1/status", get(status))
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .fallback(|| async { Problem::not_found("no such page; / lists what there is") })
        .method_not_allowed_fallback(|method: Method| async move { Problem::method_not_allowed(&method) })
        .layer(middleware::from_fn_with_state(Arc::clone(&api), auth::check))
        .with_state(api)
}

async fn page() -> impl IntoResponse {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(include_str!("http/page.html")))
}

async fn members(State(api): State<Arc<Api>>) -> Response {
    let roster = api.roster.load();
    axum::Json(dto::members(&roster)).into_response()
}

async fn member(
    State(api): State<Arc<Api>>,
    asn: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(asn) = asn.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let asn = query::asn(&asn)?;
    let roster = api.roster.load();
    let member = dto::member(&roster, asn).ok_or_else(|| unknown(asn))?;
    Ok(axum::Json(member).into_response())
}

fn unknown(asn: Asn) -> Problem {
    Problem::not_found(&format!("{asn} is no member; /api/v1/members lists those that are"))
}

async fn status(State(api): State<Arc<Api>>) -> Response {
    let roster = api.roster.load();
    let status = dto::status(&api, &api.live(), &roster, (api.clock)());
    axum::Json(status).into_response()
}

async fn metrics(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    let roster = api.roster.load();
    let text = (api.metrics)(&api.live(), &roster).map_err(|error| Problem::internal(&error))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// Ready: the program is on every interface, and the counters are being read.
async fn readyz(State(api): State<Arc<Api>>) -> Result<&'static str, Problem> {
    let live = api.live();
    let gone: Vec<&str> =
        live.ports.values().filter(|port| !port.is_attached).map(|port| port.name.as_str()).collect();
    if !gone.is_empty() {
        return Err(Problem::unavailable(&format!("the program is not on {}", gone.join(", "))));
    }
    match live.read() {
        Some(last) if (api.clock)().duration_since(last) <= LATE => Ok("ready\n"),
        Some(last) => Err(Problem::unavailable(&format!("counters and samples were last read at {last}"))),
        None => Err(Problem::unavailable("counters and samples were not read yet")),
    }
}
