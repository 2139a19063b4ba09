"""Packets that break a rule behind IP options or extension headers, or in fragments, where no other module has
them: a rule that looks at fixed places misses these."""

from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello
from scapy.contrib.pim import PIMv2Hdr, PIMv2Hello
from scapy.layers.hsrp import HSRP
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import ICMPv6MLReport, IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether
from scapy.layers.vrrp import VRRP, VRRPv3
from scapy.packet import Raw

from .chains import CHAINS, behind, destination, fragment
from .frames import frame, variants
from .ip import ALL, udp, v4, v6
from .nd import OTHER_MAC, na, ns, sent
from .site import AWAY4, AWAY6, FAR4, FAR6, PEERING

A, B, C = PEERING.a, PEERING.b, PEERING.c
OPTIONS = {"options": [IPOption_NOP()] * 4}
FIRST = {"flags": "MF", "id": 7}
LATER = {"frag": 3, "id": 7}
# Where an IPv4 header says what is behind it.
PROTOCOL = 9
# What a later fragment has in place of a header.
REST = Raw(bytes(24))


def frames():
    """All of them."""
    return many() + protocols() + ports() + addresses() + sizes() + discovery()


def cases(name, dst, payload, rules, ways, **ip):
    """The packet in each of the ways; a later fragment has its protocol and nothing of its payload."""
    found = []
    for way in ways:
        how = {"options": OPTIONS, "first": FIRST, "later": LATER}[way]
        body = REST if way == "later" else payload
        proto = ip.get("proto", bytes(IP() / payload)[PROTOCOL])
        suffix = "with-ip-options" if way == "options" else f"{way}-fragment"
        found.append(frame(f"{name}-{suffix}", v4(PEERING, dst, body, **{**ip, "proto": proto}, **how), rules))
    return found


def many():
    found = cases("broadcast-limited", ALL, udp(9), "I01 L09", ["options", "first"])
    return found + cases("multicast", "232.1.1.1", udp(5004), "I02 L09", ["first", "later"])


def protocols():
    redirect = ICMP(type=5, code=1, gw=A.ip4) / Raw(bytes(IP(src=FAR4, dst=AWAY4)) + bytes(8))
    found = cases("redirect4", B.ip4, redirect, "I03", ["options", "first"])
    hello = OSPF_Hdr(src=A.ip4) / OSPF_Hello(router=A.ip4)
    found += cases("ospf-unicast", B.ip4, hello, "I05", ["first", "later"], proto=89)
    pim = PIMv2Hdr() / PIMv2Hello()
    found += cases("pim-unicast", B.ip4, pim, "I06", ["options", "first", "later"], proto=103)
    found.append(frame("pim6-behind-options", v6(PEERING, "ff02::d", last(103, pim), hlim=1), "I06 L09"))
    vrrp = VRRP(vrid=1, addrlist=["192.0.2.1"])
    found += cases("vrrp2", "224.0.0.18", vrrp, "I02 I07 L09", ["options", "first", "later"], proto=112)
    vrrp3 = Raw(bytes(VRRPv3(vrid=1, ipcount=0, chksum=0)))
    hidden = v6(PEERING, "ff02::12", last(112, vrrp3), hlim=255)
    return found + [frame("vrrp3-ipv6-behind-options", hidden, "I07 L09")]


def last(number, payload):
    """The payload behind destination options, which say what it is."""
    header = destination()
    header.nh = number
    return header / payload


def ports():
    found = cases("rip-unicast", B.ip4, udp(520), "I05", ["options", "first"])
    hsrp = udp(1985, HSRP(virtualIP="192.0.2.1"))
    found += cases("hsrp1", "224.0.0.2", hsrp, "I02 I07 L09", ["options", "first"])
    found += cases("mdns-unicast", B.ip4, udp(5353), "I08", ["options", "first"])
    found += cases("mndp", ALL, udp(5678), "I01 L09 L15", ["options", "first"])
    found += cases("ldp-hello", "224.0.0.2", udp(646), "I02 L09 L18", ["options", "first"])
    found.append(frame("ldp6-hello-behind-options", v6(PEERING, "ff02::2", destination() / udp(646)), "L09 L18"))
    syn = TCP(sport=50000, dport=179, flags="S", seq=1)
    return found + cases("bgp-to-nobody", PEERING.ip4(77), syn, "I11", ["first"])


def addresses():
    packet, all_ways = UDP(sport=50000, dport=33434) / Raw(bytes(24)), ["options", "first", "later"]
    found = cases("source-of-another", B.ip4, packet, "I09", all_ways, src=C.ip4)
    found += cases("destination-of-another", C.ip4, packet, "I10", all_ways)
    found += cases("bogon", AWAY4, packet, "I13", all_ways, src="10.1.2.3")
    for name, make, rules in [
        ("source6-of-another", lambda body: v6(PEERING, B.ip6, body, src=C.ip6), "I09"),
        ("destination6-of-another", lambda body: v6(PEERING, C.ip6, body, src=A.ip6), "I10"),
        ("bogon6", lambda body: v6(PEERING, AWAY6, body, src="fd00::1"), "I13"),
        ("site-local", lambda body: v6(PEERING, B.ip6, body, src="feff::1"), "I13 N09"),
    ]:
        piece = IPv6ExtHdrFragment(nh=17, offset=3, m=0, id=7) / REST
        found.append(frame(f"{name}-behind-options", make(destination() / packet), rules))
        found.append(frame(f"{name}-later-fragment", make(piece), rules))
    return found + variants("site-local", lambda lan: v6(lan, lan.b.ip6, packet, src="feff::1"), "I13 N09")


def sizes():
    link = Ether(src=A.mac, dst=B.mac)
    optional = link / IP(src=FAR4, dst=AWAY4, **OPTIONS) / Raw(bytes(1501 - 24))
    piece = link / IP(src=FAR4, dst=AWAY4, **FIRST) / Raw(bytes(1504 - 20))
    headers = link / IPv6(src=FAR6, dst=AWAY6) / last(59, Raw(bytes(1501 - 40 - len(destination()))))
    return [
        frame("mtu-ipv4-over-with-ip-options", optional, "L20"),
        frame("mtu-ipv4-over-first-fragment", piece, "L20"),
        frame("mtu-ipv6-over-behind-options", headers, "L20"),
    ]


def discovery():
    """Messages whose rules are held behind headers and in fragments, too."""
    report = sent(PEERING, A.local, "ff02::1:ff00:1", ICMPv6MLReport(mladdr="ff02::1:ff00:1"), hlim=1)
    hop = CHAINS["hop-by-hop"]
    return [
        frame("ns-option-differs-fragment-atomic", fragment(ns(PEERING, option=OTHER_MAC), 0, 2000, 0), "N04 N06"),
        frame("na-unspecified-behind-hop-by-hop", behind(na(PEERING, src="::"), hop()), "N08"),
        frame("na-unspecified-fragment-atomic", fragment(na(PEERING, src="::"), 0, 2000, 0), "N04 N08"),
        frame("mld-report-behind-destination", behind(report, CHAINS["destination"]()), "L09 N10"),
        frame("mld-report-fragment-atomic", fragment(report, 0, 2000, 0), "L09 N10"),
        frame("mld-report-fragment-first", fragment(report, 0, 8, 1), "L09 N10"),
    ]
