//! Members' interfaces in, numbers out: which stations and addresses belong together.

use std::collections::HashMap;

use jiff::Timestamp;

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

/// The binding of each interface at a time, in order of the registry. An interface without MAC is its member's
/// only other one on that LAN (exports have the families apart). If there is none, or several, its
/// addresses are bound to no station, and no station of the member is held against the addresses of
/// that family: what is missing never turns into a drop.
pub(super) fn bindings(registry: &Registry, now: Timestamp) -> Vec<Binding> {
    let mut on_lan: HashMap<(MemberId, usize), Vec<usize>> = HashMap::new();
    for (at, interface) in registry.interfaces().iter().enumerate() {
        on_lan.entry((interface.member, interface.lan)).or_default().push(at);
    }
    let mut bindings = vec![Binding::default(); registry.interfaces().len()];
    for places in on_lan.values() {
        bind(registry, places, now, &mut bindings);
    }
    bindings
}

/// Binds a member's interfaces on one LAN.
fn bind(registry: &Registry, places: &[usize], now: Timestamp, bindings: &mut [Binding]) {
    let interfaces = registry.interfaces();
    let has_mac = |at: &usize| interfaces[*at].macs_at(now).next().is_some();
    let (wired, silent): (Vec<usize>, Vec<usize>) = places.iter().copied().partition(has_mac);
    let home = match wired.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let all = Families::of(registry, places);
    let is_silent = Families::of(registry, &silent);
    for at in wired {
        let own = Families::of(registry, &[at]);
        let is_home = home.is_some();
        bindings[at] = Binding {
            number: number(at),
            is_bound: true,
            has_ipv4: if is_home { all.ipv4.is_sound() } else { own.ipv4.is_sound() && is_silent.ipv4.none },
            has_ipv6: if is_home { all.ipv6.is_sound() } else { own.ipv6.is_sound() && is_silent.ipv6.none },
        };
    }
    for at in silent {
        bindings[at] =
            home.map_or(Binding { number: number(at), ..Binding::default() }, |home| bindings[home]);
    }
}

/// The addresses of some interfaces of one LAN.
struct Families {
    ipv4: Family,
    ipv6: Family,
}

/// Those of one family.
struct Family {
    /// There is none.
    none: bool,
    /// All lie in the LAN's prefix. One outside is a slip, and then the right one is not known.
    inside: bool,
}

impl Family {
    fn is_sound(&self) -> bool {
        !self.none && self.inside
    }
}

impl Families {
    fn of(registry: &Registry, places: &[usize]) -> Self {
        let interfaces = || places.iter().map(|at| &registry.interfaces()[*at]);
        let lan = |interface: &Interface| &registry.lans()[interface.lan];
        Self {
            ipv4: Family {
                none: interfaces().all(|interface| interface.ipv4.is_empty()),
                inside: interfaces().all(|interface| {
                    lan(interface).ipv4.is_none_or(|net| interface.ipv4.iter().all(|at| net.contains(at)))
                }),
            },
            ipv6: Family {
                none: interfaces().all(|interface| interface.ipv6.is_empty()),
                inside: interfaces().all(|interface| {
                    lan(interface).ipv6.is_none_or(|net| interface.ipv6.iter().all(|at| net.contains(at)))
                }),
            },
        }
    }
}

fn number(at: usize) -> u16 {
    u16::try_from(at + 1).unwrap_or(u16::MAX)
}
