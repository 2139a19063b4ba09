//! Holds a hand-made matrix, in each way to show it, against files; `BLESS=1` writes them.

use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use ::parquet::record::Field;
use bytes::Bytes;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey, RuleCounts, RuleKey, StationKey};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::*;
use crate::matrix::tests::{mac, registry};
use crate::snapshot::{Delta, Estimate};

fn delta() -> Delta {
    let pair = |vlan, source, destination, family, packets, bytes| {
        let key = PairKey::new(VlanId::from_tci(vlan), source, destination, family);
        (key, Counts { packets, bytes })
    };
    Delta {
        unattributed: Counts::frame(60),
        malformed: [(Malformed::Ipv4Version, Counts::frame(64))].into(),
        odd: [(Oddity::Hidden, Counts::frame(1514))].into(),
        pairs: vec![
            pair(0, mac(1), mac(4), Family::Ipv4, 1_234_567, 1_851_850_500),
            pair(0, mac(4), mac(3), Family::Ipv6, 12_345, 1_000_000),
            pair(0, mac(1), Mac::BROADCAST, Family::Arp, 3, 180),
            pair(0, mac(4), Mac([0x33, 0x33, 0, 0, 0, 1]), Family::Ipv6, 2, 172),
            pair(0, mac(9), mac(1), Family::Ipv4, 1, 98),
            pair(100, mac(1), mac(9), Family::Other, 1, 60),
        ],
        rules: [
            broken(0, 3, Rule::N01, 1234, 0, 1234),
            broken(0, 9, Rule::L07, 7, 0, 0),
            broken(0, 9, Rule::L12, 2, 2, 0),
            broken(100, 1, Rule::L12, 1, 0, 1),
        ]
        .into(),
        rules_missed: [broken(0, 0, Rule::L12, 5, 5, 0).1].map(|counts| (Rule::L12, counts)).into(),
        ..Delta::default()
    }
}

fn broken(
    vlan: u16,
    last: u8,
    rule: Rule,
    packets: u64,
    dropped: u64,
    would_drop: u64,
) -> (RuleKey, RuleCounts) {
    let key = RuleKey::new(StationKey::new(VlanId::from_tci(vlan), mac(last)), rule as u8);
    (key, RuleCounts { broken: Counts { packets, bytes: packets * 60 }, dropped, would_drop })
}

fn span() -> Span {
    let at = |text: &str| text.parse().ok();
    Span { from: at("2026-11-22T10:00:00Z"), to: at("2026-11-22T10:05:00.25Z") }
}

/// Holds a text against `testdata/NAME`.
pub(super) fn check(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, written).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there; write it by BLESS=1");
    assert_eq!(written, golden, "{name}");
}

#[test]
fn each_way_to_show_a_matrix_is_its_golden_file() {
    let registry = registry();
    for by in By::ALL {
        let matrix = Matrix::new(&delta(), &registry, by, Filter::default(), span());
        let json = serde_json::to_string_pretty(&MatrixDto::from(&matrix)).expect("it is JSON");
        check(&format!("matrix/{}.json", by.name()), &json);
        let mut csv = Vec::new();
        csv::write(&matrix, &mut csv).expect("a vector takes it");
        let csv = String::from_utf8(csv).expect("it is text");
        check(&format!("matrix/{}.csv", by.name()), &csv);
        assert_eq!(read_back(&matrix), csv, "Parquet has what CSV has");
        if by.is_square() {
            let mut square = Vec::new();
            dense::write(&matrix, &mut square).expect("a vector takes it");
            check(&format!("matrix/{}.dense.csv", by.name()), &String::from_utf8_lossy(&square));
        }
        let mut text = Vec::new();
        table::write(&matrix, 5, &mut text).expect("a vector takes it");
        check(&format!("matrix/{}.txt", by.name()), &String::from_utf8_lossy(&text));
    }
}

/// The Parquet of a matrix, read and written as CSV. The two columns that CSV has not say what the matrix covers.
fn read_back(matrix: &Matrix<'_>) -> String {
    let mut file = Vec::new();
    parquet::write(matrix, &mut file).expect("a vector takes it");
    let file = SerializedFileReader::new(Bytes::from(file)).expect("it is a Parquet file");
    let times = [matrix.span.from, matrix.span.to].map(|at| at.map(Timestamp::as_millisecond));
    let fields = file.metadata().file_metadata().schema().get_fields();
    let mut lines = vec![fields.iter().skip(2).map(|field| field.name()).collect::<Vec<_>>().join(",")];
    for row in file.get_row_iter(None).expect("it has rows") {
        let row = row.expect("it is sound");
        let mut values = row.get_column_iter().map(|(_, value)| value);
        let moments = [values.next(), values.next()].map(|value| match value {
            Some(Field::TimestampMillis(at)) => Some(*at),
            _ => None,
        });
        assert_eq!(moments, times);
        let texts = values.map(|value| match value {
            Field::Null => String::new(),
            Field::UShort(number) => number.to_string(),
            Field::UInt(number) => number.to_string(),
            Field::ULong(number) => number.to_string(),
            Field::Double(part) => part.to_string(),
            Field::Str(text) => text.clone(),
            other => panic!("{other:?}"),
        });
        lines.push(texts.collect::<Vec<_>>().join(","));
    }
    lines.join("\n") + "\n"
}

#[test]
fn samples_have_their_errors_in_csv_and_parquet() {
    let registry = registry();
    let delta: Delta = delta();
    let pairs = delta.pairs.iter().map(|(key, counts)| (*key, Estimate::sample(counts.packets, 77)));
    let delta = Delta { pairs: pairs.collect(), ..Delta::default() };
    let matrix = Matrix::new(&delta, &registry, By::Interface, Filter::default(), span());
    let mut csv = Vec::new();
    csv::write(&matrix, &mut csv).expect("a vector takes it");
    let csv = String::from_utf8(csv).expect("it is text");
    assert!(
        csv.lines()
            .next()
            .is_some_and(|titles| titles.ends_with(",samples,relative_error,bytes_relative_error"))
    );
    assert_eq!(read_back(&matrix), csv);
}

#[test]
fn a_matrix_of_nothing_has_no_time_and_no_cells() {
    let registry = registry();
    let matrix = Matrix::new(&<Delta>::default(), &registry, By::Asn, Filter::default(), Span::default());
    let json = serde_json::to_string_pretty(&MatrixDto::from(&matrix)).expect("it is JSON");
    check("matrix/empty.json", &json);
    assert_eq!(read_back(&matrix), "src_asn,dst_asn,dst,family,packets,bytes\n");
    let mut text = Vec::new();
    table::write(&matrix, 5, &mut text).expect("a vector takes it");
    check("matrix/empty.txt", &String::from_utf8_lossy(&text));
}
