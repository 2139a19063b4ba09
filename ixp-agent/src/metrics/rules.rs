//! What was counted against the rules, and what was told of it, as metrics.

use std::collections::BTreeMap;

use ixp_common::rules::Rule;
use prometheus::Error;

use super::Page;
use crate::live::{Live, Roster};
use crate::members::Asn;

impl Page {
    /// By rule, and by rule and member.
    pub(super) fn rules(&self, live: &Live, roster: &Roster) -> Result<(), Error> {
        let packets = self.counter(
            "ixp_rule_packets_total",
            "Frames that break a rule: all (counted), those that it dropped, those that it would have dropped.",
            &["rule", "action"],
        )?;
        let sums = live.rules.by_rule();
        // What cannot be decided here is not zero: it is not there.
        let is_decided = |rule: &Rule| !live.in_force.inapplicable.contains_key(rule);
        for rule in Rule::ALL.into_iter().filter(is_decided) {
            let sum = sums.get(&rule).copied().unwrap_or_default();
            let by_action =
                [("counted", sum.broken.packets), ("dropped", sum.dropped), ("would_drop", sum.would_drop)];
            for (action, value) in by_action {
                packets.with_label_values(&[rule.name(), action]).inc_by(value);
            }
        }
        let by_member = self.counter(
            "ixp_rule_member_packets_total",
            "Frames of a registered member that break a rule.",
            &["rule", "asn"],
        )?;
        for ((rule, asn), value) in of_members(live, roster) {
            by_member.with_label_values(&[rule.name(), asn.0.to_string().as_str()]).inc_by(value);
        }
        Ok(())
    }

    /// Frames that were kept from the others, events, and what became of them.
    pub(super) fn events(&self, live: &Live) -> Result<(), Error> {
        self.per_port(live, "ixp_dropped", "Frames that rules dropped", |port| {
            port.counted.counters.dropped
        })?;
        self.per_port(
            live,
            "ixp_would_drop",
            "Frames that rules would have dropped, had drops been real",
            |port| port.counted.counters.would_drop,
        )?;
        self.total("ixp_events_total", "Events that were told.", live.events.log().told())?;
        self.total(
            "ixp_events_suppressed_total",
            "Frames that were told of together with another of their rule and station.",
            live.events.suppressed(),
        )?;
        self.set(
            "ixp_events_held",
            "Frames that wait until their rule and station may be told of again.",
            usize::try_from(live.events.held()).unwrap_or(usize::MAX),
        )?;
        let lost = self.counter(
            "ixp_events_lost_total",
            "Frames, events and incidents that nobody was told of, by the stage that lost them.",
            &["stage"],
        )?;
        let ((ring, budget), (stream, webhook)) = (live.events_lost(), live.losses.read());
        let log = live.events.lost();
        let stages =
            [("ring", ring), ("budget", budget), ("log", log), ("stream", stream), ("webhook", webhook)];
        for (stage, value) in stages {
            lost.with_label_values(&[stage]).inc_by(value);
        }
        let open = live.events.incidents().open();
        self.set("ixp_incidents_open", "Incidents that have no end.", open)?;
        self.total(
            "ixp_stations_evicted_total",
            "Stations that are nobody's and had to leave the inventory for others.",
            live.stations.evicted(),
        )
    }

    fn total(&self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        self.counter(name, help, &[])?.with_label_values::<&str>(&[]).inc_by(value);
        Ok(())
    }
}

fn of_members(live: &Live, roster: &Roster) -> BTreeMap<(Rule, Asn), u64> {
    let mut sums: BTreeMap<(Rule, Asn), u64> = BTreeMap::new();
    for (key, counts) in live.rules.rows() {
        let station = key.station();
        let member = roster.registry.member_of(station.vlan(), station.mac());
        if let (Some(rule), Some(member)) = (key.rule(), member) {
            *sums.entry((rule, member.asn)).or_default() += counts.broken.packets;
        }
    }
    sums
}
