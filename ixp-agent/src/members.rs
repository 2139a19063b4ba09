//! Who is on the exchange: a file of members in, a [`Registry`] that names stations out.

pub mod registry;

pub use registry::{Asn, Interface, InterfaceId, Lan, Member, MemberId, Registry};
