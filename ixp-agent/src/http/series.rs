//! `GET /api/v1/members/{asn}/series`: a member, a time and a step in, what it sent and received in each step out.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::problem::Problem;
use super::{Api, query, report};
use crate::members::Asn;
use crate::report::series::SeriesDto;
use crate::snapshot::Source;
use crate::store::{Asked, Step};

/// Points of an answer at most.
const MOST: i64 = 2000;

/// The query as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    from: Option<String>,
    to: Option<String>,
    step: Option<String>,
    source: Option<String>,
    format: Option<String>,
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    asn: Result<Path<String>, PathRejection>,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Response, Problem> {
    let Path(asn) = asn.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let Query(raw) = raw.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let shelf = report::shelf(&api)?;
    let format = report::format(raw.format.as_deref())?;
    let source = raw.source.as_deref().map_or_else(|| Ok(api.live().source()), query::source)?;
    let asked = checked(&raw, (query::asn(&asn)?, source), (api.clock)())?;
    report::known(&api, &shelf, asked.asn)?;
    let points = report::ask(&api, &shelf, move |catalog| catalog.series(&asked)).await?;
    let series = SeriesDto::new(&asked, &points);
    report::answer(format, &series, |out| series.csv(out), |out| series.table(out))
}

/// Without a step it is the shortest that gives no more points than there may be.
fn checked(raw: &Raw, (asn, source): (Asn, Source), now: Timestamp) -> Result<Asked, Problem> {
    let day = SignedDuration::from_hours(24);
    let (from, to) = query::span((raw.from.as_deref(), raw.to.as_deref()), day, now)?;
    let span = |step: Step| {
        let millis = step.millis();
        let (from, to) = (from.as_millisecond(), to.as_millisecond());
        (from.div_euclid(millis) * millis, (to + millis - 1).div_euclid(millis) * millis)
    };
    let many = |step: Step| {
        let (from, to) = span(step);
        (to - from) / step.millis()
    };
    let fits = || Step::ALL.into_iter().find(|step| many(*step) <= MOST);
    let step = match raw.step.as_deref() {
        Some(text) => query::step(text)?,
        None => fits().ok_or_else(|| Problem::bad_request("the time is too long; write a later from"))?,
    };
    if many(step) > MOST {
        let longer = fits().map_or("a later from".to_owned(), |longer| format!("step={}", longer.name()));
        let points = many(step);
        let text =
            format!("step={} gives {points} points, and {MOST} is the most; write {longer}", step.name());
        return Err(Problem::bad_request(&text));
    }
    let (from, to) = span(step);
    Ok(Asked { asn, source, step, from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(from: &str, to: Option<&str>, step: Option<&str>) -> Result<Asked, Problem> {
        let raw = Raw {
            from: Some(from.to_owned()),
            to: to.map(str::to_owned),
            step: step.map(str::to_owned),
            source: None,
            format: None,
        };
        checked(&raw, (Asn(64500), Source::Exact), "2026-11-30T10:00:01Z".parse().expect("a time"))
    }

    #[test]
    fn a_step_is_the_shortest_that_gives_few_points() {
        for (from, step) in [
            ("-1h", Step::TenSeconds),
            ("-24h", Step::Minute),
            ("-100h", Step::FiveMinutes),
            ("-1000h", Step::Hour),
            ("-9000h", Step::Day),
        ] {
            assert_eq!(ask(from, None, None).expect("it is right").step, step, "{from}");
        }
        let asked = ask("-1h", None, Some("1h")).expect("it is right");
        assert_eq!((asked.to - asked.from) / Step::Hour.millis(), 2);
        assert!(ask("-1h", Some("-2h"), None).is_err());
        assert!(ask("-24h", None, Some("10s")).is_err());
        assert!(ask("-24h", None, Some("7m")).is_err());
    }
}
