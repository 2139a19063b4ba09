//! What is known of a frame's place in the exchange, looked up once for all rules.

use crate::addr::VlanId;
use crate::counters::StationKey;
use crate::frame::Link;
use crate::limit::{Class, StationState};
use crate::memory::Memory;
use crate::policy::{PortPolicy, RuleActions};
use crate::table::{AddressKey, Lan, PolicyTable, Station};

/// The LAN of a frame, its two stations, and the memory to ask for more.
pub struct Facts<'a, M> {
    pub memory: &'a M,
    pub table: &'a PolicyTable,
    pub lan: &'a Lan,
    pub vlan: VlanId,
    pub source: Station,
    pub place: u32,
    pub destination: Station,
    pub port: &'a PortPolicy,
}

impl<'a, M: Memory> Facts<'a, M> {
    #[inline(always)]
    pub fn of(link: &Link, port: &'a PortPolicy, memory: &'a M) -> Self {
        let table = memory.table();
        let vlan = link.vlan();
        let lan = table.lan(vlan);
        // A frame of no LAN is held against nobody's registration.
        let home = if lan.is_known() { lan.vlan() } else { vlan.get() };
        let (source, place) = table.station(home, link.source);
        let (destination, _) = table.station(home, link.destination);
        Self { memory, table, lan, vlan, source, place, destination, port }
    }

    /// What is done about the rules that the frame's source breaks.
    #[inline(always)]
    pub fn actions(&self) -> &'a RuleActions {
        let profile = if self.source.is_registered() { self.source.profile() } else { self.lan.profile() };
        self.table.actions(profile)
    }

    /// What is remembered of the frame's source.
    #[inline(always)]
    fn state(&self, link: &Link) -> Option<&'a StationState> {
        if !self.source.is_registered() {
            return self.memory.stranger(&StationKey::new(self.vlan, link.source));
        }
        let state = self.memory.state(self.place)?;
        state.belongs_to(self.source.key());
        Some(state)
    }

    /// Whether the frame goes over its source's limit for a class. Who cannot be remembered is never over.
    #[inline(always)]
    pub fn is_over(&self, link: &Link, class: Class) -> bool {
        let limit = self.table.limit(class);
        self.state(link).is_some_and(|state| state.is_over(class, limit, self.memory.now()))
    }

    /// Whether the frame's source asks for too many IPv4 addresses.
    #[inline(always)]
    pub fn sweeps_ipv4(&self, link: &Link, target: [u8; 4]) -> bool {
        let hash = spread(u64::from(u32::from_be_bytes(target)));
        let most = self.table.sweep_bits();
        self.state(link).is_some_and(|state| state.arp.is_over(most, self.memory.now(), hash))
    }

    /// Whether the frame's source asks for too many IPv6 addresses.
    #[inline(always)]
    pub fn sweeps_ipv6(&self, link: &Link, target: [u8; 16]) -> bool {
        let [.., a, b, c, d, e, f, g, h] = target;
        let hash = spread(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        let most = self.table.sweep_bits();
        self.state(link).is_some_and(|state| state.nd.is_over(most, self.memory.now(), hash))
    }

    /// Who has an IPv4 address of the LAN.
    #[inline(always)]
    pub fn owner_ipv4(&self, address: [u8; 4]) -> Owner {
        let key = AddressKey::ipv4(self.table.generation(), self.lan.vlan(), address);
        Owner(self.memory.owner(&key))
    }

    /// Who has an IPv6 address of the LAN.
    #[inline(always)]
    pub fn owner_ipv6(&self, address: [u8; 16]) -> Owner {
        let key = AddressKey::ipv6(self.table.generation(), self.lan.vlan(), address);
        Owner(self.memory.owner(&key))
    }
}

/// The interface that has an address, if any.
#[derive(Clone, Copy)]
pub struct Owner(u16);

impl Owner {
    #[inline(always)]
    pub fn is_nobody(self) -> bool {
        self.0 == 0
    }

    #[inline(always)]
    pub fn is(self, station: &Station) -> bool {
        self.0 != 0 && self.0 == station.interface()
    }

    /// Whether it is certainly not `station`'s: somebody else has it, or nobody, and the station has
    /// registered addresses of that family, which this one is not among.
    #[inline(always)]
    pub fn is_certainly_not(self, station: &Station, has_family: bool) -> bool {
        !self.is(station) && (!self.is_nobody() || (station.is_registered() && has_family))
    }
}

#[inline(always)]
fn spread(value: u64) -> u64 {
    let mixed = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 40
}
