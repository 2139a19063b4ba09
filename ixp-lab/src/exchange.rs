//! Namespaces, a bridge and veth pairs become an exchange whose switch itself never speaks.

mod port;

use anyhow::{Context, Result};

use crate::link::{self, End, LinkCounters};
use crate::netns::{self, Namespace};
use crate::packet::{Injector, Watcher, Which};
use crate::sins::{Answering, Witnesses};
use crate::station::Station;

/// The interface that the agent reads in tap mode.
pub const TAP: &str = "tap0";

/// The switch's end of the monitor port.
const MONITOR: &str = "mon0";

/// A member's interface, in its own namespace.
const MEMBER: &str = "eth0";

/// Where the agent counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On a monitor port that gets a copy of what enters each port.
    Tap,
    /// On each of the switch's ports.
    Inline,
}

impl Mode {
    /// Its name on the command line and in the agent's configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tap => "tap",
            Self::Inline => "inline",
        }
    }
}

/// What becomes of a frame that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It is counted, and passes.
    Monitor,
    /// It is dropped where its rule says so.
    Enforce,
}

impl Policy {
    /// Its name on the command line and in the agent's configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Enforce => "enforce",
        }
    }
}

/// A switch, its members and, in tap mode, a monitor port; all removed when dropped.
#[derive(Debug)]
pub struct Exchange {
    members: Vec<(Station, Namespace)>,
    sinners: Vec<(Station, Namespace)>,
    monitor: Option<Namespace>,
    switch: Namespace,
}

impl Exchange {
    /// Removes what a lab named `prefix` left when it was killed; returns the names.
    ///
    /// # Errors
    /// Something of it cannot be removed.
    pub fn remove_leftovers(prefix: &str) -> Result<Vec<String>> {
        netns::remove_leftovers(|name| is_ours(prefix, name))
    }

    /// Builds an exchange of members that speak and, after them, sinners that say nothing by themselves: the switch's side up, the members' interfaces down, so that no frame is on its way.
    ///
    /// # Errors
    /// The kernel lacks an option that the line names, or this process may not.
    pub fn build(prefix: &str, members: u8, sinners: u8, mode: Mode) -> Result<Self> {
        let switch = Namespace::create(format!("{prefix}-sw"))?;
        mute(&switch)?;
        switch
            .ip("link add br0 type bridge stp_state 0 mcast_snooping 0 forward_delay 0")
            .context("build a bridge (the kernel needs CONFIG_BRIDGE)")?;
        switch.ip("link set br0 up")?;
        let monitor = match mode {
            Mode::Tap => Some(add_monitor(prefix, &switch)?),
            Mode::Inline => None,
        };
        let mut stations = Station::first(members + sinners);
        let members = stations
            .by_ref()
            .take(usize::from(members))
            .map(|station| Ok((station, port::connect(prefix, &switch, station, mode)?)))
            .collect::<Result<Vec<_>>>()?;
        let sinners = stations
            .map(|station| Ok((station, port::connect_mute(prefix, &switch, station, mode)?)))
            .collect::<Result<Vec<_>>>()?;
        let exchange = Self { members, sinners, monitor, switch };
        exchange.agent_namespace().ip("link set lo up")?;
        Ok(exchange)
    }

    /// Where the agents live; by its loopback one hears the other.
    #[must_use]
    pub fn agent_namespace(&self) -> &Namespace {
        self.monitor.as_ref().unwrap_or(&self.switch)
    }

    /// The interfaces that the agent attaches to.
    #[must_use]
    pub fn agent_interfaces(&self) -> Vec<String> {
        match self.monitor {
            Some(_) => vec![TAP.to_owned()],
            None => self.everybody().map(|(station, _)| station.port()).collect(),
        }
    }

    fn everybody(&self) -> impl Iterator<Item = &(Station, Namespace)> {
        self.members.iter().chain(&self.sinners)
    }

    /// The members and where they live.
    pub fn members(&self) -> impl Iterator<Item = (Station, &Namespace)> {
        self.members.iter().map(|(station, namespace)| (*station, namespace))
    }

    /// A watcher for each interface of a member or sinner.
    ///
    /// # Errors
    /// A socket cannot be opened.
    pub fn watchers(&self) -> Result<Vec<Watcher>> {
        self.everybody().map(|(_, namespace)| Watcher::open(namespace, MEMBER, Which::Sent)).collect()
    }

    /// A watcher for what each member receives by its own address.
    ///
    /// # Errors
    /// A socket cannot be opened.
    pub fn receivers(&self) -> Result<Vec<Watcher>> {
        self.members.iter().map(|(_, namespace)| Watcher::open(namespace, MEMBER, Which::Received)).collect()
    }

    /// Listeners for what the sinners send to each member.
    ///
    /// # Errors
    /// A socket cannot be opened.
    pub fn witnesses(&self) -> Result<Witnesses> {
        let members = u8::try_from(self.members.len())?;
        let which = Which::ReceivedFromOthersThan(Station { number: members });
        let listen = |(station, namespace): &(Station, Namespace)| {
            Ok((*station, Watcher::open(namespace, MEMBER, which)?))
        };
        Ok(Witnesses::new(self.members.iter().map(listen).collect::<Result<_>>()?))
    }

    /// Each sinner's ears and mouth, in order; their interfaces are up.
    ///
    /// # Errors
    /// A socket cannot be opened.
    pub fn answering(&self) -> Result<Vec<Answering>> {
        let open = |(_, namespace): &(Station, Namespace)| {
            let ears = Watcher::open(namespace, MEMBER, Which::Solicitations)?;
            Ok(Answering::new(ears, Injector::open(namespace, MEMBER)?))
        };
        self.sinners.iter().map(open).collect()
    }

    /// Brings the members' and sinners' interfaces up: from here on they speak.
    ///
    /// # Errors
    /// An interface stays down.
    pub fn open(&self) -> Result<()> {
        self.everybody().try_for_each(|(_, namespace)| {
            namespace.ip(&format!("link set {MEMBER} up"))?;
            Ok(())
        })
    }

    /// Lets nothing more of what the members send enter the switch. What is on its way still arrives.
    ///
    /// # Errors
    /// An interface goes on.
    pub fn silence(&self) -> Result<()> {
        self.members.iter().try_for_each(|(_, namespace)| port::silence(namespace))
    }

    /// What the kernel counts on each member's interface.
    ///
    /// # Errors
    /// A counter cannot be read.
    pub fn member_counters(&self) -> Result<Vec<(Station, LinkCounters)>> {
        self.members.iter().map(counters).collect()
    }

    /// As [`Self::member_counters`], of the sinners' interfaces.
    ///
    /// # Errors
    /// A counter cannot be read.
    pub fn sinner_counters(&self) -> Result<Vec<(Station, LinkCounters)>> {
        self.sinners.iter().map(counters).collect()
    }

    /// Frames that reached the interfaces the agent counts on.
    ///
    /// # Errors
    /// A counter cannot be read.
    pub fn frames_at_agent(&self) -> Result<u64> {
        let namespace = self.agent_namespace();
        let received = |name: &String| Ok(link::counters(namespace, name)?.rx.packets);
        self.agent_interfaces().iter().map(received).sum()
    }
}

fn counters((station, namespace): &(Station, Namespace)) -> Result<(Station, LinkCounters)> {
    Ok((*station, link::counters(namespace, MEMBER)?))
}

fn is_ours(prefix: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    let member = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    rest == "sw" || rest == "mon" || rest.strip_prefix('m').is_some_and(member)
}

/// Without IPv6 an interface that comes up sends no neighbour solicitation and no multicast report.
fn mute(namespace: &Namespace) -> Result<()> {
    namespace.set("ipv6/conf/all/disable_ipv6", "1")?;
    namespace.set("ipv6/conf/default/disable_ipv6", "1")
}

fn add_monitor(prefix: &str, switch: &Namespace) -> Result<Namespace> {
    let monitor = Namespace::create(format!("{prefix}-mon"))?;
    mute(&monitor)?;
    link::veth(
        End { namespace: switch, name: MONITOR, mac: None },
        End { namespace: &monitor, name: TAP, mac: None },
    )?;
    // A queue before the ring: since Linux 6.16 a full veth ring pushes back to it instead of dropping.
    switch.tc(&format!("qdisc add dev {MONITOR} root pfifo limit 10000"))?;
    switch.ip(&format!("link set {MONITOR} up"))?;
    monitor.ip(&format!("link set {TAP} up promisc on"))?;
    Ok(monitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_of_this_lab_are_leftovers() {
        for name in ["ixplab-sw", "ixplab-mon", "ixplab-m1", "ixplab-m200"] {
            assert!(is_ours("ixplab", name), "{name}");
        }
        for name in ["ixplab", "ixplab-", "ixplab-m", "ixplab-mx", "ixplab-test-sw", "ixplabs-sw", "other"] {
            assert!(!is_ours("ixplab", name), "{name}");
        }
    }
}
