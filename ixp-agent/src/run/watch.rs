//! The attached interfaces: whether they are still there, what their drivers count, and the program
//! on them again when they come back.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ixp_common::addr::Mac;
use ixp_common::counters::Counts;
use ixp_common::policy::Deployment;
use tracing::{info, warn};

use crate::config::Config;
use crate::config::change::Rates;
use crate::kernel::attach::{Attached, Wanted, reattach, resettle};
use crate::kernel::interface::{Interface, exists, nic_counters};
use crate::kernel::load::Loaded;
use crate::live::{Live, PortState};

/// What a driver received and dropped while the program was on its interface.
type Nic = (Counts, u64);

/// All interfaces of the agent, in order of their slots.
pub(super) struct Watch {
    ports: Vec<Watched>,
}

struct Watched {
    wanted: Wanted,
    attached: Attached,
    is_attached: bool,
    /// What drivers counted before the interface went away for the last time.
    carried: Nic,
    nic: Nic,
    /// Why the program could not be put on again, as it was last told.
    trouble: Option<String>,
}

impl Watch {
    pub(super) fn new(wanted: Vec<Wanted>, attached: Vec<Attached>) -> Self {
        let watched = |(wanted, attached)| {
            told(&attached);
            let none = (Counts::default(), 0);
            Watched { wanted, attached, is_attached: true, carried: none, nic: none, trouble: None }
        };
        Self { ports: wanted.into_iter().zip(attached).map(watched).collect() }
    }

    /// What the API shows, with what the configuration says of each interface.
    pub(super) fn states(&self, config: &Config) -> BTreeMap<u32, PortState> {
        let states = self.ports.iter().zip(&config.attach).map(|(port, attach)| {
            let mut state = port.state();
            (state.lan, state.port) = (attach.lan.clone(), attach.port.clone());
            (port.attached.slot, state)
        });
        states.collect()
    }

    /// The highest slot in use.
    pub(super) fn last_slot(&self) -> u32 {
        self.ports.iter().map(|port| port.attached.slot).max().unwrap_or(0)
    }

    /// The interface at this place in the configuration, unless it is away.
    pub(super) fn attached(&self, attach: usize) -> Option<&Interface> {
        let port = self.ports.get(attach).filter(|port| port.is_attached)?;
        Some(&port.attached.interface)
    }

    /// Whether any interface samples.
    pub(super) fn is_sampling(&self) -> bool {
        self.ports.iter().any(|port| port.wanted.sampling_rate > 0)
    }

    /// Has interfaces sample at other rates, each from its next frame on. One that is away does when it is back.
    pub(super) fn sample(&mut self, loaded: &mut Loaded, rates: &Rates, live: &Mutex<Live>) {
        for port in &mut self.ports {
            if let Some(rate) = rates.get(port.wanted.interface.as_str()) {
                port.sample(loaded, *rate, live);
            }
        }
    }

    /// The slot of an attached interface.
    pub(super) fn slot_of(&self, ifindex: u32) -> Option<u32> {
        let found = self.ports.iter().find(|port| port.attached.interface.index == ifindex);
        found.map(|port| port.attached.slot)
    }

    /// Index and slot of each attached interface.
    pub(super) fn slots(&self) -> impl Iterator<Item = (u32, u32)> {
        let attached = self.ports.iter().filter(|port| port.is_attached).map(|port| &port.attached);
        attached.map(|attached| (attached.interface.index, attached.slot))
    }

    /// Index and name of each attached interface.
    pub(super) fn names(&self) -> impl Iterator<Item = (u32, &str)> {
        let attached = self.ports.iter().filter(|port| port.is_attached).map(|port| &port.attached);
        attached.map(|attached| (attached.interface.index, attached.interface.name.as_str()))
    }

    /// Whether an address is that of one of the host's own interfaces.
    pub(super) fn is_own(&self, mac: Mac) -> bool {
        self.ports.iter().any(|port| port.attached.interface.mac == mac)
    }

    /// The name of the interface of a slot.
    pub(super) fn name_of(&self, slot: u32) -> Option<&str> {
        let found = self.ports.iter().find(|port| port.attached.slot == slot);
        found.map(|port| port.attached.interface.name.as_str())
    }

    /// An interface that went away took its program with it; one that came back gets it again.
    pub(super) fn look(&mut self, loaded: &mut Loaded, live: &Mutex<Live>) {
        for port in &mut self.ports {
            if !port.is_attached {
                port.retry(loaded);
            } else if !exists(port.attached.interface.index) {
                warn!(interface = %port.attached.interface.name, "gone, and the program with it; counting goes on when it is back");
                port.is_attached = false;
                port.carried = port.nic;
            }
            port.count();
            port.show(&mut live.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Watched {
    fn retry(&mut self, loaded: &mut Loaded) {
        match reattach(loaded, &self.wanted, &self.attached) {
            Ok(attached) => {
                told(&attached);
                self.attached = attached;
                self.is_attached = true;
                self.trouble = None;
            }
            Err(error) => {
                let trouble = error.to_string();
                if self.trouble.as_ref() != Some(&trouble) {
                    warn!("not attached again yet: {trouble}");
                }
                self.trouble = Some(trouble);
            }
        }
    }

    fn sample(&mut self, loaded: &mut Loaded, rate: u32, live: &Mutex<Live>) {
        let old = self.wanted.sampling_rate;
        if rate == old {
            return;
        }
        let wanted = Wanted { sampling_rate: rate, ..self.wanted.clone() };
        if self.is_attached
            && let Err(error) = resettle(loaded, &wanted, &self.attached)
        {
            warn!(interface = %wanted.interface, rate = old, "the sampling rate stays: {error}");
            return;
        }
        self.wanted = wanted;
        self.show(&mut live.lock().unwrap_or_else(PoisonError::into_inner));
        info!(interface = %self.wanted.interface, old, new = rate, "sampling rate changed");
    }

    /// Without an answer the last one stands.
    fn count(&mut self) {
        let now = self.is_attached.then(|| nic_counters(&self.attached.interface.name)).flatten();
        if let (Some(now), Some(before)) = (now, self.attached.nic) {
            let (mut received, dropped) = self.carried;
            received.add(now.received.since(before.received));
            self.nic = (received, dropped.wrapping_add(now.dropped.wrapping_sub(before.dropped)));
        }
    }

    fn show(&self, live: &mut Live) {
        if let Some(port) = live.ports.get_mut(&self.attached.slot) {
            let fresh = self.state();
            port.is_attached = self.is_attached;
            port.nic = Some(self.nic);
            (port.driver, port.mtu, port.xdp, port.xdp_reason) =
                (fresh.driver, fresh.mtu, fresh.xdp, fresh.xdp_reason);
            port.sampling_rate = fresh.sampling_rate;
        }
    }

    fn state(&self) -> PortState {
        let Self { wanted, attached, .. } = self;
        PortState {
            name: attached.interface.name.clone(),
            driver: attached.interface.driver.clone(),
            mtu: attached.interface.mtu,
            deployment: attached.deployment,
            xdp: attached.mode,
            xdp_reason: attached.reason.clone(),
            lan: None,
            port: None,
            sampling_rate: wanted.sampling_rate,
            is_attached: true,
            counted: Default::default(),
            nic: None,
        }
    }
}

fn told(attached: &Attached) {
    let (interface, deployment) = (&attached.interface, attached.deployment);
    info!(interface = %interface.name, mode = attached.mode, deployment = deployment.name(), consumes = attached.consumes, "attached");
    if let Some(reason) = &attached.reason {
        warn!(interface = %interface.name, %reason, "slower than it could be");
    }
    if interface.is_veth() {
        info!(interface = %interface.name, "a veth: tags that its peer's txvlan leaves out of the frame are not seen; `ethtool -K PEER txvlan off` puts them in");
    }
    if deployment == Deployment::Tap && interface.has_address && attached.consumes {
        warn!(interface = %interface.name, "the host has an address here, and ARP, ND and DHCP no longer reach it: set consume = false if it is managed by this interface");
    }
    if deployment == Deployment::Tap && interface.has_address && !attached.consumes {
        warn!(interface = %interface.name, "the host has an address here, so counted frames also go up its stack, which costs more than counting; set consume = true to end them");
    }
}
