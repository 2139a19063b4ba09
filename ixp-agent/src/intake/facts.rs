//! Policy and members in, what a sampled frame is held against out: what the frame itself and the members decide, and
//! nothing that takes a memory of frames, which samples do not give.

use std::collections::BTreeMap;

use ixp_common::addr::VlanId;
use ixp_common::counters::{ClaimKey, SessionKey, StationKey};
use ixp_common::limit::StationState;
use ixp_common::memory::{Desk, Memory, Seat};
use ixp_common::table::{AddressKey, PolicyTable};

use crate::members::Registry;
use crate::policy::Tables;

/// Tables of one exchange. Rules that go by rates, ports or several frames find nothing here, and so are never broken.
#[derive(Debug)]
pub struct Facts {
    table: Box<PolicyTable>,
    owners: BTreeMap<AddressKey, u16>,
    desk: Desk,
    /// Tags of LANs.
    tags: Vec<VlanId>,
}

impl Facts {
    /// What is known by tables and the members that they were made of.
    #[must_use]
    pub fn new(tables: Tables, registry: &Registry) -> Self {
        let tags = registry.lans().iter().filter_map(|lan| lan.vlan);
        let tags = tags.filter(|tag| *tag != VlanId::UNTAGGED).collect();
        Self { table: tables.table, owners: tables.owners, desk: Desk::default(), tags }
    }

    /// The tag of a LAN that a number in a switch record stands for.
    pub(super) fn tag(&self, number: u32) -> Option<VlanId> {
        self.tags.iter().copied().find(|tag| u32::from(tag.get()) == number)
    }
}

impl Memory for Facts {
    fn table(&self) -> &PolicyTable {
        &self.table
    }

    fn desk(&self) -> Option<&Desk> {
        Some(&self.desk)
    }

    fn now(&self) -> u64 {
        0
    }

    fn owner(&self, address: &AddressKey) -> u16 {
        self.owners.get(address).copied().unwrap_or(0)
    }

    fn state(&self, _place: u32) -> Option<&StationState> {
        None
    }

    fn stranger(&self, _station: &StationKey) -> Option<&StationState> {
        None
    }

    fn seat(&self, _place: u32) -> Option<&Seat> {
        None
    }

    fn claim(&self, _claim: &ClaimKey) {}

    fn session(&self, _session: &SessionKey) {}
}
