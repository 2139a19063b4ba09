//! A `[[lan]]` of a members file in, a LAN that is told from every other out.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use ixp_common::addr::VlanId;
use toml::Spanned;

use super::Reading;
use crate::members::Lan;
use crate::members::entry;
use crate::members::raw::RawLan;

const DEFAULT_MTU: u16 = 1500;

impl Reading<'_> {
    pub(super) fn lan(&mut self, raw: &RawLan) {
        let Some(name) = &raw.name else { return };
        let reader = &mut self.reader;
        reader.checked(Some(name), |text| entry::name(text));
        let vlan = match &raw.vlan {
            Some(tag) => reader.checked(Some(tag), |tag| entry::vlan_tag(*tag)),
            None => Some(VlanId::UNTAGGED),
        };
        let lan = Lan {
            name: name.get_ref().clone(),
            vlan,
            ipv4: reader.checked(raw.ipv4.as_ref(), |text| entry::prefix::<Ipv4Addr>(text)),
            ipv6: reader.checked(raw.ipv6.as_ref(), |text| entry::prefix::<Ipv6Addr>(text)),
            mtu: reader.checked(raw.mtu.as_ref(), |bytes| entry::mtu(*bytes)).unwrap_or(DEFAULT_MTU),
        };
        let place = self.reader.place(&name.span());
        if let Some((_, first)) = self.lan_names.get(&lan.name) {
            let text = format!("LAN {:?} is at {first} already; each LAN has a name of its own", lan.name);
            return self.reader.error(&name.span(), text);
        }
        if let Some(vlan) = vlan {
            let span = raw.vlan.as_ref().map_or_else(|| name.span(), Spanned::span);
            self.claim_tag(vlan, &lan.name, &span);
        }
        self.lan_names.insert(lan.name.clone(), (self.lans.len(), place));
        self.lans.push(lan);
    }

    fn claim_tag(&mut self, vlan: VlanId, name: &str, span: &Range<usize>) {
        let place = self.reader.place(span);
        if let Some((first, at)) = self.lan_tags.get(&vlan) {
            let tag = match vlan {
                VlanId::UNTAGGED => "untagged (vlan = 0)".to_owned(),
                vlan => format!("on VLAN {vlan}"),
            };
            let text = format!(
                "LANs {first:?} ({at}) and {name:?} are both {tag}; nothing tells their frames apart"
            );
            return self.reader.error(span, text);
        }
        self.lan_tags.insert(vlan, (name.to_owned(), place));
    }
}
