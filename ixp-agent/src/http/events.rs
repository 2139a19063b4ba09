//! `GET /api/v1/events`: a query in, events and incidents out.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use ixp_common::rules::{BadRule, Rule};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::{Api, query};
use crate::events::dto::{EventDto, IncidentDto};
use crate::events::{self, Incident, News};
use crate::members::Asn;

/// Events that are given unless more are asked for.
const USUAL: usize = 500;
/// Events that are given at most: more are not kept.
const MOST: usize = 10_000;

/// The query as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    rule: Option<String>,
    member: Option<String>,
    since: Option<String>,
    limit: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    events: Vec<EventDto<'a>>,
    incidents: Vec<IncidentDto<'a>>,
    told: u64,
    suppressed: u64,
    held: u64,
    lost: u64,
}

pub(super) async fn get(
    State(api): State<Arc<Api>>,
    raw: Result<Query<Raw>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(raw) = raw.map_err(|error| Problem::bad_request(&error.body_text()))?;
    let query = check(&raw, (api.clock)())?;
    let (events, incidents, [told, suppressed, held, lost]) = {
        let live = api.live();
        let (ring, budget) = live.events_lost();
        let (log, incidents) = (live.events.log(), live.events.incidents());
        let (suppressed, held) = (live.events.suppressed(), live.events.held());
        let lost = ring + budget + live.events.lost();
        (log.query(&query), incidents.query(&query), [log.told(), suppressed, held, lost])
    };
    let answer = Answer {
        events: events.iter().map(|event| EventDto::from(&**event)).collect(),
        incidents: incidents.iter().map(|incident| IncidentDto::from(&**incident)).collect(),
        told,
        suppressed,
        held,
        lost,
    };
    Ok(axum::Json(answer).into_response())
}

fn check(raw: &Raw, now: Timestamp) -> Result<events::Query, Problem> {
    let Filter { rule, member } = Filter::check(raw.rule.as_deref(), raw.member.as_deref())?;
    let since = raw.since.as_deref().map(|text| query::time("since", text, now)).transpose()?;
    let limit = raw.limit.as_deref().map_or(Ok(USUAL), limit)?;
    Ok(events::Query { rule, member, since, limit: Some(limit) })
}

fn limit(text: &str) -> Result<usize, Problem> {
    let wrong = || Problem::bad_request(&format!("limit={text}; write a number from 1 to {MOST}"));
    text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(wrong)
}

/// Which news are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter {
    rule: Option<Rule>,
    member: Option<Asn>,
}

impl Filter {
    pub(super) fn check(rule: Option<&str>, member: Option<&str>) -> Result<Self, Problem> {
        let known = |text: &str| {
            text.parse().map_err(|error: BadRule| Problem::bad_request(&format!("rule={text} is {error}")))
        };
        Ok(Self { rule: rule.map(known).transpose()?, member: member.map(query::asn).transpose()? })
    }

    pub(super) fn admits(&self, news: &News) -> bool {
        match news {
            News::Event(event) => self.is_of(event.rule) && self.is_with(|asn| event.asn == Some(asn)),
            News::Incident(incident) => {
                self.is_of(incident.rule) && self.is_with(|asn| takes_part(incident, asn))
            }
        }
    }

    fn is_of(&self, rule: Rule) -> bool {
        self.rule.is_none_or(|asked| asked == rule)
    }

    fn is_with(&self, is_member: impl FnOnce(Asn) -> bool) -> bool {
        self.member.is_none_or(is_member)
    }
}

fn takes_part(incident: &Incident, asn: Asn) -> bool {
    incident.culprits.iter().any(|culprit| culprit.asn == Some(asn))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(rule: &str, member: &str, since: &str, limit: &str) -> Raw {
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Raw { rule: set(rule), member: set(member), since: set(since), limit: set(limit) }
    }

    #[test]
    fn a_query_is_checked_and_its_limit_is_never_more_than_is_kept() {
        let now = Timestamp::UNIX_EPOCH;
        let query = check(&raw("n01", "AS64500", "-1h", "7"), now).expect("sound");
        assert_eq!((query.rule, query.member, query.limit), (Some(Rule::N01), Some(Asn(64500)), Some(7)));
        assert_eq!(check(&raw("", "", "", ""), now).expect("sound").limit, Some(USUAL));
        let wrong = [("N99", "", "", ""), ("", "x", "", ""), ("", "", "1h", ""), ("", "", "", "0")];
        for (rule, member, since, limit) in wrong.into_iter().chain([("", "", "", "10001")]) {
            assert!(check(&raw(rule, member, since, limit), now).is_err(), "{rule}{member}{since}{limit}");
        }
    }
}
