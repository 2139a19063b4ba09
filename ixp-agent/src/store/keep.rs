//! How long rows are kept, and how much of the disk they may take: the finest go first, the oldest of them before the others.

use std::sync::Arc;

use tracing::{info, warn};

use super::catalog::Catalog;
use super::place::Segment;
use super::segment::Kin;
use super::step::Step;
use super::table::Table;
use super::{Store, Summing};

/// How long rows are kept, and how much of the disk they may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// Milliseconds by step; `None` is for ever.
    pub time: [Option<i64>; Step::ALL.len()],
    /// Bytes of all segments; `None` is as many as there is room for.
    pub bytes: Option<u64>,
}

const DAY: i64 = 86_400_000;

impl Default for Keep {
    fn default() -> Self {
        Self { time: [Some(DAY), Some(7 * DAY), Some(90 * DAY), Some(730 * DAY), None], bytes: None }
    }
}

impl Keep {
    /// How long rows are kept. Percentiles are of five minutes; those of a year want what is small for as long as hours.
    pub(super) fn of(&self, kin: Kin) -> Option<i64> {
        let step = match (kin.table, kin.step) {
            (Table::Networks | Table::Lans | Table::Intervals, Step::FiveMinutes) => Step::Hour,
            (_, step) => step,
        };
        let own = self.time[kin.step as usize]?;
        self.time[step as usize].map(|longer| longer.max(own))
    }
}

/// From this part of the room on it is told that there will soon be too little.
const NEARLY: (u64, u64) = (9, 10);
/// How often that is told.
const AGAIN: i64 = 3_600_000;

impl Store {
    /// Removes what is kept no longer.
    pub(super) fn forget(&self, now: i64, summing: &mut Summing) {
        let before = self.shelf.now();
        let is_over = |segment: &Arc<Segment>| {
            let kept = self.keep.of(segment.kin);
            kept.is_some_and(|kept| segment.span.1.saturating_add(kept) <= now)
        };
        let (mut doomed, kept): (Vec<_>, Vec<_>) = before.published.iter().cloned().partition(is_over);
        doomed.extend(self.beyond_room(&before, kept, (now, summing)));
        if doomed.is_empty() {
            return;
        }
        doomed.iter().for_each(|segment| segment.doom());
        self.shelf.change(|catalog| {
            catalog.published.retain(|segment| !doomed.iter().any(|doomed| Arc::ptr_eq(doomed, segment)));
        });
    }

    /// What of `published` there is no room for.
    fn beyond_room(
        &self,
        before: &Catalog,
        mut published: Vec<Arc<Segment>>,
        (now, summing): (i64, &mut Summing),
    ) -> Vec<Arc<Segment>> {
        let Some(room) = self.keep.bytes else {
            return Vec::new();
        };
        let waiting: u64 =
            before.parts.iter().flat_map(|part| &part.segments).map(|segment| segment.bytes).sum();
        let mut taken = waiting + published.iter().map(|segment| segment.bytes).sum::<u64>();
        published.sort_by_key(|segment| (segment.kin.step, segment.span.0));
        if taken <= room {
            let is_due = summing.warned.is_none_or(|told| told.saturating_add(AGAIN) <= now);
            if taken > room / NEARLY.1 * NEARLY.0
                && is_due
                && let Some(first) = published.first()
            {
                summing.warned = Some(now);
                let (path, step) = (first.path(), first.kin.step.name());
                warn!(bytes = taken, room, step, first = %path.display(), "the store is nearly as large as it may be; soon the oldest of its finest rows go");
            }
            return Vec::new();
        }
        let mut many = 0;
        for segment in published.iter() {
            if taken <= room {
                break;
            }
            taken -= segment.bytes;
            many += 1;
        }
        let rest = published.split_off(many);
        let mut gone = published;
        // What is not to be told without them goes with them.
        gone.extend(
            rest.into_iter()
                .filter(|segment| gone.iter().any(|gone| gone.is_akin(segment)))
                .collect::<Vec<_>>(),
        );
        if let (Some(first), Some(last)) = (gone.first(), gone.last()) {
            let (first, last) = (first.path(), last.path());
            info!(segments = many, first = %first.display(), last = %last.display(), "the store was too large");
        }
        gone
    }
}
