//! What the store keeps, as data: its tables, their columns, and how two rows of one key become one.

use crate::snapshot::Source;

/// Columns that a table has at most.
pub(super) const WIDTH: usize = 14;

/// What stands in a column that may be empty, and is.
pub(super) const NOTHING: i64 = i64::MIN;

/// A row: a number per column of its table, reals by their bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row(pub(super) [i64; WIDTH]);

/// A kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Who sent how much to whom.
    Matrix,
    /// What each end sent and received, with its peaks.
    Totals,
    /// What each member sent and received, all its interfaces and families together, with its peaks.
    Networks,
    /// What was exchanged on each VLAN, with its peaks.
    Lans,
    /// How large the frames are that each member sent, estimated by samples.
    Sizes,
    /// Which rules were broken.
    Rules,
    /// How long was observed, and all frames, also those that are in no cell.
    Intervals,
}
use Table::{Intervals, Lans, Matrix, Networks, Rules, Sizes, Totals};

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) role: Role,
}

/// How a column lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Milliseconds since 1970, UTC.
    Moment,
    /// A whole number of 32 bits.
    Small,
    /// A whole number of 64 bits.
    Large,
    /// A floating-point number of 64 bits.
    Real,
}

/// What becomes of a column when rows of one key become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the same in both.
    Key,
    /// The sum.
    Sum,
    /// The sum, where there is one.
    SumOrNothing,
    /// The largest value within one interval, by that column's number; see [`Row::with_peaks`].
    Peak(usize),
    /// The larger one, where there is one.
    MostOrNothing,
}

const fn key(name: &'static str) -> Column {
    Column { name, kind: Kind::Small, role: Role::Key }
}

const TIME: Column = Column { name: "ts", kind: Kind::Moment, role: Role::Key };

const fn sum(name: &'static str) -> Column {
    Column { name, kind: Kind::Large, role: Role::Sum }
}

const fn samples(name: &'static str) -> Column {
    Column { name, kind: Kind::Large, role: Role::SumOrNothing }
}

const fn variance(name: &'static str) -> Column {
    Column { name, kind: Kind::Real, role: Role::SumOrNothing }
}

const fn peak(name: &'static str, of: usize) -> Column {
    Column { name, kind: Kind::Large, role: Role::Peak(of) }
}

const fn most(name: &'static str) -> Column {
    Column { name, kind: Kind::Large, role: Role::MostOrNothing }
}

/// In the order in which rows are sorted, the time last of the key. Columns that came later are at the end and may be empty: older
/// files lack them.
const MATRIX: &[Column] = &[
    key("src"),
    key("dst"),
    key("family"),
    key("vlan"),
    TIME,
    sum("packets"),
    sum("bytes"),
    samples("samples"),
    variance("packets_variance"),
    variance("bytes_variance"),
    peak("peak_bytes", 6),
    most("burst_bytes"),
];

const TOTALS: &[Column] = &[
    key("id"),
    key("family"),
    key("vlan"),
    TIME,
    sum("sent_packets"),
    sum("sent_bytes"),
    sum("received_packets"),
    sum("received_bytes"),
    samples("sent_samples"),
    samples("received_samples"),
    peak("peak_sent_packets", 4),
    peak("peak_sent_bytes", 5),
    peak("peak_received_packets", 6),
    peak("peak_received_bytes", 7),
];

/// An AS number does not fit a whole number of 32 bits with a sign.
const ASN: Column = Column { name: "asn", kind: Kind::Large, role: Role::Key };

const NETWORKS: &[Column] = &[
    ASN,
    TIME,
    sum("sent_packets"),
    sum("sent_bytes"),
    sum("received_packets"),
    sum("received_bytes"),
    peak("peak_sent_packets", 2),
    peak("peak_sent_bytes", 3),
    peak("peak_received_packets", 4),
    peak("peak_received_bytes", 5),
    most("burst_sent"),
    most("burst_received"),
];

const LANS: &[Column] = &[
    key("vlan"),
    TIME,
    sum("packets"),
    sum("bytes"),
    peak("peak_packets", 2),
    peak("peak_bytes", 3),
    most("burst"),
];

const SIZES: &[Column] = &[ASN, key("octets"), TIME, sum("packets")];

const RULES: &[Column] = &[
    key("rule"),
    key("id"),
    key("vlan"),
    TIME,
    sum("packets"),
    sum("bytes"),
    sum("dropped"),
    sum("would_drop"),
    samples("samples"),
    variance("packets_variance"),
    variance("bytes_variance"),
];

const INTERVALS: &[Column] = &[
    TIME,
    sum("observed_ms"),
    sum("seen_packets"),
    sum("seen_bytes"),
    sum("malformed_packets"),
    sum("malformed_bytes"),
    sum("unattributed_packets"),
    sum("unattributed_bytes"),
    samples("samples"),
    variance("packets_variance"),
    variance("bytes_variance"),
    peak("peak_packets", 2),
    peak("peak_bytes", 3),
    most("burst"),
];

impl Table {
    /// All of them.
    pub const ALL: [Self; 7] = [Matrix, Totals, Networks, Lans, Sizes, Rules, Intervals];

    /// Its folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Matrix => "matrix",
            Totals => "totals",
            Networks => "networks",
            Lans => "lans",
            Sizes => "sizes",
            Rules => "rules",
            Intervals => "intervals",
        }
    }

    /// The table of a name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    pub(super) const fn columns(self) -> &'static [Column] {
        match self {
            Matrix => MATRIX,
            Totals => TOTALS,
            Networks => NETWORKS,
            Lans => LANS,
            Sizes => SIZES,
            Rules => RULES,
            Intervals => INTERVALS,
        }
    }

    /// The number of a column.
    ///
    /// # Panics
    /// If the table has none of this name.
    pub(super) fn column(self, name: &str) -> usize {
        let found = self.columns().iter().position(|column| column.name == name);
        found.expect("a column that stands above")
    }

    /// Which column is the time: the last of the key.
    pub(super) const fn time(self) -> usize {
        match self {
            Matrix => 4,
            Totals | Rules => 3,
            Sizes => 2,
            Networks | Lans => 1,
            Intervals => 0,
        }
    }
}

impl Row {
    /// Of a row of a matrix: source, destination, family, VLAN, frames and their bytes.
    #[must_use]
    pub const fn pair(&self) -> [i64; 6] {
        let [source, destination, family, vlan, _, packets, bytes, ..] = self.0;
        [source, destination, family, vlan, packets, bytes]
    }

    /// Nothing, but for what `values` says.
    pub(super) fn new(values: &[i64]) -> Self {
        let mut row = [NOTHING; WIDTH];
        row[..values.len()].copy_from_slice(values);
        Self(row)
    }

    /// What it is sorted by, the time included.
    pub(super) fn key(&self, table: Table) -> &[i64] {
        &self.0[..=table.time()]
    }

    /// The key as two numbers that have its order: all but the time, and that.
    #[inline]
    pub(super) fn rank(&self, table: Table) -> (u128, i64) {
        let time = table.time();
        // Keys are numbers of 32 bits that are not negative, at most four of them.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
        let place = self.0[..time].iter().fold(0u128, |place, value| place << 32 | u128::from(*value as u32));
        (place, self.0[time])
    }

    /// The same row of the step in which its time is.
    pub(super) fn of_step(mut self, table: Table, millis: i64) -> Self {
        let time = &mut self.0[table.time()];
        *time = time.div_euclid(millis) * millis;
        self
    }

    /// The row of one interval, whose peaks are what it has.
    pub(super) fn with_peaks(mut self, table: Table) -> Self {
        for (at, column) in table.columns().iter().enumerate() {
            if let Role::Peak(of) = column.role {
                self.0[at] = self.0[of];
            }
        }
        self
    }

    /// The same row without its peaks; that of a pair without the most in a second, too, which takes as much room as they do.
    pub(super) fn without_peaks(mut self, table: Table) -> Self {
        for (at, column) in table.columns().iter().enumerate() {
            let is_left_out = match column.role {
                Role::Peak(_) => true,
                Role::MostOrNothing => table == Matrix,
                Role::Key | Role::Sum | Role::SumOrNothing => false,
            };
            if is_left_out {
                self.0[at] = NOTHING;
            }
        }
        self
    }

    /// Takes in a row of the same key.
    #[inline]
    pub(super) fn join(&mut self, table: Table, other: &Self) {
        let columns = table.columns();
        for (at, column) in columns.iter().enumerate().skip(table.time() + 1) {
            let (mine, theirs) = (&mut self.0[at], other.0[at]);
            *mine = match (column.role, *mine, theirs) {
                // Whoever sends samples may say anything: too much is the most there is.
                (Role::Sum, mine, theirs) => mine.saturating_add(theirs),
                (_, _, NOTHING) => continue,
                (_, NOTHING, theirs) => theirs,
                (Role::Peak(_) | Role::MostOrNothing, mine, theirs) => mine.max(theirs),
                (_, mine, theirs) => match column.kind {
                    Kind::Real => real(mine, theirs),
                    Kind::Moment | Kind::Small | Kind::Large => mine.saturating_add(theirs),
                },
            };
        }
    }
}

/// The sum of two reals by their bits.
fn real(left: i64, right: i64) -> i64 {
    let [left, right] = [left, right].map(|bits| f64::from_bits(bits.cast_unsigned()));
    (left + right).to_bits().cast_signed()
}

/// A number of a row in fewer bits; nought, if it has none of them.
pub(super) fn small<T: TryFrom<i64> + Default>(value: i64) -> T {
    T::try_from(value).unwrap_or_default()
}

/// The names of sources, as they stand in paths.
pub(super) const SOURCES: [Source; 2] = [Source::Exact, Source::Sampled];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_table_fits_a_row_and_has_its_time_last_in_the_key() {
        for table in Table::ALL {
            let columns = table.columns();
            assert!(columns.len() <= WIDTH, "{}", table.name());
            let key = columns.iter().rposition(|column| column.role == Role::Key);
            assert_eq!(key, Some(table.time()), "{}", table.name());
            assert_eq!(columns[table.time()].kind, Kind::Moment, "{}", table.name());
            assert!(table.time() <= 4, "a key's rank has 128 bits");
            for (at, column) in columns.iter().enumerate() {
                if let Role::Peak(of) = column.role {
                    assert!(of < at && columns[of].role == Role::Sum, "{}", column.name);
                    assert!(column.name.ends_with(columns[of].name.trim_start_matches("seen_")));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn ranks_have_the_order_of_keys(left in any::<[u16; 5]>(), right in any::<[u16; 5]>()) {
            // Large and small, often the same.
            let row = |values: [u16; 5]| Row::new(&values.map(|value| i64::from(value % 5) << (value % 28)));
            let (left, right) = (row(left), row(right));
            for table in Table::ALL {
                prop_assert_eq!(left.rank(table).cmp(&right.rank(table)), left.key(table).cmp(right.key(table)));
            }
        }

        #[test]
        fn rows_join_in_any_order(amounts in proptest::collection::vec((0i64..1 << 40, any::<bool>()), 1..20)) {
            let table = Matrix;
            let row = |(bytes, is_sampled): &(i64, bool)| {
                let samples = if *is_sampled { *bytes / 1000 } else { NOTHING };
                let mut row = Row::new(&[1, 2, 4, 0, 0, bytes / 100, *bytes, samples]).with_peaks(table);
                row.0[11] = if *is_sampled { NOTHING } else { bytes / 3 };
                row
            };
            let sum = |rows: Vec<Row>| rows.into_iter().reduce(|mut sum, row| { sum.join(table, &row); sum });
            let forward = sum(amounts.iter().map(row).collect());
            prop_assert_eq!(forward, sum(amounts.iter().rev().map(row).collect()));
            let forward = forward.expect("a row");
            prop_assert_eq!(forward.0[6], amounts.iter().map(|(bytes, _)| bytes).sum::<i64>());
            prop_assert_eq!(Some(forward.0[10]), amounts.iter().map(|(bytes, _)| *bytes).max());
            let bursts = amounts.iter().filter(|(_, is_sampled)| !is_sampled).map(|(bytes, _)| bytes / 3);
            prop_assert_eq!(forward.0[11], bursts.max().unwrap_or(NOTHING));
            prop_assert_eq!(forward.0[7] == NOTHING, amounts.iter().all(|(_, is_sampled)| !is_sampled));
        }
    }
}
