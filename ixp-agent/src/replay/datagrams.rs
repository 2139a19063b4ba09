//! sFlow datagrams in captures in, what their samples stand for out.

use std::collections::BTreeMap;
use std::net::IpAddr;

use etherparse::{IpNumber, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use jiff::Timestamp;

use super::{Counting, Error, Finished, Problem};
use crate::capture::Record;
use crate::intake::{Exporter, Facts, Health, Moment, Room, Tally};
use crate::members::Registry;
use crate::policy::{Policy, Ports, build};
use crate::snapshot::{Delta, Estimate};

/// Exporters of all captures at most: each takes some hundred kilobytes if it has as many sources as it may.
const EXPORTERS: usize = 4096;
/// A capture's reader waits for no table to become free.
const ROOM: Room = Room { members: usize::MAX, strangers: usize::MAX };

/// The datagrams so far.
pub(super) struct Datagrams<'r> {
    registry: &'r Registry,
    policy: &'r Policy,
    port: u16,
    facts: Facts,
    notices: Vec<String>,
    /// When other facts are due.
    next: Option<Timestamp>,
    exporters: BTreeMap<IpAddr, Exporter>,
    tally: Tally,
    /// The first moment and the last one.
    span: Option<(Timestamp, Timestamp)>,
    datagrams: u64,
    refused: u64,
    cut: u64,
    fragments: u64,
}

/// What is in a packet.
enum Found<'p> {
    Datagram(IpAddr, &'p [u8]),
    Fragment,
    /// The capture has not all of it.
    Cut,
    Other,
}

impl<'r> Datagrams<'r> {
    pub(super) fn new(registry: &'r Registry, policy: &'r Policy, port: u16) -> Result<Self, Error> {
        let start = Timestamp::MIN;
        let tables = build(policy, registry, &Ports::default(), start, 0)?;
        Ok(Self {
            registry,
            policy,
            port,
            notices: tables.notices.clone(),
            facts: Facts::new(tables, registry),
            next: registry.next_change(start),
            exporters: BTreeMap::new(),
            tally: Tally::new(ROOM),
            span: None,
            datagrams: 0,
            refused: 0,
            cut: 0,
            fragments: 0,
        })
    }

    fn now(&mut self, at: Option<Timestamp>) -> Moment {
        let (first, last) = self.span.unwrap_or_else(|| {
            let at = at.unwrap_or(Timestamp::UNIX_EPOCH);
            (at, at)
        });
        let at = at.unwrap_or(last).max(last);
        self.span = Some((first, at));
        if self.next.is_some_and(|next| next <= at) {
            self.next = self.registry.next_change(at);
            // Fewer stations fit where more did.
            if let Ok(tables) = build(self.policy, self.registry, &Ports::default(), at, 0) {
                self.facts = Facts::new(tables, self.registry);
            }
        }
        Moment { at, since_start: at.duration_since(first).unsigned_abs() }
    }
}

impl Counting for Datagrams<'_> {
    type Measure = Estimate;

    fn notices(&self) -> &[String] {
        &self.notices
    }

    fn record(&mut self, record: &Record<'_>) {
        let (from, datagram) = match found(record.frame.bytes(), self.port) {
            Found::Datagram(from, datagram) => (from, datagram),
            Found::Fragment => return self.fragments += 1,
            Found::Cut => return self.cut += 1,
            Found::Other => return,
        };
        self.datagrams += 1;
        let now = self.now(record.at);
        let Self { exporters, facts, tally, .. } = self;
        if exporters.len() >= EXPORTERS && !exporters.contains_key(&from) {
            self.refused += 1;
            return;
        }
        let exporter = exporters.entry(from).or_insert_with(|| Exporter::new(from, None, None));
        exporter.hear(datagram, now, facts, tally);
    }

    fn finish(mut self) -> Finished<Estimate> {
        let mut delta = Delta::default();
        self.tally.take(&mut delta);
        delta.pairs.sort_unstable_by_key(|(key, _)| *key);
        let problems = [
            (self.datagrams + self.cut + self.fragments == 0, Problem::NoDatagram { port: self.port }),
            (self.cut > 0, Problem::Cut { datagrams: self.cut }),
            (self.fragments > 0, Problem::Fragments { datagrams: self.fragments }),
            (self.refused > 0, Problem::Exporters { datagrams: self.refused, most: EXPORTERS }),
        ];
        let problems = problems.into_iter().filter_map(|(is_one, problem)| is_one.then_some(problem));
        let problems = problems.collect();
        let remarks = self.exporters.values().flat_map(|exporter| remarks(exporter.health())).collect();
        Finished { delta, problems, remarks }
    }
}

/// What of an exporter's samples is not as it should be.
fn remarks(health: &Health) -> Vec<String> {
    let Health { address, lost, samples_dropped, samples_unexplained, restarts, .. } = health;
    let counted = [
        (*lost, "datagrams lost; later samples stand for theirs"),
        (*samples_dropped, "samples that it lost itself; later ones stand for them"),
        (*samples_unexplained, "samples missing though no datagram is"),
        (*restarts, "times begun to number anew"),
    ];
    let refused = health.refused().map(|(reason, times)| (times, reason.name()));
    let counted = counted.into_iter().chain(refused).filter(|(times, _)| *times > 0);
    let mut remarks: Vec<String> =
        counted.map(|(times, what)| format!("exporter {address}: {times} {what}")).collect();
    if health.may_count_twice() {
        remarks.push(format!(
            "exporter {address}: samples are taken where frames come in and where they go out, so frames may be counted twice"
        ));
    }
    remarks
}

fn found(packet: &[u8], port: u16) -> Found<'_> {
    let Ok(sliced) = LaxSlicedPacket::from_ethernet(packet) else { return Found::Other };
    let (from, payload): (IpAddr, _) = match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.payload()),
        Some(LaxNetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.payload()),
        _ => return Found::Other,
    };
    match &sliced.transport {
        Some(TransportSlice::Udp(udp)) if udp.destination_port() != port => Found::Other,
        Some(TransportSlice::Udp(udp)) if udp.slice().len() < usize::from(udp.length()) => Found::Cut,
        Some(TransportSlice::Udp(udp)) => Found::Datagram(from, udp.payload()),
        // The first fragment has the ports.
        None if payload.fragmented && payload.ip_number == IpNumber::UDP => match payload.payload {
            [_, _, high, low, ..] if u16::from_be_bytes([*high, *low]) == port => Found::Fragment,
            _ => Found::Other,
        },
        _ => Found::Other,
    }
}
