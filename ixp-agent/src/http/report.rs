//! A report in, the answer that has it in the format that was asked for out.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::buf::Writer;
use bytes::{BufMut as _, BytesMut};
use serde::Serialize;

use super::problem::Problem;
use super::{Api, unknown};
use crate::members::Asn;
use crate::report::Format;
use crate::store::{Catalog, SegmentError, Shelf};

/// What a report is written to.
type Body = Writer<BytesMut>;

/// What is kept of the past.
pub(super) fn shelf(api: &Api) -> Result<Shelf, Problem> {
    let none = "nothing is kept of the past; write folder in [store] of the configuration";
    api.shelf.clone().ok_or_else(|| Problem::not_found(none))
}

/// A member that is, or that was.
pub(super) fn known(api: &Api, shelf: &Shelf, asn: Asn) -> Result<(), Problem> {
    let is_member = || api.roster.load().registry.members().iter().any(|member| member.asn == asn);
    match shelf.now().has_member(asn) || is_member() {
        true => Ok(()),
        false => Err(unknown(asn)),
    }
}

/// Whether somebody waits for an answer: as long as this is there.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    is_over: Arc<AtomicBool>,
}

impl Waiting {
    /// What of the past is kept, asked as long as somebody waits.
    pub(super) fn shelf(&self, shelf: &Shelf) -> Shelf {
        shelf.while_wanted(&self.is_over)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// What the past says to a question, one at a time. Who goes away ends it.
pub(super) async fn ask<T: Send + 'static>(
    api: &Arc<Api>,
    shelf: &Shelf,
    question: impl Fn(&Catalog) -> Result<T, SegmentError> + Send + 'static,
) -> Result<T, Problem> {
    let internal = |error: &dyn std::error::Error| Problem::internal(&error.to_string());
    let turn = api.matrices.acquire().await.map_err(|error| internal(&error))?;
    let waiting = Waiting::default();
    let shelf = waiting.shelf(shelf);
    let answered = tokio::task::spawn_blocking(move || shelf.ask(question)).await;
    drop((turn, waiting));
    answered.map_err(|error| internal(&error))?.map_err(|error| internal(&error))
}

/// How a report is to be written.
pub(super) fn format(text: Option<&str>) -> Result<Format, Problem> {
    let Some(text) = text else { return Ok(Format::Json) };
    let found = Format::ALL.into_iter().find(|format| format.name() == text);
    found.ok_or_else(|| Problem::bad_request(&format!("format={text}; write table, json or csv")))
}

/// The answer.
pub(super) fn answer(
    format: Format,
    report: &impl Serialize,
    csv: impl FnOnce(&mut Body) -> io::Result<()>,
    table: impl FnOnce(&mut Body) -> io::Result<()>,
) -> Result<Response, Problem> {
    let mut body = BytesMut::new().writer();
    let (kind, written) = match format {
        Format::Json => {
            ("application/json", serde_json::to_writer(&mut body, report).map_err(io::Error::from))
        }
        Format::Csv => ("text/csv; charset=utf-8; header=present", csv(&mut body)),
        Format::Table => ("text/plain; charset=utf-8", table(&mut body)),
    };
    written.map_err(|error| Problem::internal(&error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, kind)], body.into_inner().freeze()).into_response())
}
