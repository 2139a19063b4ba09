//! What pairs exchanged in a step in, the rows of that interval out: who sent to whom, what each end sent and received, which
//! rules were broken, and what is in none of that.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;
use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::{PairKey, StationKey};

use super::Interval;
use super::ends::{EndId, Ends, OTHERS};
use super::table::{NOTHING, Row, Step, Table};
use crate::matrix::Closed;
use crate::members::Registry;
use crate::snapshot::{Amount, Measure};

/// A family, as it stands in rows: the version of IP, or 1 for ARP, or 0.
pub(super) const fn family(family: Family) -> i64 {
    match family {
        Family::Ipv4 => 4,
        Family::Ipv6 => 6,
        Family::Arp => 1,
        Family::Other => 0,
    }
}

/// The family that stands in a row.
pub(super) const fn family_of(number: i64) -> Family {
    match number {
        4 => Family::Ipv4,
        6 => Family::Ipv6,
        1 => Family::Arp,
        _ => Family::Other,
    }
}

/// Source, destination, family and VLAN of a pair, in the order in which rows are sorted, as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Between(u128);

impl Between {
    /// Of numbers that are not negative: 32 bits each of the ends, 16 of the others.
    fn new(source: EndId, destination: EndId, family: i64, vlan: u16) -> Self {
        let [source, destination] = [source, destination].map(|id| u128::from(id.cast_unsigned()));
        let family = u128::from(family.cast_unsigned()) & 0xffff;
        Self(source << 64 | destination << 32 | family << 16 | u128::from(vlan))
    }

    fn columns(self) -> [i64; 4] {
        let cut = |shift: u32, mask: u128| i64::try_from(self.0 >> shift & mask).unwrap_or_default();
        [cut(64, 0xffff_ffff), cut(32, 0xffff_ffff), cut(16, 0xffff), cut(0, 0xffff)]
    }
}

/// Brings pairs to rows. Who is at the ends of a pair is looked up once, until the members change.
#[derive(Debug, Default)]
pub(super) struct Builder {
    /// By number of the pair: between whom it is, and whether its source is a station of no member.
    of: Vec<(Between, bool)>,
    keys: Vec<PairKey>,
    has_others: bool,
}

impl Builder {
    /// Takes pairs that were met, in the order of their numbers.
    pub(super) fn meet(&mut self, keys: &[PairKey]) {
        self.keys.extend_from_slice(keys);
    }

    /// Looks everybody up anew: the members have changed, or stations have room again.
    pub(super) fn forget(&mut self) {
        self.of.clear();
    }

    /// Whether stations are told together for want of room.
    pub(super) fn has_others(&self) -> bool {
        self.has_others
    }

    /// The rows of what was counted in a step.
    pub(super) fn rows<M: Measure>(
        &mut self,
        closed: &Closed<M>,
        ends: &mut Ends,
        registry: &Registry,
    ) -> Interval {
        // A step that is shorter is a part of an interval.
        let millis = Step::TenSeconds.millis();
        let start = closed.start.as_millisecond().div_euclid(millis) * millis;
        self.look_up(ends, registry, start);
        let mut cells: Vec<(Between, M)> = Vec::with_capacity(closed.pairs.iter().len());
        for (id, amount) in closed.pairs.iter() {
            if let Some((between, is_station)) = self.of.get(id.index()) {
                cells.push((*between, *amount));
                if *is_station {
                    let key = &self.keys[id.index()];
                    ends.seen(&StationKey::new(key.vlan(), key.source()), start);
                }
            }
        }
        cells.sort_unstable_by_key(|(between, _)| *between);
        cells.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1.join(&next.1);
            }
            is_same
        });
        let source = M::SOURCE;
        let totals = totals(&cells, start);
        let matrix = cells.iter().map(|(between, amount)| cell(*between, start, amount)).collect();
        let rows = vec![
            (Table::Matrix, source, matrix),
            (Table::Totals, source, totals),
            (Table::Rules, source, rules(closed, ends, registry, start)),
            (Table::Intervals, source, vec![whole(closed, &cells, start)]),
        ];
        Interval { start, rows }
    }

    fn look_up(&mut self, ends: &mut Ends, registry: &Registry, now: i64) {
        if self.of.is_empty() {
            self.has_others = false;
        }
        for key in &self.keys[self.of.len()..] {
            let mut end = |mac| ends.id(StationKey::new(key.vlan(), mac), registry, now);
            let (source, destination) = (end(key.source()), end(key.destination()));
            self.has_others |= source == OTHERS || destination == OTHERS;
            let between = Between::new(source, destination, family(key.family()), key.vlan().get());
            self.of.push((between, ends.is_station(source)));
        }
    }
}

/// A number of frames or bytes as it stands in a row.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn real(value: f64) -> i64 {
    value.to_bits().cast_signed()
}

/// How many samples stand for all, and the variances of packets and bytes.
fn sampled(amount: &impl Amount) -> [i64; 3] {
    amount.sampled().map_or([NOTHING; 3], |sampled| {
        let [packets, bytes] = amount.variances();
        [number(sampled.samples), real(packets), real(bytes)]
    })
}

fn cell<M: Measure>(between: Between, start: i64, amount: &M) -> Row {
    let [source, destination, family, vlan] = between.columns();
    let counts = amount.plain();
    let [samples, packets, bytes] = sampled(amount);
    let counted = [number(counts.packets), number(counts.bytes)];
    Row::new(&[source, destination, family, vlan, start, counted[0], counted[1], samples, packets, bytes])
        .with_peaks(Table::Matrix)
}

/// What each end sent and received. A frame to a group was received by the group.
fn totals<M: Measure>(cells: &[(Between, M)], start: i64) -> Vec<Row> {
    let mut sums: HashMap<[i64; 3], [M; 2], RandomState> = HashMap::default();
    for (between, amount) in cells {
        let [source, destination, family, vlan] = between.columns();
        sums.entry([source, family, vlan]).or_default()[0].join(amount);
        sums.entry([destination, family, vlan]).or_default()[1].join(amount);
    }
    let row = |([id, family, vlan], [sent, received]): ([i64; 3], [M; 2])| {
        let [[sent_samples, ..], [received_samples, ..]] = [sampled(&sent), sampled(&received)];
        let (sent, received) = (sent.plain(), received.plain());
        let counted = [sent.packets, sent.bytes, received.packets, received.bytes].map(number);
        let [a, b, c, d] = counted;
        Row::new(&[id, family, vlan, start, a, b, c, d, sent_samples, received_samples])
            .with_peaks(Table::Totals)
    };
    let mut rows: Vec<Row> = sums.into_iter().map(row).collect();
    rows.sort_unstable_by_key(|row| [row.0[0], row.0[1], row.0[2]]);
    rows
}

fn rules<M: Measure>(closed: &Closed<M>, ends: &mut Ends, registry: &Registry, start: i64) -> Vec<Row> {
    let mut sums: BTreeMap<[i64; 3], M::Broken> = BTreeMap::new();
    for (key, amount) in &closed.rest.rules {
        let Some(rule) = key.rule() else { continue };
        let id: EndId = ends.id(key.station(), registry, start);
        let of = [i64::from(rule as u8), id.into(), key.station().vlan().get().into()];
        sums.entry(of).or_default().join(amount);
    }
    for (rule, amount) in &closed.rest.rules_missed {
        let of = [i64::from(*rule as u8), OTHERS.into(), VlanId::UNTAGGED.get().into()];
        sums.entry(of).or_default().join(amount);
    }
    let row = |([rule, id, vlan], amount): ([i64; 3], M::Broken)| {
        let counts = amount.plain();
        let [samples, variance, bytes_variance] = sampled(&amount);
        let counted =
            [counts.broken.packets, counts.broken.bytes, counts.dropped, counts.would_drop].map(number);
        let [packets, bytes, dropped, would_drop] = counted;
        Row::new(&[
            rule,
            id,
            vlan,
            start,
            packets,
            bytes,
            dropped,
            would_drop,
            samples,
            variance,
            bytes_variance,
        ])
    };
    sums.into_iter().map(row).collect()
}

/// All of the interval: what is in cells, and what is not.
fn whole<M: Measure>(closed: &Closed<M>, cells: &[(Between, M)], start: i64) -> Row {
    let mut all = closed.rest.malformed_total();
    all.join(&closed.rest.unattributed);
    cells.iter().for_each(|(_, amount)| all.join(amount));
    let [samples, packets_variance, bytes_variance] = sampled(&all);
    let observed = i64::try_from(closed.observed / 1_000_000).unwrap_or(i64::MAX);
    let counts = [all.plain(), closed.rest.malformed_total().plain(), closed.rest.unattributed.plain()];
    let [seen, malformed, unattributed] = counts.map(|counts| [number(counts.packets), number(counts.bytes)]);
    Row::new(&[
        start,
        observed,
        seen[0],
        seen[1],
        malformed[0],
        malformed[1],
        unattributed[0],
        unattributed[1],
        samples,
        packets_variance,
        bytes_variance,
    ])
    .with_peaks(Table::Intervals)
}
