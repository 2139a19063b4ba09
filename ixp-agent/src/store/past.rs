//! Who was who, and what was counted from one time to another, in; the matrix of that out.

use std::collections::BTreeMap;

use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::{Counts, RuleCounts};
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::catalog::Catalog;
use super::ends::{BROADCAST, EndId, Entry, Kind, MULTICAST, Who};
use super::query::Wanted;
use super::segment;
use super::table::{NOTHING, Row, Step, Table};
use crate::matrix::{BrokenRule, By, Cell, End, Figure, Filter, Frames, Group, Matrix, Owner, Span};
use crate::members::{Asn, Interface, InterfaceId, Lan, Member, MemberId, Registry};
use crate::snapshot::{Sampled, Source};

/// The members as they were at a time, by the numbers that rows have.
#[derive(Debug)]
pub struct Past {
    registry: Registry,
    interfaces: BTreeMap<EndId, InterfaceId>,
}

impl Past {
    /// Who had each number last before `at`, milliseconds since 1970, or first behind it.
    pub(super) fn new(entries: &[Entry], at: i64) -> Self {
        let mut known: BTreeMap<EndId, &Entry> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| entry.who.kind == Kind::Interface) {
            let best = known.entry(entry.id).or_insert(entry);
            let is_later = entry.from >= best.from;
            if (best.from >= at && !is_later) || (entry.from < at && is_later) {
                *best = entry;
            }
        }
        let (mut lans, mut members, mut interfaces) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids = BTreeMap::new();
        // In the order of labels, so that a member's ports have theirs again.
        let mut sorted: Vec<(&EndId, &&Entry)> = known.iter().collect();
        sorted.sort_by_key(|(id, entry)| (entry.who.asn, &entry.who.label, **id));
        for (id, entry) in sorted {
            let who = &entry.who;
            let lan = place(&mut lans, |lan: &Lan| lan.name == who.lan, || lan(who));
            let asn = Asn(who.asn.unwrap_or(0));
            let member = place(
                &mut members,
                |member: &Member| member.asn == asn,
                || Member { asn, name: who.name.clone() },
            );
            let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            ids.insert(*id, InterfaceId(number(interfaces.len())));
            interfaces.push(interface(who, MemberId(number(member)), lan));
        }
        Self { registry: Registry::new(lans, members, interfaces), interfaces: ids }
    }

    fn end(&self, id: EndId, by: By) -> End<'_> {
        match (id, self.interfaces.get(&id)) {
            (BROADCAST, _) => End::Group(Group::Broadcast),
            (MULTICAST, _) => End::Group(Group::Multicast),
            (_, None) => End::Unknown,
            (_, Some(id)) => {
                let owner = Owner::of(&self.registry, *id);
                match by {
                    By::Mac | By::Interface => End::Interface(owner),
                    By::Asn => End::Member(owner.member),
                }
            }
        }
    }
}

/// The place of what is sought; it is made if it is not there.
fn place<T>(all: &mut Vec<T>, is_it: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    all.iter().position(is_it).unwrap_or_else(|| {
        all.push(make());
        all.len() - 1
    })
}

fn lan(who: &Who) -> Lan {
    Lan { name: who.lan.clone(), vlan: who.vlan.map(VlanId::from_tci), ipv4: None, ipv6: None, mtu: 1500 }
}

fn interface(who: &Who, member: MemberId, lan: usize) -> Interface {
    Interface {
        member,
        lan,
        label: who.label.clone(),
        macs: Vec::new(),
        change: None,
        ipv4: Vec::new(),
        ipv6: Vec::new(),
        port: Some(who.port.clone()).filter(|port| !port.is_empty()),
        speed: who.speed,
    }
}

/// What is asked of the past.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// What a cell stands for; the past has no MACs.
    pub by: By,
    /// From when on, milliseconds since 1970: a multiple of ten seconds.
    pub from: i64,
    /// Until when.
    pub to: i64,
    /// Which cells.
    pub filter: Filter,
    /// How they came about.
    pub source: Source,
}

impl Catalog {
    /// The members as they were at a time, milliseconds since 1970.
    #[must_use]
    pub fn past(&self, at: i64) -> Past {
        Past::new(&self.ends, at)
    }

    /// Who sent how much to whom. Where nothing finer is kept any more, an edge is that of the step that is, and the span
    /// says so.
    ///
    /// # Errors
    /// [`segment::Error`].
    pub fn matrix<'p>(&self, past: &'p Past, query: &Query) -> Result<Matrix<'p>, segment::Error> {
        let mut sums: BTreeMap<Place, Sum> = BTreeMap::new();
        let mut broken: BTreeMap<(u8, EndId), Broken> = BTreeMap::new();
        let mut whole = Whole::default();
        for (step, from, to) in self.stretches(query.source, query.from, query.to) {
            let wanted = |table| Wanted { table, source: query.source, step, from, to, only: Vec::new() };
            let mut rows = self.rows(&wanted(Table::Matrix))?;
            while let Some(row) = rows.next_row()? {
                let place = Place::of(&row, query.by, past);
                sums.entry(place).or_default().add(&row, 5, 7);
            }
            let mut rows = self.rows(&wanted(Table::Rules))?;
            while let Some(row) = rows.next_row()? {
                broken.entry((small(row.0[0]), small(row.0[1]))).or_default().add(&row);
            }
            let mut rows = self.rows(&wanted(Table::Intervals))?;
            while let Some(row) = rows.next_row()? {
                whole.add(&row, step);
            }
        }
        let cells = sums.iter().filter_map(|(place, sum)| place.cell(sum, query, past)).collect();
        let rules = broken.iter().filter_map(|((rule, id), broken)| broken.rule(*rule, *id, query, past));
        let frames = whole.frames();
        Ok(Matrix {
            span: whole.span(),
            gaps: whole.gaps(),
            by: query.by,
            source: query.source,
            filter: query.filter,
            frames,
            cells,
            rules: rules.collect(),
        })
    }

    /// The stretches of time that make up `from..to`, each with the longest step that it is a multiple of and of which there
    /// are rows.
    fn stretches(&self, source: Source, from: i64, to: i64) -> Vec<(Step, i64, i64)> {
        let mut stretches = Vec::new();
        self.split(source, Step::ALL.len() - 1, from, to, &mut stretches);
        stretches.sort_by_key(|(_, from, _)| *from);
        stretches
    }

    fn split(&self, source: Source, at: usize, from: i64, to: i64, into: &mut Vec<(Step, i64, i64)>) {
        if from >= to {
            return;
        }
        let step = Step::ALL[at];
        let millis = step.millis();
        // Finer rows are there from this moment on: before it an edge is as coarse as this step.
        let finer = at.checked_sub(1).map(|finer| Step::ALL[finer]);
        let has_finer = |moment: i64| {
            finer
                .and_then(|finer| self.oldest(Table::Intervals, source, finer))
                .is_some_and(|oldest| oldest <= moment)
        };
        let floor = |moment: i64| moment.div_euclid(millis) * millis;
        let up = |moment: i64| floor(moment.saturating_add(millis - 1));
        let first = if from % millis == 0 || has_finer(from) { up(from) } else { floor(from) };
        let last = if to % millis == 0 || has_finer(floor(to)) { floor(to) } else { up(to) };
        if first >= last {
            if at > 0 {
                self.split(source, at - 1, from, to, into);
            }
            return;
        }
        into.push((step, first, last));
        if at > 0 {
            self.split(source, at - 1, from, first, into);
            self.split(source, at - 1, last, to, into);
        }
    }
}

/// A cell's place in the order that matrices have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    vlan: Option<u16>,
    source: Rank,
    destination: Rank,
    family: u8,
}

/// Interfaces and members first, then what is unknown, then groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Member(u32),
    Interface(u32, u32, EndId),
    Unknown,
    Group(EndId),
}

fn small<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}

impl Place {
    fn of(row: &Row, by: By, past: &Past) -> Self {
        let [source, destination, family, vlan, ..] = row.0;
        let vlan = match by {
            By::Mac | By::Interface => Some(small(vlan)),
            By::Asn => None,
        };
        let family = match family {
            4 => Family::Ipv4,
            6 => Family::Ipv6,
            1 => Family::Arp,
            _ => Family::Other,
        };
        let rank = |id| Rank::of(small(id), by, past);
        Self { vlan, source: rank(source), destination: rank(destination), family: family as u8 }
    }

    fn cell<'p>(self, sum: &Sum, query: &Query, past: &'p Past) -> Option<Cell<'p>> {
        let end = |rank: Rank| rank.end(query.by, past);
        let (source, destination) = (end(self.source), end(self.destination));
        let family = Family::from_number(self.family);
        let Filter { family: only, asn, vlan } = query.filter;
        let is_wanted = only.is_none_or(|only| only == family)
            && asn.is_none_or(|asn| source.asn() == Some(asn) || destination.asn() == Some(asn))
            && vlan.is_none_or(|vlan| self.vlan.is_none_or(|own| own == vlan.get()));
        is_wanted.then(|| Cell {
            vlan: self.vlan.map(VlanId::from_tci),
            source,
            destination,
            family,
            counts: sum.counts,
            sampled: sum.sampled(),
        })
    }
}

impl Rank {
    fn of(id: EndId, by: By, past: &Past) -> Self {
        match past.end(id, by) {
            End::Group(_) => Self::Group(id),
            End::Member(member) => Self::Member(member.asn.0),
            End::Interface(owner) => {
                Self::Interface(owner.member.asn.0, past.interfaces.get(&id).map_or(0, |id| id.0), id)
            }
            End::Unknown | End::Station { .. } => Self::Unknown,
        }
    }

    fn end(self, by: By, past: &Past) -> End<'_> {
        match self {
            Self::Group(id) | Self::Interface(_, _, id) => past.end(id, by),
            Self::Unknown => End::Unknown,
            Self::Member(asn) => {
                let member = past.registry.members().iter().find(|member| member.asn.0 == asn);
                member.map_or(End::Unknown, End::Member)
            }
        }
    }
}

/// So many frames, and how sure that is.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    counts: Counts,
    samples: Option<u64>,
    variances: [f64; 2],
}

impl Sum {
    /// Adds what stands in the columns of a row from `counts` on, and how sure it is in those from `samples` on.
    fn add(&mut self, row: &Row, counts: usize, samples: usize) {
        self.counts.add(counted(row, counts));
        if row.0[samples] != NOTHING {
            self.samples = Some(self.samples.unwrap_or(0).saturating_add(small(row.0[samples])));
            for (sum, bits) in self.variances.iter_mut().zip(&row.0[samples + 1..]) {
                *sum += f64::from_bits(bits.cast_unsigned());
            }
        }
    }

    fn sampled(&self) -> Option<Sampled> {
        self.samples.map(|samples| Sampled::of(samples, self.counts, self.variances))
    }
}

fn counted(row: &Row, at: usize) -> Counts {
    Counts { packets: small(row.0[at]), bytes: small(row.0[at + 1]) }
}

/// What broke a rule.
#[derive(Debug, Clone, Copy, Default)]
struct Broken {
    sum: Sum,
    dropped: u64,
    would_drop: u64,
}

impl Broken {
    fn add(&mut self, row: &Row) {
        self.sum.add(row, 4, 8);
        self.dropped += small::<u64>(row.0[6]);
        self.would_drop += small::<u64>(row.0[7]);
    }

    /// As it stands in a matrix: of all stations of an interface together.
    fn rule<'p>(&self, rule: u8, id: EndId, query: &Query, past: &'p Past) -> Option<BrokenRule<'p>> {
        let owner = past.interfaces.get(&id).map(|id| Owner::of(&past.registry, *id));
        let is_wanted = query.filter.asn.is_none_or(|asn| owner.is_some_and(|owner| owner.member.asn == asn));
        let counts =
            RuleCounts { broken: self.sum.counts, dropped: self.dropped, would_drop: self.would_drop };
        let rule = Rule::from_number(rule).filter(|_| is_wanted)?;
        Some(BrokenRule { rule, station: None, owner, counts, sampled: self.sum.sampled() })
    }
}

/// All frames of a time.
#[derive(Debug, Default)]
struct Whole {
    seen: Sum,
    malformed: Counts,
    unattributed: Counts,
    /// Stretches with rows, and how long was observed in them.
    steps: BTreeMap<i64, (i64, i64)>,
}

impl Whole {
    fn add(&mut self, row: &Row, step: Step) {
        self.seen.add(row, 2, 8);
        self.malformed.add(counted(row, 4));
        self.unattributed.add(counted(row, 6));
        let (_, observed) = self.steps.entry(row.0[0]).or_insert((step.millis(), 0));
        *observed += row.0[1];
    }

    fn frames(&self) -> Frames {
        let seen = Figure { counts: self.seen.counts, sampled: self.seen.sampled() };
        let figure = |counts| Figure {
            counts,
            sampled: seen.sampled.map(|sampled| part(counts, seen.counts, sampled)),
        };
        Frames {
            seen,
            malformed: figure(self.malformed),
            unattributed: figure(self.unattributed),
            ..Frames::default()
        }
    }

    fn span(&self) -> Span {
        let first = self.steps.first_key_value().map(|(start, _)| *start);
        let last = self.steps.last_key_value().map(|(start, (length, _))| start + length);
        Span { from: first.and_then(moment), to: last.and_then(moment) }
    }

    /// Stretches between the first and the last row without any, and of those that were observed in part alone as much as was
    /// not, at their beginning.
    fn gaps(&self) -> Vec<(Timestamp, Timestamp)> {
        let mut gaps: Vec<(i64, i64)> = Vec::new();
        let mut expected = None;
        for (start, (length, observed)) in &self.steps {
            let before = expected.filter(|expected| expected < start).map(|expected| (expected, *start));
            // An edge of a step is exact to the time between two readings.
            let part = (*observed + SLACK < *length).then_some((*start, start + length - observed));
            for (from, to) in before.into_iter().chain(part) {
                match gaps.last_mut() {
                    Some(last) if last.1 == from => last.1 = to,
                    _ => gaps.push((from, to)),
                }
            }
            expected = Some(start + length);
        }
        gaps.into_iter().filter_map(|(from, to)| Some((moment(from)?, moment(to)?))).collect()
    }
}

/// What may lack of a step that was observed from its beginning to its end, in milliseconds.
const SLACK: i64 = 1500;

/// How sure a part of what was sampled is, as if its samples stood for as many frames as those of all.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an error of an error"
)]
fn part(counts: Counts, all: Counts, of_all: Sampled) -> Sampled {
    let share = if all.packets == 0 { 0.0 } else { counts.packets as f64 / all.packets as f64 };
    let error = |of_all: f64| if share == 0.0 { 0.0 } else { of_all / share.sqrt() };
    Sampled {
        samples: (of_all.samples as f64 * share).round() as u64,
        relative_error: error(of_all.relative_error),
        bytes_relative_error: error(of_all.bytes_relative_error),
    }
}

fn moment(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis).ok()
}
