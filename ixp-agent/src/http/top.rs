//! `GET /api/v1/top-talkers`: a time in, who exchanged most in it out.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::matrix::{self, Checked, Words};
use super::problem::Problem;
use super::{Api, report};
use crate::matrix::By;
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
    let words = Words {
        by: raw.by.as_deref(),
        from: raw.from.as_deref(),
        to: raw.to.as_deref(),
        family: raw.family.as_deref(),
        asn: raw.asn.as_deref(),
        vlan: raw.vlan.as_deref(),
        source: raw.source.as_deref(),
    };
    let query = Checked::new(&words, By::Asn, (api.clock)())?;
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
