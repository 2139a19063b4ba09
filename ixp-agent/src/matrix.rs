//! A delta and the members in, a traffic matrix out: who sent how much to whom, and what is in no cell.

pub mod broken;
pub mod cell;
mod column;
pub mod csv;
pub mod dense;
pub mod dto;
pub mod filter;
pub mod fold;
pub mod parquet;
pub mod steps;
pub mod table;
pub mod window;

use std::collections::BTreeMap;

use ixp_common::counters::{Counts, PairKey};
use ixp_common::frame::{Malformed, Oddity};
use jiff::Timestamp;

pub use broken::{BrokenRule, broken};
pub use cell::{Cell, End, Group, Owner};
pub use filter::Filter;
pub use fold::fold;
pub use window::{Closed, Detail, Loss, Records, SIZES, Slice, Window};

use crate::members::Registry;
use crate::snapshot::{Delta, Measure, Sampled, Source};

/// What the bytes of a matrix are: captured frames, without FCS.
const BYTE_BASIS: &str = "frame-without-fcs";

/// What one line of a matrix stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum By {
    /// A pair of stations on a VLAN
    Mac,
    /// A pair of member interfaces on a VLAN
    Interface,
    /// A pair of members
    Asn,
    /// All that was exchanged on a LAN
    Lan,
    /// A pair of switches, by the members' ports
    Switch,
    /// A pair of facilities, by the members' ports
    Facility,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Mac, Self::Interface, Self::Asn, Self::Lan, Self::Switch, Self::Facility];

    /// The name in options, queries and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Interface => "interface",
            Self::Asn => "asn",
            Self::Lan => "lan",
            Self::Switch => "switch",
            Self::Facility => "facility",
        }
    }

    /// Whether a cell is of one VLAN, and not of all.
    #[must_use]
    pub const fn has_vlan(self) -> bool {
        match self {
            Self::Mac | Self::Interface | Self::Lan => true,
            Self::Asn | Self::Switch | Self::Facility => false,
        }
    }

    /// Whether cells make a square of sources and destinations that a spreadsheet can take ([`dense`]): a LAN has
    /// no destination, and stations are too many.
    #[must_use]
    pub const fn is_square(self) -> bool {
        match self {
            Self::Interface | Self::Asn | Self::Switch | Self::Facility => true,
            Self::Mac | Self::Lan => false,
        }
    }
}

/// How a matrix is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: the heaviest cells first
    Table,
    /// All there is, in one object
    Json,
    /// A header line and a line per cell, without broken rules
    Csv,
    /// A square of bytes for spreadsheets: a line per source, a column per destination
    Dense,
    /// The columns of csv as a file for duckdb, polars, pandas and the like
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Table, Self::Json, Self::Csv, Self::Dense, Self::Parquet];

    /// The name in options and queries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Dense => "dense",
            Self::Parquet => "parquet",
        }
    }
}

/// From the first moment to the last. `None` is unknown: nothing was observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first moment.
    pub from: Option<Timestamp>,
    /// The last moment.
    pub to: Option<Timestamp>,
}

impl Span {
    /// Takes in a moment.
    pub fn include(&mut self, at: Timestamp) {
        self.from = Some(self.from.map_or(at, |from| from.min(at)));
        self.to = Some(self.to.map_or(at, |to| to.max(at)));
    }
}

/// So many frames and bytes, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figure {
    /// How much.
    pub counts: Counts,
    /// How sure that is; `None` if each frame was counted.
    pub sampled: Option<Sampled>,
}

impl Figure {
    /// What a sum amounts to.
    #[must_use]
    pub fn of(amount: &impl Measure) -> Self {
        Self { counts: amount.plain(), sampled: amount.sampled() }
    }

    /// The sum of figures that no sample is in twice.
    #[must_use]
    pub fn sum(figures: impl IntoIterator<Item = Self>) -> Self {
        figures.into_iter().fold(Self::default(), |mut sum, figure| {
            let mut counts = sum.counts;
            counts.add(figure.counts);
            let sampled = match (sum.sampled, figure.sampled) {
                (Some(left), Some(right)) => Some(left.beside(right, [sum.counts, figure.counts, counts])),
                (left, right) => left.or(right),
            };
            sum = Self { counts, sampled };
            sum
        })
    }
}

/// All frames of a matrix, also those without a cell, whatever the filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frames {
    /// Frames in cells, malformed and unattributed: those that were accounted for. What the kernel
    /// saw beside that shows in the agent's status.
    pub seen: Figure,
    /// Frames that could not be parsed, whatever the reason.
    pub malformed: Figure,
    /// The same by reason.
    pub reasons: BTreeMap<Malformed, Figure>,
    /// Frames without a cell: no room for it, or no visible addresses.
    pub unattributed: Figure,
    /// Frames that were counted in a cell and are odd.
    pub odd: BTreeMap<Oddity, Figure>,
}

impl Frames {
    /// The totals of a delta.
    #[must_use]
    pub fn of<M: Measure>(delta: &Delta<PairKey, M>) -> Self {
        Self {
            seen: Figure::of(&delta.accounted()),
            malformed: Figure::of(&delta.malformed_total()),
            reasons: figures(&delta.malformed),
            unattributed: Figure::of(&delta.unattributed),
            odd: figures(&delta.odd),
        }
    }
}

fn figures<K: Ord + Copy, M: Measure>(amounts: &BTreeMap<K, M>) -> BTreeMap<K, Figure> {
    amounts.iter().map(|(key, amount)| (*key, Figure::of(amount))).collect()
}

/// Who sent how much to whom.
#[derive(Debug, Clone)]
pub struct Matrix<'r> {
    /// What was observed.
    pub span: Span,
    /// Parts of the span in which nothing was observed, in order.
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// What a cell stands for.
    pub by: By,
    /// How the counts came about.
    pub source: Source,
    /// Which cells were asked for.
    pub filter: Filter,
    /// All frames, also those without a cell.
    pub frames: Frames,
    /// In order of VLAN, source, destination, family.
    pub cells: Vec<Cell<'r>>,
    /// In order of rule, VLAN, address.
    pub rules: Vec<BrokenRule<'r>>,
}

impl<'r> Matrix<'r> {
    /// The matrix of what was counted in `span`. Without a filter, cells + malformed + unattributed
    /// is `frames.seen`; a filter leaves out cells and keeps the totals.
    #[must_use]
    pub fn new<M: Measure>(
        delta: &Delta<PairKey, M>,
        registry: &'r Registry,
        by: By,
        filter: Filter,
        span: Span,
    ) -> Self {
        Self {
            span,
            gaps: Vec::new(),
            by,
            source: M::SOURCE,
            filter,
            frames: Frames::of(delta),
            cells: fold(&delta.pairs, registry, by, &filter),
            rules: broken(delta, registry, &filter),
        }
    }

    /// The matrix with the parts of its span in which nothing was observed.
    #[must_use]
    pub fn with_gaps(mut self, gaps: Vec<(Timestamp, Timestamp)>) -> Self {
        self.gaps = gaps;
        self
    }

    /// Frames in the cells.
    #[must_use]
    pub fn attributed(&self) -> Figure {
        Figure::sum(self.cells.iter().map(Cell::figure))
    }
}

#[cfg(test)]
pub(crate) mod tests;
