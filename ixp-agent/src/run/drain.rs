//! The reader of the counters: each second a snapshot, its delta into the live state; once more at
//! the end, when nothing is attached.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::{Counts, StationKey};
use tracing::{debug, info, warn};

use super::clock;
use crate::config::Config;
use crate::kernel::attach::{Attached, Wanted, reattach};
use crate::kernel::interface::{self, Interface, NicCounters};
use crate::kernel::load::Loaded;
use crate::live::{Live, PortState, Roster};
use crate::snapshot::Snapshot;

/// A drain per second.
const PERIOD: Duration = Duration::from_secs(1);
/// How often the station ring is emptied: it holds 4,096 reports, and a CPU makes 1,000 a second.
const STATIONS: Duration = Duration::from_millis(100);
/// How often the sample ring is emptied: it holds 6,500 samples.
const SAMPLES: Duration = Duration::from_millis(10);
/// Readings at the end until two agree: frames can be in flight while the program is taken off.
const LAST_READINGS: usize = 8;

/// What the reader works with.
pub(super) struct Drain {
    loaded: Loaded,
    wanted: Vec<Wanted>,
    attached: Vec<Attached>,
    /// The drivers' counters when the program was put on.
    nic_before: Vec<NicCounters>,
    before: Snapshot,
    live: Arc<Mutex<Live>>,
    roster: Arc<ArcSwap<Roster>>,
}

impl Drain {
    pub(super) fn new(
        loaded: Loaded,
        wanted: Vec<Wanted>,
        attached: Vec<Attached>,
        config: &Config,
        live: Arc<Mutex<Live>>,
        roster: Arc<ArcSwap<Roster>>,
    ) -> Self {
        let nic_before = attached.iter().map(|attached| nic(&attached.interface.name)).collect();
        let drain = Self { loaded, wanted, attached, nic_before, before: Snapshot::default(), live, roster };
        let mut live = drain.live();
        for (attached, attach) in drain.attached.iter().zip(&config.attach) {
            told(attached);
            live.ports.insert(attached.slot, port(attached, attach.lan.clone(), attach.port.clone()));
        }
        drop(live);
        drain
    }

    /// Reads until the other end of `stopped` is gone, then takes the program off and reads the rest.
    pub(super) fn run(mut self, stopped: &Receiver<()>) {
        let poll = if self.wanted.iter().any(|wanted| wanted.sampling_rate > 0) { SAMPLES } else { STATIONS };
        let mut next = clock::instant();
        loop {
            self.rings();
            if clock::instant() >= next {
                self.interfaces();
                self.drain();
                next = (next + PERIOD).max(clock::instant());
            }
            match stopped.recv_timeout(poll.min(next.saturating_duration_since(clock::instant()))) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.finish();
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time stands before the reading: a step never holds a frame from after its end.
    fn drain(&mut self) {
        let (at, start) = (clock::now(), clock::instant());
        let last_slot = u32::try_from(self.attached.len()).unwrap_or(u32::MAX);
        let snapshot = match self.loaded.counters.snapshot(last_slot) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                warn!(%error, "the counters were not read; the next reading has what this one lacks");
                self.live().failed_drains += 1;
                return;
            }
        };
        let delta = snapshot.since(&self.before);
        let took = clock::instant().duration_since(start);
        // One that went away just now has no counters to subtract from.
        let nics = self.attached.iter().zip(&self.nic_before).filter_map(|(attached, before)| {
            let nic = interface::nic_counters(&attached.interface.name)?;
            Some((attached.slot, since(nic, *before)))
        });
        let nics: Vec<(u32, (Counts, u64))> = nics.collect();
        let roster = self.roster.load();
        let mut live = self.live();
        live.absorb(at, &delta, &snapshot, &roster.registry);
        live.drained(took);
        live.pair_table = (self.loaded.counters.pairs.fill().0, live.pair_table.1);
        for (slot, nic) in nics {
            if let Some(port) = live.ports.get_mut(&slot).filter(|port| port.is_attached) {
                port.nic = Some(nic);
            }
        }
        debug!(cells = snapshot.pairs.len(), frames = delta.seen.packets, ?took, "drained");
        drop(live);
        self.before = snapshot;
    }

    fn rings(&mut self) {
        self.loaded.rings.log();
        while let Some(record) = self.loaded.rings.station() {
            let key = StationKey::new(VlanId::from_tci(record.vlan), Mac(record.mac));
            let name = self.attached.iter().find(|attached| attached.interface.index == record.ifindex);
            let name = name.map(|attached| attached.interface.name.as_str());
            self.live().stations.discovered(key, clock::wall(record.monotonic_ns), name);
        }
        // Counted by the kernel; nothing reads their headers until samples are exported.
        while self.loaded.rings.sample().is_some() {}
    }

    /// An interface that went away takes its program with it; one that comes back gets it again.
    fn interfaces(&mut self) {
        for at in 0..self.attached.len() {
            let attached = &self.attached[at];
            let (slot, name) = (attached.slot, attached.interface.name.clone());
            let found = Interface::find(&name).ok();
            let is_there = found.is_some_and(|found| found.index == attached.interface.index);
            let was_attached = self.live().ports.get(&slot).is_some_and(|port| port.is_attached);
            match (was_attached, is_there) {
                (true, true) => {}
                (true, false) => {
                    warn!(interface = %name, "gone, and the program with it; counting goes on when it is back");
                    self.set_attached(slot, false);
                }
                (false, _) => self.retry(at),
            }
        }
    }

    fn retry(&mut self, at: usize) {
        let slot = self.attached[at].slot;
        match reattach(&mut self.loaded, &self.wanted[at], slot) {
            Ok(attached) => {
                told(&attached);
                self.nic_before[at] = nic(&attached.interface.name);
                self.attached[at] = attached;
                self.set_attached(slot, true);
            }
            Err(error) => debug!(%error, "not attached yet"),
        }
    }

    fn set_attached(&self, slot: u32, is_attached: bool) {
        if let Some(port) = self.live().ports.get_mut(&slot) {
            port.is_attached = is_attached;
        }
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
        let live = self.live();
        let (seen, in_flight) = (live.seen, live.in_flight());
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

fn port(attached: &Attached, lan: Option<String>, port: Option<String>) -> PortState {
    PortState {
        name: attached.interface.name.clone(),
        driver: attached.interface.driver.clone(),
        mtu: attached.interface.mtu,
        deployment: attached.deployment,
        xdp: attached.mode,
        xdp_reason: attached.reason.clone(),
        lan,
        port,
        is_attached: true,
        counted: Default::default(),
        nic: None,
    }
}

fn told(attached: &Attached) {
    let name = &attached.interface.name;
    match &attached.reason {
        None => info!(interface = %name, mode = attached.mode, deployment = ?attached.deployment, "attached"),
        Some(reason) => {
            warn!(interface = %name, mode = attached.mode, deployment = ?attached.deployment, %reason, "attached, slower than it could be");
        }
    }
}

fn nic(name: &str) -> NicCounters {
    interface::nic_counters(name).unwrap_or_default()
}

fn since(now: NicCounters, before: NicCounters) -> (Counts, u64) {
    (now.received.since(before.received), now.dropped.wrapping_sub(before.dropped))
}
