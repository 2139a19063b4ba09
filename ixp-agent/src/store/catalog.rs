//! What there is in a store at one moment, and which of it has the rows that somebody asks for, each once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::ends::Entry;
use super::part::Part;
use super::place::Segment;
use super::segment::Kin;
use super::step::Step;
use super::table::Table;
use crate::snapshot::Source;

/// The segments of a store at one moment.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Those that are not all in their last place, in no order.
    pub(super) parts: Vec<Part>,
    /// Those that are.
    pub(super) published: Vec<Arc<Segment>>,
    /// Who has which number in their rows.
    pub(super) ends: Arc<Vec<Entry>>,
    /// Says when nobody waits for an answer any more.
    pub(super) unwanted: Option<Arc<AtomicBool>>,
}

impl Catalog {
    /// The segments that together have each row of a table from `from` to before `to` once, in steps that make up `step`:
    /// those of that very step in their last place, and of each part the longest step that it has and is not longer.
    pub(super) fn segments(
        &self,
        table: Table,
        source: Source,
        step: Step,
        (from, to): (i64, i64),
    ) -> Vec<Arc<Segment>> {
        let wanted = Kin::new(table, source, step);
        let is_within = |segment: &&Arc<Segment>| segment.span.0 < to && from < segment.span.1;
        let published = self.published.iter().filter(|segment| segment.kin == wanted);
        let waiting = self.parts.iter().filter_map(|part| {
            let of_it = part.segments.iter().filter(|segment| segment.kin.of_step(step) == wanted);
            of_it.filter(|segment| segment.kin.step <= step).max_by_key(|segment| segment.kin.step)
        });
        published.chain(waiting).filter(is_within).cloned().collect()
    }

    /// The segments that are not to be told without one: what was observed first, itself last. Where one table lacks what others
    /// have, a pair would have exchanged nothing in a time in which it did; so none has it, and the time is a gap.
    pub(super) fn akin(&self, segment: &Arc<Segment>) -> Vec<Arc<Segment>> {
        let is_other = |other: &&Arc<Segment>| other.is_akin(segment) && !Arc::ptr_eq(other, segment);
        let mut akin: Vec<_> = self.all().filter(is_other).cloned().collect();
        akin.sort_by_key(|other| other.kin.table != Table::Intervals);
        akin.push(Arc::clone(segment));
        akin
    }

    /// Whether a segment is there.
    pub(super) fn has_segment(&self, segment: &Arc<Segment>) -> bool {
        self.all().any(|other| Arc::ptr_eq(other, segment))
    }

    /// A segment of a part is in its last place.
    pub(super) fn published(&mut self, segment: &Arc<Segment>) {
        for part in self.parts.iter_mut().filter(|part| part.label == segment.label) {
            part.segments.retain(|other| !Arc::ptr_eq(other, segment));
        }
        self.published.push(Arc::clone(segment));
    }

    /// A segment is not there any more.
    pub(super) fn leave_out(&mut self, segment: &Arc<Segment>) {
        let is_other = |other: &Arc<Segment>| !Arc::ptr_eq(other, segment);
        self.published.retain(is_other);
        self.parts.iter_mut().for_each(|part| part.segments.retain(is_other));
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.all().map(|segment| segment.bytes).sum()
    }

    /// Bytes of what is in its last place of a table, source and step.
    #[must_use]
    pub fn published_bytes(&self, table: Table, source: Source, step: Step) -> u64 {
        let wanted = Kin::new(table, source, step);
        self.published.iter().filter(|segment| segment.kin == wanted).map(|segment| segment.bytes).sum()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all().count()
    }

    /// Whether nothing was ever kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.published.iter().chain(self.parts.iter().flat_map(|part| &part.segments))
    }

    /// Whether anything came about so.
    #[must_use]
    pub fn has(&self, source: Source) -> bool {
        self.all().any(|segment| segment.kin.source() == source)
    }

    /// The first moment that there are cells of, by step; `None` if there are none of any. What was observed is kept longer.
    pub(super) fn first_cells(&self, source: Source) -> Option<[Option<i64>; Step::ALL.len()]> {
        let first = Step::ALL.map(|step| {
            let cells = self.segments(Table::Matrix, source, step, (i64::MIN, i64::MAX));
            cells.iter().map(|segment| segment.span.0).min()
        });
        first.iter().any(Option::is_some).then_some(first)
    }

    /// The first moment that anything is of, in milliseconds.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.all().map(|segment| segment.span.0).min()
    }

    /// The first moment behind all that anything is of, in milliseconds: the end of a day of which a part is known is that of
    /// the day.
    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.all().map(|segment| segment.span.1).max()
    }
}
