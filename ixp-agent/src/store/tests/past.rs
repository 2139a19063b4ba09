//! Members that change: what was counted before is told by what is known of the time asked for.

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{PairKey, RuleCounts, RuleKey, StationKey};
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::matrix::{End, Window};
use crate::members::{Lan, Registry, VlanTags, parse};
use crate::pairs::PairBook;
use crate::snapshot::Delta;

fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

/// A VLAN, and the last bytes of source and destination.
type Frame = (u16, u8, u8);

/// AS64500 with station 1 and AS64501 with station 2, on one LAN.
fn registry(lan: &str, vlan: u16, port: &str) -> Registry {
    let member = |number: u8| {
        format!(
            "[[member]]\nasn = 6450{}\n[[member.interface]]\nlan = \"{lan}\"\nport = \"{port}\"\n\
             facility = \"Hall {port}\"\nmacs = [\"02:00:00:00:00:0{number}\"]\n",
            number - 1
        )
    };
    let text = format!("[[lan]]\nname = \"{lan}\"\nvlan = {vlan}\n{}{}", member(1), member(2));
    parse("members.toml", &text, &VlanTags::new()).expect("members that are right").0
}

/// A frame of 100 bytes on each VLAN between stations, in an interval for each registry.
fn kept(bench: &Bench, told: &[(Registry, &[Frame])]) -> Shelf {
    let mut history =
        History::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    let step = SignedDuration::from_secs(10);
    let (mut window, mut book) = (Window::<Counts>::new(step, step, 1000), PairBook::default());
    window.hand_over();
    for (start, (registry, frames)) in (0..).map(|number| START + number * TEN_SECONDS).zip(told) {
        history.register(registry, start);
        let met = book.keys().len();
        let mut delta = Delta::default();
        for (vlan, source, destination) in *frames {
            let vlan = VlanId::from_tci(*vlan);
            let key = PairKey::new(vlan, mac(*source), mac(*destination), Family::Ipv4);
            delta.pairs.push((book.id(&key), Counts::frame(100)));
            let key = RuleKey::new(StationKey::new(vlan, mac(*source)), Rule::N01 as u8);
            let broken = RuleCounts { broken: Counts::frame(100), ..RuleCounts::default() };
            delta.rules.insert(key, broken);
        }
        window.absorb(Timestamp::from_millisecond(start + 1000).expect("a time"), &delta);
        window.finish();
        let counted = Counted { closed: window.take_closed(), keys: book.keys()[met..].to_vec() };
        history.take(Told::Exact(counted), registry);
    }
    history.shelf()
}

/// Each cell of all that was kept as `vlan source>destination packets`, by what is known at the end of an interval.
fn check(shelf: &Shelf, by: By, interval: i64, lans: &[Lan], expected: &[&str]) {
    let catalog = shelf.now();
    let past = catalog.past(START + (interval + 1) * TEN_SECONDS).with_lans(lans);
    let (from, to) = (START, START + 10 * TEN_SECONDS);
    let query = Query { by, from, to, filter: Filter::default(), source: Source::Exact };
    let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
    let name = |end: &End<'_>| end.place().unwrap_or("?").to_owned();
    let cell = |cell: &crate::matrix::Cell<'_>| {
        let vlan = cell.vlan.map_or("-".to_owned(), |vlan| vlan.to_string());
        format!("{vlan} {}>{} {}", name(&cell.source), name(&cell.destination), cell.counts.packets)
    };
    assert_eq!(matrix.cells.iter().map(cell).collect::<Vec<_>>(), expected, "{by:?} {interval}");
}

#[test]
fn a_lan_that_has_another_name_or_tag_has_what_it_had() {
    let bench = Bench::new();
    let frames: &[Frame] = &[(0, 1, 2), (0, 8, 9)];
    let told = [
        (registry("old", 0, "sw1:1"), frames),
        (registry("peering", 0, "sw1:1"), frames),
        (registry("peering", 100, "sw1:1"), &[(100, 2, 1), (100, 8, 9), (7, 8, 9)]),
    ];
    let shelf = kept(&bench, &told);
    // Whose stations are on no LAN is told by the tag.
    check(
        &shelf,
        By::Lan,
        1,
        &[],
        &["0 old>old 1", "0 peering>peering 3", "7 ?>? 1", "100 peering>peering 1", "100 ?>? 1"],
    );
    let renamed = ["0 old>old 3", "0 peering>peering 1", "7 ?>? 1", "100 peering>peering 2"];
    check(&shelf, By::Lan, 2, &[], &renamed);
}

#[test]
fn a_lan_that_no_member_is_on_has_the_name_of_today() {
    let bench = Bench::new();
    let shelf = kept(&bench, &[(registry("peering", 0, "sw1:1"), &[(0, 1, 2), (7, 8, 9), (9, 8, 9)])]);
    let lan = |name: &str, vlan| Lan {
        name: name.to_owned(),
        vlan: VlanId::configured(vlan),
        ipv4: None,
        ipv6: None,
        mtu: 1500,
    };
    // What had a name then keeps it, and a name is one LAN's.
    let lans = [lan("quarantine", 7), lan("other", 0), lan("peering", 9)];
    check(&shelf, By::Lan, 0, &lans, &["0 peering>peering 1", "7 quarantine>quarantine 1", "9 ?>? 1"]);
}

#[test]
fn a_member_is_where_it_was_at_the_end_of_the_time_asked_for() {
    let bench = Bench::new();
    let told = [
        (registry("peering", 0, "sw1:1"), &[(0, 1, 2)][..]),
        (registry("peering", 0, "sw2:1"), &[(0, 2, 1)]),
    ];
    let shelf = kept(&bench, &told);
    check(&shelf, By::Switch, 0, &[], &["- sw1>sw1 2"]);
    check(&shelf, By::Switch, 1, &[], &["- sw2>sw2 2"]);
    check(&shelf, By::Facility, 0, &[], &["- Hall sw1:1>Hall sw1:1 2"]);
    check(&shelf, By::Facility, 1, &[], &["- Hall sw2:1>Hall sw2:1 2"]);
}

/// By ASN all VLANs are one cell: the filter was held against cells, and let every VLAN pass; of rules it let all.
#[test]
fn a_filter_of_a_vlan_holds_whatever_a_cell_stands_for() {
    let bench = Bench::new();
    let shelf = kept(&bench, &[(registry("peering", 0, "sw1:1"), &[(0, 1, 2), (7, 1, 2), (7, 2, 9)])]);
    let catalog = shelf.now();
    let past = catalog.past(START + TEN_SECONDS);
    for by in By::ALL.into_iter().skip(1) {
        for (vlan, packets) in [(0, 1), (7, 2), (9, 0)] {
            let filter = Filter { vlan: VlanId::configured(vlan), ..Filter::default() };
            let query = Query { by, from: START, to: START + TEN_SECONDS, filter, source: Source::Exact };
            let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
            assert_eq!(matrix.attributed().counts.packets, packets, "{by:?} {vlan}");
            let broken: u64 = matrix.rules.iter().map(|row| row.counts.broken.packets).sum();
            assert_eq!(broken, packets, "{by:?} {vlan}");
        }
    }
}

#[test]
fn a_members_many_ports_keep_their_labels() {
    let bench = Bench::new();
    let ports = |number: u8| {
        format!("[[member.interface]]\nlan = \"peering\"\nmacs = [\"02:00:00:00:00:{number:02x}\"]\n")
    };
    let text = format!(
        "[[lan]]\nname = \"peering\"\nvlan = 0\n[[member]]\nasn = 64500\n{}",
        (1..=12).map(ports).collect::<String>()
    );
    let registry = parse("members.toml", &text, &VlanTags::new()).expect("members that are right").0;
    let labels: Vec<String> = registry.interfaces().iter().map(|interface| interface.label.clone()).collect();
    let frames: Vec<Frame> = (1..=12).map(|number| (0, number, 13 - number)).collect();
    let shelf = kept(&bench, &[(registry, &frames)]);
    let catalog = shelf.now();
    let past = catalog.past(START + TEN_SECONDS);
    let (from, to) = (START, START + TEN_SECONDS);
    let query = Query { by: By::Interface, from, to, filter: Filter::default(), source: Source::Exact };
    let matrix = catalog.matrix(&past, &query).expect("segments that are whole");
    let found: Vec<[&str; 2]> = matrix
        .cells
        .iter()
        .map(|cell| [&cell.source, &cell.destination].map(|end| end.interface().expect("a member's")))
        .collect();
    let expected: Vec<[&str; 2]> =
        labels.iter().zip(labels.iter().rev()).map(|(from, to)| [from.as_str(), to.as_str()]).collect();
    assert_eq!(found, expected);
}
