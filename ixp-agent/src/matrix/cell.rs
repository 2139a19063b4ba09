//! One line of a matrix: from whom, to whom, how much.

use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::Counts;

use super::{By, Figure};
use crate::members::{Asn, Interface, InterfaceId, Member, Registry};
use crate::snapshot::Sampled;

/// What went one way between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell<'r> {
    /// The outer VLAN; `None` where a cell spans VLANs: by ASN, switch or facility.
    pub vlan: Option<VlanId>,
    /// Who sent; by LAN, where.
    pub source: End<'r>,
    /// To whom; by LAN, where, so it is the source.
    pub destination: End<'r>,
    /// The family.
    pub family: Family,
    /// How much.
    pub counts: Counts,
    /// How sure that is; `None` if each frame was counted.
    pub sampled: Option<Sampled>,
}

impl Cell<'_> {
    /// How much, and how sure that is.
    #[must_use]
    pub fn figure(&self) -> Figure {
        Figure { counts: self.counts, sampled: self.sampled }
    }
}

/// One end of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<'r> {
    /// In a matrix by MAC, a station or a group address; a group address has no owner.
    Station {
        /// The address.
        mac: Mac,
        /// Whose it is, if that is known.
        owner: Option<Owner<'r>>,
    },
    /// In a matrix by interface, a known one.
    Interface(Owner<'r>),
    /// In a matrix by ASN, a known member.
    Member(&'r Member),
    /// In a matrix by LAN, switch or facility, one that has a name.
    Place(&'r str),
    /// Stations that no member has, put together; by switch or facility also those of members at none that is known;
    /// by LAN the VLANs that are no LAN's.
    Unknown,
    /// Group destinations, put together.
    Group(Group),
}

/// To whom a group address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// ff:ff:ff:ff:ff:ff.
    Broadcast,
    /// Every other address with the I/G bit.
    Multicast,
}

impl Group {
    /// The group that an address stands for, if it is no station's.
    #[must_use]
    pub fn of(mac: Mac) -> Option<Self> {
        match mac {
            Mac::BROADCAST => Some(Self::Broadcast),
            mac if mac.is_group() => Some(Self::Multicast),
            _ => None,
        }
    }

    /// The name in JSON and CSV.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Multicast => "multicast",
        }
    }
}

/// An interface and the member whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'r> {
    /// The interface.
    pub interface: &'r Interface,
    /// The member.
    pub member: &'r Member,
}

impl<'r> Owner<'r> {
    /// The owner that an interface's index stands for.
    #[must_use]
    pub fn of(registry: &'r Registry, id: InterfaceId) -> Self {
        let interface = registry.interface(id);
        Self { interface, member: registry.member(interface.member) }
    }

    /// What stands for it where MACs do not; `None` at no place that is known, and by LAN, where it takes both ends to
    /// know.
    #[must_use]
    pub fn end(self, by: By) -> Option<End<'r>> {
        match by {
            By::Mac | By::Interface => Some(End::Interface(self)),
            By::Asn => Some(End::Member(self.member)),
            By::Lan => None,
            By::Switch => self.interface.switch().map(End::Place),
            By::Facility => self.interface.facility.as_deref().map(End::Place),
        }
    }
}

impl<'r> End<'r> {
    /// The member, if it is one and known.
    #[must_use]
    pub fn member(&self) -> Option<&'r Member> {
        match self {
            Self::Station { owner, .. } => owner.map(|owner| owner.member),
            Self::Interface(owner) => Some(owner.member),
            Self::Member(member) => Some(member),
            Self::Place(_) | Self::Unknown | Self::Group(_) => None,
        }
    }

    /// The member's number, if it is one and known.
    #[must_use]
    pub fn asn(&self) -> Option<Asn> {
        self.member().map(|member| member.asn)
    }

    /// The interface's label, if it is one and known.
    #[must_use]
    pub fn interface(&self) -> Option<&'r str> {
        match self {
            Self::Station { owner, .. } => owner.map(|owner| owner.interface.label.as_str()),
            Self::Interface(owner) => Some(&owner.interface.label),
            Self::Member(_) | Self::Place(_) | Self::Unknown | Self::Group(_) => None,
        }
    }

    /// The name of the LAN, switch or facility, in a matrix by one of those.
    #[must_use]
    pub fn place(&self) -> Option<&'r str> {
        match self {
            Self::Place(name) => Some(name),
            Self::Station { .. } | Self::Interface(_) | Self::Member(_) | Self::Unknown | Self::Group(_) => {
                None
            }
        }
    }

    /// The address, in a matrix by MAC.
    #[must_use]
    pub fn mac(&self) -> Option<Mac> {
        match self {
            Self::Station { mac, .. } => Some(*mac),
            Self::Interface(_) | Self::Member(_) | Self::Place(_) | Self::Unknown | Self::Group(_) => None,
        }
    }

    /// The group, in a matrix by interface, ASN, switch or facility.
    #[must_use]
    pub fn group(&self) -> Option<Group> {
        match self {
            Self::Group(group) => Some(*group),
            Self::Station { .. } | Self::Interface(_) | Self::Member(_) | Self::Place(_) | Self::Unknown => {
                None
            }
        }
    }
}
