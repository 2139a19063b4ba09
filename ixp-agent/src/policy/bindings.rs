//! Members' interfaces in, numbers out: which stations and addresses belong together.

use std::collections::HashMap;

use crate::members::{Interface, MemberId, Registry};

/// The number of an interface, and which of its families are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Binding {
    /// Not 0.
    pub(super) number: u16,
    /// Whether its addresses can be held against its stations.
    pub(super) is_bound: bool,
    /// Whether an IPv4 address that is not registered cannot be its.
    pub(super) has_ipv4: bool,
    /// The same of IPv6.
    pub(super) has_ipv6: bool,
}

/// The binding of each interface, in order of the registry. An interface without MAC is its member's
/// only other one on that LAN (exports have the families apart). If there is none, or several, its
/// addresses are bound to no station, and no station of the member is held against the addresses of
/// that family: what is missing never turns into a drop.
pub(super) fn bindings(registry: &Registry) -> Vec<Binding> {
    let mut on_lan: HashMap<(MemberId, usize), Vec<usize>> = HashMap::new();
    for (at, interface) in registry.interfaces().iter().enumerate() {
        on_lan.entry((interface.member, interface.lan)).or_default().push(at);
    }
    let mut bindings = vec![Binding::default(); registry.interfaces().len()];
    for places in on_lan.values() {
        bind(registry.interfaces(), places, &mut bindings);
    }
    bindings
}

/// Binds a member's interfaces on one LAN.
fn bind(interfaces: &[Interface], places: &[usize], bindings: &mut [Binding]) {
    let has_mac = |at: &usize| !interfaces[*at].macs.is_empty() || interfaces[*at].change.is_some();
    let (wired, silent): (Vec<usize>, Vec<usize>) = places.iter().copied().partition(has_mac);
    let home = match wired.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let any = |places: &[usize], has: fn(&Interface) -> bool| places.iter().any(|at| has(&interfaces[*at]));
    let (silent_ipv4, silent_ipv6) = (any(&silent, has_ipv4), any(&silent, has_ipv6));
    for at in wired {
        let (own_ipv4, own_ipv6) = (has_ipv4(&interfaces[at]), has_ipv6(&interfaces[at]));
        let is_home = home.is_some();
        bindings[at] = Binding {
            number: number(at),
            is_bound: true,
            has_ipv4: if is_home { own_ipv4 || silent_ipv4 } else { own_ipv4 && !silent_ipv4 },
            has_ipv6: if is_home { own_ipv6 || silent_ipv6 } else { own_ipv6 && !silent_ipv6 },
        };
    }
    for at in silent {
        bindings[at] =
            home.map_or(Binding { number: number(at), ..Binding::default() }, |home| bindings[home]);
    }
}

fn has_ipv4(interface: &Interface) -> bool {
    !interface.ipv4.is_empty()
}

fn has_ipv6(interface: &Interface) -> bool {
    !interface.ipv6.is_empty()
}

fn number(at: usize) -> u16 {
    u16::try_from(at + 1).unwrap_or(u16::MAX)
}
