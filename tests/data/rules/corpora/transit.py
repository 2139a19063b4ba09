"""IPv4 that members may send each other, and ARP as it is meant to be: nothing of it may be dropped."""

from scapy.contrib.bfd import BFD
from scapy.contrib.bgp import BGPHeader, BGPKeepAlive, BGPOpen
from scapy.contrib.ospf import OSPF_Hdr, OSPF_Hello
from scapy.contrib.pim import PIMv2Hdr
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import (
    ICMP, IP, TCP, UDP, IPOption, IPOption_NOP, IPOption_Router_Alert, IPOption_RR,
    IPOption_Timestamp,
)
from scapy.layers.inet6 import ICMPv6ND_RA, IPv6
from scapy.layers.l2 import ARP, GRE, LLC, STP, Dot3, Ether
from scapy.layers.l2tp import L2TP
from scapy.layers.ppp import PPP
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from .frames import CUSTOMER, frame, on, padded, tagged
from .site import AWAY4, BROADCAST, D_SECOND, FAR4, FAR6, JUMBO, PEERING, V6ONLY

# The ports of rules that look into UDP: each may be an ephemeral port of somebody.
PORTS = (53, 67, 68, 123, 137, 138, 161, 162, 520, 646, 1900, 1985, 2029, 5353, 5355, 5678, 20561)


def frames():
    """All of them."""
    return (
        protocols() + messages() + ports() + tunnels() + applications() + fragments() + headers()
        + lans() + routers() + sessions() + arp() + soft()
    )


def v4(lan, payload, src=FAR4, dst=AWAY4, mac=None, **ip):
    """A packet that A hands to B."""
    return Ether(src=mac or lan.a.mac, dst=lan.b.mac, type=0x0800) / IP(src=src, dst=dst, **ip) / payload


def near(lan, payload, **ip):
    """A packet from the router of A to that of B."""
    return v4(lan, payload, src=lan.a.ip4, dst=lan.b.ip4, **ip)


def protocols():
    """Every protocol number, the payload one that has a meaning as ports and as an ICMP type."""
    found = []
    for number in range(256):
        packet = v4(PEERING, Raw(b"\x08\0\x14\xe9" + bytes(16)), proto=number)
        found.append(frame(f"ipv4-protocol-{number}", packet))
    # Tunnels end at routers.
    for number in (4, 17, 41, 47, 50, 51, 94, 97, 98, 115, 132, 137):
        packet = v4(PEERING, Raw(b"\xc3\x50\xc3\x51" + bytes(16)), proto=number, dst=PEERING.b.ip4)
        found.append(frame(f"ipv4-protocol-{number}-to-a-router", packet))
    return found


def messages():
    found = []
    for kind in (0, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 30, 40, 42, 43, 253):
        packet = v4(PEERING, Raw(bytes([kind]) + bytes(27)), proto=1)
        found.append(frame(f"icmp-type-{kind}", packet))
    quoted = Raw(bytes(IP(src=AWAY4, dst=FAR4) / UDP(sport=53, dport=53)))
    for kind, code, name in [(3, 3, "port-unreachable"), (3, 4, "too-big"), (11, 0, "time-exceeded")]:
        message = ICMP(type=kind, code=code) / quoted
        found += [
            frame(f"icmp-{name}-of-a-router", v4(PEERING, message, src=PEERING.a.ip4)),
            frame(f"icmp-{name}-to-a-router", v4(PEERING, message, dst=PEERING.b.ip4)),
        ]
    return found


def ports():
    """Answers from elsewhere to any port of a router, and any port between hosts."""
    found = []
    for port in PORTS:
        answer = UDP(sport=443, dport=port) / Raw(b"answer")
        found += [
            frame(f"udp-to-port-{port}", v4(PEERING, answer)),
            frame(f"udp-from-and-to-port-{port}", v4(PEERING, UDP(sport=port, dport=port) / Raw(b"x"))),
            frame(f"udp-to-port-{port}-of-a-router", v4(PEERING, answer, dst=PEERING.b.ip4)),
        ]
    for port in (179, 646, 520, 5353):
        packet = TCP(sport=40000, dport=port, flags="S", seq=1)
        found.append(frame(f"tcp-to-port-{port}", v4(PEERING, packet)))
    for name, port in [("dns", 53), ("ntp", 123), ("snmp", 161), ("https", 443)]:
        answer = UDP(sport=port, dport=49152) / Raw(bytes(48))
        found.append(frame(f"{name}-answer-to-a-router", v4(PEERING, answer, dst=PEERING.b.ip4)))
    return found


def tunnels():
    inner4 = IP(src="10.0.0.1", dst="224.0.0.5", ttl=1) / OSPF_Hdr(src="10.0.0.1") / OSPF_Hello()
    inner6 = IPv6(src="fe80::1", dst="ff02::1", hlim=255) / ICMPv6ND_RA()
    inner2 = Ether(src="02:aa:00:00:00:01", dst=BROADCAST, type=0x0806) / ARP(
        hwsrc="02:bb:00:00:00:01", psrc="10.0.0.1", pdst="10.0.0.2"
    )
    bpdu = Raw(bytes(Dot3(src="02:aa:00:00:00:01", dst="01:80:c2:00:00:00") / LLC() / STP()))
    return [
        frame("ipip-ospf", v4(PEERING, inner4)),
        frame("6in4-ra", v4(PEERING, inner6)),
        frame("gre-ospf", v4(PEERING, GRE() / inner4)),
        frame("gre-ra", v4(PEERING, GRE(key_present=1, key=7) / inner6)),
        frame("gre-ethernet-arp", v4(PEERING, GRE(proto=0x6558) / inner2)),
        frame("gre-mpls", v4(PEERING, GRE(proto=0x8847) / Raw(b"\0\1\1\x40"))),
        frame("vxlan-arp", v4(PEERING, UDP(sport=50000, dport=4789) / VXLAN(vni=7, flags=8) / inner2)),
        frame("vxlan-stp", v4(PEERING, UDP(sport=50000, dport=4789) / VXLAN(vni=7, flags=8) / bpdu)),
        frame("l2tp", v4(PEERING, UDP(sport=1701, dport=1701) / L2TP(tunnel_id=1, session_id=2) / PPP())),
        frame("etherip", v4(PEERING, Raw(b"\x30\0" + bytes(inner2)), proto=97)),
        frame("esp", v4(PEERING, Raw(bytes(40)), proto=50)),
        frame("teredo", v4(PEERING, UDP(sport=3544, dport=3544) / inner6)),
    ]


def applications():
    """What the rules name, from one network to another."""
    hardware = bytes.fromhex(PEERING.a.mac.replace(":", ""))
    relayed = BOOTP(op=1, hops=1, xid=7, giaddr=FAR4, chaddr=hardware) / DHCP(
        options=[("message-type", "discover"), "end"]
    )
    question = DNS(id=7, qd=DNSQR(qname="example.com"))
    hello = OSPF_Hdr(src=FAR4) / OSPF_Hello(router=FAR4)
    return [
        frame("dhcp-relay", v4(PEERING, UDP(sport=67, dport=67) / relayed)),
        frame("dhcp-relay-fragment-first", v4(PEERING, UDP(sport=67, dport=67) / relayed, flags="MF")),
        frame("mdns-unicast", v4(PEERING, UDP(sport=5353, dport=5353) / question)),
        frame("dns", v4(PEERING, UDP(sport=50000, dport=53) / question)),
        frame("ospf-virtual-link", v4(PEERING, hello)),
        frame("pim-register", v4(PEERING, PIMv2Hdr(type=1) / Raw(bytes(24)), proto=103)),
        frame("icmp-redirect", v4(PEERING, ICMP(type=5, code=1, gw="8.8.4.4") / Raw(bytes(28)))),
        frame("ldp-session", v4(PEERING, TCP(sport=646, dport=50000, flags="PA", seq=1))),
        frame("bgp-multihop", v4(PEERING, TCP(sport=50000, dport=179, flags="S", seq=1))),
        frame("traceroute-udp", v4(PEERING, UDP(sport=50000, dport=33434) / Raw(bytes(24)), ttl=1)),
        frame("traceroute-icmp", v4(PEERING, ICMP(id=1, seq=1), ttl=1)),
        frame("traceroute-tcp", v4(PEERING, TCP(sport=50000, dport=80, flags="S", seq=1), ttl=2)),
    ]


def fragments():
    body = Raw(bytes(48))
    found = []
    for name, protocol in [("icmp", 1), ("tcp", 6), ("udp", 17), ("gre", 47)]:
        for piece, fields in [
            ("first", {"flags": "MF"}), ("middle", {"flags": "MF", "frag": 6}), ("last", {"frag": 12}),
            ("far", {"frag": 8100}),
        ]:
            packet = v4(PEERING, body, proto=protocol, id=7, **fields)
            found.append(frame(f"ipv4-{name}-fragment-{piece}", packet))
    found.append(frame("ipv4-tiny-fragment", v4(PEERING, Raw(bytes(8)), proto=6, id=7, flags="MF")))
    found.append(frame("ipv4-fragment-of-nothing", v4(PEERING, Raw(b""), proto=17, id=7, frag=3)))
    return found


def headers():
    """Options, marks, lifetimes, lengths."""
    packet = UDP(sport=50000, dport=50001) / Raw(b"transit")
    found = []
    for name, options in [
        ("nop", [IPOption_NOP()] * 4),
        ("router-alert", [IPOption_Router_Alert()]),
        ("record-route", [IPOption_RR(routers=["0.0.0.0"] * 9)]),
        ("timestamp", [IPOption_Timestamp(flg=1, internet_address="0.0.0.0", timestamp=0)]),
        ("source-route", [IPOption(b"\x83\x07\x04\x08\x08\x04\x04")]),
        ("of-60-bytes", [IPOption_NOP()] * 40),
    ]:
        found.append(frame(f"ipv4-option-{name}", v4(PEERING, packet, options=options)))
    for name, fields in [
        ("tos-cs6", {"tos": 0xC0}), ("ecn-ce", {"tos": 3}), ("tos-all", {"tos": 0xFF}), ("df", {"flags": "DF"}),
        ("evil", {"flags": "evil"}), ("ttl-0", {"ttl": 0}), ("ttl-255", {"ttl": 255}),
        ("checksum-wrong", {"chksum": 0xDEAD}), ("id-ffff", {"id": 0xFFFF}),
    ]:
        found.append(frame(f"ipv4-{name}", v4(PEERING, packet, **fields)))
    bare = bytes(v4(PEERING, packet))
    found += [
        frame("ipv4-header-alone", v4(PEERING, Raw(b""), proto=61)),
        frame("ipv4-padded", padded(bare)),
        frame("ipv4-padded-with-junk", padded(bare, b"\xff")),
        frame("ipv4-trailer", bare + bytes(100)),
        frame("ipv4-full-size", v4(PEERING, Raw(bytes(1480)), proto=61)),
        frame("udp-cut", v4(PEERING, Raw(b"\0\x43"), proto=17)),
        frame("tcp-fast-open", v4(PEERING, TCP(sport=50000, dport=443, flags="S", seq=1) / Raw(b"hello"))),
        frame("tcp-all-flags", v4(PEERING, TCP(sport=50000, dport=443, flags=0xFF, seq=1))),
        frame("to-class-e", v4(PEERING, packet, dst="240.0.0.1")),
        frame("to-another-lans-broadcast", v4(PEERING, packet, dst=JUMBO.broadcast4)),
        frame("to-an-even-broadcast", v4(PEERING, packet, dst="8.8.255.255")),
        frame("to-private", v4(PEERING, packet, dst="10.0.0.1")),
        frame("own-second-mac", v4(PEERING, packet, mac=D_SECOND)),
    ]
    return found


def lans():
    """The tagged LANs; on one of them IPv4 goes to next hops that have none (RFC 8950)."""
    packet = UDP(sport=50000, dport=50001) / Raw(b"transit")
    found = []
    for name, lan in [("jumbo", JUMBO), ("v6only", V6ONLY)]:
        found += [
            frame(f"{name}-ipv4", on(lan, bytes(v4(lan, packet)))),
            frame(f"{name}-ipv4-icmp-redirect", on(lan, bytes(v4(lan, ICMP(type=5) / Raw(bytes(28)))))),
            frame(f"{name}-ipv4-ospf", on(lan, bytes(v4(lan, OSPF_Hdr(src=FAR4))))),
            frame(f"{name}-ipv4-padded", padded(on(lan, bytes(v4(lan, ICMP(id=1, seq=1)))))),
        ]
        for bits in (0x2000, 0xE000, 0x1000):
            data = tagged(bytes(v4(lan, packet)), (CUSTOMER, lan.vlan | bits))
            found.append(frame(f"{name}-priority-{bits >> 12:x}", data))
    found += [
        frame("jumbo-ipv4-over-1500", on(JUMBO, bytes(v4(JUMBO, Raw(bytes(1501)), proto=61)))),
        frame("jumbo-ipv4-9000", on(JUMBO, bytes(v4(JUMBO, Raw(bytes(8980)), proto=61)))),
        frame("v6only-ipv4-full-size", on(V6ONLY, bytes(v4(V6ONLY, Raw(bytes(1480)), proto=61)))),
    ]
    return found


def routers():
    """What routers say to each other over the LAN."""
    echo = ICMP(type=8, id=7, seq=1) / Raw(bytes(56))
    found = []
    for lan, suffix in [(PEERING, ""), (JUMBO, "-vlan")]:
        packets = [
            ("echo-request", near(lan, echo)),
            ("echo-reply", near(lan, ICMP(type=0, id=7, seq=1) / Raw(bytes(56)))),
            ("echo-fragment-first", near(lan, echo, flags="MF", id=7)),
            ("echo-fragment-middle", near(lan, Raw(bytes(64)), proto=1, id=7, flags="MF", frag=8)),
            ("echo-fragment-last", near(lan, Raw(bytes(64)), proto=1, id=7, frag=16)),
            ("port-unreachable", near(lan, ICMP(type=3, code=3) / Raw(bytes(28)))),
            ("ttl-exceeded", near(lan, ICMP(type=11) / Raw(bytes(28)))),
            ("traceroute", near(lan, UDP(sport=50000, dport=33440) / Raw(bytes(24)), ttl=1)),
            ("bfd", near(lan, UDP(sport=49152, dport=3784) / BFD(my_discriminator=1), ttl=255)),
            ("bfd-echo", near(lan, UDP(sport=49152, dport=3785) / BFD(my_discriminator=1), ttl=255)),
            ("bfd-multihop", near(lan, UDP(sport=49152, dport=4784) / BFD(my_discriminator=1), ttl=254)),
            ("echo-from-elsewhere", v4(lan, echo, dst=lan.b.ip4)),
            ("echo-to-elsewhere", v4(lan, echo, src=lan.a.ip4)),
        ]
        found += [frame(f"router-{name}{suffix}", on(lan, bytes(packet))) for name, packet in packets]
    return found


def sessions():
    """BGP, from the first segment to the last."""
    opened = BGPHeader(type=1) / BGPOpen(my_as=64500, hold_time=90, bgp_id="192.0.2.1")
    ports = {"sport": 50000, "dport": 179, "seq": 1}
    found = []
    for lan, suffix in [(PEERING, ""), (JUMBO, "-vlan")]:
        packets = [
            ("syn", near(lan, TCP(flags="S", **ports), ttl=1)),
            ("syn-ack", near(lan, TCP(sport=179, dport=50000, flags="SA", seq=1, ack=2), ttl=255)),
            ("ack", near(lan, TCP(flags="A", ack=2, **ports), ttl=1)),
            ("open", near(lan, TCP(flags="PA", ack=2, **ports) / opened, ttl=1)),
            ("keepalive", near(lan, TCP(flags="PA", ack=2, **ports) / BGPKeepAlive(), ttl=255, tos=0xC0)),
            ("md5", near(lan, TCP(flags="S", options=[(19, bytes(16)), ("EOL", None)], **ports), ttl=255)),
            ("fin", near(lan, TCP(flags="FA", ack=2, **ports), ttl=1)),
            ("reset", near(lan, TCP(flags="R", **ports), ttl=1)),
        ]
        found += [frame(f"bgp-{name}{suffix}", on(lan, bytes(packet))) for name, packet in packets]
    return found


def arp():
    """RFC 826 and RFC 5227 as routers speak them."""
    zero, nobody = "0.0.0.0", "00:00:00:00:00:00"
    found = []
    for lan, suffix in [(PEERING, ""), (JUMBO, "-vlan")]:
        a, b = lan.a, lan.b
        for name, dst, op, sender, target, hwdst in [
            ("request", BROADCAST, 1, a.ip4, b.ip4, nobody),
            ("request-unicast", b.mac, 1, a.ip4, b.ip4, b.mac),
            ("reply", b.mac, 2, a.ip4, b.ip4, b.mac),
            ("probe", BROADCAST, 1, zero, a.ip4, nobody),
            ("announcement", BROADCAST, 1, a.ip4, a.ip4, nobody),
            ("announcement-reply", BROADCAST, 2, a.ip4, a.ip4, BROADCAST),
        ]:
            packet = Ether(src=a.mac, dst=dst, type=0x0806) / ARP(
                op=op, hwsrc=a.mac, psrc=sender, hwdst=hwdst, pdst=target
            )
            found.append(frame(f"arp-{name}{suffix}", padded(on(lan, bytes(packet)))))
    return found


def soft():
    """What is counted and never dropped: ground rule 1, action observe."""
    packet = UDP(sport=50000, dport=50001) / Raw(b"transit")
    quoted = ICMP(type=11) / Raw(bytes(28))
    dummy = on(V6ONLY, bytes(v4(V6ONLY, quoted, src="192.0.0.8")))
    return [
        frame("bogon-source", v4(PEERING, packet, src="10.0.0.1"), "I13"),
        # RFC 7600 section 4.8: an IPv4 address for ICMP errors of routers that have none.
        frame("v6only-icmp-error", dummy, "I13"),
        # The third router's error, come back over the first member's network.
        frame("icmp-error-of-a-third-router", v4(PEERING, quoted, src=PEERING.c.ip4), "I09"),
    ]
