//! What the index of a segment says of its pages in, the rows of a group that may be wanted out.

use std::ops::Range;

use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use super::read::Bounds;

/// Whether a group can have rows within bounds, by its own statistics.
pub(super) fn may_have(group: &RowGroupMetaData, bounds: &Bounds) -> bool {
    bounds.iter().all(|(at, least, most)| {
        let (low, high) = match group.column(*at).statistics() {
            Some(Statistics::Int32(found)) => {
                (found.min_opt().map(|low| i64::from(*low)), found.max_opt().map(|high| i64::from(*high)))
            }
            Some(Statistics::Int64(found)) => (found.min_opt().copied(), found.max_opt().copied()),
            _ => (None, None),
        };
        low.is_none_or(|low| low <= *most) && high.is_none_or(|high| high >= *least)
    })
}

/// The rows of a group that can be within bounds, by the statistics of its pages, in order.
pub(super) fn rows(metadata: &ParquetMetaData, group: usize, bounds: &Bounds) -> Vec<Range<usize>> {
    let all = count(metadata.row_group(group).num_rows());
    let whole = Range { start: 0, end: all };
    bounds.iter().fold(vec![whole], |rows, (at, least, most)| {
        match pages(metadata, (group, *at), all, (*least, *most)) {
            Some(pages) => both(&rows, &pages),
            None => rows,
        }
    })
}

/// The rows of a column's pages that can have values from `least` to `most`; `None` if nothing is known.
fn pages(
    metadata: &ParquetMetaData,
    (group, column): (usize, usize),
    all: usize,
    (least, most): (i64, i64),
) -> Option<Vec<Range<usize>>> {
    let index = metadata.page_index()?;
    let starts: Vec<usize> =
        index.page_locations(group, column)?.iter().map(|page| count(page.first_row_index)).collect();
    let wanted = (least, most);
    let may_have: Vec<bool> = match index.column_index(group, column)? {
        ColumnIndexMetaData::INT32(pages) => {
            touching(pages.min_values_iter(), pages.max_values_iter(), wanted)
        }
        ColumnIndexMetaData::INT64(pages) => {
            touching(pages.min_values_iter(), pages.max_values_iter(), wanted)
        }
        _ => return None,
    };
    let ends = starts.iter().skip(1).copied().chain([all]);
    let pages = starts.iter().copied().zip(ends).zip(may_have).filter(|(_, may_have)| *may_have);
    Some(pages.map(|((start, end), _)| start..end).collect())
}

/// Which pages with these least and greatest values may have one from `least` to `most`.
fn touching<'p, T: Copy + Into<i64> + 'p>(
    lows: impl Iterator<Item = Option<&'p T>>,
    highs: impl Iterator<Item = Option<&'p T>>,
    (least, most): (i64, i64),
) -> Vec<bool> {
    let touches = |(low, high): (Option<&T>, Option<&T>)| {
        low.is_none_or(|low| (*low).into() <= most) && high.is_none_or(|high| (*high).into() >= least)
    };
    lows.zip(highs).map(touches).collect()
}

/// What is in both, in order, if each is in order.
fn both(left: &[Range<usize>], right: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut both: Vec<Range<usize>> = Vec::new();
    while let (Some(one), Some(other)) = (left.peek(), right.peek()) {
        let (start, end) = (one.start.max(other.start), one.end.min(other.end));
        if start < end {
            match both.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => both.push(start..end),
            }
        }
        if one.end < other.end {
            left.next()
        } else {
            right.next()
        };
    }
    both
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_is_what_is_in_each(left in proptest::collection::vec(any::<bool>(), 1..40), right in proptest::collection::vec(any::<bool>(), 1..40)) {
            let ranges = |rows: &[bool]| -> Vec<Range<usize>> {
                rows.iter().enumerate().filter(|(_, is_in)| **is_in).map(|(row, _)| row..row + 1).collect()
            };
            let found: Vec<usize> = both(&ranges(&left), &ranges(&right)).into_iter().flatten().collect();
            let wanted: Vec<usize> =
                (0..left.len().min(right.len())).filter(|row| left[*row] && right[*row]).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
