//! A station's number becomes a port of the switch and a namespace on its other end.

use anyhow::{Context, Result};
use ixp_common::addr::Mac;

use super::{MEMBER, MONITOR, Mode, mute};
use crate::link::{self, End};
use crate::netns::Namespace;
use crate::station::Station;

/// A port and a cable to a namespace of its own.
fn plug(prefix: &str, switch: &Namespace, station: Station, mode: Mode) -> Result<Namespace> {
    let member = Namespace::create(format!("{prefix}-m{}", station.number))?;
    let port = station.port();
    link::veth(
        End { namespace: switch, name: &port, mac: Some(port_mac(station)) },
        End { namespace: &member, name: MEMBER, mac: Some(station.mac()) },
    )?;
    switch.ip(&format!("link set {port} master br0"))?;
    if mode == Mode::Tap {
        mirror(switch, &port)?;
    }
    switch.ip(&format!("link set {port} up"))?;
    Ok(member)
}

/// A sinner: without addresses its kernel says nothing. Its port takes what a bridge keeps from its members
/// (LACP, LLDP), as a fabric may that is no bridge.
pub(super) fn connect_mute(
    prefix: &str,
    switch: &Namespace,
    station: Station,
    mode: Mode,
) -> Result<Namespace> {
    const LACP_AND_LLDP: u16 = 1 << 0x02 | 1 << 0x0e;
    let sinner = plug(prefix, switch, station, mode)?;
    mute(&sinner)?;
    let port = station.port();
    switch.ip(&format!("link set {port} type bridge_slave group_fwd_mask {LACP_AND_LLDP}"))?;
    Ok(sinner)
}

/// A member: its kernel speaks as a router on an exchange should.
pub(super) fn connect(prefix: &str, switch: &Namespace, station: Station, mode: Mode) -> Result<Namespace> {
    let member = plug(prefix, switch, station, mode)?;
    member.ip(&format!("address add {}/24 dev {MEMBER}", station.ipv4()))?;
    member.ip(&format!("address add {}/64 dev {MEMBER}", station.ipv6()))?;
    member.set(&format!("ipv4/conf/{MEMBER}/arp_notify"), "1")?;
    member.set(&format!("ipv6/conf/{MEMBER}/ndisc_notify"), "1")?;
    // A router's port: it solicits no routers, and believes none.
    member.set(&format!("ipv6/conf/{MEMBER}/router_solicitations"), "0")?;
    member.set(&format!("ipv6/conf/{MEMBER}/accept_ra"), "0")?;
    for family in ["ipv4", "ipv6"] {
        member.set(&format!("{family}/neigh/{MEMBER}/base_reachable_time_ms"), "5000")?;
    }
    keep_listeners_quiet(&member)?;
    Ok(member)
}

/// No member reports its multicast listeners to an exchange (RFC 3810), and the kernel has no setting for it. These
/// reports are all that it sends with a hop-by-hop header.
fn keep_listeners_quiet(member: &Namespace) -> Result<()> {
    member.ip("link set lo up")?;
    member.tc(&format!("qdisc add dev {MEMBER} clsact"))?;
    member
        .tc(&format!(
            "filter add dev {MEMBER} egress protocol ipv6 u32 match u8 0 0xff at 6 \
             action mirred egress redirect dev lo"
        ))
        .context("keep multicast reports (the kernel needs CONFIG_NET_ACT_MIRRED and CONFIG_NET_CLS_U32)")?;
    Ok(())
}

/// Sends all that a member says to nobody, before it counts as sent. Its interface stays up: a frame to one that
/// is down would be lost.
pub(super) fn silence(member: &Namespace) -> Result<()> {
    member.tc(&format!(
        "filter add dev {MEMBER} egress protocol all u32 match u32 0 0 action mirred egress redirect dev lo"
    ))?;
    Ok(())
}

/// Fixed too, so that a run differs from another only by its seed.
const fn port_mac(station: Station) -> Mac {
    Mac([0x02, 0, 0, 0, 1, station.number])
}

/// A copy of what enters `port`, by whichever classifier the kernel has.
fn mirror(switch: &Namespace, port: &str) -> Result<()> {
    switch
        .tc(&format!("qdisc add dev {port} clsact"))
        .context("mirror (the kernel needs CONFIG_NET_SCH_INGRESS)")?;
    let add = |classifier: &str| {
        switch.tc(&format!(
            "filter add dev {port} ingress protocol all {classifier} action mirred egress mirror dev {MONITOR}"
        ))
    };
    add("u32 match u32 0 0").or_else(|_| add("matchall")).context(
        "mirror (the kernel needs CONFIG_NET_ACT_MIRRED and CONFIG_NET_CLS_U32 or CONFIG_NET_CLS_MATCHALL)",
    )?;
    Ok(())
}
