//! A matrix in, those who exchanged most in it out, and which pairs did: as JSON, CSV and a table.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use ixp_common::counters::Counts;
use jiff::Timestamp;
use serde::Serialize;

use super::{BYTE_BASIS, CountsDto, lined};
use crate::format::{clipped, human, quoted};
use crate::matrix::{End, Matrix};
use crate::members::Asn;

/// Letters that a name takes.
const NAME_WIDTH: usize = 26;

/// Who exchanged most, as JSON; shares are of the bytes in all cells.
#[derive(Debug, Serialize)]
pub struct TopDto {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    by: &'static str,
    source: &'static str,
    byte_basis: &'static str,
    packets: u64,
    bytes: u64,
    talkers: Vec<TalkerDto>,
    pairs: Vec<PairDto>,
}

#[derive(Debug, Serialize)]
struct TalkerDto {
    name: String,
    asn: Option<Asn>,
    sent: CountsDto,
    received: CountsDto,
    sent_share: f64,
    received_share: f64,
}

#[derive(Debug, Serialize)]
struct PairDto {
    src: String,
    src_asn: Option<Asn>,
    dst: String,
    dst_asn: Option<Asn>,
    packets: u64,
    bytes: u64,
    share: f64,
}

/// An end by what it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    asn: Option<Asn>,
    name: String,
}

impl Who {
    fn of(end: &End<'_>) -> Self {
        let name = match end {
            End::Member(member) => format!("{} {}", member.asn, member.name).trim_end().to_owned(),
            End::Interface(owner) => owner.interface.label.clone(),
            End::Station { mac, .. } => mac.to_string(),
            End::Place(name) => (*name).to_owned(),
            End::Unknown => "unknown".to_owned(),
            End::Group(group) => group.name().to_owned(),
        };
        Self { asn: end.asn(), name }
    }
}

impl TopDto {
    /// The `many` first of each.
    #[must_use]
    pub fn new(matrix: &Matrix<'_>, many: usize) -> Self {
        let (mut talkers, mut pairs) = (BTreeMap::new(), BTreeMap::new());
        let mut all = Counts::default();
        for cell in &matrix.cells {
            let [source, destination] = [&cell.source, &cell.destination].map(Who::of);
            all.add(cell.counts);
            talkers.entry(source.clone()).or_insert([Counts::default(); 2])[0].add(cell.counts);
            if cell.destination.group().is_none() {
                talkers.entry(destination.clone()).or_insert([Counts::default(); 2])[1].add(cell.counts);
            }
            pairs.entry((source, destination)).or_insert_with(Counts::default).add(cell.counts);
        }
        Self {
            from: matrix.span.from,
            to: matrix.span.to,
            by: matrix.by.name(),
            source: matrix.source.name(),
            byte_basis: BYTE_BASIS,
            packets: all.packets,
            bytes: all.bytes,
            talkers: first_talkers(talkers, all, many),
            pairs: first_pairs(pairs, all, many),
        }
    }

    /// Writes a header line and a line for each: of a talker `dst` is empty, and packets and bytes are what it sent and received.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn csv(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "kind,rank,src,src_asn,dst,dst_asn,sent_packets,sent_bytes,received_packets,received_bytes"
        )?;
        let asn = |asn: Option<Asn>| asn.map(|asn| asn.0.to_string()).unwrap_or_default();
        for (rank, talker) in (1..).zip(&self.talkers) {
            let (name, TalkerDto { sent, received, .. }) = (quoted(&talker.name), talker);
            let number = asn(talker.asn);
            let (sent, received) = (sent.fields(), received.fields());
            writeln!(out, "talker,{rank},{name},{number},,,{sent},{received}")?;
        }
        for (rank, pair) in (1..).zip(&self.pairs) {
            let (src, dst) = (quoted(&pair.src), quoted(&pair.dst));
            let (from, to) = (asn(pair.src_asn), asn(pair.dst_asn));
            writeln!(out, "pair,{rank},{src},{from},{dst},{to},{},{},,", pair.packets, pair.bytes)?;
        }
        Ok(())
    }

    /// Writes two tables.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn table(&self, out: &mut impl Write) -> io::Result<()> {
        let percent = |part: f64| format!("{:.1}%", part * 100.0);
        let talkers = self.talkers.iter().map(|talker| {
            let [sent, received] = [talker.sent, talker.received].map(|counts| human(counts.bytes(), "B"));
            let name = clipped(&talker.name, NAME_WIDTH);
            vec![name, sent, percent(talker.sent_share), received, percent(talker.received_share)]
        });
        let header = ["WHO", "SENT", "", "RECEIVED", ""];
        writeln!(out, "{}\n", lined(&header, 1, talkers).trim_fmt())?;
        let pairs = self.pairs.iter().map(|pair| {
            let [from, to] = [&pair.src, &pair.dst].map(|name| clipped(name, NAME_WIDTH));
            vec![from, to, human(pair.bytes, "B"), percent(pair.share)]
        });
        writeln!(out, "{}\n", lined(&["FROM", "TO", "BYTES", ""], 2, pairs).trim_fmt())?;
        let shown = |at: Option<Timestamp>| at.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
        writeln!(out, "from      {} to {}", shown(self.from), shown(self.to))?;
        writeln!(out, "in all    {}", human(self.bytes, "B"))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn share(bytes: u64, all: Counts) -> f64 {
    if all.bytes == 0 { 0.0 } else { bytes as f64 / all.bytes as f64 }
}

fn first_talkers(talkers: BTreeMap<Who, [Counts; 2]>, all: Counts, many: usize) -> Vec<TalkerDto> {
    let mut sorted: Vec<(Who, [Counts; 2])> = talkers.into_iter().collect();
    sorted.sort_by_key(|(_, [sent, received])| Reverse(sent.bytes.saturating_add(received.bytes)));
    sorted.truncate(many);
    let talker = |(who, [sent, received]): (Who, [Counts; 2])| TalkerDto {
        name: who.name,
        asn: who.asn,
        sent: sent.into(),
        received: received.into(),
        sent_share: share(sent.bytes, all),
        received_share: share(received.bytes, all),
    };
    sorted.into_iter().map(talker).collect()
}

fn first_pairs(pairs: BTreeMap<(Who, Who), Counts>, all: Counts, many: usize) -> Vec<PairDto> {
    let mut sorted: Vec<((Who, Who), Counts)> = pairs.into_iter().collect();
    sorted.sort_by_key(|(_, counts)| Reverse(counts.bytes));
    sorted.truncate(many);
    let pair = |((from, to), counts): ((Who, Who), Counts)| PairDto {
        src: from.name,
        src_asn: from.asn,
        dst: to.name,
        dst_asn: to.asn,
        packets: counts.packets,
        bytes: counts.bytes,
        share: share(counts.bytes, all),
    };
    sorted.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::tests::{mixed, registry};
    use crate::matrix::{By, Filter, Span};
    use crate::snapshot::Delta;

    #[test]
    fn talkers_and_pairs_are_in_order_and_shares_are_of_all() {
        let (registry, delta) =
            (registry(), Delta { pairs: mixed().into_iter().collect(), ..Delta::default() });
        let matrix = Matrix::new(&delta, &registry, By::Asn, Filter::default(), Span::default());
        let top = |many| TopDto::new(&matrix, many);
        let two = top(2);
        assert_eq!((two.talkers.len(), two.pairs.len()), (2, 2));
        assert!(two.pairs[0].bytes >= two.pairs[1].bytes);
        let all = top(usize::MAX);
        assert_eq!(all.pairs.iter().map(|pair| pair.bytes).sum::<u64>(), all.bytes);
        assert_eq!(all.talkers.iter().map(|talker| talker.sent.bytes()).sum::<u64>(), all.bytes);
        assert!((all.pairs.iter().map(|pair| pair.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
