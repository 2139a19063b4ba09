//! `GET /api/v1/stats`: a time in, what can be said of the traffic of all, of a member or of a pair out.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::problem::Problem;
use super::{Api, query, report};
use crate::report::stats::StatsDto;
use crate::snapshot::Source;
use crate::store::Whose;

/// The time that is asked of without `from`.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The query as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    from: Option<String>,
    to: Option<String>,
    asn: Option<String>,
    peer: Option<String>,
    source: Option<String>,
    format: Option<String>,
}

/// The query, checked.
#[derive(Debug, PartialEq, Eq)]
struct Checked {
    /// Milliseconds since 1970.
    span: (i64, i64),
    whose: Whose,
    /// `None`: what there is, first what was counted.
    source: Option<Source>,
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(raw) = raw.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let shelf = report::shelf(&api)?;
    let format = report::format(raw.format.as_deref())?;
    let Checked { span, whose, source } = check(&raw, (api.clock)())?;
    let source = source.unwrap_or_else(|| api.live().source());
    let named = match whose {
        Whose::All => vec![],
        Whose::Member(asn) => vec![asn],
        Whose::Pair(asn, peer) => vec![asn, peer],
    };
    named.into_iter().try_for_each(|asn| report::known(&api, &shelf, asn))?;
    let stats = report::ask(&api, &shelf, move |catalog| catalog.stats(source, span, whose)).await?;
    let stats = StatsDto::new(&stats, source, whose, &api.roster.load().registry);
    report::answer(format, &stats, |out| stats.csv(out), |out| stats.table(out))
}

fn check(raw: &Raw, now: Timestamp) -> Result<Checked, Problem> {
    let (from, to) = query::span((raw.from.as_deref(), raw.to.as_deref()), MONTH, now)?;
    let source = raw.source.as_deref().map(query::source).transpose()?;
    let asn = |text: &Option<String>| text.as_deref().map(query::asn).transpose();
    let whose = match (asn(&raw.asn)?, asn(&raw.peer)?) {
        (None, None) => Whose::All,
        (Some(asn), None) => Whose::Member(asn),
        (Some(asn), Some(peer)) => Whose::Pair(asn, peer),
        (None, Some(_)) => return Err(Problem::bad_request("peer without asn; write asn=64500&peer=64501")),
    };
    Ok(Checked { span: (from.as_millisecond(), to.as_millisecond()), whose, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::Asn;

    #[test]
    fn a_peer_is_somebodys_and_a_month_is_asked_of() {
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().expect("a time");
        let raw = |asn: Option<&str>, peer: Option<&str>| Raw {
            asn: asn.map(str::to_owned),
            peer: peer.map(str::to_owned),
            ..Raw::default()
        };
        let whose = |raw: &Raw| check(raw, now).map(|checked| checked.whose).ok();
        assert_eq!(whose(&raw(None, None)), Some(Whose::All));
        assert_eq!(whose(&raw(Some("64500"), Some("AS64501"))), Some(Whose::Pair(Asn(64500), Asn(64501))));
        assert_eq!(whose(&raw(None, Some("64501"))), None);
        let (from, to) = check(&Raw::default(), now).expect("it is right").span;
        assert_eq!((to - from, to), (30 * 86_400_000, now.as_millisecond()));
    }
}
