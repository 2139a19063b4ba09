//! A members file in TOML in, a registry out, or everything that is wrong with the file.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

use ixp_common::addr::{Mac, VlanId};
use toml::Spanned;

use super::claims::{Claim, Claims, Clash};
use super::entry::{self, Address};
use super::raw::{RawChange, RawInterface, RawMember, RawMembers};
use super::{Asn, Change, Interface, Lan, Member, MemberId, MembersError, Registry};
use crate::notice::reader::Reader;
use crate::notice::suggest::did_you_mean;
use crate::notice::{Notice, Place, Source, shape};

mod lan;

pub(super) fn parse(label: &str, text: &str) -> Result<(Registry, Vec<Notice>), MembersError> {
    let source = Source::new(label, text);
    let (raw, errors) = shape::read::<RawMembers>(&source);
    let mut reading = Reading::new(&source, errors);
    for lan in raw.iter().flat_map(|raw| &raw.lan) {
        reading.lan(lan.get_ref());
    }
    for member in raw.iter().flat_map(|raw| &raw.member) {
        reading.member(member);
    }
    reading.finish()
}

struct Reading<'s> {
    source: &'s Source<'s>,
    reader: Reader<'s>,
    warnings: Vec<Notice>,
    lans: Vec<Lan>,
    lan_names: HashMap<String, (usize, Place)>,
    lan_tags: HashMap<VlanId, (String, Place)>,
    members: Vec<Member>,
    member_ids: HashMap<Asn, MemberId>,
    interfaces: Vec<Interface>,
    claims: Claims,
}

impl<'s> Reading<'s> {
    fn new(source: &'s Source<'s>, errors: Vec<Notice>) -> Self {
        Self {
            source,
            reader: Reader::new(source, errors),
            warnings: Vec::new(),
            lans: Vec::new(),
            lan_names: HashMap::new(),
            lan_tags: HashMap::new(),
            members: Vec::new(),
            member_ids: HashMap::new(),
            interfaces: Vec::new(),
            claims: Claims::default(),
        }
    }

    fn finish(mut self) -> Result<(Registry, Vec<Notice>), MembersError> {
        self.reader.finish().map_err(MembersError::Invalid)?;
        self.warnings.sort();
        Ok((Registry::new(self.lans, self.members, self.interfaces), self.warnings))
    }

    fn member(&mut self, raw: &Spanned<RawMember>) {
        let RawMember { asn, name, interface } = raw.get_ref();
        let asn = asn.as_ref().and_then(|asn| self.reader.checked(Some(asn), |asn| entry::as_number(*asn)));
        let name = name.as_ref().and_then(|name| self.reader.checked(Some(name), |text| entry::name(text)));
        let name = name.as_deref().unwrap_or_default();
        // A member that cannot be told still has its entries checked, as one of its own.
        let id = asn.and_then(|asn| self.member_ids.get(&asn).copied());
        let id = id.unwrap_or_else(|| self.add_member(asn, name));
        let member = &mut self.members[id.0 as usize];
        if member.name.is_empty() {
            name.clone_into(&mut member.name);
        }
        if !name.is_empty() && member.name != name {
            let text = format!("{} is named {:?} above; that name is kept", member.asn, member.name);
            self.warnings.push(self.source.notice(&raw.span(), text));
        }
        if interface.is_empty() && asn.is_some() {
            let text = format!("{} has no interface; its traffic is not matched", who(&self.members, id));
            self.warnings.push(self.source.notice(&raw.span(), text));
        }
        for interface in interface {
            self.interface(id, interface);
        }
    }

    fn add_member(&mut self, asn: Option<Asn>, name: &str) -> MemberId {
        let id = MemberId(u32::try_from(self.members.len()).expect("fewer than 2³² members"));
        self.members.push(Member { asn: asn.unwrap_or(Asn(0)), name: name.to_owned() });
        self.member_ids.extend(asn.map(|asn| (asn, id)));
        id
    }

    fn interface(&mut self, member: MemberId, raw: &Spanned<RawInterface>) {
        let entry = raw.get_ref();
        let lan = entry.lan.as_ref().and_then(|name| self.checked_lan(name));
        if entry.macs.is_empty() {
            let text = format!(
                "an interface of {} has no MAC; its traffic is not matched",
                who(&self.members, member)
            );
            self.warnings.push(self.source.notice(&raw.span(), text));
        }
        let interface = Interface {
            member,
            lan: lan.unwrap_or_default(),
            label: String::new(),
            macs: entry.macs.iter().filter_map(|mac| self.mac(member, lan, mac)).collect(),
            change: entry.change.as_ref().and_then(|raw| self.change(member, lan, raw.get_ref())),
            ipv4: entry
                .ipv4
                .iter()
                .filter_map(|text| self.address(member, lan, |lan| lan.ipv4, text))
                .collect(),
            ipv6: entry
                .ipv6
                .iter()
                .filter_map(|text| self.address(member, lan, |lan| lan.ipv6, text))
                .collect(),
            port: entry
                .port
                .as_ref()
                .and_then(|port| self.reader.checked(Some(port), |text| entry::name(text))),
            facility: entry
                .facility
                .as_ref()
                .and_then(|facility| self.reader.checked(Some(facility), |text| entry::name(text))),
            speed: entry
                .speed
                .as_ref()
                .and_then(|speed| self.reader.checked(Some(speed), |bits| entry::bit_rate(*bits))),
        };
        self.interfaces.push(interface);
    }

    /// The other MAC is claimed as the first ones are: it is nobody else's while it may be seen.
    fn change(&mut self, member: MemberId, lan: Option<usize>, raw: &RawChange) -> Option<Change> {
        let mac = raw.mac.as_ref().and_then(|mac| self.mac(member, lan, mac));
        let until = self.reader.checked(raw.until.as_ref(), |text| entry::moment(text));
        Some(Change { mac: mac?, until: until? })
    }

    fn checked_lan(&mut self, name: &Spanned<String>) -> Option<usize> {
        if let Some((lan, _)) = self.lan_names.get(name.get_ref()) {
            return Some(*lan);
        }
        let near = did_you_mean(name.get_ref(), self.lans.iter().map(|lan| lan.name.as_str()));
        let near = near.unwrap_or_else(|| "; add a [[lan]] of that name".to_owned());
        self.reader.error(&name.span(), format!("there is no LAN {:?}{near}", name.get_ref()));
        None
    }

    fn claim(&self, member: MemberId, lan: usize, span: &Range<usize>) -> Claim {
        let vlan = self.lans[lan].vlan;
        let place = self.reader.place(span);
        Claim { member, lan, vlan, place }
    }

    fn mac(&mut self, member: MemberId, lan: Option<usize>, raw: &Spanned<String>) -> Option<Mac> {
        let mac = self.reader.checked(Some(raw), |text| entry::station(text))?;
        let claim = self.claim(member, lan?, &raw.span());
        let clash = match self.claims.mac(mac, claim) {
            Ok(()) => return Some(mac),
            Err(clash) => clash,
        };
        let text = match clash {
            Clash::Member(other) => {
                let (us, them) = (who(&self.members, member), who(&self.members, other.member));
                format!("{mac} is of {us} here and of {them} at {}; a MAC has one member", other.place)
            }
            Clash::Lan(other) | Clash::Tag(other) => {
                let lan = &self.lans[other.lan].name;
                format!("{mac} is on LAN {lan:?} already, at {}; write it once", other.place)
            }
        };
        self.reader.error(&raw.span(), text);
        None
    }

    fn address<A: Address>(
        &mut self,
        member: MemberId,
        lan: Option<usize>,
        prefix: impl FnOnce(&Lan) -> Option<A::Net>,
        raw: &Spanned<String>,
    ) -> Option<A> {
        let at = lan.map(|lan| &self.lans[lan]);
        let (name, net) = at.map_or((String::new(), None), |lan| (lan.name.clone(), prefix(lan)));
        let address: A = self.reader.checked(Some(raw), |text| entry::address(text, &name, net))?;
        let claim = self.claim(member, lan?, &raw.span());
        let ip: IpAddr = address.into();
        let Err(other) = self.claims.address(ip, claim) else {
            return Some(address);
        };
        let them = who(&self.members, other.member);
        let text = format!("{ip} is of {them} already, at {}; an address has one interface", other.place);
        self.reader.error(&raw.span(), text);
        None
    }
}

fn who(members: &[Member], id: MemberId) -> String {
    match members[id.0 as usize].asn {
        Asn(0) => "a member without AS number".to_owned(),
        asn => asn.to_string(),
    }
}
