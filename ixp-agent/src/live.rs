//! What the agent knows at this moment: deltas in as they are read, everything that pages, metrics
//! and the API show out.

mod meter;
mod roster;
mod rules;
mod sampled;
mod sums;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use ixp_common::addr::Family;
use ixp_common::bytes::Captured;
use ixp_common::counters::{ClaimKey, Counts, PairKey};
use ixp_common::frame;
use ixp_common::policy::Deployment;
use ixp_common::sample::SampleRecord;
use jiff::Timestamp;

use crate::events::{Events, Losses};
use crate::matrix::{Closed, Slice, Window};
use crate::members::{Asn, Registry};
use crate::pairs::{PairBook, PairId};
use crate::sflow::send::Delivery;
use crate::sides::{Side, Sides};
use crate::snapshot::{Delta, Measure, Port, Snapshot, Source};
use crate::stations::Inventory;

use self::meter::Meter;
use self::sums::Sums;

pub use self::roster::Roster;
pub use self::rules::{InForce, RuleTotals};
pub use self::sampled::{Hearing, Sampled};

/// From the member's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The member's stations are the source.
    Sent,
    /// The member's stations are the destination.
    Received,
}

impl Direction {
    /// The name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }
}

/// Whose traffic: a member's, or that of addresses which are no member's.
pub type Party = Option<Asn>;

/// An attached interface and its counters since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortState {
    /// Its name.
    pub name: String,
    /// Its driver.
    pub driver: String,
    /// Largest L3 packet.
    pub mtu: u32,
    /// How the host stands to the fabric there.
    pub deployment: Deployment,
    /// native or generic.
    pub xdp: &'static str,
    /// Why it is not native although it could have been.
    pub xdp_reason: Option<String>,
    /// The LAN it faces, if configured.
    pub lan: Option<String>,
    /// The switch port it is wired to, if configured.
    pub port: Option<String>,
    /// One frame in this many is sampled, none if 0.
    pub sampling_rate: u32,
    /// Whether the program is on it.
    pub is_attached: bool,
    /// What the program counted.
    pub counted: Port,
    /// What the driver received since the program is on it, and what it dropped.
    pub nic: Option<(Counts, u64)>,
}

/// What the rules go by, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Site {
    /// When the tables in force were put there.
    pub since: Option<Timestamp>,
    /// What of policy and members has no effect.
    pub notices: Vec<String>,
    /// Why newer ones could not be; those in force are then older than the members.
    pub error: Option<String>,
}

/// An address that a station says is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Who claims what.
    pub key: ClaimKey,
    /// When it was first heard.
    pub first: Timestamp,
    /// When it was last heard.
    pub last: Timestamp,
}

/// The state of the running agent.
#[derive(Debug)]
pub struct Live {
    /// When counting began.
    pub since: Timestamp,
    /// The last reading of the kernel's counters.
    pub last: Option<Timestamp>,
    /// Attached interfaces by slot.
    pub ports: BTreeMap<u32, PortState>,
    /// What the rules go by.
    pub site: Site,
    /// The last hour.
    pub window: Window,
    /// who is on either side of each pair.
    sides: Sides,
    /// The members that they go by.
    roster: Arc<Roster>,
    sums: Sums<Counts>,
    meter: Meter,
    /// Who was seen.
    pub stations: Inventory,
    /// Who claims which address, by address; bounded by the kernel's table.
    pub claims: Vec<Claim>,
    /// Events and incidents.
    pub events: Events,
    /// What did not reach its readers.
    pub losses: Arc<Losses>,
    /// What was counted against the rules since the start.
    pub rules: RuleTotals,
    /// What is done about them.
    pub in_force: InForce,
    /// Per member, family and direction, since the start.
    pub parties: BTreeMap<(Party, Family, Direction), Counts>,
    /// Every frame that the program saw since the start.
    pub seen: Counts,
    /// Every frame that has its place: a cell, a reason, or `unattributed`.
    pub accounted: Counts,
    /// Cells of members' pairs in the kernel's table, and how many fit.
    pub pair_table: (usize, u32),
    /// The same of pairs which forged addresses can make.
    pub stranger_pairs: (usize, u32),
    /// How long readings took, in microseconds.
    pub drains: Histogram<u64>,
    /// Readings that failed.
    pub failed_drains: u64,
    /// Where samples go, if anywhere.
    pub sflow: Option<SflowState>,
    /// What switches sampled, if they are listened to.
    pub sampled: Option<Sampled>,
    /// What is kept of the past, if it is.
    pub kept: Option<Kept>,
    /// Pairs whose keys were handed over with closed steps.
    handed_over: usize,
}

/// What is kept of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Files of rows.
    pub segments: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Steps that wait to be written.
    pub waiting: usize,
    /// Steps that were lost.
    pub lost: u64,
    /// Whether summing up failed the last time.
    pub is_failing: bool,
}

/// Where samples go.
#[derive(Debug, Clone)]
pub struct SflowState {
    /// The address that the agent is known by.
    pub agent: IpAddr,
    /// What becomes of the datagrams, by collector.
    pub deliveries: Vec<Arc<Delivery>>,
}

impl Live {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(since: Timestamp, window: Window, stations: Inventory) -> Self {
        Self {
            since,
            last: None,
            ports: BTreeMap::new(),
            site: Site::default(),
            window,
            sides: Sides::default(),
            roster: Arc::default(),
            sums: Sums::default(),
            meter: Meter::default(),
            stations,
            claims: Vec::new(),
            events: Events::default(),
            losses: Arc::default(),
            rules: RuleTotals::default(),
            in_force: InForce::default(),
            parties: BTreeMap::new(),
            seen: Counts::default(),
            accounted: Counts::default(),
            pair_table: (0, 0),
            stranger_pairs: (0, 0),
            drains: Histogram::new_with_bounds(1, 3_600_000_000, 3)
                .expect("bounds that hdrhistogram documents"),
            failed_drains: 0,
            sflow: None,
            sampled: None,
            kept: None,
            handed_over: 0,
        }
    }

    /// Takes samples of frames, for how large they are.
    pub fn measured(&mut self, records: &[SampleRecord], registry: &Registry) {
        for record in records {
            let frame = Captured::new(record.header(), record.wire_len);
            let Ok(link) = frame::link(&frame) else { continue };
            let owner = registry.member_of(link.vlan(), link.source()).map(|member| member.asn);
            self.meter.sample(owner, record.wire_len, record.rate);
        }
    }

    /// The steps that were closed since the last call, and the keys of the pairs that were met since.
    pub fn take_closed(&mut self) -> Option<(Vec<Closed<Counts>>, Vec<PairKey>)> {
        let mut taken = take_closed(&mut self.window, &self.sides, &mut self.handed_over);
        if let Some((closed, _)) = &mut taken {
            self.meter.give(closed);
        }
        taken
    }

    /// Takes a reading: what was counted since the one before, by pairs as `book` numbers them, and the
    /// totals.
    pub fn absorb(
        &mut self,
        at: Timestamp,
        delta: &Delta<PairId>,
        book: &PairBook,
        snapshot: &Snapshot,
        roster: &Arc<Roster>,
    ) {
        self.follow(book, roster);
        let registry = &roster.registry;
        self.last = Some(at);
        self.seen.add(delta.seen);
        self.accounted.add(delta.accounted());
        if self.is_observing() || !delta.seen.is_zero() {
            let over = self.window.closed().map_or(0, <[_]>::len);
            self.window.absorb(at, delta);
            if let Some([.., last]) = self.window.closed().filter(|closed| closed.len() > over) {
                self.meter.close(&last.pairs);
            }
        }
        self.exchanged(at, &delta.pairs, registry);
        // The past alone has those of pairs.
        let pairs = self.window.closed().map_or(&[][..], |_| &delta.pairs);
        self.meter.read(at, delta.seen.bytes, pairs);
        self.rules.absorb(&delta.rules, &delta.rules_missed, registry);
        self.events.counted(at, delta, &self.sides, registry);
        self.events.untold(&snapshot.untold);
        self.events.tick(at, registry);
        for (slot, port) in &mut self.ports {
            if let Some(counted) = snapshot.ports.get(slot) {
                port.counted = counted.clone();
            }
        }
    }

    /// The sum of what was counted from `from` to `to`, as [`Window::query`] has it.
    #[must_use]
    pub fn query(&self, from: Option<Timestamp>, to: Option<Timestamp>) -> Slice {
        self.window.query(from, to, self.sides.keys())
    }

    /// Where a matrix is from unless somebody asks for another: what was counted, if anything is.
    #[must_use]
    pub fn source(&self) -> Source {
        match self.ports.is_empty() && self.sampled.is_some() {
            true => Source::Sampled,
            false => Source::Exact,
        }
    }

    /// When counters and samples were last read: the earlier of both, where there are both.
    #[must_use]
    pub fn read(&self) -> Option<Timestamp> {
        match &self.sampled {
            Some(sampled) if self.ports.is_empty() => sampled.last,
            Some(sampled) => self.last.min(sampled.last),
            None => self.last,
        }
    }

    /// Notes how long a reading took.
    pub fn drained(&mut self, took: Duration) {
        self.drains.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Frames that the program has seen and that have no place yet: those in flight during the last
    /// reading. Anything that stays here while no frame comes is an error of this program.
    #[must_use]
    pub fn in_flight(&self) -> Counts {
        self.seen.since(self.accounted)
    }

    /// Frames that broke a rule and were not told of by the kernel: the ring was full, or there were too
    /// many at once.
    #[must_use]
    pub fn events_lost(&self) -> (u64, u64) {
        let counters = || self.ports.values().map(|port| &port.counted.counters);
        let lost = counters().map(|counters| counters.events_lost).sum();
        (lost, counters().map(|counters| counters.events_suppressed).sum())
    }

    /// Whether every interface has the program on it.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.ports.values().all(|port| port.is_attached)
    }

    /// Without any interface nothing is observed, which is not the same as no traffic.
    fn is_observing(&self) -> bool {
        self.ports.is_empty() || self.ports.values().any(|port| port.is_attached)
    }

    /// Learns who the pairs are that were met since the last reading, and who everybody is if the members
    /// have changed.
    fn follow(&mut self, book: &PairBook, roster: &Arc<Roster>) {
        if !Arc::ptr_eq(&self.roster, roster) {
            self.roster = Arc::clone(roster);
            self.sides.register(&roster.registry);
        }
        self.sides.follow(book, &roster.registry);
    }

    /// Credits stations and members with what they exchanged.
    fn exchanged(&mut self, at: Timestamp, pairs: &[(PairId, Counts)], registry: &Registry) {
        self.sums.add(pairs, &self.sides);
        let Self { sides, sums, stations, parties, meter, .. } = self;
        let mut credit = |party, family, direction, counts: Counts| {
            if !counts.is_zero() {
                parties.entry((party, family, direction)).or_default().add(counts);
            }
        };
        sums.take(|id, exchanged| {
            let Side { station, family, owner } = sides.sides()[id.index()];
            if !exchanged.sent.is_zero() {
                stations.sent(station, at, exchanged.sent, registry);
                meter.sent_on(station.vlan(), exchanged.sent.bytes);
            }
            credit(owner, family, Direction::Sent, exchanged.sent);
            if !station.mac().is_group() {
                credit(owner, family, Direction::Received, exchanged.received);
            }
            if let Some(asn) = owner {
                meter.add(asn, [exchanged.sent.bytes, exchanged.received.bytes]);
            }
        });
    }
}

fn take_closed<M: Measure>(
    window: &mut Window<M>,
    sides: &Sides,
    handed_over: &mut usize,
) -> Option<(Vec<Closed<M>>, Vec<PairKey>)> {
    let closed = window.take_closed();
    if closed.is_empty() {
        return None;
    }
    let keys = sides.keys()[*handed_over..].to_vec();
    *handed_over += keys.len();
    Some((closed, keys))
}
