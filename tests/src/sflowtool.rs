//! Datagrams in, lines as `sflowtool -l` prints them out, from the decoders of others; and what IXP Manager sums up by
//! them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use etherparse::{LaxNetSlice, LaxSlicedPacket, LinkSlice, TransportSlice, VlanSlice};
use flowparser_sflow::counter_records::CounterRecord;
use flowparser_sflow::flow_records::FlowRecord;
use flowparser_sflow::samples::SflowSample;
use flowparser_sflow::{AddressType, SflowDatagram, SflowParser};
use ixp_common::counters::Counts;

/// What names an interface in a word that says in its first two bits how it does.
const INTERFACE: u32 = 0x3fff_ffff;

/// The lines of a datagram: FLOW for each flow sample, CNTR for each that has an interface's counters.
///
/// # Errors
/// What the decoders of others do not read.
pub fn lines(datagram: &[u8]) -> Result<Vec<String>> {
    let read = SflowParser::default().parse_bytes(datagram);
    ensure!(read.error.is_none(), "{:?}", read.error);
    let SflowDatagram { agent_address, samples, .. } =
        read.datagrams.into_iter().next().context("nothing")?;
    let agent = match agent_address {
        AddressType::IPv4(address) => address.to_string(),
        AddressType::IPv6(address) => address.to_string(),
    };
    let mut lines = Vec::new();
    for sample in samples {
        match sample {
            SflowSample::Flow(flow) => {
                let ports = [flow.input, flow.output].map(|word| word & INTERFACE);
                lines.push(flow_line(&agent, ports, flow.sampling_rate, &flow.records)?);
            }
            SflowSample::ExpandedFlow(flow) => {
                let ports = [flow.input_value, flow.output_value];
                lines.push(flow_line(&agent, ports, flow.sampling_rate, &flow.records)?);
            }
            SflowSample::Counter(counters) => lines.extend(counter_line(&agent, &counters.records)),
            SflowSample::ExpandedCounter(counters) => lines.extend(counter_line(&agent, &counters.records)),
            SflowSample::DiscardedPacket(_) | SflowSample::Unknown { .. } => {}
        }
    }
    Ok(lines)
}

/// What a header says.
#[derive(Default)]
struct Decoded {
    macs: [String; 2],
    ethertype: u16,
    vlan: u32,
    addresses: Option<[String; 2]>,
    protocol: u8,
    tos: u8,
    ttl: u8,
    ports: [u16; 2],
    tcp_flags: u8,
    /// Bytes before the IPv4 header: those before others it does not take off.
    before_ipv4: u32,
}

fn flow_line(agent: &str, ports: [u32; 2], rate: u32, records: &[FlowRecord]) -> Result<String> {
    let (mut decoded, mut sizes, mut out_vlan) = (Decoded::default(), [0, 0], 0);
    for record in records {
        match record {
            FlowRecord::RawPacketHeader(header) => {
                decoded = decode(&header.header)?;
                let behind = header.frame_length.checked_sub(header.stripped + decoded.before_ipv4);
                let behind = behind.context("a frame that is shorter than its headers")?;
                sizes = [header.frame_length, behind];
            }
            FlowRecord::ExtendedSwitch(switch) => {
                (decoded.vlan, out_vlan) = (switch.src_vlan, switch.dst_vlan);
            }
            _ => {}
        }
    }
    // It prints what it has as signed numbers.
    let [input, output, rate] = [ports[0], ports[1], rate].map(u32::cast_signed);
    let Decoded { macs, ethertype, vlan, addresses, protocol, tos, ttl, ports, tcp_flags, .. } = decoded;
    let [from, to] = addresses.unwrap_or_else(|| ["0.0.0.0", "0.0.0.0"].map(str::to_owned));
    let ([source, destination], [sport, dport], [packet, ip]) = (macs, ports, sizes);
    Ok(format!(
        "FLOW,{agent},{input},{output},{source},{destination},0x{ethertype:04x},{vlan},{out_vlan},{from},{to},{protocol},\
         0x{tos:02x},{ttl},{sport},{dport},0x{tcp_flags:02x},{packet},{ip},{rate}"
    ))
}

fn decode(header: &[u8]) -> Result<Decoded> {
    let sliced = LaxSlicedPacket::from_ethernet(header).context("an Ethernet header")?;
    let Some(LinkSlice::Ethernet2(ethernet)) = &sliced.link else { anyhow::bail!("no Ethernet header") };
    let mut decoded = Decoded {
        macs: [ethernet.source(), ethernet.destination()].map(|mac| {
            mac.iter().fold(String::new(), |mut text, byte| {
                // A string takes it.
                let _written = write!(text, "{byte:02x}");
                text
            })
        }),
        ethertype: ethernet.ether_type().0,
        ..Decoded::default()
    };
    let mut before = 14;
    match sliced.vlan() {
        Some(VlanSlice::SingleVlan(tag)) => {
            (decoded.vlan, decoded.ethertype) = (tag.vlan_identifier().value().into(), tag.ether_type().0);
            before += 4;
        }
        Some(VlanSlice::DoubleVlan(tags)) => {
            let inner = &tags.inner;
            (decoded.vlan, decoded.ethertype) =
                (inner.vlan_identifier().value().into(), inner.ether_type().0);
            before += 8;
        }
        None => {}
    }
    match &sliced.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let addresses = [header.source_addr(), header.destination_addr()];
            decoded.addresses = Some(addresses.map(|address| address.to_string()));
            (decoded.protocol, decoded.ttl) = (header.protocol().0, header.ttl());
            (decoded.tos, decoded.before_ipv4) = (header.slice()[1], before);
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let addresses = [header.source_addr(), header.destination_addr()];
            decoded.addresses = Some(addresses.map(|address| address.to_string()));
            (decoded.protocol, decoded.ttl) = (ip.payload().ip_number.0, header.hop_limit());
            decoded.tos = header.traffic_class();
        }
        Some(LaxNetSlice::Arp(_)) | None => {}
    }
    match &sliced.transport {
        Some(TransportSlice::Udp(udp)) => decoded.ports = [udp.source_port(), udp.destination_port()],
        Some(TransportSlice::Tcp(tcp)) => {
            decoded.ports = [tcp.source_port(), tcp.destination_port()];
            decoded.tcp_flags = tcp.slice()[13];
        }
        Some(TransportSlice::Icmpv4(icmp)) => {
            decoded.ports = [icmp.type_u8().into(), icmp.code_u8().into()];
        }
        Some(TransportSlice::Icmpv6(icmp)) => {
            decoded.ports = [icmp.type_u8().into(), icmp.code_u8().into()];
        }
        Some(TransportSlice::Igmp(_)) | None => {}
    }
    Ok(decoded)
}

fn counter_line(agent: &str, records: &[CounterRecord]) -> Option<String> {
    let interface = records.iter().find_map(|record| match record {
        CounterRecord::GenericInterface(interface) => Some(interface),
        _ => None,
    })?;
    let words = [
        u64::from(interface.if_index),
        u64::from(interface.if_type),
        interface.if_speed,
        u64::from(interface.if_direction),
        u64::from(interface.if_status),
        interface.if_in_octets,
        u64::from(interface.if_in_ucast_pkts),
        u64::from(interface.if_in_multicast_pkts),
        u64::from(interface.if_in_broadcast_pkts),
        u64::from(interface.if_in_discards),
        u64::from(interface.if_in_errors),
        u64::from(interface.if_in_unknown_protos),
        interface.if_out_octets,
        u64::from(interface.if_out_ucast_pkts),
        u64::from(interface.if_out_multicast_pkts),
        u64::from(interface.if_out_broadcast_pkts),
        u64::from(interface.if_out_discards),
        u64::from(interface.if_out_errors),
        u64::from(interface.if_promiscuous_mode),
    ];
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    Some(format!("CNTR,{agent},{}", words.join(",")))
}

/// Frames and bytes with FCS by VLAN, source, destination and EtherType.
pub type Sums = BTreeMap<(u16, String, String, u16), Counts>;

/// What IXP Manager's handler of peer-to-peer statistics sums up: by fields 4 to 7, frames of field 17, times field 19.
/// Frames without a VLAN it leaves out.
///
/// # Errors
/// A line that it would not understand.
pub fn sums<'l>(lines: impl IntoIterator<Item = &'l str>) -> Result<Sums> {
    let mut sums = Sums::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        if fields[0] != "FLOW" {
            continue;
        }
        ensure!(fields.len() == 20, "{} fields: {line}", fields.len());
        let ethertype = fields[6].strip_prefix("0x").context("a number in hexadecimal")?;
        let key = (
            fields[7].parse().with_context(|| format!("a VLAN in {line}"))?,
            fields[4].to_owned(),
            fields[5].to_owned(),
            u16::from_str_radix(ethertype, 16)?,
        );
        if key.0 == 0 {
            continue;
        }
        let (size, rate): (u64, u64) = (fields[17].parse()?, fields[19].parse()?);
        sums.entry(key).or_default().add(Counts { packets: rate, bytes: size * rate });
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An example of the tool's own documentation.
    const EXAMPLE: &str = "FLOW,193.242.111.152,2,21,0013136faaaa,0010a52fbbbb,0x0800,10,10,192.168.1.1,172.16.12.255,6,0x00,124,\
                           1863,750,0x18,179,165,1024";

    #[test]
    fn a_line_is_a_frame_as_often_as_its_rate_says() {
        let key = (10, "0013136faaaa".to_owned(), "0010a52fbbbb".to_owned(), 0x0800);
        let sum = Counts { packets: 2048, bytes: 2048 * 179 };
        let untagged = EXAMPLE.replace(",10,10,", ",0,0,");
        let lines = [EXAMPLE, "CNTR,192.0.2.1,1", EXAMPLE, &untagged];
        assert_eq!(sums(lines).expect("lines"), [(key, sum)].into());
    }
}
