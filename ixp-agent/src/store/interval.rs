//! What pairs exchanged in a step in, the rows of that interval out: who sent to whom, what each end sent and received, which
//! rules were broken, and what is in none of that.

mod order;

use std::collections::BTreeMap;

use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::{PairKey, StationKey};

use self::order::{Between, Cell, Order, Sorted, Total};
use super::Interval;
use super::ends::{EndId, Ends, OTHERS};
use super::networks::{burst, lans, networks, sizes};
use super::step::Step;
use super::table::{NOTHING, Row, Table};
use crate::matrix::Closed;
use crate::members::Registry;
use crate::snapshot::{Amount, Measure};

/// A family, as it stands in rows: the version of IP, or 1 for ARP, or 0.
const fn family(family: Family) -> u16 {
    match family {
        Family::Ipv4 => 4,
        Family::Ipv6 => 6,
        Family::Arp => 1,
        Family::Other => 0,
    }
}

/// Brings pairs to rows. Who is at the ends of a pair is looked up once, until the members change.
#[derive(Debug, Default)]
pub(super) struct Builder {
    order: Order,
    /// By number of the pair: whether its source is a station of no member.
    is_station: Vec<bool>,
    keys: Vec<PairKey>,
    has_others: bool,
    /// Rows of a matrix that are of no use any more: their memory is.
    spare: Vec<Row>,
}

impl Builder {
    /// Takes pairs that were met, in the order of their numbers.
    pub(super) fn meet(&mut self, keys: &[PairKey]) {
        self.keys.extend_from_slice(keys);
    }

    /// Looks everybody up anew: the members have changed, or stations have room again.
    pub(super) fn forget(&mut self) {
        self.order = Order::default();
        self.is_station.clear();
    }

    /// Whether stations are told together for want of room.
    pub(super) fn has_others(&self) -> bool {
        self.has_others
    }

    /// Takes rows that were written, for the memory that they have: it is much, and to have it anew each time takes long.
    pub(super) fn reuse(&mut self, written: Interval) {
        let largest = written.rows.into_iter().map(|(.., rows)| rows).max_by_key(Vec::capacity);
        self.spare = largest.unwrap_or_default();
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
        for (id, _) in closed.pairs.iter() {
            if self.is_station.get(id.index()).copied().unwrap_or(false) {
                let key = &self.keys[id.index()];
                ends.seen(&StationKey::new(key.vlan(), key.source()), start);
            }
        }
        let detail = closed.detail.as_ref();
        let most = detail.map_or(&[][..], |detail| &detail.pairs);
        let Sorted { cells, totals } = self.order.sorted(&closed.pairs, most);
        let source = M::SOURCE;
        let totals: Vec<Row> = totals.iter().map(|amounts| total(amounts, start)).collect();
        let mut matrix = std::mem::take(&mut self.spare);
        matrix.clear();
        matrix.extend(cells.iter().map(|found| cell(found, start)));
        let rows = vec![
            (Table::Matrix, source, matrix),
            (Table::Networks, source, networks(&totals, ends, detail, start)),
            (Table::Lans, source, lans(&totals, detail, start)),
            (Table::Sizes, source, sizes(detail, start)),
            (Table::Totals, source, totals),
            (Table::Rules, source, rules(closed, ends, registry, start)),
            (Table::Intervals, source, vec![whole(closed, &cells, start)]),
        ];
        Interval { start, rows }
    }

    fn look_up(&mut self, ends: &mut Ends, registry: &Registry, now: i64) {
        if self.order.pairs() == 0 {
            self.has_others = false;
        }
        for key in &self.keys[self.order.pairs()..] {
            let ends_of = [key.source(), key.destination()]
                .map(|mac| ends.id(StationKey::new(key.vlan(), mac), registry, now));
            self.has_others |= ends_of.contains(&OTHERS);
            self.order.add(Between::new(ends_of, family(key.family()), key.vlan().get()));
            self.is_station.push(ends.is_station(ends_of[0]));
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

fn cell<M: Measure>(cell: &Cell<M>, start: i64) -> Row {
    let [source, destination, family, vlan] = cell.between.columns();
    let counts = cell.amount.plain();
    let [samples, packets, bytes] = sampled(&cell.amount);
    let counted = [number(counts.packets), number(counts.bytes)];
    let mut row = Row::new(&[
        source,
        destination,
        family,
        vlan,
        start,
        counted[0],
        counted[1],
        samples,
        packets,
        bytes,
    ])
    .with_peaks(Table::Matrix);
    if cell.most > 0 {
        row.0[11] = number(cell.most);
    }
    row
}

/// What an end sent and received. A frame to a group was received by the group.
fn total<M: Measure>(total: &Total<M>, start: i64) -> Row {
    let [id, family, vlan] = total.of;
    let [[sent_samples, ..], [received_samples, ..]] = [sampled(&total.sent), sampled(&total.received)];
    let (sent, received) = (total.sent.plain(), total.received.plain());
    let [a, b, c, d] = [sent.packets, sent.bytes, received.packets, received.bytes].map(number);
    Row::new(&[id, family, vlan, start, a, b, c, d, sent_samples, received_samples]).with_peaks(Table::Totals)
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
fn whole<M: Measure>(closed: &Closed<M>, cells: &[Cell<M>], start: i64) -> Row {
    let mut all = closed.rest.malformed_total();
    all.join(&closed.rest.unattributed);
    cells.iter().for_each(|cell| all.join(&cell.amount));
    let [samples, packets_variance, bytes_variance] = sampled(&all);
    let observed = i64::try_from(closed.observed / 1_000_000).unwrap_or(i64::MAX);
    let counts = [all.plain(), closed.rest.malformed_total().plain(), closed.rest.unattributed.plain()];
    let [seen, malformed, unattributed] = counts.map(|counts| [number(counts.packets), number(counts.bytes)]);
    let mut row = Row::new(&[
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
    .with_peaks(Table::Intervals);
    row.0[13] = burst(closed.detail.as_ref());
    row
}
