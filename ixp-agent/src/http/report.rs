//! A report in, the answer that has it in the format that was asked for out.

use std::io;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::buf::Writer;
use bytes::{BufMut as _, BytesMut};
use serde::Serialize;

use super::Api;
use super::problem::Problem;
use crate::report::Format;
use crate::store::Shelf;

/// What a report is written to.
type Body = Writer<BytesMut>;

/// What is kept of the past.
pub(super) fn shelf(api: &Api) -> Result<Shelf, Problem> {
    let none = "nothing is kept of the past; write folder in [store] of the configuration";
    api.shelf.clone().ok_or_else(|| Problem::not_found(none))
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
