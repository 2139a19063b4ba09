//! What switches sampled: deltas of estimates in, what pages and the API show of them out. It is kept apart from what
//! was counted, and never added to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ixp_common::addr::Family;
use ixp_common::counters::PairKey;
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::sums::Sums;
use super::{Direction, Party, Roster};
use crate::intake::{Health, Room};
use crate::matrix::{Closed, Slice, Window};
use crate::members::Registry;
use crate::pairs::{PairBook, PairId};
use crate::sides::{Side, Sides};
use crate::snapshot::{Amount as _, BrokenEstimate, Delta, Estimate};

/// The state of what is sampled.
#[derive(Debug)]
pub struct Sampled {
    /// Where datagrams are received.
    pub address: SocketAddr,
    /// The last hour.
    pub window: Window<Estimate>,
    /// Per member, family and direction, since the start.
    pub parties: BTreeMap<(Party, Family, Direction), Estimate>,
    /// Per rule, since the start.
    pub rules: BTreeMap<Rule, BrokenEstimate>,
    /// Every frame since the start.
    pub seen: Estimate,
    /// Those that are in no cell: no room for it, or no visible addresses.
    pub unattributed: Estimate,
    /// How well it is heard.
    pub hearing: Hearing,
    /// When the samples were last taken in.
    pub last: Option<Timestamp>,
    room: Room,
    book: PairBook,
    /// Pairs that forged addresses can make.
    strangers: usize,
    sides: Sides,
    sums: Sums<Estimate>,
    roster: Arc<Roster>,
    handed_over: usize,
}

/// How well exporters are heard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hearing {
    /// Per exporter, in order of addresses.
    pub exporters: Vec<Health>,
    /// Datagrams from addresses that are not allowed, and the last such address.
    pub strangers: (u64, Option<IpAddr>),
    /// Datagrams that found the receive buffer full.
    pub dropped: u64,
    /// Bytes of each socket's receive buffer, and how many sockets there are.
    pub buffers: (usize, usize),
}

impl Sampled {
    /// Nothing sampled yet.
    #[must_use]
    pub fn new(address: SocketAddr, window: Window<Estimate>, room: Room) -> Self {
        Self {
            address,
            window,
            parties: BTreeMap::new(),
            rules: BTreeMap::new(),
            seen: Estimate::default(),
            unattributed: Estimate::default(),
            hearing: Hearing::default(),
            last: None,
            room,
            book: PairBook::default(),
            strangers: 0,
            sides: Sides::default(),
            sums: Sums::default(),
            roster: Arc::default(),
            handed_over: 0,
        }
    }

    /// The steps that were closed since the last call, and the keys of the pairs that were met since.
    pub fn take_closed(&mut self) -> Option<(Vec<Closed<Estimate>>, Vec<PairKey>)> {
        super::take_closed(&mut self.window, &self.sides, &mut self.handed_over)
    }

    /// Takes what was sampled since the last call.
    pub fn absorb(&mut self, at: Timestamp, delta: Delta<PairKey, Estimate>, roster: &Arc<Roster>) {
        let delta = self.numbered(delta, &roster.registry);
        if !Arc::ptr_eq(&self.roster, roster) {
            self.roster = Arc::clone(roster);
            self.sides.register(&roster.registry);
        }
        self.sides.follow(&self.book, &roster.registry);
        self.last = Some(at);
        self.seen.join(&delta.seen);
        self.unattributed.join(&delta.unattributed);
        self.window.absorb(at, &delta);
        let by_station = delta.rules.iter().filter_map(|(key, amount)| Some((key.rule()?, amount)));
        for (rule, amount) in
            by_station.chain(delta.rules_missed.iter().map(|(rule, amount)| (*rule, amount)))
        {
            self.rules.entry(rule).or_default().join(amount);
        }
        self.exchanged(&delta.pairs);
    }

    /// The sum of what was sampled from `from` to `to`, as [`Window::query`] has it.
    #[must_use]
    pub fn query(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Slice<Estimate> {
        self.window.query(from, to, self.sides.keys())
    }

    /// Pairs that were met, and how many there is room for.
    #[must_use]
    pub fn fill(&self) -> (usize, usize) {
        (self.book.keys().len(), self.room.members.saturating_add(self.room.strangers))
    }

    /// The pairs by their numbers; those without room are in no cell.
    fn numbered(&mut self, delta: Delta<PairKey, Estimate>, registry: &Registry) -> Delta<PairId, Estimate> {
        let Delta { seen, mut unattributed, malformed, odd, pairs: keyed, rules, rules_missed } = delta;
        let mut pairs = Vec::with_capacity(keyed.len());
        for (key, amount) in keyed {
            match self.number(&key, registry) {
                Some(id) => pairs.push((id, amount)),
                None => unattributed.join(&amount),
            }
        }
        Delta { seen, unattributed, malformed, odd, pairs, rules, rules_missed }
    }

    fn number(&mut self, key: &PairKey, registry: &Registry) -> Option<PairId> {
        if let Some(id) = self.book.known(key) {
            return Some(id);
        }
        let is_member = |mac| registry.member_of(key.vlan(), mac).is_some();
        let is_for_member = key.destination().is_group() || is_member(key.destination());
        let is_stranger = !(registry.interfaces().is_empty() || is_member(key.source()) && is_for_member);
        let met = self.book.keys().len();
        let has_room = match is_stranger {
            true => self.strangers < self.room.strangers,
            false => met - self.strangers < self.room.members,
        };
        if !has_room {
            return None;
        }
        self.strangers += usize::from(is_stranger);
        Some(self.book.id(key))
    }

    /// Credits members with what they exchanged.
    fn exchanged(&mut self, pairs: &[(PairId, Estimate)]) {
        self.sums.add(pairs, &self.sides);
        let Self { sides, sums, parties, .. } = self;
        let mut credit = |party, family, direction, amount: Estimate| {
            if !amount.is_nothing() {
                parties.entry((party, family, direction)).or_default().join(&amount);
            }
        };
        sums.take(|id, exchanged| {
            let Side { station, family, owner } = sides.sides()[id.index()];
            credit(owner, family, Direction::Sent, exchanged.sent);
            if !station.mac().is_group() {
                credit(owner, family, Direction::Received, exchanged.received);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::tests::{at, mac, registry};
    use crate::members::Asn;
    use ixp_common::addr::{Mac, VlanId};
    use jiff::SignedDuration;
    use std::net::Ipv4Addr;

    fn sampled(room: Room) -> Sampled {
        let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), usize::MAX);
        Sampled::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 6343)), window, room)
    }

    /// Frames of stations of one LAN, a sample at 1 in 10 each.
    fn delta(pairs: &[(Mac, Mac)]) -> Delta<PairKey, Estimate> {
        let one = Estimate::sample(10, 60);
        let key = |from, to| PairKey::new(VlanId::UNTAGGED, from, to, Family::Ipv4);
        let pairs = pairs.iter().map(|(from, to)| (key(*from, *to), one)).collect();
        let mut delta = Delta { pairs, ..Delta::default() };
        delta.seen = delta.accounted();
        delta
    }

    #[test]
    fn members_are_credited_and_the_window_has_the_cells() {
        let mut sampled = sampled(Room { members: 10, strangers: 10 });
        let roster = Arc::new(Roster { registry: registry(), ..Roster::default() });
        sampled.absorb(
            at(1),
            delta(&[(mac(1), mac(2)), (mac(2), mac(1)), (mac(1), Mac::BROADCAST)]),
            &roster,
        );
        sampled.absorb(at(2), delta(&[(mac(1), mac(2))]), &roster);
        let owner = |number| registry().member_of(VlanId::UNTAGGED, mac(number)).map(|member| member.asn);
        let packets =
            |asn: Option<Asn>, direction| sampled.parties[&(asn, Family::Ipv4, direction)].plain().packets;
        assert_eq!(packets(owner(1), Direction::Sent), 30);
        assert_eq!(packets(owner(1), Direction::Received), 10);
        assert_eq!(packets(owner(2), Direction::Received), 20);
        let slice = sampled.query(None, None);
        assert_eq!((slice.delta.pairs.len(), slice.delta.seen.plain().packets), (3, 40));
        assert_eq!(slice.delta.seen, slice.delta.accounted());
    }

    #[test]
    fn forged_addresses_take_a_bounded_place_and_none_of_members() {
        let mut sampled = sampled(Room { members: 2, strangers: 3 });
        let roster = Arc::new(Roster { registry: registry(), ..Roster::default() });
        let forged: Vec<(Mac, Mac)> = (0..9).map(|number| (Mac([2, 9, 9, 9, 9, number]), mac(1))).collect();
        sampled.absorb(at(1), delta(&forged), &roster);
        sampled.absorb(at(2), delta(&[(mac(1), mac(2)), (mac(2), mac(1))]), &roster);
        assert_eq!(sampled.fill(), (5, 5));
        let slice = sampled.query(None, None);
        assert_eq!(slice.delta.unattributed.plain().packets, 60);
        assert_eq!(slice.delta.seen, slice.delta.accounted());
    }
}
