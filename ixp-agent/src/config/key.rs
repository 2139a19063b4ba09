//! A raw value in, a checked one out, or what is wrong with it and what to write.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use ixp_common::addr::{EtherType, Mac, VlanId};
use ixp_common::frame::eth::FIRST_ETHERTYPE;
use jiff::SignedDuration;

use super::Rrdcached;

/// The pair table's cells at most: 2²⁶ take some gigabytes per CPU.
pub(super) const MOST_PAIRS: u32 = 1 << 26;
/// The station table's entries at most.
pub(super) const MOST_STATIONS: u32 = 1 << 22;
/// Cell records in memory at most.
pub(super) const MOST_RECORDS: u32 = u32::MAX;
/// Bytes of a sampled header: an Ethernet header with two tags at least, and what the kernel hands over at most.
pub(super) const LEAST_HEADER: u32 = 22;
#[expect(clippy::cast_possible_truncation, reason = "128")]
pub(super) const MOST_HEADER: u32 = ixp_common::sample::SAMPLE_BYTES as u32;
/// Bytes of a datagram: there is room for the longest sample, and IPv4 can carry it.
pub(super) const LEAST_DATAGRAM: u32 = 300;
pub(super) const MOST_DATAGRAM: u32 = 65_507;
/// Sockets that share an address.
pub(super) const MOST_WORKERS: u32 = 64;
/// Bytes of a receive buffer: some datagrams, and what SO_RCVBUFFORCE takes without overflow.
pub(super) const LEAST_BUFFER: u32 = 1 << 16;
pub(super) const MOST_BUFFER: u32 = 1 << 30;
const LONGEST_KEEP: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A number of a range.
pub(super) fn number(key: &str, value: i64, range: RangeInclusive<u32>) -> Result<u32, String> {
    let known = u32::try_from(value).ok().filter(|value| range.contains(value));
    let (least, most) = range.into_inner();
    known.ok_or_else(|| format!("{key} = {value} is out of range; write {least} to {most}"))
}

/// A time in whole seconds.
pub(super) fn duration(key: &str, text: &str) -> Result<SignedDuration, String> {
    let Ok(duration) = text.parse::<SignedDuration>() else {
        return Err(format!("{key} = {text:?} is no length of time; write it as \"10s\", \"5m\" or \"1h\""));
    };
    if duration < SignedDuration::from_secs(1) || duration.subsec_nanos() != 0 {
        return Err(format!("{key} = {text:?} is not in whole seconds; write 1s or more"));
    }
    if duration > LONGEST_KEEP {
        return Err(format!("{key} = {text:?} is too long; write {LONGEST_KEEP:#} or less"));
    }
    Ok(duration)
}

/// How long something is kept, in whole hours; `None` is for ever.
pub(super) fn keep(key: &str, text: &str) -> Result<Option<SignedDuration>, String> {
    if text == "forever" {
        return Ok(None);
    }
    let hours = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(days), _) => days.parse::<i64>().ok().and_then(|days| days.checked_mul(24)),
        (None, Some(hours)) => hours.parse().ok(),
        (None, None) => None,
    };
    let known = hours.filter(|hours| (1..=MOST_HOURS).contains(hours));
    let hours = known.ok_or_else(|| {
        format!("{key} = {text:?} is no length of time; write it as \"12h\", \"90d\" or \"forever\"")
    })?;
    Ok(Some(SignedDuration::from_hours(hours)))
}

/// A hundred years.
const MOST_HOURS: i64 = 100 * 366 * 24;

/// The VLAN id of an IX-F export, and the tag it stands for.
pub(super) fn vlan_id(text: &str) -> Result<i64, String> {
    let hint = "write the number of the VLAN in the IX-F export, as in { 1 = 100 }";
    text.parse().map_err(|_| format!("{text:?} is no VLAN id; {hint}"))
}

/// A tag that a LAN can have.
pub(super) fn vlan_tag(tag: i64) -> Result<VlanId, String> {
    let known = u16::try_from(tag).ok().and_then(VlanId::configured);
    known.ok_or_else(|| format!("{tag} is no 802.1Q tag; write 1 to 4094, or 0 for untagged"))
}

/// What a LAN carries.
pub(super) fn ethertype(text: &str) -> Result<EtherType, String> {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    let known = u16::from_str_radix(digits, 16).ok().filter(|number| *number >= FIRST_ETHERTYPE);
    let hint = "write 0x0600 to 0xffff, as \"0x0800\" for IPv4";
    known.map(EtherType).ok_or_else(|| format!("{text:?} is no EtherType; {hint}"))
}

/// A MAC address that a station can own.
pub(super) fn station(text: &str) -> Result<Mac, String> {
    let mac: Mac = text.parse().map_err(|error| format!("{text:?} is {error}"))?;
    match mac.is_station() {
        true => Ok(mac),
        false => Err(format!("{text:?} is no station's address; write one whose first byte is even")),
    }
}

/// Where to send something.
pub(super) fn url(key: &str, text: &str, example: &str) -> Result<String, String> {
    let is_url = ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    let is_word = !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    match is_url && is_word {
        true => Ok(text.to_owned()),
        false => Err(format!("{key} = {text:?} is no address; write it as {example:?}")),
    }
}

/// Where to serve.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "listen = {text:?} is no address with a port; write it as \"127.0.0.1:9179\" or \"[::1]:9179\""
        )
    })
}

/// Who gets samples.
pub(super) fn collector(text: &str) -> Result<SocketAddr, String> {
    let hint = "write it as \"192.0.2.10:6343\" or \"[2001:db8::10]:6343\"";
    let address: SocketAddr =
        text.parse().map_err(|_| format!("{text:?} is no address with a port; {hint}"))?;
    if address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast() {
        return Err(format!("{text:?} is no collector's address; {hint}"));
    }
    Ok(address)
}

/// Where samples are received.
pub(super) fn receiver(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<SocketAddr>().ok().filter(|address| address.port() != 0);
    address.ok_or_else(|| {
        format!("address = {text:?} is no address with a port; write it as \"0.0.0.0:6343\" or \"[::]:6343\"")
    })
}

/// Whose samples are received.
pub(super) fn exporter(text: &str) -> Result<IpAddr, String> {
    let address = text.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    let is_host = |address: &IpAddr| !address.is_unspecified() && !address.is_multicast();
    address.filter(is_host).ok_or_else(|| {
        format!("address = {text:?} is no IP address of a host; write it as \"192.0.2.1\" or \"2001:db8::1\"")
    })
}

/// The address that an sFlow agent is known by.
pub(super) fn agent(text: &str) -> Result<IpAddr, String> {
    let address = text.parse::<IpAddr>().ok().filter(|address| !address.is_unspecified());
    address.ok_or_else(|| format!("agent = {text:?} is no IP address of a host; write it as \"192.0.2.5\""))
}

/// Where `rrdcached` listens.
pub(super) fn rrdcached(text: &str) -> Result<Rrdcached, String> {
    let path = text.strip_prefix("unix:").unwrap_or(text);
    let is_host = |text: &str| {
        let parts = text.rsplit_once(':');
        parts.is_some_and(|(host, port)| {
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
        })
    };
    match path.starts_with('/') {
        true => Ok(Rrdcached::Unix(path.into())),
        false if path == text && is_host(text) => Ok(Rrdcached::Tcp(text.to_owned())),
        false => Err(format!(
            "rrdcached = {text:?} is no address; write the path of its socket, as \"/var/run/rrdcached.sock\", or host and \
             port, as \"192.0.2.20:42217\""
        )),
    }
}

/// The folder of RRD files, in a command of one line.
pub(super) fn folder_of_files(text: &str) -> Result<String, String> {
    let folder = not_empty("folder", text)?;
    let trimmed = folder.trim_end_matches('/');
    if trimmed.is_empty() || trimmed.contains(char::is_control) {
        return Err(format!("folder = {text:?} is no folder for files; write it as \"/srv/ixpmatrix\""));
    }
    Ok(trimmed.to_owned())
}

/// A text that says something.
pub(super) fn not_empty(key: &str, text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err(format!("{key} is empty; give it a value or leave it out"));
    }
    Ok(text.to_owned())
}
