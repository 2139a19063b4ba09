//! Which pairs a reader asked for.

use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::PairKey;

use crate::members::{Asn, Registry};

/// Conditions that a pair has to meet, all of them; the default admits every pair. They hold for
/// pairs, ahead of the fold, so that a matrix by ASN can be that of one VLAN. Frames without a cell
/// have neither VLAN nor family nor member: totals are never filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only this family.
    pub family: Option<Family>,
    /// Only what this member sent or was sent.
    pub asn: Option<Asn>,
    /// Only this outer VLAN; 0 for untagged frames.
    pub vlan: Option<VlanId>,
}

impl Filter {
    /// Whether every pair is admitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a pair meets the conditions.
    #[must_use]
    pub fn admits(&self, key: &PairKey, registry: &Registry) -> bool {
        self.family.is_none_or(|family| family == key.family())
            && self.vlan.is_none_or(|vlan| vlan == key.vlan())
            && self.asn.is_none_or(|asn| touches(asn, key, registry))
    }
}

fn touches(asn: Asn, key: &PairKey, registry: &Registry) -> bool {
    [key.source(), key.destination()]
        .into_iter()
        .any(|mac| registry.member_of(key.vlan(), mac).is_some_and(|member| member.asn == asn))
}
