//! A loaded program and interfaces in, attached interfaces out.

use std::io;

use aya::programs::{ProgramError, XdpMode};
use ixp_common::counters::PORT_SLOTS;
use ixp_common::policy::{Deployment, PortPolicy};
use tracing::warn;

use super::Error;
use super::interface::{Interface, NicCounters, Promiscuous, nic_counters};
use super::load::{Loaded, program};

/// What the user wants of one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub interface: String,
    /// How the host stands to the fabric there.
    pub deployment: Deployment,
    /// Which modes may be tried.
    pub mode: Mode,
    /// Whether a tap keeps what it counted from the host's stack; `None`: unless the host has an
    /// address there, which ARP and neighbour discovery could no longer reach.
    pub consume: Option<bool>,
    /// Whether an interface that hides tags is taken all the same.
    pub accepts_hidden_tags: bool,
    /// One frame in this many is sampled, none if 0.
    pub sampling_rate: u32,
    /// The number of the switch port that it faces, 0 if that is not known.
    pub port: u16,
    /// Whether drops are real; never on a tap.
    pub enforces: bool,
}

/// Which XDP modes may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Native, and generic where the driver has none.
    Auto,
    /// In the driver.
    Native,
    /// In the stack.
    Generic,
}

/// An interface with the program on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The interface as it was found.
    pub interface: Interface,
    /// Where it counts.
    pub slot: u32,
    /// What was wanted.
    pub deployment: Deployment,
    /// native or generic.
    pub mode: &'static str,
    /// Why it is not native although it could have been.
    pub reason: Option<String>,
    /// Whether its frames end once they are counted.
    pub consumes: bool,
    /// What the driver had counted when the program was put on.
    pub nic: Option<NicCounters>,
}

/// Whether an interface's frames end once they are counted: a tap's, unless the host has an address
/// there and nobody said so all the same.
#[must_use]
pub fn consumes(deployment: Deployment, consume: Option<bool>, interface: &Interface) -> bool {
    deployment == Deployment::Tap && consume.unwrap_or(!interface.has_address)
}

/// Looks for the interfaces, so that a name that is wrong is told before anything is done.
///
/// # Errors
/// [`Error::TooMany`], [`Error::NoInterface`], [`Error::Interface`], [`Error::HiddenTags`].
pub fn find(wanted: &[Wanted]) -> Result<Vec<Interface>, Error> {
    let room = PORT_SLOTS - 1;
    if wanted.len() > room as usize {
        return Err(Error::TooMany { wanted: wanted.len(), room });
    }
    wanted.iter().map(|wanted| checked(Interface::find(&wanted.interface)?, wanted)).collect()
}

/// Attaches the program to all interfaces, each with a slot of its own from 1 on, or to none.
///
/// # Errors
/// All but [`Error::Object`], [`Error::Abi`] and [`Error::Privilege`].
pub fn attach(loaded: &mut Loaded, wanted: &[Wanted]) -> Result<Vec<Attached>, Error> {
    let found = find(wanted)?;
    let slots = 1..;
    found
        .into_iter()
        .zip(wanted)
        .zip(slots)
        .map(|((interface, wanted), slot)| one(loaded, interface, wanted, slot))
        .collect()
}

/// Attaches the program again to an interface that was away, with the slot that it had.
///
/// # Errors
/// As [`attach`].
pub fn reattach(loaded: &mut Loaded, wanted: &Wanted, before: &Attached) -> Result<Attached, Error> {
    let interface = checked(Interface::find(&wanted.interface)?, wanted)?;
    forget(loaded, before);
    one(loaded, interface, wanted, before.slot)
}

/// Writes the settings of an attached interface again, which hold from its next frame on.
///
/// # Errors
/// [`Error::Map`].
pub fn resettle(loaded: &mut Loaded, wanted: &Wanted, attached: &Attached) -> Result<(), Error> {
    let Attached { interface, slot, consumes, .. } = attached;
    loaded.policies.set(interface.index, settings(interface, wanted, *slot, *consumes))
}

/// Lets go of an interface that is gone: its settings, which its successor's would come beside, and
/// its link. Neither need be there any more.
fn forget(loaded: &mut Loaded, gone: &Attached) {
    loaded.promiscuous.remove(&gone.slot);
    if let Err(error) = loaded.policies.forget(gone.interface.index) {
        warn!(%error, "the settings of {} stay, though it is gone", gone.interface.name);
    }
    if let Some(link) = loaded.links.remove(&gone.slot)
        && let Ok(program) = program(&mut loaded.ebpf)
    {
        let _dead: Result<(), ProgramError> = program.detach(link);
    }
}

fn checked(interface: Interface, wanted: &Wanted) -> Result<Interface, Error> {
    if interface.is_aggregate() {
        return Err(Error::Aggregate { name: interface.name, driver: interface.driver });
    }
    if interface.hides_tags() && !wanted.accepts_hidden_tags {
        return Err(Error::HiddenTags { name: interface.name, driver: interface.driver });
    }
    Ok(interface)
}

/// The settings are there before the first frame can be.
fn one(loaded: &mut Loaded, interface: Interface, wanted: &Wanted, slot: u32) -> Result<Attached, Error> {
    let is_tap = wanted.deployment == Deployment::Tap;
    let consumes = consumes(wanted.deployment, wanted.consume, &interface);
    loaded.policies.set(interface.index, settings(&interface, wanted, slot, consumes))?;
    if is_tap && let Some(promiscuous) = Promiscuous::set(&interface.name)? {
        loaded.promiscuous.insert(slot, promiscuous);
    }
    let nic = nic_counters(&interface.name);
    let (mode, reason) = put(loaded, &interface, slot, wanted.mode)?;
    Ok(Attached { interface, slot, deployment: wanted.deployment, mode, reason, consumes, nic })
}

fn settings(interface: &Interface, wanted: &Wanted, slot: u32, consumes: bool) -> PortPolicy {
    let policy = PortPolicy::new(slot, wanted.deployment, interface.mac, consumes, wanted.sampling_rate)
        .facing(wanted.port);
    if wanted.enforces { policy.enforcing() } else { policy }
}

/// Puts the program on in one of the modes that may be tried; says which, and why it is not a better one.
fn put(
    loaded: &mut Loaded,
    interface: &Interface,
    slot: u32,
    mode: Mode,
) -> Result<(&'static str, Option<String>), Error> {
    match mode {
        Mode::Native => hook(loaded, interface, slot, XdpMode::Driver).map(|()| (NATIVE, None)),
        Mode::Generic => hook(loaded, interface, slot, XdpMode::Skb).map(|()| (GENERIC, None)),
        Mode::Auto => match hook(loaded, interface, slot, XdpMode::Driver) {
            Ok(()) => Ok((NATIVE, None)),
            Err(Error::Attach { source, .. }) => {
                let reason =
                    format!("no native XDP from driver {:?}: {}", interface.driver, root(source.as_ref()));
                hook(loaded, interface, slot, XdpMode::Skb).map(|()| (GENERIC, Some(reason)))
            }
            Err(error) => Err(error),
        },
    }
}

const NATIVE: &str = "native";
const GENERIC: &str = "generic";

fn hook(loaded: &mut Loaded, interface: &Interface, slot: u32, mode: XdpMode) -> Result<(), Error> {
    let name = interface.name.clone();
    match program(&mut loaded.ebpf)?.attach_to_if_index(interface.index, mode) {
        Ok(link) => {
            loaded.links.insert(slot, link);
            Ok(())
        }
        Err(error) if is_busy(&error) => Err(Error::Busy { name }),
        Err(error) => {
            let mode = if matches!(mode, XdpMode::Driver) { NATIVE } else { GENERIC };
            Err(Error::Attach { name, mode, source: error.into() })
        }
    }
}

fn is_busy(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(error) = error else {
        return false;
    };
    matches!(error.io_error.kind(), io::ErrorKind::ResourceBusy | io::ErrorKind::AlreadyExists)
}

fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::addr::Mac;

    fn interface(driver: &str, strips_tags: bool, has_address: bool) -> Interface {
        Interface {
            name: "eth1".to_owned(),
            index: 7,
            mac: Mac::ZERO,
            mtu: 1500,
            driver: driver.to_owned(),
            strips_tags,
            merges_frames: false,
            rx_ring: None,
            has_address,
        }
    }

    fn wanted(accepts_hidden_tags: bool) -> Wanted {
        Wanted {
            interface: "eth1".to_owned(),
            deployment: Deployment::Tap,
            mode: Mode::Auto,
            consume: None,
            accepts_hidden_tags,
            sampling_rate: 0,
            port: 0,
            enforces: false,
        }
    }

    #[test]
    fn an_interface_that_hides_tags_is_refused_with_what_to_type_unless_accepted() {
        let refused = checked(interface("ixgbe", true, false), &wanted(false)).expect_err("tags are hidden");
        assert!(refused.to_string().contains("`ethtool -K eth1 rxvlan off`"), "{refused}");
        assert!(refused.is_host_lacking());
        for (driver, strips_tags, accepted) in
            [("ixgbe", true, true), ("ixgbe", false, false), ("veth", true, false)]
        {
            assert!(checked(interface(driver, strips_tags, false), &wanted(accepted)).is_ok(), "{driver}");
        }
    }

    #[test]
    fn an_aggregate_is_refused_with_what_to_attach_to() {
        let refused = checked(interface("bonding", false, false), &wanted(false)).expect_err("a bond");
        assert!(refused.to_string().contains("attach to each of those"), "{refused}");
        assert!(refused.is_bad_usage());
    }

    #[test]
    fn a_tap_consumes_unless_the_host_is_reached_by_it_or_the_user_says_otherwise() {
        let cases = [
            (Deployment::Tap, None, false, true),
            (Deployment::Tap, None, true, false),
            (Deployment::Tap, Some(true), true, true),
            (Deployment::Tap, Some(false), false, false),
            (Deployment::Port, Some(true), false, false),
            (Deployment::Inline, Some(true), false, false),
        ];
        for (deployment, consume, has_address, expected) in cases {
            let interface = interface("veth", false, has_address);
            assert_eq!(consumes(deployment, consume, &interface), expected, "{deployment:?} {consume:?}");
        }
    }
}
