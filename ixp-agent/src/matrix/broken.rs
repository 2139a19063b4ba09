//! What rules counted in, a line per rule and station out.

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::{PairKey, RuleCounts};
use ixp_common::rules::Rule;

use super::{Filter, Owner};
use crate::members::Registry;
use crate::snapshot::{Amount as _, Delta, Measure, Sampled};

/// What one station broke of one rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrokenRule<'r> {
    /// The rule.
    pub rule: Rule,
    /// Who; `None` for all stations together for which the table had no room.
    pub station: Option<(VlanId, Mac)>,
    /// Whose station it is, if that is known.
    pub owner: Option<Owner<'r>>,
    /// How much of it.
    pub counts: RuleCounts,
    /// How sure that is; `None` if each frame was counted.
    pub sampled: Option<Sampled>,
}

/// The rules that were broken, in order of rule, VLAN and address. The filter's member is that of the
/// station, and its family plays no part: a rule has none. With a filter, stations without room in the
/// table are left out, since nothing is known of them.
#[must_use]
pub fn broken<'r, M: Measure>(
    delta: &Delta<PairKey, M>,
    registry: &'r Registry,
    filter: &Filter,
) -> Vec<BrokenRule<'r>> {
    let mut rows: Vec<BrokenRule<'r>> = Vec::new();
    for (key, amount) in &delta.rules {
        let (vlan, mac) = (key.station().vlan(), key.station().mac());
        let owner = registry.interface_of(vlan, mac).map(|id| Owner::of(registry, id));
        let is_asked_for = filter.vlan.is_none_or(|asked| asked == vlan)
            && filter.asn.is_none_or(|asked| owner.is_some_and(|owner| owner.member.asn == asked));
        if let Some(rule) = key.rule().filter(|_| is_asked_for) {
            let station = Some((vlan, mac));
            rows.push(BrokenRule { rule, station, owner, counts: amount.plain(), sampled: amount.sampled() });
        }
    }
    if filter.vlan.is_none() && filter.asn.is_none() {
        let missed = delta.rules_missed.iter();
        rows.extend(missed.map(|(rule, amount)| BrokenRule {
            rule: *rule,
            station: None,
            owner: None,
            counts: amount.plain(),
            sampled: amount.sampled(),
        }));
    }
    rows.sort_by_key(|row| (row.rule, row.station.is_none(), row.station));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::tests::{mac, registry};
    use crate::members::Asn;
    use ixp_common::counters::{Counts, RuleKey, StationKey};

    fn delta() -> Delta {
        let key = |vlan, last, rule: Rule| {
            RuleKey::new(StationKey::new(VlanId::from_tci(vlan), mac(last)), rule as u8)
        };
        let counts = RuleCounts { broken: Counts::frame(60), ..RuleCounts::default() };
        let keys = [key(100, 1, Rule::N01), key(0, 1, Rule::N01), key(0, 9, Rule::L07), key(0, 4, Rule::L01)];
        Delta {
            rules: keys.map(|key| (key, counts)).into(),
            rules_missed: [(Rule::L07, counts)].into(),
            ..Delta::default()
        }
    }

    /// Each row as `rule vlan/last-byte asn`.
    fn check(filter: Filter, expected: &[&str]) {
        let registry = registry();
        let rows = broken(&delta(), &registry, &filter);
        let text = |row: &BrokenRule<'_>| {
            let station = row.station.map_or("*".to_owned(), |(vlan, mac)| format!("{vlan}/{}", mac.0[5]));
            let asn = row.owner.map_or("?".to_owned(), |owner| owner.member.asn.to_string());
            format!("{} {station} {asn}", row.rule)
        };
        assert_eq!(rows.iter().map(text).collect::<Vec<_>>(), expected, "{filter:?}");
    }

    #[test]
    fn rows_are_in_order_of_rule_and_station_and_say_whose_it_is() {
        let all = ["L01 0/4 AS64500", "L07 0/9 ?", "L07 * ?", "N01 0/1 AS64501", "N01 100/1 AS64500"];
        check(Filter::default(), &all);
    }

    #[test]
    fn a_filter_admits_stations_of_its_vlan_and_member() {
        check(Filter { vlan: Some(VlanId::from_tci(100)), ..Filter::default() }, &["N01 100/1 AS64500"]);
        check(
            Filter { asn: Some(Asn(64500)), ..Filter::default() },
            &["L01 0/4 AS64500", "N01 100/1 AS64500"],
        );
    }
}
