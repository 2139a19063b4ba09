//! What is folded by numbers is what is summed by keys, whoever the members are meanwhile.

use std::collections::BTreeSet;

use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::{PairKey, RuleCounts, RuleKey, SessionKey, StationKey};
use ixp_common::rules::Rule;
use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::events::Settings;
use crate::events::tests::{at, mac, registry};
use crate::members::{VlanTags, parse};

const SILENCE: SignedDuration = SignedDuration::from_secs(20);

fn live() -> Live {
    let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(2), usize::MAX);
    let mut live = Live::new(at(0), window, Inventory::new(100));
    live.events.set(settings());
    live
}

fn settings() -> Settings {
    let exempt = [(mac(5), [Rule::I12].into_iter().collect())].into();
    Settings { exempt, route_servers: [Asn(64504)].into(), bgp_silence: SILENCE, ..Settings::default() }
}

fn roster(registry: Registry) -> Arc<Roster> {
    Arc::new(Roster { registry, ..Roster::default() })
}

/// Twenty members, none, and two of them with other numbers.
fn rosters() -> [Arc<Roster>; 3] {
    let two = "[[lan]]\nname = \"peering\"\n[[member]]\nasn = 64601\n[[member.interface]]\nlan = \"peering\"\n\
               macs = [\"02:00:00:00:00:01\", \"02:00:00:00:00:02\"]\n[[member]]\nasn = 64604\n\
               [[member.interface]]\nlan = \"peering\"\nmacs = [\"02:00:00:00:00:04\"]\n";
    let two = parse("members.toml", two, &VlanTags::new()).expect("sound").0;
    [registry(), Registry::default(), two].map(roster)
}

#[test]
fn frames_without_a_place_show_as_in_flight_until_they_have_one() {
    let (mut live, mut book, roster) = (live(), PairBook::default(), Arc::default());
    let id = book.id(&PairKey::new(VlanId::UNTAGGED, Mac([2; 6]), Mac::BROADCAST, Family::Arp));
    let two = Counts { packets: 2, bytes: 120 };
    let delta = Delta { seen: two, pairs: vec![(id, Counts::frame(60))], ..Delta::default() };
    live.absorb(at(1), &delta, &book, &Snapshot::default(), &roster);
    assert_eq!(live.in_flight(), Counts::frame(60));
    let rest = Delta { pairs: vec![(id, Counts::frame(60))], ..Delta::default() };
    live.absorb(at(2), &rest, &book, &Snapshot::default(), &roster);
    assert_eq!(live.in_flight(), Counts::default());
    assert_eq!(live.parties, [((None, Family::Arp, Direction::Sent), two)].into());
}

#[test]
fn who_a_pair_is_is_asked_anew_when_members_change() {
    let (mut live, mut book) = (live(), PairBook::default());
    let id = book.id(&PairKey::new(VlanId::UNTAGGED, mac(1), mac(9), Family::Ipv4));
    let delta = Delta { pairs: vec![(id, Counts::frame(60))], ..Delta::default() };
    for roster in rosters() {
        live.absorb(at(1), &delta, &book, &Snapshot::default(), &roster);
    }
    let sent = |asn: Option<u32>| live.parties[&(asn.map(Asn), Family::Ipv4, Direction::Sent)];
    assert_eq!([Some(64501), None, Some(64601)].map(sent), [Counts::frame(60); 3]);
}

/// What happens in a second or more.
#[derive(Debug, Clone)]
enum Happens {
    /// Pairs by source, destination and family exchange frames; some come twice.
    Exchange(Vec<(PairKey, u64)>),
    /// Other members are read.
    Members(usize),
    /// Sessions are seen of.
    Speak(BTreeSet<SessionKey>),
}

fn happens() -> impl Strategy<Value = Happens> {
    let families = prop::sample::select(vec![Family::Ipv4, Family::Ipv6, Family::Arp, Family::Other]);
    let destination = (0u8..8).prop_map(|last| if last == 0 { Mac::BROADCAST } else { mac(last) });
    let pair = (1u8..8, destination, families)
        .prop_map(|(source, to, family)| PairKey::new(VlanId::UNTAGGED, mac(source), to, family));
    let session =
        (1u8..8, 1u8..8).prop_map(|(one, other)| SessionKey::new(VlanId::UNTAGGED, mac(one), mac(other)));
    prop_oneof![
        8 => vec((pair, 1u64..200), 0..12).prop_map(Happens::Exchange),
        1 => (0usize..3).prop_map(Happens::Members),
        1 => prop::collection::btree_set(session, 0..6).prop_map(Happens::Speak),
    ]
}

/// The same by keys, each looked up whenever it is counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Simple {
    pairs: BTreeMap<PairKey, Counts>,
    parties: BTreeMap<(Party, Family, Direction), Counts>,
    /// First seen, last seen, sent.
    stations: BTreeMap<StationKey, (Timestamp, Timestamp, Counts)>,
    /// Frames that were counted under I12.
    broken: BTreeMap<RuleKey, RuleCounts>,
    sessions: BTreeSet<(Asn, Asn)>,
    silent: BTreeMap<SessionKey, Silence>,
}

/// First and last frame, frames so far, and those not counted yet.
type Silence = (Timestamp, Timestamp, u64, BTreeMap<StationKey, Counts>);

impl Simple {
    fn exchange(&mut self, at: Timestamp, pairs: &[(PairKey, Counts)], registry: &Registry) {
        let asn = |mac| registry.member_of(VlanId::UNTAGGED, mac).map(|member| member.asn);
        let mut touched = BTreeSet::new();
        for (key, counts) in pairs {
            let (source, destination) = (asn(key.source()), asn(key.destination()));
            self.pairs.entry(*key).or_default().add(*counts);
            self.parties.entry((source, key.family(), Direction::Sent)).or_default().add(*counts);
            if !key.destination().is_group() {
                self.parties
                    .entry((destination, key.family(), Direction::Received))
                    .or_default()
                    .add(*counts);
            }
            let station = StationKey::new(key.vlan(), key.source());
            let (_, last, sent) = self.stations.entry(station).or_insert((at, at, Counts::default()));
            *last = at;
            sent.add(*counts);
            if let (Some(one), Some(other)) = (source, destination)
                && self.is_suspect(key, one, other)
            {
                let pair = SessionKey::new(key.vlan(), key.source(), key.destination());
                let (_, last, frames, waiting) =
                    self.silent.entry(pair).or_insert((at, at, 0, BTreeMap::new()));
                (*last, *frames) = (at, *frames + counts.packets);
                waiting.entry(station).or_default().add(*counts);
                touched.insert(pair);
            }
        }
        for pair in touched {
            let (first, _, frames, waiting) = self.silent.get_mut(&pair).expect("it was touched");
            if at.duration_since(*first) >= SILENCE && *frames >= 100 {
                for (station, counts) in std::mem::take(waiting) {
                    let key = RuleKey::new(station, Rule::I12 as u8);
                    self.broken.entry(key).or_default().broken.add(counts);
                }
            }
        }
        self.silent.retain(|_, (_, last, ..)| at.duration_since(*last) < SignedDuration::from_mins(5));
    }

    fn is_suspect(&self, key: &PairKey, one: Asn, other: Asn) -> bool {
        let server = Asn(64504);
        let is_ip = matches!(key.family(), Family::Ipv4 | Family::Ipv6);
        let is_exempt = [key.source(), key.destination()].contains(&mac(5));
        let speaks =
            |one, other| self.sessions.contains(&(one, other)) || self.sessions.contains(&(other, one));
        let by_server = [one, other].contains(&server) || (speaks(one, server) && speaks(other, server));
        is_ip && !is_exempt && one != other && !speaks(one, other) && !by_server
    }

    fn speak(&mut self, sessions: &BTreeSet<SessionKey>, registry: &Registry) {
        let asn =
            |station: StationKey| registry.member_of(station.vlan(), station.mac()).map(|member| member.asn);
        let both = sessions.iter().map(SessionKey::stations);
        self.sessions = both.filter_map(|(one, other)| Some((asn(one)?, asn(other)?))).collect();
    }

    /// What the live state has of the same.
    fn of(live: &mut Live, broken: BTreeMap<RuleKey, RuleCounts>, like: &Self) -> Self {
        let stations = live
            .stations
            .iter()
            .map(|(key, station)| (*key, (station.first_seen, station.last_seen, station.sent)));
        Self {
            pairs: live.query(None, None).delta.pairs.into_iter().collect(),
            parties: live.parties.clone(),
            stations: stations.collect(),
            broken,
            sessions: like.sessions.clone(),
            silent: like.silent.clone(),
        }
    }
}

proptest! {
    #[test]
    fn what_is_folded_by_numbers_is_what_is_summed_by_keys(steps in vec((1i64..60, happens()), 0..80)) {
        let (mut live, mut book, mut simple) = (live(), PairBook::default(), Simple::default());
        let rosters = rosters();
        let (mut roster, mut clock, mut broken) = (&rosters[0], 0, BTreeMap::<RuleKey, RuleCounts>::new());
        for (ahead, happens) in steps {
            clock += ahead;
            match happens {
                Happens::Members(which) => roster = &rosters[which],
                Happens::Speak(sessions) => {
                    let listed: Vec<SessionKey> = sessions.iter().copied().collect();
                    let now = (at(clock), 0);
                    live.events.looked(now, &BTreeMap::new(), &listed, &Inventory::new(1), &roster.registry);
                    simple.speak(&sessions, &roster.registry);
                }
                Happens::Exchange(pairs) => {
                    let counts = |packets| Counts { packets, bytes: packets * 100 };
                    let pairs: Vec<(PairKey, Counts)> =
                        pairs.into_iter().map(|(key, packets)| (key, counts(packets))).collect();
                    let grown = pairs.iter().map(|(key, counts)| (book.id(key), *counts)).collect();
                    let mut delta = Delta { pairs: grown, ..Delta::default() };
                    delta.seen = delta.accounted();
                    live.absorb(at(clock), &delta, &book, &Snapshot::default(), roster);
                    simple.exchange(at(clock), &pairs, &roster.registry);
                    for (key, counts) in live.events.agent_counts() {
                        broken.entry(key).or_default().add(&counts);
                    }
                }
            }
            prop_assert_eq!(&Simple::of(&mut live, broken.clone(), &simple), &simple);
            prop_assert_eq!(live.in_flight(), Counts::default());
        }
    }
}
