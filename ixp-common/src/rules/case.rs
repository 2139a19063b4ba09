//! One frame before the rules: what is known of its place in the exchange, and what stands against it.

use super::{Findings, Rule, Scene, Scope};
use crate::addr::{Ip6, VlanId};
use crate::counters::StationKey;
use crate::frame::Link;
use crate::frame::noted::Noted;
use crate::limit::Class;
use crate::memory::{Desk, Memory, Who};
use crate::policy::{PortPolicy, RuleActions};
use crate::table::{AddressKey, Lan, PolicyTable, Station, UNBOUND};

/// The rules that are broken so far, as bits. A group of rules is a function of its own under BPF and gives
/// them back, and they are used: the verifier refuses the stack's address that may lie in the register of a
/// function that gives nothing.
pub type SoFar = u64;

/// A frame, its LAN and its two stations, the memory to ask for more, and the findings so far.
pub struct Case<'a, F, M> {
    pub frame: &'a F,
    pub link: &'a Link,
    pub memory: &'a M,
    pub table: &'a PolicyTable,
    pub lan: &'a Lan,
    pub vlan: VlanId,
    pub source: Station,
    pub place: u32,
    pub destination: Station,
    pub port: &'a PortPolicy,
    pub desk: &'a Desk,
}

impl<'a, F, M: Memory> Case<'a, F, M> {
    #[inline(always)]
    pub fn of(frame: &'a F, link: &'a Link, port: &'a PortPolicy, memory: &'a M) -> Option<Self> {
        let desk = memory.desk()?;
        desk.findings.set(Findings::NONE);
        let table = memory.table();
        let Scene { lan, source, place, destination, .. } = Scene::of(link, table);
        let vlan = link.vlan();
        Some(Self { frame, link, memory, table, lan, vlan, source, place, destination, port, desk })
    }

    /// What is done about the rules that the frame's source breaks.
    #[inline(always)]
    pub fn actions(&self) -> &'a RuleActions {
        let profile = if self.source.is_registered() { self.source.profile() } else { self.lan.profile() };
        self.table.actions(profile)
    }

    /// The frame's source, as its state is found.
    #[inline(always)]
    fn who(&self) -> Who {
        if self.source.is_registered() {
            return Who { key: self.source.key(), place: self.place };
        }
        Who { key: StationKey::new(self.vlan, self.link.source()).to_bits(), place: Who::STRANGER }
    }

    /// Whether the frame goes over its source's limit for a class.
    #[inline(always)]
    pub fn is_over(&self, class: Class) -> bool {
        self.memory.is_over(self.who(), class)
    }

    /// Whether the frame's source asks for too many IPv4 addresses.
    #[inline(always)]
    pub fn sweeps_ipv4(&self, target: [u8; 4]) -> bool {
        self.memory.sweeps(self.who(), Class::Arp, spread(u64::from(u32::from_be_bytes(target))))
    }

    /// Whether the frame's source asks for too many IPv6 addresses.
    #[inline(always)]
    pub fn sweeps_ipv6(&self, target: Ip6) -> bool {
        self.memory.sweeps(self.who(), Class::Nd, spread(target.halves()[1]))
    }

    /// What stands against the frame so far.
    #[inline(always)]
    pub fn findings(&self) -> Findings {
        self.desk.findings.get()
    }

    /// The rules that are broken so far.
    #[inline(always)]
    pub fn so_far(&self) -> SoFar {
        self.desk.findings.get().broken.bits()
    }

    /// Notes a rule that is broken for certain.
    #[inline(always)]
    pub fn hard(&self, rule: Rule, is_broken: bool) {
        self.add(rule, is_broken, false);
    }

    /// Notes a rule; `is_soft` keeps it from dropping.
    #[inline(always)]
    pub fn add(&self, rule: Rule, is_broken: bool, is_soft: bool) {
        let mut findings = self.desk.findings.get();
        findings.add(rule, is_broken, is_soft);
        self.desk.findings.set(findings);
    }

    /// Who has an address of the LAN; IPv4 as IPv6 maps it.
    #[inline(always)]
    pub fn owner(&self, address: Ip6) -> Owner {
        let key = AddressKey::ipv6(self.table.generation(), self.lan.vlan(), address);
        Owner(self.memory.owner(&key))
    }

    /// The IP packet that lies on the desk.
    #[inline(always)]
    pub fn packet(&self) -> Noted {
        Noted::new(self.desk.addresses.get(), self.desk.chain.get())
    }

    /// Its scope.
    #[inline(always)]
    pub fn scope(&self) -> Scope {
        self.desk.scope.get()
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

    /// Whether it is known to be the interface of other stations.
    #[inline(always)]
    pub fn is_anothers(self, station: &Station) -> bool {
        self.0 != 0 && self.0 != UNBOUND && self.0 != station.interface()
    }

    /// Whether the address is not `station`'s, as far as can be said: whoever is not registered may have
    /// one of which nobody knows the stations.
    #[inline(always)]
    pub fn is_not(self, station: &Station) -> bool {
        match self.0 {
            0 => true,
            UNBOUND => station.is_registered(),
            owner => owner != station.interface(),
        }
    }

    /// Whether it is certainly not `station`'s: somebody else has it, or nobody, and the station has
    /// registered addresses of that family, which this one is not among. What is missing in the
    /// registration is never certain.
    #[inline(always)]
    pub fn is_certainly_not(self, station: &Station, has_family: bool) -> bool {
        self.is_anothers(station) || (self.is_nobody() && station.is_registered() && has_family)
    }
}

#[inline(always)]
fn spread(value: u64) -> u64 {
    let mixed = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 16
}
