//! `GET /api/v1/stations`: who was seen, what each says its addresses are, and whose it probably is.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ixp_common::addr::VlanId;
use ixp_common::counters::StationKey;
use jiff::Timestamp;
use serde::Serialize;

use super::Api;
use crate::events::who;
use crate::live::{Claim, Live};
use crate::members::owners::Owners;
use crate::members::{Asn, InterfaceId, Registry};
use crate::report::CountsDto;
use crate::stations::Station;

/// Claims of one station that are listed; a proxy makes hundreds.
const CLAIMS: usize = 32;

#[derive(Debug, Serialize)]
struct Stations<'a> {
    capacity: usize,
    unlisted: CountsDto,
    evicted: u64,
    stations: Vec<StationDto<'a>>,
}

#[derive(Debug, Serialize)]
struct StationDto<'a> {
    vlan: u16,
    mac: String,
    asn: Option<Asn>,
    member: Option<&'a str>,
    interface: Option<&'a str>,
    seen_on: Option<&'a str>,
    port: Option<&'a str>,
    lan: Option<&'a str>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    packets: u64,
    bytes: u64,
    claims: Vec<ClaimDto>,
    more_claims: usize,
    probable_member: Option<ProbableDto<'a>>,
}

/// An address that a station says is its own.
#[derive(Debug, Serialize)]
struct ClaimDto {
    address: IpAddr,
    first: Timestamp,
    last: Timestamp,
    /// Whether it lies in the LAN's prefix.
    on_lan: bool,
    /// The member that is registered with it.
    owner: Option<Asn>,
    /// Other stations that say the same.
    conflicts: Vec<String>,
}

/// Whose a station probably is, by the addresses that it claims.
#[derive(Debug, Serialize)]
struct ProbableDto<'a> {
    asn: Asn,
    name: &'a str,
    interface: &'a str,
    lan: &'a str,
    /// Those that are registered for that interface.
    macs: Vec<String>,
}

pub(super) async fn get(State(api): State<Arc<Api>>) -> Response {
    let roster = api.roster.load();
    let live = api.live();
    axum::Json(stations(&live, &roster.registry)).into_response()
}

/// Claims by station, and the stations of each address.
struct Claims<'a> {
    by_station: BTreeMap<StationKey, Vec<&'a Claim>>,
    owners: Owners,
    all: &'a [Claim],
}

fn stations<'a>(live: &'a Live, registry: &'a Registry) -> Stations<'a> {
    let mut by_station: BTreeMap<StationKey, Vec<&Claim>> = BTreeMap::new();
    for claim in &live.claims {
        by_station.entry(claim.key.station()).or_default().push(claim);
    }
    let claims = Claims { by_station, owners: Owners::of(registry), all: &live.claims };
    Stations {
        capacity: live.stations.fill().1,
        unlisted: live.stations.unlisted().into(),
        evicted: live.stations.evicted(),
        stations: live
            .stations
            .iter()
            .map(|(key, station)| listed(*key, station, live, registry, &claims))
            .collect(),
    }
}

fn listed<'a>(
    key: StationKey,
    station: &'a Station,
    live: &'a Live,
    registry: &'a Registry,
    claims: &Claims<'_>,
) -> StationDto<'a> {
    let interface = registry.interface_of(key.vlan(), key.mac()).map(|id| registry.interface(id));
    let member = interface.map(|interface| registry.member(interface.member));
    let own = claims.by_station.get(&key).map_or(&[][..], Vec::as_slice);
    let seen_on = station.interface.as_deref();
    let port = live.ports.values().find(|port| Some(port.name.as_str()) == seen_on);
    let lan = registry.lans().iter().find(|lan| lan.vlan.is_none_or(|vlan| vlan == key.vlan()));
    let probable = interface.is_none().then(|| probable(key, own, registry, &claims.owners)).flatten();
    StationDto {
        vlan: key.vlan().get(),
        mac: key.mac().to_string(),
        asn: member.map(|member| member.asn),
        member: member.map(|member| member.name.as_str()),
        interface: interface.map(|interface| interface.label.as_str()),
        seen_on,
        port: port.and_then(|port| port.port.as_deref()),
        lan: lan.map(|lan| lan.name.as_str()),
        first_seen: station.first_seen,
        last_seen: station.last_seen,
        packets: station.sent.packets,
        bytes: station.sent.bytes,
        claims: own.iter().take(CLAIMS).map(|claim| claimed(claim, registry, claims)).collect(),
        more_claims: own.len().saturating_sub(CLAIMS),
        probable_member: probable,
    }
}

fn claimed(claim: &Claim, registry: &Registry, claims: &Claims<'_>) -> ClaimDto {
    let (vlan, address) = (claim.key.station().vlan(), who::address(claim.key.address()));
    let owner = claims.owners.owner(vlan, address);
    // Claims are in order of address and VLAN, so those of the same stand together.
    let of = |claim: &Claim| (claim.key.address(), claim.key.station().vlan());
    let first = claims.all.partition_point(|other| of(other) < of(claim));
    let same = claims.all[first..].iter().take_while(|other| of(other) == of(claim));
    let others = same.filter(|other| other.key != claim.key).take(CLAIMS);
    ClaimDto {
        address,
        first: seconds(claim.first),
        last: seconds(claim.last),
        on_lan: is_on_lan(vlan, address, registry),
        owner: owner.map(|id| registry.member(registry.interface(id).member).asn),
        conflicts: others.map(|other| other.key.station().mac().to_string()).collect(),
    }
}

fn is_on_lan(vlan: VlanId, address: IpAddr, registry: &Registry) -> bool {
    let mut lans = registry.lans().iter().filter(|lan| lan.vlan.is_none_or(|lan| lan == vlan));
    lans.any(|lan| match address {
        IpAddr::V4(address) => lan.ipv4.is_some_and(|prefix| prefix.contains(&address)),
        IpAddr::V6(address) => lan.ipv6.is_some_and(|prefix| prefix.contains(&address)),
    })
}

/// The interface that has most of what is claimed, if any has.
fn probable<'a>(
    key: StationKey,
    own: &[&Claim],
    registry: &'a Registry,
    owners: &Owners,
) -> Option<ProbableDto<'a>> {
    let mut votes: BTreeMap<InterfaceId, usize> = BTreeMap::new();
    for claim in own {
        if let Some(id) = owners.owner(key.vlan(), who::address(claim.key.address())) {
            *votes.entry(id).or_default() += 1;
        }
    }
    let (id, _) = votes.into_iter().max_by_key(|(id, votes)| (*votes, Reverse(*id)))?;
    let interface = registry.interface(id);
    let member = registry.member(interface.member);
    let lan = &registry.lans()[interface.lan];
    Some(ProbableDto {
        asn: member.asn,
        name: &member.name,
        interface: &interface.label,
        lan: &lan.name,
        macs: interface.macs.iter().map(ToString::to_string).collect(),
    })
}

/// The wall clock's idea of the kernel's clock varies by microseconds from one reading to the next.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Window;
    use crate::members::{VlanTags, parse};
    use crate::stations::Inventory;
    use ixp_common::addr::Mac;
    use ixp_common::counters::ClaimKey;
    use jiff::SignedDuration;

    const MEMBERS: &str = r#"
        [[lan]]
        name = "peering"
        vlan = 0
        ipv4 = "192.0.2.0/24"
        [[member]]
        asn = 64500
        name = "Example"
        [[member.interface]]
        lan = "peering"
        ipv4 = ["192.0.2.1"]
    "#;

    #[test]
    fn a_station_is_probably_that_of_the_member_whose_address_it_claims() {
        let (registry, _) = parse("members.toml", MEMBERS, &VlanTags::new()).expect("sound");
        let epoch = Timestamp::UNIX_EPOCH;
        let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), 10);
        let mut live = Live::new(epoch, window, Inventory::new(10));
        let (one, other) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]));
        for mac in [one, other] {
            live.stations.discovered(StationKey::new(VlanId::UNTAGGED, mac), epoch, Some("eth1"), &registry);
        }
        let claim = |mac, last| {
            let key = ClaimKey::ipv4(VlanId::UNTAGGED, mac, [192, 0, 2, last]);
            Claim { key, first: epoch, last: epoch }
        };
        live.claims = vec![claim(one, 1), claim(one, 9), claim(other, 9)];
        let json = serde_json::to_value(stations(&live, &registry)).expect("JSON");
        let first = &json["stations"][0];
        assert_eq!(first["probable_member"]["asn"], 64500);
        assert_eq!(first["probable_member"]["macs"], serde_json::json!([]));
        assert_eq!(first["claims"][0]["owner"], 64500);
        assert_eq!(first["claims"][1]["conflicts"][0], "02:00:00:00:00:02");
        assert_eq!(json["stations"][1]["probable_member"], serde_json::Value::Null);
    }
}
