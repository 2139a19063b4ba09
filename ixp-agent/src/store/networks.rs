//! What ends sent and received in an interval in, the rows of members, of VLANs and of sizes of frames out.

use std::collections::BTreeMap;

use super::ends::Ends;
use super::table::{NOTHING, Row, Table, small};
use crate::matrix::Detail;
use crate::members::Asn;

/// Rows of members: all interfaces and families of each together. What stations of no member and groups have is in none.
pub(super) fn networks(totals: &[Row], ends: &Ends, detail: Option<&Detail>, start: i64) -> Vec<Row> {
    let mut sums: BTreeMap<i64, [i64; 4]> = BTreeMap::new();
    for row in totals {
        let Some(asn) = ends.asn(small(row.0[0])) else { continue };
        let sum = sums.entry(asn.0.into()).or_default();
        sum.iter_mut().zip(&row.0[4..]).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
    }
    let burst: BTreeMap<i64, [u64; 2]> =
        detail.iter().flat_map(|detail| &detail.bursts).map(|(asn, most)| (asn.0.into(), *most)).collect();
    let row = |(asn, sum): (i64, [i64; 4])| {
        let [a, b, c, d] = sum;
        let mut row = Row::new(&[asn, start, a, b, c, d]).with_peaks(Table::Networks);
        if let Some(most) = burst.get(&asn) {
            row.0[10..12].copy_from_slice(&most.map(number));
        }
        row
    };
    sums.into_iter().map(row).collect()
}

/// Rows of VLANs.
pub(super) fn lans(totals: &[Row], detail: Option<&Detail>, start: i64) -> Vec<Row> {
    let mut sums: BTreeMap<i64, [i64; 2]> = BTreeMap::new();
    for row in totals {
        // Each frame was sent once.
        let sum = sums.entry(row.0[2]).or_default();
        sum.iter_mut().zip(&row.0[4..6]).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
    }
    let burst: BTreeMap<i64, u64> = detail
        .iter()
        .flat_map(|detail| &detail.lans)
        .map(|(vlan, most)| (vlan.get().into(), *most))
        .collect();
    let row = |(vlan, [packets, bytes]): (i64, [i64; 2])| {
        let mut row = Row::new(&[vlan, start, packets, bytes]).with_peaks(Table::Lans);
        row.0[6] = burst.get(&vlan).map_or(NOTHING, |most| number(*most));
        row
    };
    sums.into_iter().filter(|(_, sum)| *sum != [0, 0]).map(row).collect()
}

/// The most of all frames, as it stands in a row.
pub(super) fn burst(detail: Option<&Detail>) -> i64 {
    detail.map_or(NOTHING, |detail| number(detail.burst))
}

/// Rows of sizes of frames; nobody's have the AS number 0 (RFC 7607).
pub(super) fn sizes(detail: Option<&Detail>, start: i64) -> Vec<Row> {
    let sizes = detail.iter().flat_map(|detail| &detail.sizes);
    let row = |((asn, largest), frames): (&(Option<Asn>, u16), &u64)| {
        let asn = asn.map_or(0, |asn| i64::from(asn.0));
        Row::new(&[asn, i64::from(*largest), start, number(*frames)])
    };
    sizes.map(row).collect()
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
