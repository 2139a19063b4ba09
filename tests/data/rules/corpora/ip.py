"""IP packets on the LAN itself that break rules I01 to I13, L15 or L18, and packets that almost do."""

import socket

from scapy.contrib.eigrp import EIGRP
from scapy.contrib.igmp import IGMP
from scapy.contrib.ldp import LDPHello
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello, OSPFv3_Hdr, OSPFv3_Hello
from scapy.contrib.pim import PIMv2Hdr, PIMv2Hello
from scapy.contrib.ripng import RIPng, RIPngEntry
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Solicit
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.hsrp import HSRP
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_Router_Alert
from scapy.layers.inet6 import IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Ether
from scapy.layers.rip import RIP, RIPEntry
from scapy.layers.vrrp import VRRP, VRRPv3
from scapy.packet import Raw
from scapy.utils6 import in6_getnsmac

from .chains import destination
from .frames import frame, on, padded, variants
from .site import AWAY4, AWAY6, BROADCAST, FAR4, FAR6, JUMBO, PEERING, STRANGER

ALL = "255.255.255.255"
QUESTION = DNS(id=7, qd=DNSQR(qname="router.local"))


def frames():
    """All of them."""
    return (
        broadcast() + multicast() + redirects() + dhcp() + routing() + redundancy() + services()
        + mikrotik() + ldp() + addresses() + connections() + bogons() + misses()
    )


def group_mac(ip4):
    """The MAC of a group (RFC 1112 section 6.4)."""
    _, b, c, d = socket.inet_aton(ip4)
    return f"01:00:5e:{b & 0x7f:02x}:{c:02x}:{d:02x}"


def v4(lan, dst, payload, src=None, to=None, mac=None, **ip):
    """An IPv4 packet of A to all, to a group or to B."""
    first = int(dst.split(".")[0])
    many = BROADCAST if dst in (ALL, lan.broadcast4) else group_mac(dst) if 224 <= first < 240 else None
    ether = Ether(src=mac or lan.a.mac, dst=to or many or lan.b.mac, type=0x0800)
    return ether / IP(src=src or lan.a.ip4, dst=dst, **ip) / payload


def v6(lan, dst, payload, src=None, to=None, mac=None, **ip):
    """An IPv6 packet of A to a group or to B."""
    many = in6_getnsmac(socket.inet_pton(socket.AF_INET6, dst)) if dst.startswith("ff") else None
    ether = Ether(src=mac or lan.a.mac, dst=to or many or lan.b.mac, type=0x86DD)
    return ether / IPv6(src=src or lan.a.local, dst=dst, **ip) / payload


def udp(port, payload=b"\0" * 20, sport=None):
    return UDP(sport=port if sport is None else sport, dport=port) / payload


def broadcast():
    found = variants("broadcast-limited", lambda lan: v4(lan, ALL, udp(9)), "I01 L09")
    found += variants("broadcast-directed", lambda lan: v4(lan, lan.broadcast4, udp(9)), "I01 L09")
    found += [
        frame("broadcast-limited-unicast", v4(PEERING, ALL, udp(9), to=PEERING.b.mac), "I01"),
        frame("broadcast-directed-unicast",
              v4(PEERING, PEERING.broadcast4, ICMP(), to=PEERING.b.mac), "I01"),
        # From elsewhere: the amplifier of a smurf.
        frame("broadcast-directed-from-elsewhere",
              v4(PEERING, PEERING.broadcast4, ICMP(), src=FAR4, to=PEERING.b.mac), "I01"),
        frame("broadcast-later-fragment", v4(PEERING, ALL, Raw(bytes(24)), frag=3, proto=17), "I01 L09"),
    ]
    return found


def multicast():
    igmp = lambda kind, group: IGMP(type=kind, gaddr=group)
    report = lambda lan: v4(lan, "239.1.2.3", igmp(0x16, "239.1.2.3"), ttl=1,
                            options=[IPOption_Router_Alert()], proto=2)
    found = variants("igmp-report", report, "I02 L09")
    dvmrp = lambda lan: v4(lan, "224.0.0.4", igmp(0x13, "0.0.0.0"), ttl=1, proto=2)
    found += variants("dvmrp", dvmrp, "I02 L09")
    found += [
        frame("igmp-query", v4(PEERING, "224.0.0.1", igmp(0x11, "0.0.0.0"), ttl=1, proto=2), "I02 L09"),
        frame("multicast-first", v4(PEERING, "224.0.0.0", udp(5004)), "I02 L09"),
        frame("multicast-last", v4(PEERING, "239.255.255.255", udp(5004)), "I02 L09"),
        frame("multicast-unicast-frame", v4(PEERING, "232.1.1.1", udp(5004), to=PEERING.b.mac), "I02"),
        frame("multicast-in-broadcast", v4(PEERING, "232.1.1.1", udp(5004), to=BROADCAST), "I02 L09"),
    ]
    return found


def redirects():
    redirect = ICMP(type=5, code=1, gw=PEERING.a.ip4) / Raw(bytes(IP(src=FAR4, dst=AWAY4)) + bytes(8))
    found = variants("redirect4", lambda lan: v4(lan, lan.b.ip4, redirect), "I03")
    for name, kind in [("advertisement", 9), ("solicitation", 10)]:
        group = "224.0.0.1" if kind == 9 else "224.0.0.2"
        message = ICMP(type=kind) / Raw(bytes(8))
        make = lambda lan, group=group, message=message: v4(lan, group, message, ttl=1)
        found += variants(f"irdp-{name}", make, "I02 I03 L09")
        found.append(frame(f"irdp-{name}-unicast", v4(PEERING, PEERING.b.ip4, message), "I03"))
    broadcasted = v4(PEERING, ALL, ICMP(type=10), ttl=1)
    found.append(frame("irdp-solicitation-broadcast", broadcasted, "I01 I03 L09"))
    return found


def dhcp():
    hardware = bytes.fromhex(PEERING.a.mac.replace(":", ""))
    discover = BOOTP(xid=7, chaddr=hardware) / DHCP(options=[("message-type", "discover"), "end"])
    offer = BOOTP(op=2, xid=7, yiaddr=PEERING.ip4(77)) / DHCP(options=[("message-type", "offer"), "end"])
    found = variants(
        "dhcp-discover", lambda lan: v4(lan, ALL, UDP(sport=68, dport=67) / discover, src="0.0.0.0"),
        "I01 I04 I13 L09",
    )
    found += variants("dhcp-offer", lambda lan: v4(lan, ALL, UDP(sport=67, dport=68) / offer), "I01 I04 L09")
    request = UDP(sport=68, dport=67) / discover
    found += variants("dhcp-unicast", lambda lan: v4(lan, lan.b.ip4, request), "I04")
    options = [IPOption_NOP()] * 4
    found += [
        frame("dhcp-with-ip-options", v4(PEERING, PEERING.b.ip4, request, options=options), "I04"),
        frame("dhcp-first-fragment", v4(PEERING, PEERING.b.ip4, request, flags="MF", id=7), "I04"),
        # No ports: not known for DHCP.
        frame("dhcp-later-fragment", v4(PEERING, PEERING.b.ip4, Raw(b"\0D\0C" * 6), frag=3, proto=17)),
        frame("dhcp-broadcast-frame", v4(PEERING, PEERING.b.ip4, request, to=BROADCAST), "I04 L09 I10?"),
    ]
    solicit = UDP(sport=546, dport=547) / DHCP6_Solicit(trid=7)
    found += variants("dhcp6-solicit", lambda lan: v6(lan, "ff02::1:2", solicit), "I04 L09")
    behind = IPv6ExtHdrHopByHop() / destination() / solicit
    found += variants("dhcp6-behind-options", lambda lan: v6(lan, "ff02::1:2", behind), "I04 L09")
    reply = UDP(sport=547, dport=546) / Raw(b"\7\0\0\7")
    found += variants("dhcp6-reply", lambda lan: v6(lan, lan.b.local, reply), "I04")
    return found


def routing():
    hello = lambda lan: OSPF_Hdr(src=lan.a.ip4) / OSPF_Hello(router=lan.a.ip4)
    found = variants("ospf-hello", lambda lan: v4(lan, "224.0.0.5", hello(lan), ttl=1), "I02 I05 L09")
    found += variants("ospf-unicast", lambda lan: v4(lan, lan.b.ip4, hello(lan), ttl=1), "I05")
    options = [IPOption_NOP()] * 8
    optional = v4(PEERING, "224.0.0.6", hello(PEERING), ttl=1, options=options)
    found.append(frame("ospf-with-ip-options", optional, "I02 I05 L09"))
    hello3 = OSPFv3_Hdr(src="192.0.2.1") / OSPFv3_Hello(router="192.0.2.1")
    found += variants("ospf3-hello", lambda lan: v6(lan, "ff02::5", hello3, hlim=1), "I05 L09")
    found += variants("ospf3-unicast", lambda lan: v6(lan, lan.b.local, hello3, hlim=1), "I05")
    behind = IPv6ExtHdrHopByHop() / hello3
    found.append(frame("ospf3-behind-options", v6(PEERING, "ff02::5", behind, hlim=1), "I05 L09"))
    found += variants("eigrp", lambda lan: v4(lan, "224.0.0.10", EIGRP(asn=1), ttl=2), "I02 I05 L09")
    found += variants("eigrp6", lambda lan: v6(lan, "ff02::a", EIGRP(asn=1), hlim=2), "I05 L09")
    igrp = Raw(b"\x12\0\0\1" + bytes(8))
    found += variants("igrp", lambda lan: v4(lan, ALL, igrp, proto=9), "I01 I05 L09")
    rip = udp(520, RIP(cmd=1) / RIPEntry())
    found += variants("rip2", lambda lan: v4(lan, "224.0.0.9", rip, ttl=1), "I02 I05 L09")
    found += variants("rip1", lambda lan: v4(lan, lan.broadcast4, rip, ttl=1), "I01 I05 L09")
    found += variants("rip-unicast", lambda lan: v4(lan, lan.b.ip4, rip), "I05")
    ripng = udp(521, RIPng() / RIPngEntry())
    found += variants("ripng", lambda lan: v6(lan, "ff02::9", ripng, hlim=255), "I05 L09")
    pim = PIMv2Hdr() / PIMv2Hello()
    found += variants("pim", lambda lan: v4(lan, "224.0.0.13", pim, ttl=1, proto=103), "I02 I06 L09")
    found += variants("pim6", lambda lan: v6(lan, "ff02::d", pim, hlim=1), "I06 L09")
    found += variants("pim-unicast", lambda lan: v4(lan, lan.b.ip4, pim, proto=103), "I06")
    return found


def redundancy():
    vrrp2 = VRRP(vrid=1, addrlist=["192.0.2.1"])
    found = variants("vrrp2", lambda lan: v4(lan, "224.0.0.18", vrrp2, ttl=255), "I02 I07 L09")
    vrrp3 = Raw(bytes(VRRPv3(vrid=1, ipcount=0, chksum=0)))
    found += variants("vrrp3-ipv6", lambda lan: v6(lan, "ff02::12", vrrp3, nh=112, hlim=255), "I07 L09")
    hsrp = udp(1985, HSRP(virtualIP="192.0.2.1"))
    found += variants("hsrp1", lambda lan: v4(lan, "224.0.0.2", hsrp, ttl=1), "I02 I07 L09")
    found.append(frame("hsrp2", v4(PEERING, "224.0.0.102", hsrp, ttl=1), "I02 I07 L09"))
    found += variants("hsrp-ipv6", lambda lan: v6(lan, "ff02::66", udp(2029), hlim=255), "I07 L09")
    glbp = v4(PEERING, "224.0.0.102", udp(3222), ttl=255)
    found.append(frame("glbp", glbp, "I02 L09"))
    return found


def services():
    found = []
    for name, port, group4, group6 in [
        ("mdns", 5353, "224.0.0.251", "ff02::fb"),
        ("llmnr", 5355, "224.0.0.252", "ff02::1:3"),
        ("ssdp", 1900, "239.255.255.250", "ff02::c"),
    ]:
        payload = Raw(b"M-SEARCH * HTTP/1.1\r\n\r\n") if name == "ssdp" else Raw(bytes(QUESTION))
        packet = udp(port, payload, sport=5353 if name == "mdns" else 50000)
        found += variants(name, lambda lan, p=packet, g=group4: v4(lan, g, p), "I02 I08 L09")
        found += variants(f"{name}6", lambda lan, p=packet, g=group6: v6(lan, g, p), "I08 L09")
        found.append(frame(f"{name}-unicast", v4(PEERING, PEERING.b.ip4, packet), "I08"))
    behind = destination() / udp(5353, Raw(bytes(QUESTION)))
    found.append(frame("mdns6-behind-options", v6(PEERING, "ff02::fb", behind), "I08 L09"))
    for port in (137, 138):
        make = lambda lan, port=port: v4(lan, lan.broadcast4, udp(port))
        found += variants(f"netbios-{port}", make, "I01 I08 L09")
    for name, port in [("ntp", 123), ("dns", 53), ("snmp", 161), ("snmp-trap", 162)]:
        make = lambda lan, port=port: v4(lan, ALL, udp(port, sport=50000))
        found += variants(f"{name}-broadcast", make, "I01 I08 L09")
        directed = v4(PEERING, PEERING.broadcast4, udp(port, sport=50000))
        found.append(frame(f"{name}-directed-broadcast", directed, "I01 I08 L09"))
    # To many, but no broadcast.
    found.append(frame("ntp-multicast", v4(PEERING, "224.0.1.1", udp(123)), "I02 L09 I08?"))
    found.append(frame("ntp-multicast6", v6(PEERING, "ff02::101", udp(123)), "L09 I08?"))
    return found


def mikrotik():
    found = []
    for name, port in [("mndp", 5678), ("mac-winbox", 20561)]:
        packet = udp(port, Raw(b"\0\0\0\0\0\1\0\6" + bytes(6)))
        found += variants(name, lambda lan, p=packet: v4(lan, ALL, p), "I01 L09 L15")
        unicast = v4(PEERING, ALL, packet, to=PEERING.b.mac)
        found.append(frame(f"{name}-unicast-frame", unicast, "I01 L15"))
    found += variants("mndp6", lambda lan: v6(lan, "ff02::1", udp(5678)), "L09 L15")
    return found


def ldp():
    hello = udp(646, Raw(bytes(LDPHello(id=1))))
    found = variants("ldp-hello", lambda lan: v4(lan, "224.0.0.2", hello, ttl=1), "I02 L09 L18")
    found += variants("ldp6-hello", lambda lan: v6(lan, "ff02::2", hello, hlim=255), "L09 L18")
    # Targeted hellos and sessions: the specification names the group only.
    found.append(frame("ldp-targeted", v4(PEERING, PEERING.b.ip4, hello), "L18?"))
    session = TCP(sport=50000, dport=646, flags="S", seq=1)
    found.append(frame("ldp-session", v4(PEERING, PEERING.b.ip4, session), "L18?"))
    return found


def addresses():
    """Addresses and MACs that do not belong together, and site-local ones."""
    ping, packet = ICMP(id=1, seq=1), UDP(sport=50000, dport=33434)
    found = variants("source-of-another", lambda lan: v4(lan, lan.b.ip4, ping, src=lan.c.ip4), "I09")
    found += variants("source-free", lambda lan: v4(lan, lan.b.ip4, ping, src=lan.ip4(77)), "I09")
    found += variants("source6-of-another", lambda lan: v6(lan, lan.b.ip6, packet, src=lan.c.ip6), "I09")
    found += variants("destination-of-another", lambda lan: v4(lan, lan.c.ip4, ping), "I10")
    found += variants("destination6-of-another", lambda lan: v6(lan, lan.c.ip6, packet), "I10")
    away = lambda lan: v4(lan, lan.c.ip4, ping, src=FAR4)
    found += variants("destination-of-another-from-elsewhere", away, "I10")
    stranger = v4(PEERING, PEERING.b.ip4, ping, src=PEERING.c.ip4, mac=STRANGER)
    free = v4(PEERING, PEERING.b.ip4, ping, src=PEERING.ip4(77), mac=STRANGER)
    found += [
        frame("source-of-another-by-a-stranger", stranger, "I09 L07"),
        frame("source-free-by-a-stranger", free, "I09 L07"),
        frame("source6-free", v6(PEERING, PEERING.b.ip6, packet, src=PEERING.ip6(0x77)), "N08? I09?"),
        frame("source-site-local", v6(PEERING, AWAY6, packet, src="fec0::1"), "I13 N09"),
        frame("source-site-local-on-link", v6(PEERING, PEERING.b.ip6, packet, src="feff::1"), "I13 N09"),
        frame("destination-site-local", v6(PEERING, "fec0::1", packet, src=FAR6), "N09"),
        frame("destination-free", v4(PEERING, PEERING.ip4(77), ping)),
    ]
    return found


def connections():
    syn = TCP(sport=50000, dport=179, flags="S", seq=1)
    found = variants("bgp-to-nobody", lambda lan: v4(lan, lan.ip4(77), syn, ttl=1), "I11")
    found += variants("bgp6-to-nobody", lambda lan: v6(lan, lan.ip6(0x77), syn, src=lan.a.ip6), "I11")
    options = [IPOption_NOP()] * 4
    optional = v4(PEERING, PEERING.ip4(77), syn, options=options)
    behind = v6(PEERING, PEERING.ip6(0x77), destination() / syn, src=PEERING.a.ip6)
    found += [
        frame("bgp-to-nobody-with-ip-options", optional, "I11"),
        frame("bgp6-to-nobody-behind-options", behind, "I11"),
    ]
    for name, flags in [("syn-ack", "SA"), ("ack", "A"), ("reset", "R"), ("fin", "FA")]:
        packet = TCP(sport=50000, dport=179, flags=flags, seq=1)
        found.append(frame(f"bgp-to-nobody-{name}", v4(PEERING, PEERING.ip4(77), packet)))
    other = TCP(sport=179, dport=8179, flags="S", seq=1)
    found.append(frame("bgp-port-as-the-source", v4(PEERING, PEERING.ip4(77), other)))
    return found


def bogons():
    found = variants("bogon-rfc1918", lambda lan: v4(lan, AWAY4, udp(9), src="10.1.2.3"), "I13")
    for source in [
        "0.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.1.1", "172.16.0.1",
        "172.31.255.255", "192.0.0.8", "192.168.1.1", "198.18.0.1", "198.19.255.255", "203.0.113.1",
        "240.0.0.1", "255.255.255.254",
    ]:
        found.append(frame(f"bogon-{source}", v4(PEERING, AWAY4, udp(9), src=source), "I13"))
    for source in [
        "1.0.0.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.0.0.1", "128.0.0.1",
        "169.253.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.0.3.1", "192.167.1.1",
        "198.17.255.255", "198.20.0.1", "203.0.112.1", "223.255.255.255",
    ]:
        found.append(frame(f"no-bogon-{source}", v4(PEERING, AWAY4, udp(9), src=source)))
    for source in ["fd00::1", "2001:db8:ffff::1", "::1", "64:ff9b::808:808", "1fff::1", "4000::1"]:
        found.append(frame(f"bogon-{source}", v6(PEERING, AWAY6, udp(9), src=source), "I13"))
    for source in ["2000::1", "2001:db7::1", "2001:db9::1", "3ffe::1", "2002:808:808::1"]:
        found.append(frame(f"no-bogon-{source}", v6(PEERING, AWAY6, udp(9), src=source)))
    other = v4(PEERING, AWAY4, udp(9), src=JUMBO.a.ip4)
    found.append(frame("bogon-of-another-lan", other, "I13"))
    found.append(frame("bogon-on-link", v4(PEERING, PEERING.b.ip4, udp(9), src="10.1.2.3"), "I13"))
    return found


def misses():
    """Packets between the routers themselves that look like something else."""
    # What is UDP in the rules, over other transports.
    found = []
    for port in (67, 137, 520, 1900, 1985, 5353, 5678, 20561):
        packet = TCP(sport=179, dport=port, flags="A", seq=1)
        found.append(frame(f"tcp-port-{port}", v4(PEERING, PEERING.b.ip4, packet)))
    for name, proto in [("sctp", 132), ("dccp", 33), ("udp-lite", 136)]:
        ports = Raw(b"\xc3\x50\x14\xe9" + bytes(12))
        found.append(frame(f"{name}-port-5353", v4(PEERING, PEERING.b.ip4, ports, proto=proto)))
    for name, port in [("ntp", 123), ("dns", 53), ("snmp", 161), ("trap", 162)]:
        packet = udp(port, sport=50000)
        found.append(frame(f"{name}-between-routers", v4(PEERING, PEERING.b.ip4, packet)))
    # ICMPv6's numbers in ICMP, and the other way round.
    for kind in (134, 135, 137, 143):
        found.append(frame(f"icmp-type-{kind}", v4(PEERING, PEERING.b.ip4, Raw(bytes([kind]) + bytes(23)), proto=1)))
        odd = v4(PEERING, PEERING.b.ip4, Raw(bytes([kind]) + bytes(23)), proto=58)
        found.append(frame(f"ipv4-icmp6-type-{kind}", odd))
    for kind in (5, 9, 10):
        odd = v6(PEERING, PEERING.b.ip6, Raw(bytes([kind]) + bytes(23)), nh=1)
        found.append(frame(f"ipv6-icmp-type-{kind}", odd))
    found.append(frame("broadcast-of-another-lan", v4(PEERING, JUMBO.broadcast4, udp(9), src=FAR4)))
    found.append(frame("padded-with-a-port", padded(bytes(v4(PEERING, PEERING.b.ip4, ICMP())), b"\x43")))
    found.append(frame("jumbo-on-link", on(JUMBO, bytes(v4(JUMBO, JUMBO.b.ip4, ICMP())))))
    return found
