//! Where samples go and where they come from in, its part of the status as JSON out.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::Serialize;

use super::dto::{Fill, WindowDto};
use crate::intake::{Directions, Health, Reason};
use crate::live::{Live, Sampled};
use crate::matrix::Figure;
use crate::matrix::dto::FigureDto;

#[derive(Debug, Serialize)]
pub(super) struct SflowDto {
    agent: Option<IpAddr>,
    collectors: Vec<CollectorDto>,
    listen: Option<ListenDto>,
}

#[derive(Debug, Serialize)]
struct CollectorDto {
    collector: SocketAddr,
    sent: u64,
    lost: u64,
}

#[derive(Debug, Serialize)]
struct ListenDto {
    address: SocketAddr,
    sockets: usize,
    receive_buffer: usize,
    /// Datagrams that found the receive buffer full.
    dropped: u64,
    /// Datagrams of addresses that are not allowed.
    refused: u64,
    last_refused: Option<IpAddr>,
    last_reading: Option<Timestamp>,
    seen: FigureDto,
    unattributed: FigureDto,
    pairs: Fill,
    window: WindowDto,
    exporters: Vec<ExporterDto>,
}

#[derive(Debug, Serialize)]
struct ExporterDto {
    address: IpAddr,
    name: Option<String>,
    directions: Option<&'static str>,
    may_count_twice: bool,
    first_heard: Option<Timestamp>,
    last_heard: Option<Timestamp>,
    datagrams: u64,
    bytes: u64,
    lost: u64,
    late: u64,
    restarts: u64,
    samples: u64,
    samples_lost: u64,
    samples_dropped: u64,
    samples_unexplained: u64,
    counter_samples: u64,
    discards: u64,
    other_samples: u64,
    ingress: u64,
    egress: u64,
    sampling_rate: Option<u32>,
    rate_changes: u64,
    agents: usize,
    uptime_seconds: Option<u32>,
    clock_ahead_ms: i64,
    refused: BTreeMap<&'static str, u64>,
}

impl SflowDto {
    pub(super) fn of(live: &Live) -> Self {
        let deliveries = live.sflow.iter().flat_map(|state| &state.deliveries);
        let collectors = deliveries.map(|delivery| {
            let (sent, lost) = delivery.read();
            CollectorDto { collector: delivery.collector, sent, lost }
        });
        Self {
            agent: live.sflow.as_ref().map(|state| state.agent),
            collectors: collectors.collect(),
            listen: live.sampled.as_ref().map(ListenDto::of),
        }
    }
}

impl ListenDto {
    fn of(sampled: &Sampled) -> Self {
        let hearing = &sampled.hearing;
        let (used, capacity) = sampled.fill();
        Self {
            address: sampled.address,
            sockets: hearing.buffers.1,
            receive_buffer: hearing.buffers.0,
            dropped: hearing.dropped,
            refused: hearing.strangers.0,
            last_refused: hearing.strangers.1,
            last_reading: sampled.last,
            seen: FigureDto::from(&Figure::of(&sampled.seen)),
            unattributed: FigureDto::from(&Figure::of(&sampled.unattributed)),
            pairs: Fill { used, capacity },
            window: WindowDto::of(&sampled.window),
            exporters: hearing.exporters.iter().map(ExporterDto::of).collect(),
        }
    }
}

impl ExporterDto {
    fn of(health: &Health) -> Self {
        let refused = health.refused().filter(|(_, times)| *times > 0);
        Self {
            address: health.address,
            name: health.name.clone(),
            directions: health.directions.map(Directions::name),
            may_count_twice: health.may_count_twice(),
            first_heard: health.heard.map(|(first, _)| first),
            last_heard: health.heard.map(|(_, last)| last),
            datagrams: health.datagrams,
            bytes: health.bytes,
            lost: health.lost,
            late: health.late,
            restarts: health.restarts,
            samples: health.samples,
            samples_lost: health.samples_lost,
            samples_dropped: health.samples_dropped,
            samples_unexplained: health.samples_unexplained,
            counter_samples: health.counters,
            discards: health.discards,
            other_samples: health.others,
            ingress: health.ingress,
            egress: health.egress,
            sampling_rate: health.rate,
            rate_changes: health.rate_changes,
            agents: health.agents,
            uptime_seconds: health.uptime_ms.map(|uptime| uptime / 1000),
            clock_ahead_ms: health.ahead_ms,
            refused: refused.map(|(reason, times)| (Reason::name(reason), times)).collect(),
        }
    }
}
