//! The reader of the counters: each second a snapshot, its delta into the live state; once more at
//! the end, when nothing is attached.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::{Counts, Outcome, StationKey};
use ixp_common::rules::Rule;
use ixp_common::sample::{EventRecord, SampleRecord};
use tracing::{debug, info, warn};

use super::clock;
use super::export::Export;
use super::probes::Probes;
use super::site::Site;
use super::tell::Outlets;
use super::watch::Watch;
use crate::config::change::Rates;
use crate::events::Breach;
use crate::kernel;
use crate::kernel::load::Loaded;
use crate::kernel::pairs::Newcomer;
use crate::live::{Claim, Live, Roster};
use crate::pairs::PairId;
use crate::snapshot::{Delta, Snapshot};

/// A drain per second.
const PERIOD: Duration = Duration::from_secs(1);
/// How often the station ring is emptied: it holds 4,096 reports, and a CPU makes 1,000 a second.
const STATIONS: Duration = Duration::from_millis(100);
/// How often the sample ring is emptied: it holds 6,500 samples.
const SAMPLES: Duration = Duration::from_millis(10);
/// Readings between two of who claims which address and who speaks BGP: they take a call per entry.
const CLAIMS: u32 = 5;
/// Events that are taken from the ring at once, so that the state is free in between.
const EVENTS: usize = 256;
/// Samples that are taken from the ring at once, likewise.
const SAMPLES_AT_ONCE: usize = 256;
/// Readings at the end until two agree: frames can be in flight while the program is taken off.
const LAST_READINGS: usize = 8;

/// What the reader is to do besides, as it comes.
pub(super) enum Order {
    /// Sample at these rates.
    Sample(Rates),
}

/// What the reader works with.
pub(super) struct Drain {
    loaded: Loaded,
    watch: Watch,
    site: Site,
    probes: Option<Probes>,
    export: Option<Export>,
    before: Snapshot,
    /// What pairs were told to have exchanged and the live state does not know yet.
    grown: Vec<(PairId, Counts)>,
    live: Arc<Mutex<Live>>,
    roster: Arc<ArcSwap<Roster>>,
    outlets: Outlets,
    readings: u32,
    /// Frames that stayed without a place, as they were last told.
    lost: Counts,
}

impl Drain {
    pub(super) fn new(
        loaded: Loaded,
        watch: Watch,
        (site, probes, export): (Site, Option<Probes>, Option<Export>),
        live: Arc<Mutex<Live>>,
        roster: Arc<ArcSwap<Roster>>,
        outlets: Outlets,
    ) -> Self {
        let before = Snapshot::default();
        Self {
            loaded,
            watch,
            site,
            probes,
            export,
            before,
            grown: Vec::new(),
            live,
            roster,
            outlets,
            readings: 0,
            lost: Counts::default(),
        }
    }

    /// Reads until the other end of `ordered` is gone, then takes the program off and reads the rest.
    pub(super) fn run(mut self, ordered: &Receiver<Order>) {
        let mut next = clock::instant();
        loop {
            self.rings();
            let is_due = clock::instant() >= next;
            // Members who were read again wait for no reading of the counters.
            let roster = self.roster.load();
            if is_due || self.site.is_older_than(&roster) {
                self.site.look(&mut self.loaded, &roster, &self.live);
            }
            drop(roster);
            if is_due {
                self.watch.look(&mut self.loaded, &self.live);
                if let Some(probes) = &mut self.probes {
                    probes.look(&self.watch);
                }
                self.look();
                self.drain();
                if let Some(export) = &mut self.export {
                    export.tick(&self.watch);
                }
                next = (next + PERIOD).max(clock::instant());
            }
            self.tell();
            let poll = if self.watch.is_sampling() { SAMPLES } else { STATIONS };
            match ordered.recv_timeout(poll.min(next.saturating_duration_since(clock::instant()))) {
                Ok(Order::Sample(rates)) => self.watch.sample(&mut self.loaded, &rates, &self.live),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.finish();
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&mut self) {
        let start = clock::instant();
        let snapshot = match self.loaded.counters.snapshot(self.watch.last_slot(), &mut self.grown) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                warn!(%error, "the counters were not read; the next reading has what this one lacks");
                self.live().failed_drains += 1;
                return;
            }
        };
        let at = clock::now();
        let mut delta = snapshot.since(&self.before, std::mem::take(&mut self.grown));
        let newcomers = self.loaded.counters.pairs.take_newcomers();
        let took = clock::instant().duration_since(start);
        let roster = self.roster.load();
        let mut live = self.live();
        for Newcomer { station, slot } in newcomers {
            live.stations.discovered(station, at, self.watch.name_of(slot), &roster.registry);
        }
        for (key, counts) in live.events.agent_counts() {
            delta.rules.entry(key).or_default().add(&counts);
        }
        live.absorb(at, &delta, self.loaded.counters.pairs.book(), &snapshot, &roster);
        live.drained(took);
        [live.pair_table.0, live.stranger_pairs.0] = self.loaded.counters.pairs.fill();
        let in_flight = live.in_flight();
        let closed = live.take_closed();
        drop(live);
        self.outlets.keep(closed);
        debug!(grown = delta.pairs.len(), frames = delta.seen.packets, ?took, "drained");
        if delta == Delta::default() && !in_flight.is_zero() && in_flight != self.lost {
            warn!(
                frames = in_flight.packets,
                "frames have no place though none is in flight; please report this"
            );
            self.lost = in_flight;
        }
        self.before = snapshot;
        self.grown = delta.pairs;
        self.grown.clear();
    }

    fn rings(&mut self) {
        self.loaded.rings.log();
        while let Some(record) = self.loaded.rings.station() {
            let key = StationKey::new(VlanId::from_tci(record.vlan), Mac(record.mac));
            let name = self.watch.name_of(record.slot);
            let at = clock::wall(record.monotonic_ns);
            self.live().stations.discovered(key, at, name, &self.roster.load().registry);
        }
        self.events();
        self.samples();
    }

    /// Takes what was sampled: it says how large frames are, and collectors are told.
    fn samples(&mut self) {
        let Self { loaded, watch, export, live, roster, outlets, .. } = self;
        let roster = roster.load();
        let note = |records: &[SampleRecord]| {
            // They are for the past alone.
            if outlets.history.is_none() {
                return;
            }
            live.lock().unwrap_or_else(PoisonError::into_inner).measured(records, &roster.registry);
        };
        match export {
            Some(export) => export.samples(loaded, watch, &roster.registry, note),
            None => loop {
                let records: Vec<SampleRecord> =
                    std::iter::from_fn(|| loaded.rings.sample()).take(SAMPLES_AT_ONCE).collect();
                if records.is_empty() {
                    return;
                }
                note(&records);
            },
        }
    }

    /// Takes every frame that breaks a rule and was told of.
    fn events(&mut self) {
        loop {
            let records: Vec<EventRecord> =
                std::iter::from_fn(|| self.loaded.rings.event()).take(EVENTS).collect();
            let roster = self.roster.load();
            if let Some(export) = &mut self.export {
                records.iter().for_each(|record| export.event(record, &roster.registry));
            }
            let mut live = self.live();
            let Live { events, ports, .. } = &mut *live;
            for record in &records {
                let port = self.watch.slot_of(record.ifindex).and_then(|slot| ports.get(&slot));
                let names = port.map(|port| (port.name.as_str(), port.port.as_deref()));
                if let Some(mut breach) = breach(record, names) {
                    breach.is_own = self.watch.is_own(breach.station.mac());
                    events.breach(&breach, &roster.registry);
                }
            }
            if records.len() < EVENTS {
                return;
            }
        }
    }

    /// Every few readings: who claims which address, and who speaks BGP.
    fn look(&mut self) {
        self.readings = self.readings.wrapping_add(1);
        if !self.readings.is_multiple_of(CLAIMS) {
            return;
        }
        if let Err(error) = self.claims() {
            warn!(%error, "claims and sessions were not read; tried again");
        }
    }

    fn claims(&self) -> Result<(), kernel::Error> {
        let claims = self.loaded.claims.claims()?;
        let sessions = self.loaded.claims.sessions()?;
        let now = (clock::now(), clock::monotonic_ns());
        let listed = claims.iter().map(|(key, heard)| {
            let (first, last) = (clock::wall(heard.first), clock::wall(heard.last));
            Claim { key: *key, first, last }
        });
        let listed = listed.collect();
        let roster = self.roster.load();
        let mut live = self.live();
        let Live { events, stations, .. } = &mut *live;
        events.looked(now, &claims, &sessions, stations, &roster.registry);
        live.claims = listed;
        Ok(())
    }

    fn tell(&self) {
        let news = self.live().events.take_news();
        self.outlets.tell(news);
    }

    fn finish(mut self) {
        if let Err(error) = self.loaded.detach() {
            warn!(%error, "the program was not taken off cleanly");
        }
        for _ in 0..LAST_READINGS {
            let seen = self.live().seen;
            self.drain();
            let live = self.live();
            if live.seen == seen && live.in_flight().is_zero() {
                break;
            }
        }
        self.rings();
        if let Some(export) = &mut self.export {
            export.flush();
        }
        self.live().events.finish(&self.roster.load().registry);
        self.tell();
        let mut live = self.live();
        live.window.finish();
        let closed = live.take_closed();
        drop(live);
        self.outlets.keep(closed);
        let live = self.live();
        let (seen, in_flight) = (live.seen, live.in_flight());
        drop(live);
        if let Some(webhook) = self.outlets.webhook {
            webhook.finish();
        }
        if in_flight.is_zero() {
            info!(
                frames = seen.packets,
                bytes = seen.bytes,
                difference = 0,
                "stopped; every frame has its place"
            );
        } else {
            warn!(
                frames = seen.packets,
                bytes = seen.bytes,
                difference = in_flight.packets,
                "stopped; some frames have no place, please report this"
            );
        }
    }
}

/// A record as a breach; `None` if its numbers are those of no rule or outcome.
fn breach<'a>(record: &'a EventRecord, names: Option<(&'a str, Option<&'a str>)>) -> Option<Breach<'a>> {
    Some(Breach {
        at: clock::wall(record.monotonic_ns),
        rule: Rule::from_number(record.rule)?,
        outcome: Outcome::from_number(record.outcome)?,
        station: StationKey::new(VlanId::from_tci(record.vlan), Mac(record.mac)),
        suppressed: record.suppressed,
        interface: names.map(|(interface, _)| interface),
        port: names.and_then(|(_, port)| port),
        is_own: false,
        frame: record.header(),
        wire_len: record.wire_len,
    })
}
