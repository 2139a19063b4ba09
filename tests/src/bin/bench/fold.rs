//! What pairs grew by in, the time that the live state takes to take it in out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use ixp_agent::events::Settings;
use ixp_agent::live::{Live, Roster};
use ixp_agent::matrix::Window;
use ixp_agent::members::{self, Asn, VlanTags};
use ixp_agent::pairs::{PairBook, PairId};
use ixp_agent::snapshot::{Delta, Snapshot};
use ixp_agent::stations::Inventory;
use ixp_common::addr::{Mac, VlanId};
use ixp_common::counters::{PairKey, SessionKey};
use ixp_common::names::DEFAULT_STATIONS;
use jiff::{SignedDuration, Timestamp};

use crate::drain::clock;

/// Members that the stations belong to.
const MEMBERS: usize = 1000;
/// The first of them, a route server that all others speak BGP to.
const SERVER: u32 = 64_512;

/// The state that an agent answers from, a second after the other.
pub(crate) struct Fold {
    live: Live,
    roster: Arc<Roster>,
    now: Timestamp,
}

impl Fold {
    /// Nothing counted yet, of an exchange to which all stations of these pairs belong.
    pub(crate) fn new(keys: &[PairKey]) -> Result<Self> {
        let stations = keys.iter().flat_map(|key| [key.source(), key.destination()]);
        let stations: Vec<Mac> = stations.collect::<BTreeSet<Mac>>().into_iter().collect();
        let roster = Arc::new(roster(&stations)?);
        let now = Timestamp::UNIX_EPOCH;
        let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), 16_000_000);
        let mut live = Live::new(now, window, Inventory::new(DEFAULT_STATIONS as usize));
        live.events.set(Settings { route_servers: [Asn(SERVER)].into(), ..Settings::default() });
        let sessions: Vec<SessionKey> =
            stations.iter().map(|other| SessionKey::new(VlanId::UNTAGGED, stations[0], *other)).collect();
        let none = (BTreeMap::new(), Inventory::new(1));
        live.events.looked((now, 0), &none.0, &sessions, &none.1, &roster.registry);
        Ok(Self { live, roster, now })
    }

    /// The microseconds that `Live::absorb` takes for a second in which this was counted.
    pub(crate) fn absorb(
        &mut self,
        delta: &Delta<PairId>,
        book: &PairBook,
        snapshot: &Snapshot,
    ) -> Result<u128> {
        self.now += SignedDuration::from_secs(1);
        let before = self.live.accounted;
        let started = clock();
        self.live.absorb(self.now, delta, book, snapshot, &self.roster);
        let took = clock().duration_since(started);
        let taken = self.live.accounted.since(before);
        ensure!(taken == delta.accounted(), "{:?} were counted, {taken:?} taken in", delta.accounted());
        Ok(took.as_micros())
    }
}

fn roster(stations: &[Mac]) -> Result<Roster> {
    let mut text = String::from("[[lan]]\nname = \"peering\"\n");
    for (asn, macs) in (SERVER..).zip(stations.chunks(stations.len().div_ceil(MEMBERS))) {
        let macs: Vec<String> = macs.iter().map(|mac| format!("\"{mac}\"")).collect();
        let macs = macs.join(", ");
        write!(text, "[[member]]\nasn = {asn}\n[[member.interface]]\nlan = \"peering\"\nmacs = [{macs}]\n")?;
    }
    let (registry, _) =
        members::parse("members.toml", &text, &VlanTags::new()).context("the members are read")?;
    Ok(Roster { registry, ..Roster::default() })
}
