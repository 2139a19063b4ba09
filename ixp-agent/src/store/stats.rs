//! A time in, what can be said of the traffic of all, of a LAN, of a member and of a pair in it out: averages, peaks, percentiles,
//! growth.

mod flow;
mod growth;
mod observed;

use std::collections::{BTreeMap, BTreeSet};

use ixp_common::addr::Family;
use ixp_common::counters::Counts;

use super::catalog::Catalog;
use super::ends::{EndId, Kind};
use super::plan::Plan;
use super::query::Wanted;
use super::reach::Reach;
use super::segment::Error;
use super::step::Step;
use super::sum::{counted, family};
use super::table::{Row, Table, small};
use crate::members::Asn;
use crate::snapshot::Source;

use self::flow::{AtMost, Gathered, Place};
pub use self::flow::{Flow, Rate};
pub use self::growth::Growth;
use self::observed::Observed;

/// Of whom something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// All, each LAN, each member.
    All,
    /// A member.
    Member(Asn),
    /// What the first sends the second and receives from it.
    Pair(Asn, Asn),
}

/// A member's traffic, or that of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberStats {
    /// Who it is.
    pub asn: Asn,
    /// The name.
    pub name: String,
    /// bit/s of all its interfaces; `None` if that of any is not known.
    pub speed: Option<u64>,
    /// What it sent.
    pub sent: Flow,
    /// What it received.
    pub received: Flow,
}

/// What can be said of a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// Its first moment, in milliseconds since 1970.
    pub from: i64,
    /// The first one behind it.
    pub to: i64,
    /// Milliseconds of it that were observed.
    pub observed: i64,
    /// The step that percentiles are of, and how many there were.
    pub steps: (Step, usize),
    /// All frames; `None` if it was asked of a member.
    pub all: Option<Flow>,
    /// By VLAN.
    pub lans: BTreeMap<u16, Flow>,
    /// In order of AS numbers.
    pub members: Vec<MemberStats>,
}

const ALL: Place = Place { counts: 2, peak: 11, burst: 13 };
const LAN: Place = Place { counts: 2, peak: 4, burst: 6 };
const DIRECTIONS: [Place; 2] =
    [Place { counts: 2, peak: 6, burst: 10 }, Place { counts: 4, peak: 8, burst: 11 }];

impl Catalog {
    /// What can be said of a time. It is told by five minutes, or by the hour where those are not kept any more; edges are
    /// those of that step.
    ///
    /// # Errors
    /// [`Error`].
    pub fn stats(&self, source: Source, (from, to): (i64, i64), whose: Whose) -> Result<Stats, Error> {
        let reach = match whose {
            Whose::All | Whose::Member(_) => Reach::of_observation(self, source)?,
            Whose::Pair(..) => Reach::of(self, source)?,
        };
        let step = match reach.reaches(Step::FiveMinutes, from) {
            true => Step::FiveMinutes,
            false => Step::Hour,
        };
        let millis = step.millis();
        let from = from.div_euclid(millis) * millis;
        let to = to.saturating_add(millis - 1).div_euclid(millis) * millis;
        let observed = Observed::of(self, source, step, (from, to))?;
        let asked = Ask { catalog: self, source, observed: &observed };
        let (mut all, mut lans) = (None, BTreeMap::new());
        let members = match whose {
            Whose::All => {
                let mut parts = Parts::default();
                let members = asked.members(None, &mut parts)?;
                let Parts { families, sizes } = parts;
                all = Some(Flow { families, sizes, ..asked.all()? });
                lans = asked.lans()?;
                members
            }
            Whose::Member(asn) => asked.members(Some(asn), &mut Parts::default())?,
            Whose::Pair(asn, peer) => vec![asked.pair(asn, peer)?],
        };
        let steps = (step, observed.steps_known());
        Ok(Stats { from, to, observed: observed.all(), steps, all, lans, members })
    }
}

/// What all that was sent is made of.
#[derive(Debug, Default)]
struct Parts {
    families: BTreeMap<Family, Counts>,
    sizes: BTreeMap<u16, u64>,
}

/// What is asked.
struct Ask<'c> {
    catalog: &'c Catalog,
    source: Source,
    observed: &'c Observed,
}

impl Ask<'_> {
    fn wanted(&self, table: Table, (from, to): (i64, i64), only: &[(&'static str, i64, i64)]) -> Wanted {
        Wanted { table, source: self.source, step: self.observed.step, from, to, only: only.to_vec() }
    }

    /// Hands over the rows of the time, day by day.
    fn each(
        &self,
        table: Table,
        only: &[(&'static str, i64, i64)],
        mut take: impl FnMut(&Row),
    ) -> Result<(), Error> {
        for batch in self.observed.batches() {
            let mut rows = self.catalog.rows(&self.wanted(table, batch, only))?;
            while let Some(row) = rows.next_row()? {
                take(&row);
            }
        }
        Ok(())
    }

    fn all(&self) -> Result<Flow, Error> {
        let mut all = Gathered::default();
        self.each(Table::Intervals, &[], |row| all.take(row, row.0[0], ALL, self.observed))?;
        Ok(all.flow(self.observed))
    }

    fn lans(&self) -> Result<BTreeMap<u16, Flow>, Error> {
        let mut lans: BTreeMap<u16, Gathered> = BTreeMap::new();
        self.each(Table::Lans, &[], |row| {
            lans.entry(small(row.0[0])).or_default().take(row, row.0[1], LAN, self.observed);
        })?;
        Ok(lans.into_iter().map(|(vlan, lan)| (vlan, lan.flow(self.observed))).collect())
    }

    /// Those of one member or of each, and beside them what was sent by whomever.
    fn members(&self, only: Option<Asn>, parts: &mut Parts) -> Result<Vec<MemberStats>, Error> {
        let mut members: BTreeMap<u32, [Gathered; 2]> = BTreeMap::new();
        members.extend(only.map(|Asn(asn)| (asn, Default::default())));
        let asn = only.map(|Asn(asn)| ("asn", i64::from(asn), i64::from(asn)));
        self.each(Table::Networks, asn.as_slice(), |row| {
            let both = members.entry(small(row.0[0])).or_default();
            for (gathered, place) in both.iter_mut().zip(DIRECTIONS) {
                gathered.take(row, row.0[1], place, self.observed);
            }
        })?;
        let stretches =
            Plan::of(self.catalog, self.source, (self.observed.from, self.observed.to))?.stretches();
        self.families(&stretches, only, &mut members, &mut parts.families)?;
        self.sizes(&stretches, asn, &mut members, &mut parts.sizes)?;
        let stats = |(asn, [sent, received]): (u32, [Gathered; 2])| {
            self.member(Asn(asn), [sent.flow(self.observed), received.flow(self.observed)])
        };
        Ok(members.into_iter().map(stats).collect())
    }

    fn families(
        &self,
        stretches: &[(Step, i64, i64)],
        only: Option<Asn>,
        members: &mut BTreeMap<u32, [Gathered; 2]>,
        families: &mut BTreeMap<Family, Counts>,
    ) -> Result<(), Error> {
        let owners: BTreeMap<EndId, u32> = self
            .catalog
            .ends
            .iter()
            .filter(|entry| only.is_none_or(|Asn(only)| entry.who.asn == Some(only)))
            .filter_map(|entry| Some((entry.id, entry.who.asn?)))
            .collect();
        let bounds = only.and_then(|_| {
            let (first, last) = owners.first_key_value().zip(owners.last_key_value())?;
            Some(("id", i64::from(*first.0), i64::from(*last.0)))
        });
        for (step, from, to) in stretches.iter().copied() {
            let wanted = self.wanted(Table::Totals, (from, to), bounds.as_slice());
            self.catalog.each(&Wanted { step, ..wanted }, |row| {
                let family = family(row.0[1]);
                let [sent, received] = [counted(row, 4), counted(row, 6)];
                families.entry(family).or_default().add(sent);
                let owner = owners.get(&small(row.0[0])).and_then(|asn| members.get_mut(asn));
                for (gathered, counts) in owner.into_iter().flatten().zip([sent, received]) {
                    gathered.families.entry(family).or_default().add(counts);
                }
            })?;
        }
        Ok(())
    }

    fn sizes(
        &self,
        stretches: &[(Step, i64, i64)],
        only: Option<(&'static str, i64, i64)>,
        members: &mut BTreeMap<u32, [Gathered; 2]>,
        sizes: &mut BTreeMap<u16, u64>,
    ) -> Result<(), Error> {
        for (step, from, to) in stretches.iter().copied() {
            let wanted = self.wanted(Table::Sizes, (from, to), only.as_slice());
            self.catalog.each(&Wanted { step, ..wanted }, |row| {
                let (largest, frames) = (u16::try_from(row.0[1]).unwrap_or(u16::MAX), small::<u64>(row.0[3]));
                *sizes.entry(largest).or_default() += frames;
                if let Some([sent, _]) = members.get_mut(&small(row.0[0])) {
                    *sent.sizes.entry(largest).or_default() += frames;
                }
            })?;
        }
        Ok(())
    }

    /// What one member sent another and received from it.
    fn pair(&self, asn: Asn, peer: Asn) -> Result<MemberStats, Error> {
        let flows = [self.one_way(asn, peer)?, self.one_way(peer, asn)?];
        Ok(self.member(asn, flows))
    }

    fn one_way(&self, from: Asn, to: Asn) -> Result<Flow, Error> {
        let [from, to] = [from, to].map(|asn| self.ids(asn));
        let mut gathered = Gathered::default();
        let range = |name, ids: &BTreeSet<EndId>| {
            let (first, last) = ids.first().zip(ids.last())?;
            Some((name, i64::from(*first), i64::from(*last)))
        };
        if let Some(only) = range("src", &from).zip(range("dst", &to)).map(|(from, to)| [from, to]) {
            let is_its = |row: &Row| from.contains(&small(row.0[0])) && to.contains(&small(row.0[1]));
            let mut steps: BTreeMap<i64, Counts> = BTreeMap::new();
            self.each(Table::Matrix, &only, |row| {
                if is_its(row) {
                    steps.entry(row.0[4]).or_default().add(counted(row, 5));
                    gathered.families.entry(family(row.0[2])).or_default().add(counted(row, 5));
                }
            })?;
            steps.into_iter().for_each(|(at, counts)| gathered.count(counts, at, self.observed));
            let mut hours: BTreeMap<i64, AtMost> = BTreeMap::new();
            self.each_hour(&only, |row| {
                if is_its(row) {
                    hours.entry(row.0[4]).or_default().join(row);
                }
            })?;
            hours.into_values().for_each(|hour| gathered.at_most(hour));
        }
        Ok(gathered.flow(self.observed))
    }

    /// Hands over the rows of pairs by the hour, which have peaks and bursts.
    fn each_hour(&self, only: &[(&'static str, i64, i64)], mut take: impl FnMut(&Row)) -> Result<(), Error> {
        let (step, hour) = (Step::Hour, Step::Hour.millis());
        for (from, to) in self.observed.batches() {
            let span = (from.div_euclid(hour) * hour, to.saturating_add(hour - 1).div_euclid(hour) * hour);
            let wanted = Wanted { step, ..self.wanted(Table::Matrix, span, only) };
            let mut rows = self.catalog.rows(&wanted)?;
            while let Some(row) = rows.next_row()? {
                take(&row);
            }
        }
        Ok(())
    }

    fn ids(&self, asn: Asn) -> BTreeSet<EndId> {
        let ends = self.catalog.ends.iter();
        ends.filter(|entry| entry.who.asn == Some(asn.0)).map(|entry| entry.id).collect()
    }

    /// A member as it was at the end of the time.
    fn member(&self, asn: Asn, [sent, received]: [Flow; 2]) -> MemberStats {
        let at = self.observed.to;
        let own = || self.catalog.ends.iter().filter(|entry| entry.who.asn == Some(asn.0));
        let name =
            own().max_by_key(|entry| (entry.from < at, entry.from)).map(|entry| entry.who.name.clone());
        let is_there = |from: i64, to: Option<i64>| from < at && to.is_none_or(|to| to >= at);
        let mut ports = own()
            .filter(|entry| entry.who.kind == Kind::Interface && is_there(entry.from, entry.to))
            .map(|entry| entry.who.speed)
            .peekable();
        let speed = ports.peek().is_some().then(|| ports.sum::<Option<u64>>()).flatten();
        MemberStats { asn, name: name.unwrap_or_default(), speed, sent, received }
    }
}
