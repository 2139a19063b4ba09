//! `GET /api/v1/top-talkers`: a time in, who exchanged most in it out.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::matrix::{self, Checked};
use super::problem::Problem;
use super::{Api, query, report};
use crate::matrix::{By, Filter};
use crate::report::top::TopDto;

/// Talkers and pairs that are told without `top`.
const USUAL: usize = 10;
/// The most that are.
const MOST: usize = 10_000;

/// The query as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    by: Option<String>,
    top: Option<String>,
    from: Option<String>,
    to: Option<String>,
    family: Option<String>,
    asn: Option<String>,
    vlan: Option<String>,
    source: Option<String>,
    format: Option<String>,
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(raw) = raw.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let format = report::format(raw.format.as_deref())?;
    let many = raw.top.as_deref().map_or(Ok(USUAL), many)?;
    let now = (api.clock)();
    let time =
        |name, text: &Option<String>| text.as_deref().map(|text| query::time(name, text, now)).transpose();
    let query = Checked {
        by: raw.by.as_deref().map_or(Ok(By::Asn), query::by)?,
        from: time("from", &raw.from)?,
        to: time("to", &raw.to)?,
        filter: Filter {
            family: raw.family.as_deref().map(query::family).transpose()?,
            asn: raw.asn.as_deref().map(query::asn).transpose()?,
            vlan: raw.vlan.as_deref().map(query::vlan).transpose()?,
        },
        source: raw.source.as_deref().map(query::source).transpose()?,
    };
    matrix::of(api, query, move |matrix| {
        let top = TopDto::new(matrix, many);
        report::answer(format, &top, |out| top.csv(out), |out| top.table(out))
    })
    .await
}

fn many(text: &str) -> Result<usize, Problem> {
    let wrong = || Problem::bad_request(&format!("top={text}; write 1 to {MOST}"));
    text.parse().ok().filter(|many| (1..=MOST).contains(many)).ok_or_else(wrong)
}
