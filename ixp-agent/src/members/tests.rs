//! Members files and exports in, the words of their notices and the registries they make out.

use std::collections::BTreeMap;

use ixp_common::addr::{Mac, VlanId};

use super::*;

mod file;
mod ixf;
mod property;

fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

fn vlan(tag: u16) -> VlanId {
    VlanId::configured(tag).unwrap()
}

fn asn_of(registry: &Registry, tag: u16, station: Mac) -> Option<u32> {
    registry.member_of(vlan(tag), station).map(|member| member.asn.0)
}

fn parsed(label: &str, text: &str, tags: &[(i64, u16)]) -> (Registry, String) {
    let tags: BTreeMap<i64, VlanId> = tags.iter().map(|(id, tag)| (*id, vlan(*tag))).collect();
    match parse(label, text, &tags) {
        Ok((registry, notices)) => (registry, notice::lines(&notices)),
        Err(error) => panic!("refused: {error}"),
    }
}
