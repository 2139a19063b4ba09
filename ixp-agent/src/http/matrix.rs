//! `GET /api/v1/matrix`: a query in, the matrix of that time in any of its formats out.

use std::io;
use std::sync::{Arc, PoisonError};

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::{BufMut as _, BytesMut};
use jiff::Timestamp;
use serde::Deserialize;

use super::problem::Problem;
use super::report::Waiting;
use super::{Api, query};
use crate::matrix::{By, Filter, Format, Matrix, Slice, csv, dense, dto::MatrixDto, parquet, table};
use crate::snapshot::{Measure, Source};
use crate::store::{self, Shelf, Step};

/// The query as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    by: Option<String>,
    from: Option<String>,
    to: Option<String>,
    family: Option<String>,
    asn: Option<String>,
    vlan: Option<String>,
    source: Option<String>,
    format: Option<String>,
    step: Option<String>,
}

/// What a query says of a matrix, as it is written.
pub(super) struct Words<'w> {
    pub(super) by: Option<&'w str>,
    pub(super) from: Option<&'w str>,
    pub(super) to: Option<&'w str>,
    pub(super) family: Option<&'w str>,
    pub(super) asn: Option<&'w str>,
    pub(super) vlan: Option<&'w str>,
    pub(super) source: Option<&'w str>,
}

/// The query, checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checked {
    pub(super) by: By,
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) filter: Filter,
    /// `None`: what there is, first what was counted.
    pub(super) source: Option<Source>,
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(raw) = raw.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let (query, format) = check(&raw, (api.clock)())?;
    if let Some(step) = raw.step.as_deref() {
        return super::steps::stream(api, query, query::step(step)?, format);
    }
    of(api, query, move |matrix| formatted(matrix, format)).await
}

/// What `answer` makes of the matrix of a query, one at a time.
pub(super) async fn of(
    api: Arc<Api>,
    query: Checked,
    answer: impl Fn(&Matrix<'_>) -> Result<Response, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let shared = Arc::clone(&api);
    let turn = shared.matrices.acquire().await.map_err(|error| Problem::internal(&error.to_string()))?;
    let waiting = Waiting::default();
    let shelf = api.shelf.as_ref().map(|shelf| waiting.shelf(shelf));
    let answered = tokio::task::spawn_blocking(move || made(&api, shelf.as_ref(), &query, answer)).await;
    drop((turn, waiting));
    answered.map_err(|error| Problem::internal(&error.to_string()))?
}

impl Checked {
    /// What a query says; without `by` a cell is of the `usual` kind.
    pub(super) fn new(words: &Words<'_>, usual: By, now: Timestamp) -> Result<Self, Problem> {
        let moment = |name, text: Option<&str>| text.map(|text| query::time(name, text, now)).transpose();
        let (from, to) = (moment("from", words.from)?, moment("to", words.to)?);
        from.zip(to).map_or(Ok(()), |(from, to)| query::in_order(from, to))?;
        let filter = Filter {
            family: words.family.map(query::family).transpose()?,
            asn: words.asn.map(query::asn).transpose()?,
            vlan: words.vlan.map(query::vlan).transpose()?,
        };
        let by = words.by.map_or(Ok(usual), query::by)?;
        Ok(Self { by, from, to, filter, source: words.source.map(query::source).transpose()? })
    }
}

fn check(raw: &Raw, now: Timestamp) -> Result<(Checked, Format), Problem> {
    let words = Words {
        by: raw.by.as_deref(),
        from: raw.from.as_deref(),
        to: raw.to.as_deref(),
        family: raw.family.as_deref(),
        asn: raw.asn.as_deref(),
        vlan: raw.vlan.as_deref(),
        source: raw.source.as_deref(),
    };
    let checked = Checked::new(&words, By::Mac, now)?;
    let by = checked.by;
    let format = raw.format.as_deref().map_or(Ok(Format::Json), query::format)?;
    if format == Format::Dense && !by.is_square() {
        return Err(Problem::bad_request(&format!(
            "format=dense is a square of sources and destinations, and by={} has none; \
             write by=asn, by=interface, by=switch or by=facility",
            by.name()
        )));
    }
    Ok((checked, format))
}

fn made(
    api: &Api,
    shelf: Option<&Shelf>,
    query: &Checked,
    answer: impl Fn(&Matrix<'_>) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let live = api.live.lock().unwrap_or_else(PoisonError::into_inner);
    let source = query.source.unwrap_or_else(|| live.source());
    let oldest = match (source, &live.sampled) {
        (Source::Exact, _) => live.window.oldest(),
        (Source::Sampled, sampled) => sampled.as_ref().and_then(|sampled| sampled.window.oldest()),
    };
    if let (Some(shelf), Some(from)) = (shelf, query.from)
        && oldest.is_none_or(|oldest| from < oldest)
        && (query.by != By::Mac || is_older(shelf, oldest))
    {
        drop(live);
        return past(shelf, (source, from), api, query, answer);
    }
    match (source, &live.sampled) {
        (Source::Exact, _) => {
            let slice = live.query(query.from, query.to);
            drop(live);
            written(&slice, api, query, answer)
        }
        (Source::Sampled, Some(sampled)) => {
            let slice = sampled.query(query.from, query.to);
            drop(live);
            written(&slice, api, query, answer)
        }
        (Source::Sampled, None) => Err(Problem::bad_request(
            "source=sampled, and no samples of switches are received; write [sflow.listen] in the configuration",
        )),
    }
}

fn written<M: Measure>(
    slice: &Slice<M>,
    api: &Api,
    query: &Checked,
    answer: impl Fn(&Matrix<'_>) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    let roster = api.roster.load();
    let matrix = Matrix::new(&slice.delta, &roster.registry, query.by, query.filter, slice.span)
        .with_gaps(slice.gaps.clone());
    answer(&matrix)
}

/// What who asks for MACs of the past is told.
pub(super) fn no_macs() -> Problem {
    Problem::bad_request(
        "the store has members and their interfaces, and no MACs; write by=interface, by=asn, by=lan, by=switch or \
         by=facility, or a later from",
    )
}

/// Whether anything is kept that is not in memory any more.
fn is_older(shelf: &Shelf, oldest: Option<Timestamp>) -> bool {
    let ends = shelf.now().first().map(|first| first + Step::TenSeconds.millis());
    ends.is_some_and(|end| oldest.is_none_or(|oldest| end <= oldest.as_millisecond()))
}

/// The matrix of a time that is not in memory any more.
fn past(
    shelf: &Shelf,
    (source, from): (Source, Timestamp),
    api: &Api,
    query: &Checked,
    answer: impl Fn(&Matrix<'_>) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    if query.by == By::Mac {
        return Err(no_macs());
    }
    let (from, to) = (from.as_millisecond(), query.to.unwrap_or_else(|| (api.clock)()).as_millisecond());
    let asked = store::Query { by: query.by, from, to, filter: query.filter, source };
    let past = shelf.now().past(to).with_lans(api.roster.load().registry.lans());
    let matrix = shelf.ask(|catalog| catalog.matrix(&past, &asked));
    let matrix = matrix.map_err(|error| Problem::internal(&error.to_string()))?;
    answer(&matrix)
}

/// What is said of a format in the header of an answer.
pub(super) const fn kind(format: Format) -> &'static str {
    match format {
        Format::Table => "text/plain; charset=utf-8",
        Format::Json => "application/json",
        Format::Csv | Format::Dense => "text/csv; charset=utf-8; header=present",
        Format::Parquet => "application/vnd.apache.parquet",
    }
}

fn formatted(matrix: &Matrix<'_>, format: Format) -> Result<Response, Problem> {
    let mut body = BytesMut::new().writer();
    let written = match format {
        Format::Table => table::write(matrix, table::LINES, &mut body),
        Format::Json => serde_json::to_writer(&mut body, &MatrixDto::from(matrix)).map_err(io::Error::from),
        Format::Csv => csv::write(matrix, &mut body),
        Format::Dense => dense::write(matrix, &mut body),
        Format::Parquet => parquet::write(matrix, &mut body),
    };
    written.map_err(|error| Problem::internal(&error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, kind(format))], body.into_inner().freeze()).into_response())
}
