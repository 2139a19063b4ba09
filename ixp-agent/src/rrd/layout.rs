//! What a graph is of in, its file in IXP Manager's layout and how that is made out.

use std::fmt;

use ixp_common::addr::Family;

/// How long a step is, in seconds.
pub const STEP: i64 = 300;

/// What a file is made with: rates in and out, for 50 hours, 15 days, two months and ten years.
pub(super) const DEFINITIONS: &str = "DS:traffic_in:GAUGE:600:U:U DS:traffic_out:GAUGE:600:U:U \
    RRA:AVERAGE:0.5:1:600 RRA:MAX:0.5:1:600 RRA:AVERAGE:0.5:6:700 RRA:MAX:0.5:6:700 \
    RRA:AVERAGE:0.5:24:750 RRA:MAX:0.5:24:750 RRA:AVERAGE:0.5:288:3650 RRA:MAX:0.5:288:3650";

/// The number of a VLAN interface of IXP Manager: a member's port on one VLAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vli(pub u32);

/// A version of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ip {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Ip {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The version that a frame carries, if it does.
    #[must_use]
    pub const fn of(family: Family) -> Option<Self> {
        match family {
            Family::Ipv4 => Some(Self::V4),
            Family::Ipv6 => Some(Self::V6),
            Family::Arp | Family::Other => None,
        }
    }

    /// The name in paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }
}

/// What a rate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Bytes per second.
    Bytes,
    /// Packets per second.
    Packets,
}

impl Unit {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Bytes, Self::Packets];

    const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Packets => "pkts",
        }
    }
}

/// What a graph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Graph {
    /// What an interface exchanges with another: `in` is what it receives from there, `out` what it sends there.
    P2p(Vli, Vli),
    /// What an interface exchanges with all others, as its switch sees it: `in` is what it sends, `out` what it receives.
    Individual(Vli),
    /// What all interfaces of a VLAN exchange, by the 802.1Q tag; `in` and `out` are the same.
    Aggregate(u16),
}

/// A file of rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    /// Which graph is drawn from it.
    pub graph: Graph,
    /// Whose packets.
    pub ip: Ip,
    /// What is counted of them.
    pub unit: Unit,
}

/// Its path below the folder that all are in.
impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ip, unit) = (self.ip.name(), self.unit.name());
        write!(f, "{ip}/{unit}/")?;
        match self.graph {
            Graph::P2p(Vli(source), Vli(destination)) => {
                write!(f, "p2p/src-{source:05}/p2p.{ip}.{unit}.src-{source:05}.dst-{destination:05}.rrd")
            }
            Graph::Individual(Vli(source)) => {
                write!(f, "individual/individual.{ip}.{unit}.src-{source:05}.rrd")
            }
            Graph::Aggregate(tag) => write!(f, "aggregate/aggregate.{ip}.{unit}.vlan{tag:05}.rrd"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_lie_where_ixp_manager_looks_for_them() {
        let check = |graph, ip, unit, expected: &str| {
            assert_eq!(File { graph, ip, unit }.to_string(), expected);
        };
        check(
            Graph::P2p(Vli(12), Vli(345)),
            Ip::V4,
            Unit::Bytes,
            "ipv4/bytes/p2p/src-00012/p2p.ipv4.bytes.src-00012.dst-00345.rrd",
        );
        check(
            Graph::Individual(Vli(123_456)),
            Ip::V6,
            Unit::Packets,
            "ipv6/pkts/individual/individual.ipv6.pkts.src-123456.rrd",
        );
        check(
            Graph::Aggregate(10),
            Ip::V6,
            Unit::Bytes,
            "ipv6/bytes/aggregate/aggregate.ipv6.bytes.vlan00010.rrd",
        );
    }
}
