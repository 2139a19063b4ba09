//! What was counted in one step: 20 bytes per pair.

use std::collections::BTreeMap;

use ixp_common::counters::{Counts, PairKey};
use ixp_common::frame::{Malformed, Oddity};

use super::keys::{Id, Keys, Place, Sums};
use crate::snapshot::Delta;

/// The counts of one step.
#[derive(Debug)]
pub(super) struct Step {
    /// Its start in steps since 1970.
    pub(super) number: i64,
    seen: Counts,
    unattributed: Counts,
    malformed: BTreeMap<Malformed, Counts>,
    odd: BTreeMap<Oddity, Counts>,
    ids: Vec<Id>,
    packets: Vec<u64>,
    bytes: Vec<u64>,
}

impl Step {
    pub(super) fn new(number: i64) -> Self {
        Self {
            number,
            seen: Counts::default(),
            unattributed: Counts::default(),
            malformed: BTreeMap::new(),
            odd: BTreeMap::new(),
            ids: Vec::new(),
            packets: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Pairs that it has.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn ids(&self) -> &[Id] {
        &self.ids
    }

    /// Adds all but the pairs.
    pub(super) fn add_totals(&mut self, delta: &Delta) {
        self.seen.add(delta.seen);
        self.unattributed.add(delta.unattributed);
        add_each(&mut self.malformed, &delta.malformed);
        add_each(&mut self.odd, &delta.odd);
    }

    /// Adds what a pair exchanged. If the step has `bound` pairs and this is another, its frames
    /// become unattributed, and the answer is false.
    pub(super) fn add(&mut self, keys: &mut Keys, key: &PairKey, counts: Counts, bound: usize) -> bool {
        match keys.place(key, self.ids.len(), bound) {
            Some(Place::Taken(at)) => {
                self.packets[at] = self.packets[at].wrapping_add(counts.packets);
                self.bytes[at] = self.bytes[at].wrapping_add(counts.bytes);
            }
            Some(Place::Free(id)) => {
                self.ids.push(id);
                self.packets.push(counts.packets);
                self.bytes.push(counts.bytes);
            }
            None => {
                self.unattributed.add(counts);
                return false;
            }
        }
        true
    }

    /// Gives back what was kept free for more pairs.
    pub(super) fn close(&mut self) {
        self.ids.shrink_to_fit();
        self.packets.shrink_to_fit();
        self.bytes.shrink_to_fit();
    }

    pub(super) fn renumber(&mut self, new: impl Fn(Id) -> Id) {
        self.ids.iter_mut().for_each(|id| *id = new(*id));
    }

    /// Adds the totals to `delta` and the pairs to `sums`.
    pub(super) fn add_to(&self, delta: &mut Delta, sums: &mut Sums) {
        delta.seen.add(self.seen);
        delta.unattributed.add(self.unattributed);
        add_each(&mut delta.malformed, &self.malformed);
        add_each(&mut delta.odd, &self.odd);
        for ((id, packets), bytes) in self.ids.iter().zip(&self.packets).zip(&self.bytes) {
            let (packets, bytes) = (*packets, *bytes);
            sums.add(*id, Counts { packets, bytes });
        }
    }

    pub(super) fn memory(&self) -> usize {
        let records = self.ids.capacity() * size_of::<Id>()
            + (self.packets.capacity() + self.bytes.capacity()) * size_of::<u64>();
        size_of::<Self>() + records
    }
}

fn add_each<K: Ord + Copy>(into: &mut BTreeMap<K, Counts>, from: &BTreeMap<K, Counts>) {
    for (key, counts) in from {
        into.entry(*key).or_default().add(*counts);
    }
}
