//! `GET /api/v1/rules`: what is done about each rule, what was counted against it, and of whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ixp_common::counters::{RuleCounts, StationKey};
use ixp_common::rules::Rule;
use jiff::Timestamp;
use serde::Serialize;

use super::Api;
use crate::events::Severity;
use crate::live::Live;
use crate::members::{Asn, Registry};

#[derive(Debug, Serialize)]
struct Rules<'a> {
    profile: &'a str,
    version: &'static str,
    since: Timestamp,
    until: Option<Timestamp>,
    rules: Vec<RuleDto<'a>>,
}

#[derive(Debug, Serialize)]
struct RuleDto<'a> {
    rule: &'static str,
    title: &'static str,
    group: &'static str,
    severity: &'static str,
    action: &'static str,
    applicable: bool,
    reason: Option<&'a str>,
    packets: Option<u64>,
    bytes: Option<u64>,
    dropped: Option<u64>,
    would_drop: Option<u64>,
    members: Vec<MemberDto<'a>>,
    /// Stations that are nobody's, all together.
    unknown: Option<UnknownDto>,
}

/// What a member's station broke.
#[derive(Debug, Serialize)]
struct MemberDto<'a> {
    asn: Asn,
    name: &'a str,
    vlan: u16,
    mac: String,
    packets: u64,
    bytes: u64,
    dropped: u64,
    would_drop: u64,
}

#[derive(Debug, Default, Serialize)]
struct UnknownDto {
    /// Those that are known by address; frames of others are in the sum.
    stations: u64,
    packets: u64,
    bytes: u64,
    dropped: u64,
    would_drop: u64,
}

pub(super) async fn get(State(api): State<Arc<Api>>) -> Response {
    let roster = api.roster.load();
    let live = api.live();
    axum::Json(rules(&live, &roster.registry, api.version)).into_response()
}

fn rules<'a>(live: &'a Live, registry: &'a Registry, version: &'static str) -> Rules<'a> {
    let mut by_rule: BTreeMap<Rule, Vec<(StationKey, &RuleCounts)>> = BTreeMap::new();
    for (key, counts) in live.rules.rows() {
        if let Some(rule) = key.rule() {
            by_rule.entry(rule).or_default().push((key.station(), counts));
        }
    }
    let none = Vec::new();
    let rule = |rule| dto(rule, by_rule.get(&rule).unwrap_or(&none), live, registry);
    Rules {
        profile: &live.in_force.profile,
        version,
        since: live.since,
        until: live.last,
        rules: Rule::ALL.into_iter().map(rule).collect(),
    }
}

fn dto<'a>(
    rule: Rule,
    rows: &[(StationKey, &RuleCounts)],
    live: &'a Live,
    registry: &'a Registry,
) -> RuleDto<'a> {
    let reason = live.in_force.inapplicable.get(&rule).map(String::as_str);
    let mut sum = live.rules.missed().get(&rule).copied().unwrap_or_default();
    let mut unknown = UnknownDto::default();
    unknown.add(&sum);
    let mut members = Vec::new();
    for (station, counts) in rows {
        sum.add(counts);
        match registry.member_of(station.vlan(), station.mac()) {
            Some(member) => members.push(MemberDto {
                asn: member.asn,
                name: &member.name,
                vlan: station.vlan().get(),
                mac: station.mac().to_string(),
                packets: counts.broken.packets,
                bytes: counts.broken.bytes,
                dropped: counts.dropped,
                would_drop: counts.would_drop,
            }),
            None => {
                unknown.stations += 1;
                unknown.add(counts);
            }
        }
    }
    let counted = |value| reason.is_none().then_some(value);
    RuleDto {
        rule: rule.name(),
        title: rule.title(),
        group: rule.group().name(),
        severity: Severity::of(rule).name(),
        action: live.in_force.action(rule).name(),
        applicable: reason.is_none(),
        reason,
        packets: counted(sum.broken.packets),
        bytes: counted(sum.broken.bytes),
        dropped: counted(sum.dropped),
        would_drop: counted(sum.would_drop),
        members,
        unknown: (unknown.packets > 0).then_some(unknown),
    }
}

impl UnknownDto {
    fn add(&mut self, counts: &RuleCounts) {
        self.packets += counts.broken.packets;
        self.bytes += counts.broken.bytes;
        self.dropped += counts.dropped;
        self.would_drop += counts.would_drop;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::{at, broken, registry};
    use crate::matrix::Window;
    use crate::stations::Inventory;
    use jiff::SignedDuration;
    use serde_json::{Value, json};

    #[test]
    fn a_rule_has_its_members_and_zero_differs_from_not_applicable() {
        let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), 10);
        let (mut live, registry) = (Live::new(at(0), window, Inventory::new(10)), registry());
        live.in_force.inapplicable.insert(Rule::L06, "no port is configured".to_owned());
        let rows = [broken(Rule::N01, 3, 5), broken(Rule::N01, 99, 2)];
        let missed = [(Rule::N01, broken(Rule::N01, 0, 1).1)].into();
        live.rules.absorb(&rows.into(), &missed, &registry);
        let json = serde_json::to_value(rules(&live, &registry, "1.2.3")).expect("JSON");
        let of = |name: &str, field: &str| -> Value {
            let all = json["rules"].as_array().expect("a list");
            all.iter().find(|rule| rule["rule"] == name).expect(name).pointer(field).cloned().expect(field)
        };
        assert_eq!((of("N01", "/packets"), of("N01", "/action")), (json!(8), json!("drop")));
        assert_eq!((of("N01", "/members/0/asn"), of("N01", "/members/0/packets")), (json!(64503), json!(5)));
        assert_eq!((of("N01", "/unknown/stations"), of("N01", "/unknown/packets")), (json!(1), json!(3)));
        assert_eq!((of("N02", "/packets"), of("N02", "/applicable")), (json!(0), json!(true)));
        assert_eq!(
            (of("L06", "/packets"), of("L06", "/reason")),
            (Value::Null, json!("no port is configured"))
        );
    }
}
