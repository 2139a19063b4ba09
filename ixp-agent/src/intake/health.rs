//! How well an exporter is heard, in numbers that only grow unless it says otherwise.

use std::net::IpAddr;

use jiff::Timestamp;

use super::exporter::is_ingress;
use crate::sflow::Flow;
use crate::sflow::decode::Fault;

/// One in so many samples of the rarer direction, and both are sampled.
const BOTH: u64 = 100;

/// Where an exporter samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directions {
    /// Where frames come in, or where they go out: each frame has one chance.
    One,
    /// At both: each frame has two chances, and those where it goes out are left out.
    Both,
}

impl Directions {
    /// The name in the configuration and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Both => "both",
        }
    }
}

/// Why a datagram, a sample or a part of one was not taken as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It cannot be read; samples before the fault count.
    Fault(Fault),
    /// The datagram came before.
    Twice,
    /// More parts with numbers of their own than there is room for; the datagram is left out.
    Agents,
    /// More sources than there is room for; the sample counts, and what is lost of its source is not made up for.
    Sources,
    /// A sampling rate of 0 or beyond all use; the sample is left out.
    Rate,
    /// A sample that came so late that others stand for it; it is left out.
    MadeUpFor,
    /// A frame that is not Ethernet; it is in no cell.
    Protocol,
    /// A sample without the start of a frame; it is in no cell.
    NoHeader,
    /// A length that no frame has; the frame is in no cell, without bytes.
    Length,
    /// A frame that was sampled where it went out, while it is sampled where it comes in, too; it is left out.
    Egress,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Fault(Fault::ALL[0]),
        Self::Fault(Fault::ALL[1]),
        Self::Fault(Fault::ALL[2]),
        Self::Fault(Fault::ALL[3]),
        Self::Fault(Fault::ALL[4]),
        Self::Fault(Fault::ALL[5]),
        Self::Fault(Fault::ALL[6]),
        Self::Twice,
        Self::Agents,
        Self::Sources,
        Self::Rate,
        Self::MadeUpFor,
        Self::Protocol,
        Self::NoHeader,
        Self::Length,
        Self::Egress,
    ];

    /// The name in metrics and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.name(),
            Self::Twice => "duplicate",
            Self::Agents => "agents-too-many",
            Self::Sources => "sources-too-many",
            Self::Rate => "rate-out-of-range",
            Self::MadeUpFor => "late-made-up-for",
            Self::Protocol => "not-ethernet",
            Self::NoHeader => "no-header",
            Self::Length => "frame-length-out-of-range",
            Self::Egress => "egress-left-out",
        }
    }

    /// Where it is in [`Reason::ALL`].
    fn index(self) -> usize {
        match self {
            Self::Fault(fault) => fault as usize,
            Self::Twice => 7,
            Self::Agents => 8,
            Self::Sources => 9,
            Self::Rate => 10,
            Self::MadeUpFor => 11,
            Self::Protocol => 12,
            Self::NoHeader => 13,
            Self::Length => 14,
            Self::Egress => 15,
        }
    }
}

/// How well an exporter is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Where its datagrams come from.
    pub address: IpAddr,
    /// What people call it.
    pub name: Option<String>,
    /// Where it samples, as configured.
    pub directions: Option<Directions>,
    /// When the first and the last datagram came.
    pub heard: Option<(Timestamp, Timestamp)>,
    /// Datagrams that came, and their bytes.
    pub datagrams: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Datagrams that did not come, less those that came late.
    pub lost: u64,
    /// Datagrams that were counted as lost and came.
    pub late: u64,
    /// Times that a part of it began to number anew.
    pub restarts: u64,
    /// Flow samples that came.
    pub samples: u64,
    /// Flow samples that were lost with their datagrams; later ones stand for them.
    pub samples_lost: u64,
    /// Flow samples that it says it lost itself; later ones stand for them.
    pub samples_dropped: u64,
    /// Numbers of flow samples that were passed over while no datagram was lost; nothing is made of them.
    pub samples_unexplained: u64,
    /// Counter samples, which are not looked at.
    pub counters: u64,
    /// Discarded frames that it told of, which are in no matrix.
    pub discards: u64,
    /// Samples of other kinds.
    pub others: u64,
    /// Samples taken where frames come in.
    pub ingress: u64,
    /// Samples taken where frames go out.
    pub egress: u64,
    /// The last sampling rate: one in so many.
    pub rate: Option<u32>,
    /// Times that a source changed its rate.
    pub rate_changes: u64,
    /// Parts that number their datagrams.
    pub agents: usize,
    /// Its uptime in milliseconds modulo 2³², of the part that was heard last.
    pub uptime_ms: Option<u32>,
    /// How much more time passed by its clock than by ours since it was first heard, in milliseconds.
    pub ahead_ms: i64,
    refused: [u64; Reason::ALL.len()],
}

impl Health {
    pub(super) fn new(address: IpAddr, name: Option<String>, directions: Option<Directions>) -> Self {
        Self {
            address,
            name,
            directions,
            heard: None,
            datagrams: 0,
            bytes: 0,
            lost: 0,
            late: 0,
            restarts: 0,
            samples: 0,
            samples_lost: 0,
            samples_dropped: 0,
            samples_unexplained: 0,
            counters: 0,
            discards: 0,
            others: 0,
            ingress: 0,
            egress: 0,
            rate: None,
            rate_changes: 0,
            agents: 0,
            uptime_ms: None,
            ahead_ms: 0,
            refused: [0; Reason::ALL.len()],
        }
    }

    /// What was not taken as it is, by reason.
    pub fn refused(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(self.refused)
    }

    /// Whether it samples both where frames come in and where they go out, and nobody said so: each frame may be
    /// counted twice.
    #[must_use]
    pub fn may_count_twice(&self) -> bool {
        let rarer = self.ingress.min(self.egress);
        self.directions.is_none() && rarer > 0 && rarer >= self.ingress.max(self.egress) / BOTH
    }

    pub(super) fn heard(&mut self, at: Timestamp, bytes: usize) {
        self.datagrams += 1;
        self.bytes += bytes as u64;
        self.heard = Some((self.heard.map_or(at, |(first, _)| first), at));
    }

    pub(super) fn refuse(&mut self, reason: Reason) {
        self.refused[reason.index()] += 1;
    }

    pub(super) fn rate(&mut self, rate: u32) {
        self.rate = Some(rate);
    }

    pub(super) fn clock(&mut self, uptime_ms: u32, ahead_ms: i64) {
        (self.uptime_ms, self.ahead_ms) = (Some(uptime_ms), ahead_ms);
    }

    /// Notes where a frame was sampled; whether it is to be counted.
    pub(super) fn takes(&mut self, flow: &Flow) -> bool {
        match is_ingress(flow) {
            Some(true) => self.ingress += 1,
            Some(false) => self.egress += 1,
            None => {}
        }
        let is_left_out = self.directions == Some(Directions::Both) && is_ingress(flow) == Some(false);
        if is_left_out {
            self.refuse(Reason::Egress);
        }
        !is_left_out
    }
}
