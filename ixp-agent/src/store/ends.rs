//! Members' interfaces in, numbers for them out that stay theirs: through another name, another port, another router. Who had
//! which number when is a table beside the rows, `members.parquet`.

mod file;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::RandomState;
use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::StationKey;

use crate::members::{Asn, Interface, Registry};

pub(super) use file::{load, save};

/// The number of an end of traffic.
pub(super) type EndId = i32;

/// Stations of no member beyond [`STATIONS`], together.
pub(super) const OTHERS: EndId = 1;
/// The broadcast address.
pub(super) const BROADCAST: EndId = 2;
/// Every other group address.
pub(super) const MULTICAST: EndId = 3;
/// The first number that is given out.
const FIRST: EndId = 16;

/// Stations of no member that have a number of their own at a time. Forged addresses are [`OTHERS`] beyond.
const STATIONS: usize = 1024;
/// How long a station of no member keeps its number while nothing is seen of it, so that others can have one.
const PATIENCE: i64 = 86_400_000;

/// What an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// A member's interface.
    Interface,
    /// A station of no member.
    Station,
    /// See [`OTHERS`].
    Others,
    /// See [`BROADCAST`].
    Broadcast,
    /// See [`MULTICAST`].
    Multicast,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Interface, Self::Station, Self::Others, Self::Broadcast, Self::Multicast];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Station => "station",
            Self::Others => "others",
            Self::Broadcast => "broadcast",
            Self::Multicast => "multicast",
        }
    }
}

/// Who an end was for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: EndId,
    pub(super) who: Who,
    /// Since when, in milliseconds since 1970.
    pub(super) from: i64,
    /// Until when; `None` while it is.
    pub(super) to: Option<i64>,
}

/// Who an end is. Lists are in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) kind: Kind,
    pub(super) asn: Option<u32>,
    /// The member's name.
    pub(super) name: String,
    pub(super) lan: String,
    pub(super) vlan: Option<u16>,
    /// The interface's name in matrices.
    pub(super) label: String,
    pub(super) macs: Vec<String>,
    /// IPv4 and IPv6.
    pub(super) addresses: Vec<String>,
    pub(super) port: String,
    /// Empty where it is unknown, as in tables that were written before there was one.
    pub(super) facility: String,
    /// bit/s.
    pub(super) speed: Option<u64>,
}

impl Who {
    fn nobody(kind: Kind, label: &str) -> Self {
        Self {
            kind,
            asn: None,
            name: String::new(),
            lan: String::new(),
            vlan: None,
            label: label.to_owned(),
            macs: Vec::new(),
            addresses: Vec::new(),
            port: String::new(),
            facility: String::new(),
            speed: None,
        }
    }

    fn station(station: StationKey) -> Self {
        let mac = station.mac().to_string();
        Self {
            vlan: Some(station.vlan().get()),
            macs: vec![mac.clone()],
            ..Self::nobody(Kind::Station, &mac)
        }
    }

    fn interface(registry: &Registry, interface: &Interface) -> Self {
        let (member, lan) = (registry.member(interface.member), &registry.lans()[interface.lan]);
        let sorted = |texts: BTreeSet<String>| texts.into_iter().collect();
        let change = interface.change.map(|change| change.mac);
        let ipv4 = interface.ipv4.iter().map(ToString::to_string);
        Self {
            kind: Kind::Interface,
            asn: Some(member.asn.0),
            name: member.name.clone(),
            lan: lan.name.clone(),
            vlan: lan.vlan.map(VlanId::get),
            label: interface.label.clone(),
            macs: sorted(interface.macs.iter().copied().chain(change).map(|mac| mac.to_string()).collect()),
            addresses: sorted(ipv4.chain(interface.ipv6.iter().map(ToString::to_string)).collect()),
            port: interface.port.clone().unwrap_or_default(),
            facility: interface.facility.clone().unwrap_or_default(),
            speed: interface.speed,
        }
    }

    /// How sure it is that these are one interface of one member on one LAN: by its addresses, then its routers' MACs, then
    /// the switch port.
    fn likeness(&self, other: &Self) -> u8 {
        let shares = |mine: &[String], theirs: &[String]| mine.iter().any(|one| theirs.contains(one));
        let port = !self.port.is_empty() && self.port == other.port;
        u8::from(shares(&self.addresses, &other.addresses)) << 2
            | u8::from(shares(&self.macs, &other.macs)) << 1
            | u8::from(port)
    }
}

/// The ends that were ever met.
#[derive(Debug, Default)]
pub(super) struct Ends {
    entries: Vec<Entry>,
    /// By index in the registry that is in force.
    interfaces: Vec<EndId>,
    /// Whose they are.
    owners: HashMap<EndId, Asn, RandomState>,
    /// Stations of no member, and when they were last seen.
    stations: HashMap<StationKey, (EndId, i64), RandomState>,
    /// Their numbers.
    numbered: HashSet<EndId, RandomState>,
    is_changed: bool,
}

impl Ends {
    /// Those of a table that was kept.
    pub(super) fn new(mut entries: Vec<Entry>) -> Self {
        let fixed = [
            (OTHERS, Who::nobody(Kind::Others, "others")),
            (BROADCAST, Who::nobody(Kind::Broadcast, "broadcast")),
            (MULTICAST, Who::nobody(Kind::Multicast, "multicast")),
        ];
        let is_changed = entries.is_empty();
        if is_changed {
            entries.extend(fixed.map(|(id, who)| Entry { id, who, from: 0, to: None }));
        }
        let current = entries.iter().filter(|entry| entry.who.kind == Kind::Station && entry.to.is_none());
        let station = |entry: &Entry| {
            let mac = entry.who.macs.first()?.parse::<Mac>().ok()?;
            let vlan = VlanId::from_tci(entry.who.vlan?);
            Some((StationKey::new(vlan, mac), (entry.id, entry.from)))
        };
        let stations: HashMap<_, (EndId, i64), RandomState> = current.filter_map(station).collect();
        let numbered = stations.values().map(|(id, _)| *id).collect();
        let (interfaces, owners) = (Vec::new(), HashMap::default());
        Self { entries, interfaces, owners, stations, numbered, is_changed }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether it is not as it was kept.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// It is kept as it is.
    pub(super) fn saved(&mut self) {
        self.is_changed = false;
    }

    /// Gives every interface of a registry its number. What is true of it from now on stands beside what was.
    pub(super) fn register(&mut self, registry: &Registry, now: i64) {
        let all: Vec<Who> =
            registry.interfaces().iter().map(|interface| Who::interface(registry, interface)).collect();
        let ids = self.matched(&all);
        self.interfaces.clear();
        self.owners.clear();
        for (who, known) in all.into_iter().zip(ids) {
            let id = known.unwrap_or_else(|| self.next());
            self.owners.extend(who.asn.map(|asn| (id, Asn(asn))));
            self.be(id, who, now);
            self.interfaces.push(id);
        }
        let there: BTreeSet<EndId> = self.interfaces.iter().copied().collect();
        for entry in &mut self.entries {
            let is_gone = entry.who.kind == Kind::Interface && !there.contains(&entry.id);
            if is_gone && entry.to.is_none() {
                entry.to = Some(now.max(entry.from));
                self.is_changed = true;
            }
        }
        let members = |station: &StationKey| registry.interface_of(station.vlan(), station.mac()).is_some();
        let gone: Vec<StationKey> =
            self.stations.keys().filter(|station| members(station)).copied().collect();
        gone.iter().for_each(|station| self.leave(station, now));
    }

    /// By interface the number that it has had: first those that are most alike, then what is left of the same member and
    /// LAN in their order.
    fn matched(&self, all: &[Who]) -> Vec<Option<EndId>> {
        let mut latest: BTreeMap<EndId, &Entry> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.who.kind == Kind::Interface) {
            let known = latest.entry(entry.id).or_insert(entry);
            if (known.to.is_some(), known.from) <= (true, entry.from) {
                *known = entry;
            }
        }
        let mut pairs = Vec::new();
        for (at, who) in all.iter().enumerate() {
            let same = latest.values().filter(|entry| (entry.who.asn, &entry.who.lan) == (who.asn, &who.lan));
            for entry in same {
                // Of those that are as much alike, first the one that is still there.
                pairs.push((std::cmp::Reverse((who.likeness(&entry.who), entry.to.is_none())), at, entry.id));
            }
        }
        pairs.sort_unstable();
        let (mut ids, mut taken) = (vec![None; all.len()], BTreeSet::new());
        for (_, at, id) in pairs {
            if ids[at].is_none() && taken.insert(id) {
                ids[at] = Some(id);
            }
        }
        ids
    }

    /// The number of a station that sends or receives.
    pub(super) fn id(&mut self, station: StationKey, registry: &Registry, now: i64) -> EndId {
        let mac = station.mac();
        if mac == Mac::BROADCAST {
            return BROADCAST;
        }
        if mac.is_group() {
            return MULTICAST;
        }
        if let Some(interface) = registry.interface_of(station.vlan(), mac)
            && let Some(id) = self.interfaces.get(interface.0 as usize)
        {
            return *id;
        }
        if let Some((id, _)) = self.stations.get(&station) {
            return *id;
        }
        if self.stations.len() >= STATIONS {
            return OTHERS;
        }
        let id = self.next();
        self.be(id, Who::station(station), now);
        self.stations.insert(station, (id, now));
        self.numbered.insert(id);
        id
    }

    /// Whose interface a number is of.
    pub(super) fn asn(&self, id: EndId) -> Option<Asn> {
        self.owners.get(&id).copied()
    }

    /// Whether a number is that of a station of no member.
    pub(super) fn is_station(&self, id: EndId) -> bool {
        self.numbered.contains(&id)
    }

    /// A station of no member was seen.
    pub(super) fn seen(&mut self, station: &StationKey, now: i64) {
        if let Some((_, last)) = self.stations.get_mut(station) {
            *last = now;
        }
    }

    /// Makes room: stations of no member that were not seen for long have no number any more. Whether there were any.
    pub(super) fn make_room(&mut self, now: i64) -> bool {
        let over = |last: i64| last.saturating_add(PATIENCE) <= now;
        let silent: Vec<StationKey> =
            self.stations.iter().filter(|(_, (_, last))| over(*last)).map(|(station, _)| *station).collect();
        silent.iter().for_each(|station| self.leave(station, now));
        !silent.is_empty()
    }

    fn leave(&mut self, station: &StationKey, now: i64) {
        if let Some((id, _)) = self.stations.remove(station) {
            self.numbered.remove(&id);
            for entry in self.entries.iter_mut().filter(|entry| entry.id == id && entry.to.is_none()) {
                entry.to = Some(now.max(entry.from));
                self.is_changed = true;
            }
        }
    }

    /// An end is this from now on, if it is not already.
    fn be(&mut self, id: EndId, who: Who, now: i64) {
        let current = self.entries.iter_mut().find(|entry| entry.id == id && entry.to.is_none());
        if let Some(current) = current {
            if current.who == who {
                return;
            }
            current.to = Some(now.max(current.from));
        }
        self.entries.push(Entry { id, who, from: now, to: None });
        self.is_changed = true;
    }

    fn next(&self) -> EndId {
        self.entries.iter().map(|entry| entry.id + 1).max().unwrap_or(FIRST).max(FIRST)
    }

    /// Who has a number at this moment, or had it last.
    #[cfg(test)]
    fn who(&self, id: EndId) -> Option<&Who> {
        let mut known: Vec<&Entry> = self.entries.iter().filter(|entry| entry.id == id).collect();
        known.sort_by_key(|entry| (entry.to.is_none(), entry.from));
        known.last().map(|entry| &entry.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::{VlanTags, parse};
    use crate::store::disk::Host;
    use std::fs;

    /// A registry of member ports: ASN, name, MAC, address, port.
    fn registry(ports: &[(u32, &str, u8, u8, &str)]) -> Registry {
        let mut text = "[[lan]]\nname = \"peering\"\nvlan = 0\nipv4 = \"192.0.2.0/24\"\n".to_owned();
        for (asn, name, mac, address, port) in ports {
            text += &format!(
                "[[member]]\nasn = {asn}\nname = \"{name}\"\n[[member.interface]]\nlan = \"peering\"\n\
                 macs = [\"02:00:00:00:00:{mac:02x}\"]\nipv4 = [\"192.0.2.{address}\"]\nport = \"{port}\"\n"
            );
        }
        parse("members.toml", &text, &VlanTags::new()).expect("members that are right").0
    }

    fn station(last: u8) -> StationKey {
        StationKey::new(VlanId::UNTAGGED, Mac([2, 0, 0, 0, 0, last]))
    }

    fn ids(ends: &mut Ends, registry: &Registry, now: i64, macs: &[u8]) -> Vec<EndId> {
        ends.register(registry, now);
        macs.iter().map(|mac| ends.id(station(*mac), registry, now)).collect()
    }

    #[test]
    fn a_member_keeps_its_number_through_another_name_port_router_and_address() {
        let mut ends = Ends::new(Vec::new());
        let first = registry(&[(64500, "A", 1, 1, "p1"), (64501, "B", 2, 2, "p2"), (64500, "A", 3, 3, "p3")]);
        let [a, b, c] = ids(&mut ends, &first, 10, &[1, 2, 3])[..] else { panic!("three") };
        assert!(a != b && b != c && a != c && a >= FIRST);
        let renamed =
            registry(&[(64501, "Bee", 2, 2, "p2"), (64500, "A", 3, 3, "p3"), (64500, "A", 1, 1, "p1")]);
        assert_eq!(ids(&mut ends, &renamed, 20, &[1, 2, 3]), [a, b, c]);
        let moved =
            registry(&[(64501, "Bee", 9, 2, "p9"), (64500, "A", 3, 7, "p7"), (64500, "A", 8, 8, "p1")]);
        assert_eq!(ids(&mut ends, &moved, 30, &[8, 9, 3]), [a, b, c]);
        // All of it is another, but that it is the one port of this member there.
        let replaced = registry(&[(64501, "Bee", 0x20, 0x20, "p20")]);
        assert_eq!(ids(&mut ends, &replaced, 40, &[0x20]), [b]);
        // A member that was away is still itself; another member with its address is not.
        let back = registry(&[(64500, "A", 8, 8, "p1"), (64502, "C", 2, 2, "p2")]);
        let [again, other] = ids(&mut ends, &back, 50, &[8, 2])[..] else { panic!("two") };
        assert_eq!(again, a);
        assert!(![a, b, c].contains(&other));
        let names: Vec<(&str, i64, Option<i64>)> = ends
            .entries()
            .iter()
            .filter(|entry| entry.id == b)
            .map(|entry| (entry.who.name.as_str(), entry.from, entry.to))
            .collect();
        assert_eq!(
            names,
            [("B", 10, Some(20)), ("Bee", 20, Some(30)), ("Bee", 30, Some(40)), ("Bee", 40, Some(50))]
        );
        assert_eq!(ends.who(b).map(|who| who.port.as_str()), Some("p20"));
    }

    #[test]
    fn forged_addresses_take_a_bounded_number_of_numbers_and_give_them_back() {
        let mut ends = Ends::new(Vec::new());
        let registry = registry(&[(64500, "A", 1, 1, "p1")]);
        ends.register(&registry, 0);
        let forged = |number: usize| {
            let bytes = u32::try_from(number).expect("few").to_be_bytes();
            StationKey::new(VlanId::UNTAGGED, Mac([6, 6, bytes[0], bytes[1], bytes[2], bytes[3]]))
        };
        let of_own =
            (0..STATIONS * 3).filter(|number| ends.id(forged(*number), &registry, 0) != OTHERS).count();
        assert_eq!(of_own, STATIONS);
        assert_eq!(ends.id(StationKey::new(VlanId::UNTAGGED, Mac::BROADCAST), &registry, 0), BROADCAST);
        assert!(!ends.make_room(PATIENCE - 1));
        ends.seen(&forged(0), PATIENCE - 1);
        assert!(ends.make_room(PATIENCE));
        assert_eq!(ends.stations.len(), 1);
        assert_ne!(ends.id(forged(STATIONS * 5), &registry, PATIENCE), OTHERS);
    }

    #[test]
    fn a_station_that_becomes_a_members_has_the_members_number() {
        let mut ends = Ends::new(Vec::new());
        let nobody = registry(&[]);
        let [before] = ids(&mut ends, &nobody, 10, &[1])[..] else { panic!("one") };
        let known = registry(&[(64500, "A", 1, 1, "p1")]);
        let [after] = ids(&mut ends, &known, 20, &[1])[..] else { panic!("one") };
        assert_ne!(before, after);
        let past = ends.entries().iter().find(|entry| entry.id == before).expect("its past");
        assert_eq!((past.who.kind, past.to), (Kind::Station, Some(20)));
    }

    /// Written by the agent before it knew of facilities: AS64500 with a port on sw1, and a station of nobody.
    #[test]
    fn a_table_without_facilities_is_read_and_has_them_from_then_on() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/store");
        let entries = load(&root).expect("a table that is whole");
        let known = entries.iter().find(|entry| entry.who.asn == Some(64500)).expect("a member").clone();
        assert_eq!((known.who.port.as_str(), known.who.speed), ("sw1:1", Some(10_000_000_000)));
        assert_eq!((known.who.facility.as_str(), known.from, known.to), ("", 10, None));
        assert_eq!(entries.len(), 5, "{entries:?}");
        let mut ends = Ends::new(entries);
        let text = "[[lan]]\nname = \"peering\"\nipv4 = \"192.0.2.0/24\"\n[[member]]\nasn = 64500\nname = \"A\"\n\
                    [[member.interface]]\nlan = \"peering\"\nmacs = [\"02:00:00:00:00:01\"]\nipv4 = [\"192.0.2.1\"]\n\
                    port = \"sw1:1\"\nspeed = 10_000_000_000\n";
        let registry = |more: &str| {
            parse("members.toml", &format!("{text}{more}"), &VlanTags::new())
                .expect("members that are right")
                .0
        };
        ends.register(&registry(""), 50);
        assert!(!ends.is_changed(), "nothing is another than it was");
        ends.register(&registry("facility = \"Hall A\"\n"), 60);
        let folder = tempfile::tempdir().expect("a folder for a test");
        save(&Host, folder.path(), ends.entries()).expect("a disk with room");
        let read = load(folder.path()).expect("a table that is whole");
        let of_member = read.iter().filter(|entry| entry.id == known.id);
        let facilities: Vec<_> =
            of_member.map(|entry| (entry.who.facility.as_str(), entry.from, entry.to)).collect();
        assert_eq!(facilities, [("", 10, Some(60)), ("Hall A", 60, None)]);
    }

    #[test]
    fn the_table_is_read_as_it_was_written_and_the_one_before_it_if_it_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder for a test");
        let root = folder.path();
        assert_eq!(load(root), Ok(Vec::new()));
        let mut ends = Ends::new(Vec::new());
        ids(&mut ends, &registry(&[(64500, "Ä, 'A'", 1, 1, "p1")]), 10, &[1, 7]);
        save(&Host, root, ends.entries()).expect("a disk with room");
        let before = ends.entries().to_vec();
        ends.register(&registry(&[]), 20);
        for _ in 0..3 {
            save(&Host, root, &before).expect("a disk with room");
        }
        save(&Host, root, ends.entries()).expect("a disk with room");
        assert_eq!(load(root).as_deref(), Ok(ends.entries()));
        let mut kept: Vec<_> = fs::read_dir(root.join("members"))
            .expect("a folder")
            .map(|entry| entry.expect("a file").path())
            .collect();
        kept.sort();
        let [older, newer] = &kept[..] else { panic!("{kept:?}") };
        let whole = fs::read(newer).expect("a file");
        assert_eq!(fs::read(root.join("members.parquet")).expect("a file"), whole);
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            fs::write(newer, bytes).expect("a file");
            assert_eq!(load(root).as_deref(), Ok(&before[..]), "byte {at}");
        }
        fs::write(older, "x").expect("a file");
        let error = load(root).expect_err("nothing is whole");
        assert!(error.contains("its checksum is"), "{error}");
    }
}
