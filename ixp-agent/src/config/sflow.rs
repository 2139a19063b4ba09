//! `[sflow]` in, what is told to collectors and heard of switches out, checked.

pub(super) mod raw;
pub(super) mod show;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::SignedDuration;
use toml::Spanned;

use self::raw::{RawExporter, RawSflow};
use super::key;
use super::raw::RawConfig;
use super::resolve::Reading;
use crate::intake::Directions;

/// Samples for collectors, and those of switches, as sFlow version 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sflow {
    /// Who gets them; nobody if there is none.
    pub collectors: Vec<SocketAddr>,
    /// The address that the agent is known by; `None`: as the host reaches the first collector.
    pub agent: Option<IpAddr>,
    /// Tells agents of one address apart.
    pub sub_agent: u32,
    /// Bytes of a frame's start at most.
    pub header: u32,
    /// Bytes of a datagram at most.
    pub datagram: u32,
    /// How often the counters of each interface are told; in whole seconds.
    pub counters: SignedDuration,
    /// Whether IP addresses in headers are replaced by zeros.
    pub hides_hosts: bool,
    /// Where samples of switches are received, if they are.
    pub listen: Option<Listen>,
}

impl Default for Sflow {
    fn default() -> Self {
        Self {
            collectors: Vec::new(),
            agent: None,
            sub_agent: 0,
            header: 128,
            datagram: 1400,
            counters: SignedDuration::from_secs(30),
            hides_hosts: false,
            listen: None,
        }
    }
}

/// Where samples of switches are received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The UDP address.
    pub address: SocketAddr,
    /// Sockets that share it, at least one.
    pub workers: u32,
    /// Bytes of each socket's receive buffer.
    pub receive_buffer: u32,
    /// Whose samples are received; at least one, each address once.
    pub exporters: Vec<Exporter>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 6343)),
            workers: 1,
            receive_buffer: 8 << 20,
            exporters: Vec::new(),
        }
    }
}

/// A switch, or another host, whose samples are received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exporter {
    /// The address that its datagrams come from; IPv4 as such, not mapped.
    pub address: IpAddr,
    /// What people call it.
    pub name: Option<String>,
    /// Where it samples, if that is said.
    pub directions: Option<Directions>,
}

impl Reading<'_> {
    pub(super) fn sflow(&mut self, raw: &RawConfig) -> Sflow {
        let default = Sflow::default();
        let RawSflow { collectors: written, .. } = &raw.sflow;
        let mut collectors = Vec::new();
        for written in written {
            let Some(collector) = self.reader.checked(Some(written), |text| key::collector(text)) else {
                continue;
            };
            if collectors.contains(&collector) {
                self.reader
                    .error(&written.span(), format!("{collector} is a collector already; write it once"));
                continue;
            }
            collectors.push(collector);
        }
        let rates =
            raw.attach.iter().map(|attach| attach.sampling.as_ref()).chain([raw.sampling.rate.as_ref()]);
        let is_sampling = rates.flatten().any(|rate| *rate.get_ref() != 0);
        if let (Some(first), false) = (written.first(), is_sampling) {
            let text = "collectors get samples, and none is taken: set rate in [sampling], as rate = 1024";
            self.reader.error(&first.span(), text.to_owned());
        }
        let raw = &raw.sflow;
        let number =
            |key: &'static str, least, most| move |value: &i64| key::number(key, *value, least..=most);
        let header = number("header", key::LEAST_HEADER, key::MOST_HEADER);
        let datagram = number("datagram", key::LEAST_DATAGRAM, key::MOST_DATAGRAM);
        let counters = |text: &String| key::duration("counters", text);
        Sflow {
            collectors,
            agent: self.reader.checked(raw.agent.as_ref(), |text| key::agent(text)),
            sub_agent: self
                .reader
                .checked(raw.sub_agent.as_ref(), number("sub_agent", 0, u32::MAX))
                .unwrap_or(default.sub_agent),
            header: self.reader.checked(raw.header.as_ref(), header).unwrap_or(default.header),
            datagram: self.reader.checked(raw.datagram.as_ref(), datagram).unwrap_or(default.datagram),
            counters: self.reader.checked(raw.counters.as_ref(), counters).unwrap_or(default.counters),
            hides_hosts: raw.hide_hosts.unwrap_or(default.hides_hosts),
            listen: self.listen(raw),
        }
    }

    fn listen(&mut self, raw: &RawSflow) -> Option<Listen> {
        let exporters = self.exporters(&raw.exporter);
        let Some(written) = &raw.listen else {
            if let Some(first) = raw.exporter.iter().find_map(|exporter| exporter.address.as_ref()) {
                let text =
                    "nobody listens for its samples: write [sflow.listen], as address = \"0.0.0.0:6343\"";
                self.reader.error(&first.span(), text.to_owned());
            }
            return None;
        };
        if raw.exporter.is_empty() {
            let text = "nobody may send samples: write [[sflow.exporter]] with the address of each switch";
            self.reader.error(&written.span(), text.to_owned());
        }
        let (raw, default) = (written.get_ref(), Listen::default());
        let address = |text: &String| key::receiver(text);
        let workers = |value: &i64| key::number("workers", *value, 1..=key::MOST_WORKERS);
        let buffer =
            |value: &i64| key::number("receive_buffer", *value, key::LEAST_BUFFER..=key::MOST_BUFFER);
        Some(Listen {
            address: self.reader.checked(raw.address.as_ref(), address).unwrap_or(default.address),
            workers: self.reader.checked(raw.workers.as_ref(), workers).unwrap_or(default.workers),
            receive_buffer: self
                .reader
                .checked(raw.receive_buffer.as_ref(), buffer)
                .unwrap_or(default.receive_buffer),
            exporters,
        })
    }

    fn exporters(&mut self, raw: &[RawExporter]) -> Vec<Exporter> {
        let mut exporters: Vec<Exporter> = Vec::new();
        for raw in raw {
            let Some(address) = self.reader.checked(raw.address.as_ref(), |text| key::exporter(text)) else {
                continue;
            };
            if exporters.iter().any(|exporter| exporter.address == address) {
                let span = raw.address.as_ref().map_or(0..0, Spanned::span);
                self.reader.error(&span, format!("{address} is an exporter already; write it once"));
                continue;
            }
            exporters.push(Exporter {
                address,
                name: self.reader.checked(raw.name.as_ref(), |name| key::not_empty("name", name)),
                directions: raw.directions.map(Directions::from),
            });
        }
        exporters
    }
}
