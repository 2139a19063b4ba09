//! Who had a MAC or an address first: a claim in, the earlier claim that it clashes with out.

use std::collections::HashMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use ixp_common::addr::{Mac, VlanId};

use super::registry::MemberId;
use crate::notice::Place;

/// Where a MAC or an address was given to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    /// The member.
    pub(super) member: MemberId,
    /// Index of the LAN.
    pub(super) lan: usize,
    /// The LAN's tag.
    pub(super) vlan: Option<VlanId>,
    /// Where it is written.
    pub(super) place: Place,
}

/// Two claims that cannot both hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Clash<'c> {
    /// Another member has it.
    Member(&'c Claim),
    /// It stands on this LAN already.
    Lan(&'c Claim),
    /// It stands on another LAN that cannot be told from this one by its tag.
    Tag(&'c Claim),
}

/// All claims so far.
#[derive(Debug, Default)]
pub(super) struct Claims {
    macs: HashMap<Mac, Vec<Claim>, RandomState>,
    addresses: HashMap<(usize, IpAddr), Claim, RandomState>,
}

impl Claims {
    /// Notes a MAC as claimed, unless it clashes with an earlier claim.
    pub(super) fn mac(&mut self, mac: Mac, claim: Claim) -> Result<(), Clash<'_>> {
        let earlier = self.macs.entry(mac).or_default();
        let clash = |other: &Claim| {
            other.member != claim.member || other.lan == claim.lan || other.vlan == claim.vlan
        };
        let Some(at) = earlier.iter().position(clash) else {
            earlier.push(claim);
            return Ok(());
        };
        let other = &earlier[at];
        Err(match (other.member == claim.member, other.lan == claim.lan) {
            (false, _) => Clash::Member(other),
            (true, true) => Clash::Lan(other),
            (true, false) => Clash::Tag(other),
        })
    }

    /// Notes an address on a LAN as claimed, unless it was before.
    pub(super) fn address(&mut self, address: IpAddr, claim: Claim) -> Result<(), &Claim> {
        use std::collections::hash_map::Entry;
        match self.addresses.entry((claim.lan, address)) {
            Entry::Occupied(earlier) => Err(earlier.into_mut()),
            Entry::Vacant(free) => {
                free.insert(claim);
                Ok(())
            }
        }
    }
}
