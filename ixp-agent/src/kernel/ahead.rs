//! Frames that are noted and not yet counted: told at once, and not again when they are.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use ixp_common::counters::Counts;

use crate::pairs::PairId;

/// What was told of pairs before their cells had counted it.
///
/// What was told in all is always what the cells had counted and what is owed. A pair is told of only when it has
/// more than is owed, so nothing told is ever taken back: notes that are counted between the reading of their cell and
/// theirs are in neither, and their pair waits for the next one.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    owed: HashMap<PairId, Counts, RandomState>,
    /// What is known of these pairs at this reading: growth of their cells, then notes.
    now: HashMap<PairId, (Counts, Counts), RandomState>,
    /// A mark per pair that is in `now`.
    marked: Vec<bool>,
}

impl Ahead {
    /// Takes the growth of cells and the notes that were found after it, of pairs numbered below `pairs`; puts
    /// into `grown` what is to be told.
    pub(super) fn settle(
        &mut self,
        pairs: usize,
        notes: &[(PairId, Counts)],
        grown: &mut Vec<(PairId, Counts)>,
    ) {
        let Self { owed, now, marked } = self;
        if owed.is_empty() && notes.is_empty() {
            return;
        }
        marked.resize(pairs, false);
        let involved = owed.keys().copied().map(|id| (id, Counts::default())).chain(notes.iter().copied());
        for (id, noted) in involved {
            now.entry(id).or_default().1.add(noted);
            marked[id.index()] = true;
        }
        grown.retain(|(id, counts)| {
            let is_involved = marked[id.index()];
            if is_involved && let Some((counted, _)) = now.get_mut(id) {
                counted.add(*counts);
            }
            !is_involved
        });
        for (id, (counted, noted)) in now.drain() {
            marked[id.index()] = false;
            let before = owed.remove(&id).unwrap_or_default();
            let mut known = counted;
            known.add(noted);
            let due = known.since(before);
            let rest = if is_negative(due) {
                before.since(counted)
            } else {
                if !due.is_zero() {
                    grown.push((id, due));
                }
                noted
            };
            if !rest.is_zero() {
                owed.insert(id, rest);
            }
        }
    }
}

/// Counts are differences modulo 2⁶⁴, and no difference is as large as half of that.
fn is_negative(counts: Counts) -> bool {
    (counts.packets | counts.bytes) >> 63 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A pair's frames, told from the first on: those in its cell, those noted, those still to come.
    #[derive(Debug, Clone, Default)]
    struct Pair {
        read: Counts,
        counted: Counts,
        noted: Counts,
        told: Counts,
    }

    /// What happens between the reading of the cells and that of the notes.
    #[derive(Debug, Clone)]
    struct Step {
        before: Vec<(usize, u32, bool)>,
        between: Vec<(usize, u32, bool)>,
    }

    fn happen(pairs: &mut [Pair], events: &[(usize, u32, bool)]) {
        for (pair, bytes, is_flush) in events {
            if *is_flush {
                for pair in pairs.iter_mut() {
                    pair.counted.add(std::mem::take(&mut pair.noted));
                }
            }
            pairs[*pair].noted.add_frame(*bytes);
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let events = || proptest::collection::vec((0usize..4, 60u32..1515, prop::bool::weighted(0.2)), 0..6);
        let step = (events(), events()).prop_map(|(before, between)| Step { before, between });
        proptest::collection::vec(step, 1..40)
    }

    proptest! {
        #[test]
        fn each_frame_is_told_once_and_at_the_latest_by_the_next_reading(steps in steps()) {
            let mut ahead = Ahead::default();
            let mut pairs = vec![Pair::default(); 4];
            for step in steps {
                happen(&mut pairs, &step.before);
                let sent_before: Vec<Counts> = pairs.iter().map(|pair| {
                    let mut sum = pair.counted;
                    sum.add(pair.noted);
                    sum
                }).collect();
                let mut grown = Vec::new();
                for (at, pair) in pairs.iter_mut().enumerate() {
                    let growth = pair.counted.since(pair.read);
                    pair.read = pair.counted;
                    if !growth.is_zero() {
                        grown.push((PairId::from_index(at), growth));
                    }
                }
                let is_quiet = !step.between.iter().any(|(_, _, is_flush)| *is_flush);
                happen(&mut pairs, &step.between);
                let notes: Vec<_> = pairs.iter().enumerate()
                    .map(|(at, pair)| (PairId::from_index(at), pair.noted)).filter(|(_, noted)| !noted.is_zero()).collect();
                ahead.settle(4, &notes, &mut grown);
                for (id, due) in grown {
                    prop_assert!(!is_negative(due) && !due.is_zero());
                    pairs[id.index()].told.add(due);
                }
                for (pair, sent_before) in pairs.iter().zip(sent_before) {
                    let mut sent = pair.counted;
                    sent.add(pair.noted);
                    prop_assert!(pair.told <= sent, "told twice: {pair:?}");
                    prop_assert!(!is_quiet || pair.told >= sent_before, "hidden: {pair:?}");
                }
            }
            let mut grown: Vec<_> = pairs.iter().enumerate()
                .map(|(at, pair)| (PairId::from_index(at), pair.counted.since(pair.read))).collect();
            let notes: Vec<_> = pairs.iter().enumerate().map(|(at, pair)| (PairId::from_index(at), pair.noted)).collect();
            ahead.settle(4, &notes, &mut grown);
            grown.into_iter().for_each(|(id, due)| pairs[id.index()].told.add(due));
            for pair in &pairs {
                let mut sent = pair.counted;
                sent.add(pair.noted);
                prop_assert_eq!(pair.told, sent);
            }
        }
    }
}
