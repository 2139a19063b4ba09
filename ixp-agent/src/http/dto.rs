//! The agent's state in, the JSON of the API out. The matrix has its own in [`crate::matrix::dto`].

use std::collections::BTreeMap;

use ixp_common::addr::VlanId;
use ixp_common::counters::Counts;
use jiff::Timestamp;
use serde::Serialize;

use super::Api;
use super::sflow::SflowDto;
use crate::live::{Live, PortState, Roster};
use crate::matrix::Window;
use crate::members::{Asn, Interface, Member, Registry, ifindex};
use crate::report::CountsDto;
use crate::snapshot::Measure;

#[derive(Debug, Serialize)]
pub(super) struct Members {
    file: Option<String>,
    loaded: Option<Timestamp>,
    error: Option<String>,
    notices: Vec<String>,
    members: Vec<MemberDto>,
}

#[derive(Debug, Serialize)]
pub(super) struct MemberDto {
    asn: Asn,
    name: String,
    ifindex: Option<u32>,
    interfaces: Vec<InterfaceDto>,
}

#[derive(Debug, Serialize)]
struct InterfaceDto {
    interface: String,
    lan: String,
    vlan: Option<u16>,
    macs: Vec<String>,
    ipv4: Vec<String>,
    ipv6: Vec<String>,
    port: Option<String>,
    facility: Option<String>,
    speed: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Status {
    version: &'static str,
    revision: &'static str,
    since: Timestamp,
    now: Timestamp,
    last_drain: Option<Timestamp>,
    seen: CountsDto,
    accounted: CountsDto,
    in_flight: CountsDto,
    interfaces: Vec<PortDto>,
    pair_table: Fill,
    stranger_pairs: Fill,
    stations: Fill,
    window: WindowDto,
    drain: DrainDto,
    members: MembersAge,
    source: &'static str,
    sflow: SflowDto,
    /// `None`: nothing is kept.
    store: Option<StoreDto>,
}

#[derive(Debug, Serialize)]
struct StoreDto {
    segments: usize,
    bytes: u64,
    first: Option<Timestamp>,
    waiting_intervals: usize,
    lost_intervals: u64,
    sum_up_failed: bool,
}

#[derive(Debug, Serialize)]
struct PortDto {
    interface: String,
    attached: bool,
    deployment: &'static str,
    xdp: &'static str,
    xdp_reason: Option<String>,
    driver: String,
    mtu: u32,
    lan: Option<String>,
    port: Option<String>,
    seen: CountsDto,
    unattributed: CountsDto,
    consumed: CountsDto,
    malformed: BTreeMap<&'static str, CountsDto>,
    odd: BTreeMap<&'static str, CountsDto>,
    sampling_rate: u32,
    samples: u64,
    samples_lost: u64,
    stations: u64,
    stations_suppressed: u64,
    nic_received: Option<CountsDto>,
    nic_dropped: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Fill {
    pub(super) used: usize,
    pub(super) capacity: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct WindowDto {
    records: usize,
    bytes: usize,
    dropped_steps: u64,
    dropped_records: u64,
    overflowed: CountsDto,
}

#[derive(Debug, Serialize)]
struct DrainDto {
    count: u64,
    failed: u64,
    p50_us: u64,
    p99_us: u64,
    max_us: u64,
}

#[derive(Debug, Serialize)]
struct MembersAge {
    file: Option<String>,
    members: usize,
    loaded: Option<Timestamp>,
    age_seconds: Option<i64>,
    error: Option<String>,
}

impl WindowDto {
    pub(super) fn of<M: Measure>(window: &Window<M>) -> Self {
        let loss = window.loss();
        Self {
            records: window.records(),
            bytes: window.memory(),
            dropped_steps: loss.steps,
            dropped_records: loss.records,
            overflowed: loss.overflowed.plain().into(),
        }
    }
}

pub(super) fn members(roster: &Roster) -> Members {
    let registry = &roster.registry;
    let mut members: Vec<MemberDto> =
        registry.members().iter().map(|member| member_dto(registry, member)).collect();
    members.sort_by_key(|member| member.asn);
    Members {
        file: roster.file.as_ref().map(|file| file.display().to_string()),
        loaded: roster.loaded,
        error: roster.error.clone(),
        notices: roster.notices.clone(),
        members,
    }
}

pub(super) fn member(roster: &Roster, asn: Asn) -> Option<MemberDto> {
    let member = roster.registry.members().iter().find(|member| member.asn == asn)?;
    Some(member_dto(&roster.registry, member))
}

fn member_dto(registry: &Registry, member: &Member) -> MemberDto {
    MemberDto {
        asn: member.asn,
        name: member.name.clone(),
        ifindex: ifindex(member.asn),
        interfaces: registry
            .interfaces_of(member.asn)
            .map(|interface| interface_dto(registry, interface))
            .collect(),
    }
}

fn interface_dto(registry: &Registry, interface: &Interface) -> InterfaceDto {
    let lan = &registry.lans()[interface.lan];
    InterfaceDto {
        interface: interface.label.clone(),
        lan: lan.name.clone(),
        vlan: lan.vlan.map(VlanId::get),
        macs: interface.macs.iter().map(ToString::to_string).collect(),
        ipv4: interface.ipv4.iter().map(ToString::to_string).collect(),
        ipv6: interface.ipv6.iter().map(ToString::to_string).collect(),
        port: interface.port.clone(),
        facility: interface.facility.clone(),
        speed: interface.speed,
    }
}

pub(super) fn status(api: &Api, live: &Live, roster: &Roster, now: Timestamp) -> Status {
    let (listed, room) = live.stations.fill();
    Status {
        version: api.version,
        revision: api.revision,
        since: live.since,
        now,
        last_drain: live.last,
        seen: live.seen.into(),
        accounted: live.accounted.into(),
        in_flight: live.in_flight().into(),
        interfaces: live.ports.values().map(port_dto).collect(),
        pair_table: fill(live.pair_table),
        stranger_pairs: fill(live.stranger_pairs),
        stations: Fill { used: listed, capacity: room },
        window: WindowDto::of(&live.window),
        drain: DrainDto {
            count: live.drains.len(),
            failed: live.failed_drains,
            p50_us: live.drains.value_at_quantile(0.5),
            p99_us: live.drains.value_at_quantile(0.99),
            max_us: live.drains.max(),
        },
        members: MembersAge {
            file: roster.file.as_ref().map(|file| file.display().to_string()),
            members: roster.registry.members().len(),
            loaded: roster.loaded,
            age_seconds: roster.loaded.map(|loaded| now.duration_since(loaded).as_secs()),
            error: roster.error.clone(),
        },
        source: live.source().name(),
        sflow: SflowDto::of(live),
        store: store(api, live),
    }
}

const fn fill((used, capacity): (usize, u32)) -> Fill {
    Fill { used, capacity: capacity as usize }
}

fn port_dto(port: &PortState) -> PortDto {
    let counters = &port.counted.counters;
    let named = |(name, counts): (&'static str, &Counts)| (name, CountsDto::from(*counts));
    PortDto {
        interface: port.name.clone(),
        attached: port.is_attached,
        deployment: port.deployment.name(),
        xdp: port.xdp,
        xdp_reason: port.xdp_reason.clone(),
        driver: port.driver.clone(),
        mtu: port.mtu,
        lan: port.lan.clone(),
        port: port.port.clone(),
        seen: counters.seen.into(),
        unattributed: counters.unattributed.into(),
        consumed: counters.consumed.into(),
        malformed: port
            .counted
            .malformed
            .iter()
            .map(|(reason, counts)| named((reason.name(), counts)))
            .collect(),
        odd: port.counted.odd.iter().map(|(oddity, counts)| named((oddity.name(), counts))).collect(),
        sampling_rate: port.sampling_rate,
        samples: counters.samples,
        samples_lost: counters.samples_lost,
        stations: counters.stations,
        stations_suppressed: counters.stations_suppressed,
        nic_received: port.nic.map(|(received, _)| received.into()),
        nic_dropped: port.nic.map(|(_, dropped)| dropped),
    }
}

fn store(api: &Api, live: &Live) -> Option<StoreDto> {
    let (kept, shelf) = live.kept.zip(api.shelf.as_ref())?;
    let first = shelf.now().first().and_then(|first| Timestamp::from_millisecond(first).ok());
    Some(StoreDto {
        segments: kept.segments,
        bytes: kept.bytes,
        first,
        waiting_intervals: kept.waiting,
        lost_intervals: kept.lost,
        sum_up_failed: kept.is_failing,
    })
}
