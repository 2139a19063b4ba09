//! A step in, what ends sent each other in it out, with the MACs that they had then.

use std::collections::BTreeMap;

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;

use super::catalog::Catalog;
use super::ends::{Entry, Kind};
use super::query::Wanted;
use super::step::Step;
use super::sum::counted;
use super::table::{Row, Table, small};
use super::{Error, Shelf, segment};
use crate::snapshot::Source;

/// The number of an end of traffic, as it stands in rows.
pub type EndId = super::ends::EndId;

/// What was exchanged in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its first moment, in milliseconds since 1970.
    pub start: i64,
    /// How long was observed in it, in milliseconds.
    pub observed: i64,
    /// Who sent how much to whom.
    pub flows: Vec<OneWay>,
    /// Members' interfaces and other stations, as they were then. Groups are none.
    pub ends: BTreeMap<EndId, Stations>,
}

/// What one end sent another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneWay {
    /// Who sent it.
    pub from: EndId,
    /// To whom.
    pub to: EndId,
    /// The outer tag.
    pub vlan: VlanId,
    /// What the frames carried.
    pub family: Family,
    /// Frames, and their bytes without FCS.
    pub counts: Counts,
}

/// The stations of an end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stations {
    /// What the end is called in matrices.
    pub label: String,
    /// Their addresses, each once.
    pub macs: Vec<Mac>,
}

impl Shelf {
    /// What was exchanged in the step that begins at a moment, in milliseconds since 1970; `None` if nothing was observed in it,
    /// or of what was counted not all is there any more.
    ///
    /// # Errors
    /// As [`Shelf::ask`].
    pub fn exchange(&self, source: Source, step: Step, start: i64) -> Result<Option<Exchange>, Error> {
        self.ask(|catalog| catalog.exchange(source, step, start))
    }
}

impl Catalog {
    fn exchange(&self, source: Source, step: Step, start: i64) -> Result<Option<Exchange>, segment::Error> {
        let to = start.saturating_add(step.millis());
        let wanted = |table| Wanted { table, source, step, from: start, to, only: Vec::new() };
        let Some(whole) = self.rows(&wanted(Table::Intervals))?.next_row()? else {
            return Ok(None);
        };
        let mut flows = Vec::new();
        let mut rows = self.rows(&wanted(Table::Matrix))?;
        while let Some(row) = rows.next_row()? {
            let [from, to, family, vlan, ..] = row.0;
            flows.push(OneWay {
                from: small(from),
                to: small(to),
                vlan: VlanId::from_tci(small(vlan)),
                family: super::sum::family(family),
                counts: counted(&row, 5),
            });
        }
        let is_damaged = source == Source::Exact && packets(&flows) != in_cells(&whole);
        let ends = stations(&self.ends, start, to);
        Ok((!is_damaged).then(|| Exchange { start, observed: whole.0[1], flows, ends }))
    }
}

fn packets(flows: &[OneWay]) -> u64 {
    flows.iter().map(|flow| flow.counts.packets).sum()
}

/// Frames that are in the cells of a step, by its row of [`Table::Intervals`]: all but those that have none.
fn in_cells(whole: &Row) -> u64 {
    let [seen, malformed, unattributed] = [2, 4, 6].map(|at| counted(whole, at).packets);
    seen.saturating_sub(malformed).saturating_sub(unattributed)
}

/// The stations of each end in a time: those of the last entry before its end, and of all that held in it.
fn stations(entries: &[Entry], from: i64, to: i64) -> BTreeMap<EndId, Stations> {
    let mut known: BTreeMap<EndId, Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| matches!(entry.who.kind, Kind::Interface | Kind::Station)) {
        known.entry(entry.id).or_default().push(entry);
    }
    let of = |(id, mut entries): (EndId, Vec<&Entry>)| {
        entries.sort_by_key(|entry| entry.from);
        // What was first told of an end later than its first frames is true of them, too.
        let before = entries.iter().rposition(|entry| entry.from < to).unwrap_or(0);
        let mut stations = Stations { label: entries[before].who.label.clone(), macs: Vec::new() };
        let in_it = |entry: &Entry| entry.from < to && entry.to.is_none_or(|end| end > from);
        for (at, entry) in entries.iter().enumerate() {
            if at == before || in_it(entry) {
                stations.macs.extend(entry.who.macs.iter().filter_map(|mac| mac.parse::<Mac>().ok()));
            }
        }
        stations.macs.sort_unstable();
        stations.macs.dedup();
        (id, stations)
    };
    known.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ends::Who;

    fn entry(id: EndId, kind: Kind, macs: &[&str], (from, to): (i64, Option<i64>)) -> Entry {
        let who = Who {
            kind,
            asn: Some(64500),
            name: String::new(),
            lan: String::new(),
            vlan: None,
            label: format!("{id} since {from}"),
            macs: macs.iter().map(|mac| (*mac).to_owned()).collect(),
            addresses: Vec::new(),
            port: String::new(),
            facility: String::new(),
            speed: None,
        };
        Entry { id, who, from, to }
    }

    #[test]
    fn an_end_has_the_stations_of_its_time() {
        let [first, second, third] = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"];
        let entries = [
            entry(2, Kind::Broadcast, &[], (0, None)),
            entry(16, Kind::Interface, &[first], (100, Some(200))),
            entry(16, Kind::Interface, &[second], (200, Some(300))),
            entry(16, Kind::Interface, &[third], (300, None)),
            entry(17, Kind::Station, &[third], (500, None)),
        ];
        let check = |from, to, expected: &[&str], label: &str| {
            let all = stations(&entries, from, to);
            let macs: Vec<String> = all[&16].macs.iter().map(ToString::to_string).collect();
            assert_eq!(
                (macs.as_slice(), all[&16].label.as_str()),
                (&expected.iter().map(|mac| (*mac).to_owned()).collect::<Vec<_>>()[..], label)
            );
            assert_eq!(all.keys().copied().collect::<Vec<_>>(), [16, 17]);
        };
        check(0, 50, &[first], "16 since 100");
        check(110, 150, &[first], "16 since 100");
        check(150, 250, &[first, second], "16 since 200");
        check(150, 400, &[first, second, third], "16 since 300");
        check(400, 450, &[third], "16 since 300");
    }
}
