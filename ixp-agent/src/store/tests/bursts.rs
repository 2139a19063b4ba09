//! The largest second, from readings of the counters to rows of an hour.

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::PairKey;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::live::{Live, Roster};
use crate::matrix::Window;
use crate::members::{Registry, VlanTags, parse};
use crate::pairs::PairBook;
use crate::snapshot::{Delta, Snapshot};
use crate::stations::Inventory;

/// AS64500 with two stations on a LAN and one of them on another, AS64501 with one on both.
const MEMBERS: &str = r#"
[[lan]]
name = "peering"
vlan = 0
[[lan]]
name = "jumbo"
vlan = 100
[[member]]
asn = 64500
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:01", "02:00:00:00:00:03"]
[[member.interface]]
lan = "jumbo"
macs = ["02:00:00:00:00:01"]
[[member]]
asn = 64501
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:02"]
[[member.interface]]
lan = "jumbo"
macs = ["02:00:00:00:00:02"]
"#;
/// A VLAN, and the last bytes of source and destination.
const PAIRS: [(u16, u8, u8); 5] = [(0, 1, 2), (0, 3, 2), (0, 2, 1), (100, 1, 2), (100, 2, 1)];
/// Of these any number is a whole one by the second, however long readings take.
const BYTES: u64 = 45_000;

fn registry() -> Registry {
    parse("members.toml", MEMBERS, &VlanTags::new()).expect("members that are right").0
}

fn asn(station: u8) -> i64 {
    if station == 2 { 64501 } else { 64500 }
}

/// Milliseconds since the reading before, and what pairs exchanged.
type Reading = (i64, Vec<(usize, u64)>);

/// What is to be known: the largest seconds of pairs of members by VLAN, and of VLANs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Bursts {
    pairs: BTreeMap<[i64; 3], i64>,
    lans: BTreeMap<i64, i64>,
}

/// What was exchanged in a step.
#[derive(Default)]
struct Exchanged {
    /// By each pair, in all and at most in a second.
    sums: [u64; PAIRS.len()],
    most: [u64; PAIRS.len()],
    /// At most in a second, on each VLAN.
    lans: BTreeMap<u16, u64>,
}

/// The same by sums of each reading and step.
fn expected(readings: &[Reading]) -> Bursts {
    let mut held = [0; PAIRS.len()];
    let (mut clock, mut since) = (0, None);
    let mut steps: BTreeMap<i64, Exchanged> = BTreeMap::new();
    for (ahead, pairs) in readings {
        clock += ahead;
        let Exchanged { sums, most, lans } = steps.entry(clock / TEN_SECONDS).or_default();
        for (pair, many) in pairs {
            sums[*pair] += many * BYTES;
            held[*pair] += many * BYTES;
        }
        let took: Option<i64> = since.map(|since| clock - since);
        if took.is_some_and(|took| took < 500) {
            continue;
        }
        let held = std::mem::take(&mut held);
        since = Some(clock);
        let Some(took) = took.map(i64::unsigned_abs) else { continue };
        let mut of_lans: BTreeMap<u16, u64> = BTreeMap::new();
        for (pair, bytes) in held.iter().enumerate() {
            most[pair] = most[pair].max(bytes * 1000 / took);
            *of_lans.entry(PAIRS[pair].0).or_default() += bytes;
        }
        for (vlan, bytes) in of_lans {
            let most = lans.entry(vlan).or_default();
            *most = (*most).max(bytes * 1000 / took);
        }
    }
    let mut bursts = Bursts::default();
    for Exchanged { sums, most, lans } in steps.into_values() {
        let mut rows: BTreeMap<[i64; 3], u64> = BTreeMap::new();
        let mut known: BTreeMap<u16, u64> = BTreeMap::new();
        for (pair, (vlan, source, destination)) in
            PAIRS.into_iter().enumerate().filter(|(at, _)| sums[*at] > 0)
        {
            *rows.entry([asn(source), asn(destination), vlan.into()]).or_default() += most[pair];
            known.insert(vlan, lans.get(&vlan).copied().unwrap_or(0));
        }
        for (key, most) in rows {
            let burst = bursts.pairs.entry(key).or_default();
            *burst = (*burst).max(most.cast_signed());
        }
        for (vlan, most) in known {
            let burst = bursts.lans.entry(vlan.into()).or_default();
            *burst = (*burst).max(most.cast_signed());
        }
    }
    bursts
}

/// What an agent that takes these readings keeps by the hour.
fn kept(bench: &Bench, readings: &[Reading]) -> Bursts {
    let roster = Arc::new(Roster { registry: registry(), ..Roster::default() });
    let step = SignedDuration::from_secs(10);
    let begun = Timestamp::from_millisecond(START).expect("a time");
    let mut live = Live::new(begun, Window::new(step, step, 1000), Inventory::new(10));
    live.window.hand_over();
    let mut history =
        History::open(Arc::new(Scratch), &bench.root(), "test", Keep::default()).expect("a store");
    history.register(&roster.registry, START);
    let mut take = |live: &mut Live| {
        if let Some((closed, keys)) = live.take_closed() {
            history.take(Told::Exact(Counted { closed, keys }), &roster.registry);
        }
    };
    let (mut clock, mut book) = (begun, PairBook::default());
    for (ahead, pairs) in readings {
        clock += SignedDuration::from_millis(*ahead);
        let mut delta = Delta::default();
        for (pair, many) in pairs {
            let (vlan, source, destination) = PAIRS[*pair];
            let [source, destination] = [source, destination].map(|last| Mac([2, 0, 0, 0, 0, last]));
            let key = PairKey::new(VlanId::from_tci(vlan), source, destination, Family::Ipv4);
            let counts = Counts { packets: *many, bytes: many * BYTES };
            delta.pairs.push((book.id(&key), counts));
            delta.seen.add(counts);
        }
        live.absorb(clock, &delta, &book, &Snapshot::default(), &roster);
        take(&mut live);
    }
    live.window.finish();
    take(&mut live);
    let store = history.store();
    tend(&store, 400).expect("segments that are whole");
    let asns: BTreeMap<i64, i64> = store
        .shelf()
        .now()
        .ends
        .iter()
        .filter_map(|entry| Some((entry.id.into(), entry.who.asn?.into())))
        .collect();
    let known = |value: i64| if value == NOTHING { 0 } else { value };
    let pair = |row: &Row| ([asns[&row.0[0]], asns[&row.0[1]], row.0[3]], known(row.0[11]));
    let lan = |row: &Row| (row.0[0], known(row.0[6]));
    Bursts {
        pairs: all(&store, Table::Matrix, Step::Hour).iter().map(pair).collect(),
        lans: all(&store, Table::Lans, Step::Hour).iter().map(lan).collect(),
    }
}

#[test]
fn an_interface_with_two_macs_may_have_sent_by_both_at_once_and_of_the_first_reading_nothing_is_known() {
    let bench = Bench::new();
    let readings = [
        (1000, vec![(2, 9)]),
        (1000, vec![(0, 5), (0, 1), (1, 1)]),
        (1000, vec![(1, 7), (3, 1)]),
        (20_000, vec![]),
    ];
    let of = |many: i64| many * BYTES.cast_signed();
    let pairs = [([64500, 64501, 0], of(6 + 7)), ([64501, 64500, 0], 0), ([64500, 64501, 100], of(1))];
    let bursts = Bursts { pairs: pairs.into(), lans: [(0, of(7)), (100, of(1))].into() };
    assert_eq!(kept(&bench, &readings), bursts);
    assert_eq!(expected(&readings), bursts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_hour_has_the_largest_second_of_its_readings(
        readings in proptest::collection::vec(
            (
                proptest::sample::select(vec![250i64, 1000, 1000, 2000]),
                proptest::collection::vec((0..PAIRS.len(), 1u64..100), 0..6),
            ),
            1..80,
        ),
    ) {
        let bench = Bench::new();
        prop_assert_eq!(kept(&bench, &readings), expected(&readings));
    }
}
