//! Who claims which address in, signs of duplicate addresses out (A09).

use std::collections::BTreeMap;

use ixp_common::addr::{Ip6, VlanId};
use ixp_common::counters::{ClaimKey, Heard, Outcome, RuleCounts, RuleKey, StationKey};
use ixp_common::rules::Rule;
use jiff::Timestamp;

use super::{Kind, Role, Sign, Subject};
use crate::events::{Settings, who};
use crate::members::{InterfaceId, Registry, owners};

/// Two claims this close to each other contradict each other (RFC 9161 §3.7), in nanoseconds.
const WINDOW: u64 = 180 * 1_000_000_000;

/// The claims that contradict others, and when each was last heard.
#[derive(Debug, Default)]
pub(super) struct Duplicates {
    heard: BTreeMap<ClaimKey, u64>,
}

/// The stations that claim one address.
struct Contest<'a> {
    vlan: VlanId,
    address: Ip6,
    claims: &'a [(ClaimKey, Heard)],
    owner: Option<InterfaceId>,
}

impl Duplicates {
    /// Takes all claims as they are at `at`, which is `now` in nanoseconds.
    pub(super) fn look(
        &mut self,
        (at, now): (Timestamp, u64),
        claims: &BTreeMap<ClaimKey, Heard>,
        registry: &Registry,
        settings: &Settings,
        counts: &mut BTreeMap<RuleKey, RuleCounts>,
    ) -> Vec<Sign> {
        let is_recent = |heard: &Heard| now.saturating_sub(heard.last) <= WINDOW;
        let recent: Vec<(ClaimKey, Heard)> = claims
            .iter()
            .filter(|(key, heard)| is_recent(heard) && is_claim(key, settings))
            .map(|(key, heard)| (*key, *heard))
            .collect();
        let mut heard = BTreeMap::new();
        let mut signs = Vec::new();
        let of = |key: &ClaimKey| (key.address(), key.station().vlan());
        for claims in recent.chunk_by(|(left, _), (right, _)| of(left) == of(right)) {
            let (address, vlan) = of(&claims[0].0);
            let owner = owners::owner(registry, vlan, who::address(address));
            let contest = Contest { vlan, address, claims, owner };
            if contest.is_one_interface(registry) {
                continue;
            }
            heard.extend(claims.iter().map(|(key, heard)| (*key, heard.last)));
            signs.extend(contest.signs(at, now, &self.heard, registry, counts));
        }
        self.heard = heard;
        signs
    }
}

/// An address that one station can have, claimed by a station for which the rule holds.
fn is_claim(key: &ClaimKey, settings: &Settings) -> bool {
    let address = who::address(key.address());
    let station = key.station();
    let is_address = !address.is_unspecified() && !address.is_multicast();
    is_address && station.mac().is_station() && settings.holds(Rule::A09, station)
}

impl Contest<'_> {
    /// Nobody else claims it, or only the other stations of the same interface: those of a change window.
    fn is_one_interface(&self, registry: &Registry) -> bool {
        let interface = |key: &ClaimKey| registry.interface_of(self.vlan, key.station().mac());
        let first = interface(&self.claims[0].0);
        self.claims.len() < 2
            || (first.is_some() && self.claims.iter().all(|(key, _)| interface(key) == first))
    }

    fn is_owner(&self, station: StationKey, registry: &Registry) -> bool {
        self.owner.is_some() && registry.interface_of(self.vlan, station.mac()) == self.owner
    }

    /// One sign per station that has repeated its claim against another's.
    fn signs(
        &self,
        at: Timestamp,
        now: u64,
        before: &BTreeMap<ClaimKey, u64>,
        registry: &Registry,
        counts: &mut BTreeMap<RuleKey, RuleCounts>,
    ) -> Vec<Sign> {
        let mut signs = Vec::new();
        for (key, heard) in self.claims {
            let station = key.station();
            let is_repeated = before.get(key).is_none_or(|last| *last < heard.last);
            if !is_repeated || self.is_owner(station, registry) {
                continue;
            }
            // No frame stands for it: a claim has no size.
            let key = RuleKey::new(station, Rule::A09 as u8);
            counts.entry(key).or_default().add_frame(0, Outcome::Passed);
            let age = std::time::Duration::from_nanos(now.saturating_sub(heard.last));
            signs.push(self.sign(at.checked_sub(age).unwrap_or(at), station, registry));
        }
        signs
    }

    fn sign(&self, at: Timestamp, station: StationKey, registry: &Registry) -> Sign {
        let address = who::address(self.address);
        let claimant = who::addressed(station, registry);
        let others: Vec<String> = self
            .claims
            .iter()
            .filter(|(key, _)| key.station() != station)
            .take(4)
            .map(|(key, _)| who::addressed(key.station(), registry))
            .collect();
        let others = others.join(", ");
        let (subject, culprits, summary) = match self.owner {
            Some(owner) => (
                Subject::Intruder(station),
                vec![(station, Role::Claimant)],
                format!("{claimant} claims {address}, which belongs to {}", who::interface(owner, registry)),
            ),
            None => (
                Subject::Address(self.vlan, self.address),
                self.claims.iter().map(|(key, _)| (key.station(), Role::Claimant)).collect(),
                format!("{address} is claimed by {claimant} and by {others}"),
            ),
        };
        Sign {
            subject,
            kind: Kind::DuplicateAddress,
            rule: Rule::A09,
            at,
            vlan: self.vlan,
            culprits,
            evidence: format!("{claimant} claims {address}, as does {others}"),
            summary,
        }
    }
}
