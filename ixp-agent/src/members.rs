//! Who is on the exchange: a file of members in, a [`Registry`] that names stations out.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use ixp_common::addr::VlanId;
use thiserror::Error;

use crate::notice::{self, Notice};

pub mod check;
mod claims;
mod entry;
pub mod export;
mod file;
mod ifindex;
mod ixf;
pub mod load;
pub mod owners;
mod raw;
pub mod registry;

pub use ifindex::ifindex;
pub use registry::{Asn, Change, Interface, InterfaceId, Lan, Member, MemberId, Registry};

/// The 802.1Q tag of each VLAN id of an IX-F export.
pub type VlanTags = BTreeMap<i64, VlanId>;

/// Why there is no registry.
#[derive(Debug, Error)]
pub enum MembersError {
    /// The file cannot be read.
    #[error("read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The text is no list of members: everything that is wrong with it, in order.
    #[error("{}", notice::lines(.0))]
    Invalid(Vec<Notice>),
}

/// The registry that a members file or an IX-F export holds, and what was noticed about it. The
/// text is taken for IX-F if it begins as a JSON object does; notices call it `label`. `vlan_tags`
/// is for IX-F alone, which does not say how its VLANs are tagged.
///
/// # Errors
/// [`MembersError::Invalid`] with all that is wrong in a TOML file. An IX-F export is only refused
/// as a whole if it is not one; an entry of it that cannot be used is a notice.
pub fn parse(label: &str, text: &str, vlan_tags: &VlanTags) -> Result<(Registry, Vec<Notice>), MembersError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        return ixf::parse(label, text, vlan_tags);
    }
    file::parse(label, text)
}

#[cfg(test)]
mod tests;
