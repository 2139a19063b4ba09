//! Pairs in, small numbers out, so that a record takes 4 bytes for its pair and not 16.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use ixp_common::counters::{Counts, PairKey};

use super::step::Step;

/// A pair's number, until the next rebuild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(u32);

/// All pairs that a step has.
#[derive(Debug, Default)]
pub(super) struct Keys {
    by_key: HashMap<PairKey, Id, RandomState>,
    keys: Vec<Key>,
    unused: usize,
}

#[derive(Debug)]
struct Key {
    key: PairKey,
    /// Steps that have it.
    steps: u32,
    /// Its place in the open step, [`NOWHERE`] if it has none.
    place: u32,
}

const NOWHERE: u32 = u32::MAX;

impl Keys {
    /// The place of a pair in the open step. If it has none yet, it gets `next` while that is below
    /// `bound`, and then has a number too.
    pub(super) fn place(&mut self, key: &PairKey, next: usize, bound: usize) -> Option<Place> {
        let known = self.by_key.get(key).copied();
        if let Some(id) = known {
            let place = self.keys[id.0 as usize].place;
            if place != NOWHERE {
                return Some(Place::Taken(place as usize));
            }
        }
        let place = u32::try_from(next).ok().filter(|_| next < bound)?;
        let id = match known {
            Some(id) => id,
            None => self.insert(key)?,
        };
        let entry = &mut self.keys[id.0 as usize];
        if entry.steps == 0 {
            self.unused -= 1;
        }
        entry.steps += 1;
        entry.place = place;
        Some(Place::Free(id))
    }

    /// A pair that no step has yet, unless all numbers are given out.
    fn insert(&mut self, key: &PairKey) -> Option<Id> {
        let id = Id(u32::try_from(self.keys.len()).ok()?);
        self.by_key.insert(*key, id);
        self.keys.push(Key { key: *key, steps: 0, place: NOWHERE });
        self.unused += 1;
        Some(id)
    }

    /// The open step was closed: no pair has a place.
    pub(super) fn forget_places(&mut self) {
        self.keys.iter_mut().for_each(|key| key.place = NOWHERE);
    }

    /// A step with these pairs is gone.
    pub(super) fn release(&mut self, ids: &[Id]) {
        for id in ids {
            let key = &mut self.keys[id.0 as usize];
            key.steps -= 1;
            self.unused += usize::from(key.steps == 0);
        }
    }

    /// Whether more than half of the numbers stand for no step's pair.
    pub(super) fn is_sparse(&self) -> bool {
        self.unused * 2 > self.keys.len()
    }

    /// Forgets pairs that no step has, and numbers the others anew.
    pub(super) fn rebuild<'s>(&mut self, steps: impl Iterator<Item = &'s mut Step>) {
        let mut renumbered = vec![Id(NOWHERE); self.keys.len()];
        let mut kept = Vec::with_capacity(self.keys.len() - self.unused);
        for (old, key) in std::mem::take(&mut self.keys).into_iter().enumerate() {
            if key.steps > 0 {
                renumbered[old] = Id(u32::try_from(kept.len()).unwrap_or(NOWHERE));
                kept.push(key);
            }
        }
        for step in steps {
            step.renumber(|id| renumbered[id.0 as usize]);
        }
        self.by_key.retain(|_, id| {
            *id = renumbered[id.0 as usize];
            id.0 != NOWHERE
        });
        self.by_key.shrink_to_fit();
        self.keys = kept;
        self.unused = 0;
    }

    /// Room for a sum per pair.
    pub(super) fn sums(&self) -> Sums {
        Sums(vec![Counts::default(); self.keys.len()])
    }

    /// The pairs that have a sum.
    pub(super) fn pairs(&self, sums: &Sums) -> Vec<(PairKey, Counts)> {
        self.keys
            .iter()
            .zip(&sums.0)
            .filter(|(_, sum)| !sum.is_zero())
            .map(|(key, sum)| (key.key, *sum))
            .collect()
    }

    pub(super) fn memory(&self) -> usize {
        let entry = size_of::<(PairKey, Id)>() + 1;
        self.by_key.capacity() * 8 / 7 * entry + self.keys.capacity() * size_of::<Key>()
    }
}

/// Where a pair's counts go in the open step.
pub(super) enum Place {
    /// To those that are there.
    Taken(usize),
    /// Behind the last ones, under this number.
    Free(Id),
}

/// A sum per pair, by its number.
pub(super) struct Sums(Vec<Counts>);

impl Sums {
    pub(super) fn add(&mut self, id: Id, counts: Counts) {
        self.0[id.0 as usize].add(counts);
    }
}
