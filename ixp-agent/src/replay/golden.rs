//! Holds a hand-made matrix, in each way to show it, against files; `BLESS=1` writes them.

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey, RuleCounts, RuleKey, StationKey};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::rules::Rule;

use super::*;
use crate::matrix::tests::{mac, registry};
use crate::snapshot::Delta;

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
    for by in [By::Mac, By::Interface, By::Asn] {
        let matrix = Matrix::new(&delta(), &registry, by, Filter::default(), span());
        let json = serde_json::to_string_pretty(&MatrixDto::from(&matrix)).expect("it is JSON");
        check(&format!("matrix/{}.json", by.name()), &json);
        let mut csv = Vec::new();
        csv::write(&matrix, &mut csv).expect("a vector takes it");
        check(&format!("matrix/{}.csv", by.name()), &String::from_utf8_lossy(&csv));
        let mut text = Vec::new();
        table::write(&matrix, 5, &mut text).expect("a vector takes it");
        check(&format!("matrix/{}.txt", by.name()), &String::from_utf8_lossy(&text));
    }
}

#[test]
fn a_matrix_of_nothing_has_no_time_and_no_cells() {
    let registry = registry();
    let matrix = Matrix::new(&<Delta>::default(), &registry, By::Asn, Filter::default(), Span::default());
    let json = serde_json::to_string_pretty(&MatrixDto::from(&matrix)).expect("it is JSON");
    check("matrix/empty.json", &json);
    let mut text = Vec::new();
    table::write(&matrix, 5, &mut text).expect("a vector takes it");
    check("matrix/empty.txt", &String::from_utf8_lossy(&text));
}
