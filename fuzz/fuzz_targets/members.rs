//! Any text as a members file or an IX-F export: answered without a panic; what is taken names each of its
//! stations.
#![no_main]

use ixp_agent::members::{self, VlanTags, check};
use ixp_common::addr::VlanId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let tags = VlanTags::from([(1, VlanId::from_tci(100)), (2, VlanId::UNTAGGED)]);
    let taken = members::parse("fuzz", text, &tags);
    assert_eq!(check::check("fuzz", text, &tags, ixp_agent::run::now()).usable, taken.is_ok());
    let Ok((registry, _)) = taken else {
        return;
    };
    for interface in registry.interfaces() {
        let vlan = registry.lans()[interface.lan].vlan.unwrap_or_default();
        for mac in &interface.macs {
            assert!(mac.is_station());
            assert!(registry.member_of(vlan, *mac).is_some());
        }
    }
});
