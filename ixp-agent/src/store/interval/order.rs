//! Pairs in as they are met, what each exchanged in a step, and the most in a second, out in the order in which rows are
//! sorted: that order is kept from step to step, so that nothing is compared but pairs that were just met.

use std::collections::HashMap;
use std::iter;

use foldhash::fast::RandomState;

use crate::matrix::Records;
use crate::snapshot::Measure;
use crate::store::ends::EndId;

/// Source, destination, family and VLAN of a pair, in the order in which rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Between {
    ends: u64,
    /// Family and VLAN.
    kind: u32,
}

impl Between {
    /// Of numbers that are not negative.
    pub(super) fn new([source, destination]: [EndId; 2], family: u16, vlan: u16) -> Self {
        let [source, destination] = [source, destination].map(|id| u64::from(id.cast_unsigned()));
        Self { ends: source << 32 | destination, kind: u32::from(family) << 16 | u32::from(vlan) }
    }

    /// As columns of a row.
    pub(super) fn columns(self) -> [i64; 4] {
        let [source, destination] = self.ends();
        let [family, vlan] = [self.kind >> 16, self.kind & 0xffff];
        [source, destination, family, vlan].map(i64::from)
    }

    fn ends(self) -> [u32; 2] {
        #[expect(clippy::cast_possible_truncation, reason = "each is a half")]
        let destination = self.ends as u32;
        [(self.ends >> 32) as u32, destination]
    }

    /// Who sent and who received it, by family and VLAN.
    fn parties(self) -> [(u32, u32); 2] {
        self.ends().map(|end| (end, self.kind))
    }
}

/// A pair in the order of rows; without a gap between its fields, since there are a million.
#[derive(Debug, Clone, Copy)]
struct Met {
    ends: u64,
    kind: u32,
    pair: u32,
    /// The places of who sends and who receives.
    parties: [u32; 2],
}

impl Met {
    fn between(&self) -> Between {
        Between { ends: self.ends, kind: self.kind }
    }
}

/// What an end sent and received, of a family in a VLAN.
#[derive(Debug, Clone, Copy)]
pub(super) struct Total<M> {
    /// The end, family and VLAN, as columns of a row.
    pub(super) of: [i64; 3],
    /// What it sent.
    pub(super) sent: M,
    /// What it received.
    pub(super) received: M,
}

/// What an end sent another, of a family in a VLAN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell<M> {
    /// Which.
    pub(super) between: Between,
    /// All of it.
    pub(super) amount: M,
    /// Bytes that no second had more of; 0 where nobody knows. Ends with several MACs have several pairs, and nobody knows whether
    /// their largest seconds were the same: it is the sum of them.
    pub(super) most: u64,
}

/// What was exchanged in a step.
#[derive(Debug)]
pub(super) struct Sorted<M> {
    /// In the order of rows, each once.
    pub(super) cells: Vec<Cell<M>>,
    /// What each end sent and received, in the order of rows, each once.
    pub(super) totals: Vec<Total<M>>,
}

/// The order in which pairs come as rows.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Sorted up to those that were met since.
    met: Vec<Met>,
    is_sorted: bool,
    /// The place of each end, family and VLAN.
    places: HashMap<(u32, u32), u32, RandomState>,
    /// By place.
    parties: Vec<(u32, u32)>,
    /// By number of the pair: where in a step it stands, from 1 on; 0 if it does not. All 0 between steps.
    at: Vec<u32>,
}

impl Order {
    /// How many pairs it has.
    pub(super) fn pairs(&self) -> usize {
        self.met.len()
    }

    /// The pair of the next number is between these.
    pub(super) fn add(&mut self, between: Between) {
        let pair = number(self.met.len());
        let parties = between.parties().map(|party| {
            *self.places.entry(party).or_insert_with(|| {
                self.parties.push(party);
                number(self.parties.len() - 1)
            })
        });
        self.met.push(Met { ends: between.ends, kind: between.kind, pair, parties });
        self.at.push(0);
        self.is_sorted = false;
    }

    /// What pairs exchanged in a step, and the most that each did in a second, in the same order, as far as that is known. What is of
    /// a pair that was not added is left out.
    pub(super) fn sorted<M: Measure>(&mut self, step: &Records<M>, most: &[u64]) -> Sorted<M> {
        if !self.is_sorted {
            // Few are new, and this sort is fast where all but the end is sorted.
            self.met.sort_by_key(Met::between);
            self.is_sorted = true;
        }
        for (at, (id, _)) in step.iter().enumerate() {
            if let Some(place) = self.at.get_mut(id.index()) {
                *place = number(at + 1);
            }
        }
        // Both at one place: pairs are met in no order, and each place is a wait for memory.
        let most = most.iter().copied().chain(iter::repeat(0));
        let amounts: Vec<(M, u64)> = step.amounts().iter().copied().zip(most).collect();
        let mut cells: Vec<Cell<M>> = Vec::with_capacity(amounts.len());
        let mut totals = vec![[M::default(); 2]; self.parties.len()];
        for met in &self.met {
            let at = std::mem::take(&mut self.at[met.pair as usize]) as usize;
            let Some(at) = at.checked_sub(1) else { continue };
            let (amount, most) = &amounts[at];
            let [sender, receiver] = met.parties.map(|place| place as usize);
            totals[sender][0].join(amount);
            totals[receiver][1].join(amount);
            match cells.last_mut() {
                Some(cell) if cell.between == met.between() => {
                    cell.amount.join(amount);
                    cell.most = cell.most.saturating_add(*most);
                }
                _ => cells.push(Cell { between: met.between(), amount: *amount, most: *most }),
            }
        }
        Sorted { cells, totals: self.totals(totals) }
    }

    /// Those of whom there is anything.
    fn totals<M: Measure>(&self, totals: Vec<[M; 2]>) -> Vec<Total<M>> {
        let there = self.parties.iter().zip(totals).filter(|(_, sums)| !sums.iter().all(M::is_nothing));
        let total = |((end, kind), [sent, received]): (&(u32, u32), [M; 2])| Total {
            of: [*end, kind >> 16, kind & 0xffff].map(i64::from),
            sent,
            received,
        };
        let mut totals: Vec<Total<M>> = there.map(total).collect();
        totals.sort_unstable_by_key(|total| total.of);
        totals
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("there are fewer than 2³² pairs")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ixp_common::counters::Counts;
    use proptest::prelude::*;

    use super::*;
    use crate::pairs::PairId;

    proptest! {
        #[test]
        fn pairs_come_in_the_order_of_rows_however_they_are_met(
            met in proptest::collection::vec((0i32..6, 0i32..6, 0u16..3, 0u16..2), 1..60),
            steps in proptest::collection::vec(
                (any::<prop::sample::Index>(), proptest::collection::btree_map(0usize..70, 1u64..100, 0..70)), 1..6
            ),
        ) {
            let mut order = Order::default();
            for (known, step) in steps {
                let known = known.index(met.len()) + 1;
                for (source, destination, family, vlan) in met.iter().take(known).skip(order.pairs()) {
                    order.add(Between::new([*source, *destination], *family, *vlan));
                }
                let (mut records, mut most, mut cells, mut totals) =
                    (Records::default(), Vec::new(), BTreeMap::new(), BTreeMap::new());
                for (pair, packets) in step {
                    let counts = Counts { packets, bytes: packets * 100 };
                    records.push(PairId::from_index(pair), counts);
                    most.push(packets % 7);
                    let Some((source, destination, family, vlan)) = met.iter().take(order.pairs()).nth(pair) else { continue };
                    let [family, vlan] = [*family, *vlan].map(i64::from);
                    let [source, destination] = [*source, *destination].map(i64::from);
                    let (sum, largest) =
                        cells.entry([source, destination, family, vlan]).or_insert((Counts::default(), 0));
                    sum.add(counts);
                    *largest += packets % 7;
                    totals.entry([source, family, vlan]).or_insert([Counts::default(); 2])[0].add(counts);
                    totals.entry([destination, family, vlan]).or_insert([Counts::default(); 2])[1].add(counts);
                }
                let sorted = order.sorted(&records, &most);
                let found = sorted.cells.iter().map(|cell| (cell.between.columns(), (cell.amount, cell.most)));
                prop_assert!(found.eq(cells), "{:?}", sorted.cells);
                let found = sorted.totals.iter().map(|total| (total.of, [total.sent, total.received]));
                prop_assert!(found.eq(totals), "{:?}", sorted.totals);
            }
        }
    }
}
