//! Frames that are to be told of in, events out: the newest ones, with room for members whatever others send.

use std::collections::VecDeque;
use std::sync::Arc;

use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::{Breach, Event, Severity, header, summary};
use crate::members::{Asn, Registry};

/// Events of members that are kept.
const MEMBERS: usize = 7_500;
/// Events of stations that are nobody's.
const STRANGERS: usize = 2_500;

/// Which events, or incidents, are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Query {
    /// Of this rule.
    pub rule: Option<Rule>,
    /// Of this member.
    pub member: Option<Asn>,
    /// That came at or after this moment.
    pub since: Option<Timestamp>,
    /// Not more than this, the newest.
    pub limit: Option<usize>,
}

impl Query {
    fn admits(&self, event: &Event) -> bool {
        self.rule.is_none_or(|rule| rule == event.rule)
            && self.member.is_none_or(|member| event.asn == Some(member))
            && self.since.is_none_or(|since| event.at >= since)
    }
}

/// The newest events.
#[derive(Debug, Default)]
pub struct EventLog {
    members: VecDeque<Arc<Event>>,
    strangers: VecDeque<Arc<Event>>,
    told: u64,
}

impl EventLog {
    /// Makes an event of a frame; `suppressed` others are told of by it.
    pub fn add(&mut self, breach: &Breach<'_>, suppressed: u64, registry: &Registry) -> Arc<Event> {
        let (vlan, mac) = (breach.station.vlan(), breach.station.mac());
        let interface = registry.interface_of(vlan, mac).map(|id| registry.interface(id));
        let member = interface.map(|interface| registry.member(interface.member));
        let wired = interface.and_then(|interface| interface.port.as_deref());
        self.told += 1;
        let event = Arc::new(Event {
            id: self.told,
            at: breach.at,
            rule: breach.rule,
            severity: Severity::of(breach.rule),
            station: breach.station,
            asn: member.map(|member| member.asn),
            member: member.map(|member| member.name.clone()),
            interface: breach.interface.map(str::to_owned),
            port: breach.port.or(wired).map(str::to_owned),
            outcome: breach.outcome,
            suppressed,
            summary: summary::summary(breach, registry),
            header: breach.frame[..header::headers(breach.frame, breach.wire_len)].to_vec(),
        });
        let (ring, room) = match event.asn {
            Some(_) => (&mut self.members, MEMBERS),
            None => (&mut self.strangers, STRANGERS),
        };
        if ring.len() == room {
            ring.pop_front();
        }
        ring.push_back(Arc::clone(&event));
        event
    }

    /// The events that are asked for, in order of their ids.
    #[must_use]
    pub fn query(&self, query: &Query) -> Vec<Arc<Event>> {
        let all = self.members.iter().chain(&self.strangers);
        let mut found: Vec<Arc<Event>> = all.filter(|event| query.admits(event)).cloned().collect();
        found.sort_unstable_by_key(|event| event.id);
        let more = found.len().saturating_sub(query.limit.unwrap_or(usize::MAX));
        found.drain(..more);
        found
    }

    /// Events since the start.
    #[must_use]
    pub fn told(&self) -> u64 {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::{breach, registry};

    #[test]
    fn the_newest_are_kept_and_forged_stations_push_out_no_members() {
        let (mut log, registry) = (EventLog::default(), registry());
        log.add(&breach(Rule::N01, 1, 0), 0, &registry);
        for _ in 0..STRANGERS + 10 {
            log.add(&breach(Rule::L07, 99, 1), 0, &registry);
        }
        let kept = log.query(&Query::default());
        assert_eq!(kept.len(), STRANGERS + 1);
        assert_eq!((kept[0].id, kept[1].id, log.told()), (1, 12, 2511));
    }

    #[test]
    fn a_query_gives_the_newest_of_what_it_asks_for() {
        let (mut log, registry) = (EventLog::default(), registry());
        for second in 0..5 {
            log.add(&breach(Rule::N01, 1, second), 0, &registry);
            log.add(&breach(Rule::A06, 2, second), 0, &registry);
        }
        let ids = |query| log.query(&query).iter().map(|event| event.id).collect::<Vec<_>>();
        let since = Timestamp::from_second(3).ok();
        assert_eq!(ids(Query { rule: Some(Rule::A06), since, ..Query::default() }), [8, 10]);
        assert_eq!(ids(Query { member: Some(Asn(64501)), limit: Some(2), ..Query::default() }), [7, 9]);
    }
}
