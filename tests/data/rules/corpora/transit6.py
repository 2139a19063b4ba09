"""IPv6 that members may send each other, and neighbour discovery as it is meant to be."""

from scapy.contrib.bfd import BFD
from scapy.contrib.bgp import BGPHeader, BGPKeepAlive, BGPOpen
from scapy.contrib.ospf import OSPFv3_Hdr
from scapy.layers.dhcp6 import DHCP6_RelayForward
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting, IPv6ExtHdrSegmentRouting, RouterAlert,
)
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw

from .chains import chain, destination
from .frames import frame, on, padded
from .nd import group_mac, solicited
from .site import AWAY6, FAR6, JUMBO, PEERING, V6ONLY

# Next headers that are extension headers (IANA), which need one to be there.
EXTENSIONS = (0, 43, 44, 51, 60, 135, 139, 140)
PORTS = (53, 123, 137, 161, 521, 546, 547, 646, 1900, 2029, 5353, 5355, 5678, 20561)


def frames():
    """All of them."""
    return (
        headers() + messages() + ports() + tunnels() + extensions() + fragments() + shapes() + lans()
        + routers() + sessions() + neighbours() + soft()
    )


def v6(lan, payload, src=FAR6, dst=AWAY6, **ip):
    """A packet that A hands to B."""
    return Ether(src=lan.a.mac, dst=lan.b.mac, type=0x86DD) / IPv6(src=src, dst=dst, **ip) / payload


def near(lan, payload, **ip):
    """A packet from the router of A to that of B."""
    return v6(lan, payload, src=lan.a.ip6, dst=lan.b.ip6, **ip)


def headers():
    """Every next header; those of extensions before an ICMPv6 message."""
    echo = b"\x80\0\0\0\0\7\0\1"
    found = []
    for number in range(256):
        body = b"\x80\0\x14\xe9" + bytes(16)
        if number in EXTENSIONS:
            # An authentication header is counted in words of four bytes, and at least three long.
            length = 4 if number == 51 else 0
            body = bytes([58, length]) + bytes(22 if number == 51 else 6) + echo
        found.append(frame(f"ipv6-next-header-{number}", v6(PEERING, Raw(body), nh=number)))
    for number in (4, 6, 17, 41, 47, 50, 97, 115, 132):
        packet = v6(PEERING, Raw(b"\xc3\x50\xc3\x51" + bytes(16)), nh=number, dst=PEERING.b.ip6)
        found.append(frame(f"ipv6-next-header-{number}-to-a-router", packet))
    return found


def messages():
    """ICMPv6 of all kinds between hosts, those of the link among them: a router that forwards them is
    broken, and whoever drops them here is too."""
    found = []
    for kind in [1, 2, 3, 4, 100, 127, *range(128, 162), 200, 255]:
        packet = v6(PEERING, Raw(bytes([kind]) + bytes(39)), nh=58, hlim=61)
        found.append(frame(f"icmp6-type-{kind}", packet))
    for kind in (133, 134, 135, 136, 137, 143):
        packet = v6(PEERING, Raw(bytes([kind]) + bytes(39)), nh=58, hlim=255)
        found.append(frame(f"icmp6-type-{kind}-hop-limit-255", packet))
        pieces = IPv6ExtHdrFragment(nh=58, offset=0, m=1, id=7) / Raw(bytes([kind]) + bytes(39))
        found.append(frame(f"icmp6-type-{kind}-fragment", v6(PEERING, pieces)))
    for kind, name in [(1, "unreachable"), (2, "too-big"), (3, "time-exceeded")]:
        message = Raw(bytes([kind]) + bytes(47))
        found += [
            frame(f"icmp6-{name}-of-a-router", v6(PEERING, message, nh=58, src=PEERING.a.ip6)),
            frame(f"icmp6-{name}-to-a-router", v6(PEERING, message, nh=58, dst=PEERING.b.ip6)),
        ]
    return found


def ports():
    found = []
    for port in PORTS:
        answer = UDP(sport=443, dport=port) / Raw(b"answer")
        found += [
            frame(f"udp6-to-port-{port}", v6(PEERING, answer)),
            frame(f"udp6-to-port-{port}-of-a-router", v6(PEERING, answer, dst=PEERING.b.ip6)),
        ]
    for name, port in [("dns", 53), ("ntp", 123), ("snmp", 161)]:
        answer = UDP(sport=port, dport=49152) / Raw(bytes(48))
        found.append(frame(f"{name}-answer-to-a-router6", v6(PEERING, answer, dst=PEERING.b.ip6)))
    relay = DHCP6_RelayForward(linkaddr=FAR6, peeraddr="fe80::1")
    found += [
        frame("dhcp6-relay", v6(PEERING, UDP(sport=547, dport=547) / relay)),
        frame("ospf3-virtual-link", v6(PEERING, OSPFv3_Hdr(src="8.8.8.8"))),
        frame("pim6-register", v6(PEERING, Raw(b"\x21\0\0\0" + bytes(20)), nh=103)),
        frame("traceroute6", v6(PEERING, UDP(sport=50000, dport=33434) / Raw(bytes(24)), hlim=1)),
    ]
    return found


def tunnels():
    ra = IPv6(src="fe80::1", dst="ff02::1", hlim=255) / ICMPv6ND_RA()
    return [
        frame("6in6-ra", v6(PEERING, ra)),
        frame("4in6", v6(PEERING, Raw(b"\x45\0\0\x14" + bytes(16)), nh=4)),
        frame("gre6-ra", v6(PEERING, GRE() / ra)),
        frame("esp6", v6(PEERING, Raw(bytes(40)), nh=50)),
        frame("ethernet-in-ipv6", v6(PEERING, Raw(b"\xff" * 6 + bytes(40)), nh=143)),
        frame("mpls-in-ipv6", v6(PEERING, Raw(b"\0\1\1\x40" + bytes(20)), nh=137)),
    ]


def extensions():
    """Extension headers alone, in a row, too many, too long, cut."""
    udp = UDP(sport=50000, dport=50001) / Raw(b"transit")
    segments = IPv6ExtHdrSegmentRouting(addresses=[AWAY6], segleft=0, lastentry=0)
    auth = Raw(b"\x11\4" + bytes(22) + bytes(UDP(sport=1, dport=2, len=8, chksum=1)))
    found = [
        ("hop-by-hop", IPv6ExtHdrHopByHop() / udp),
        ("router-alert", IPv6ExtHdrHopByHop(options=[RouterAlert()]) / udp),
        ("destination", destination() / udp),
        ("destination-long", destination(220, 4) / udp),
        ("routing-0", IPv6ExtHdrRouting(type=0, segleft=1, addresses=["2620:fe::10"]) / udp),
        ("routing-2", IPv6ExtHdrRouting(type=2, segleft=1, addresses=["2620:fe::10"]) / udp),
        ("segment-routing", segments / udp),
        ("all", IPv6ExtHdrHopByHop() / destination() / IPv6ExtHdrRouting(addresses=[]) / destination() / udp),
        ("eight", chain(8) / udp),
        ("nine", chain(9) / udp),
        ("twelve", chain(12) / udp),
        ("1200-bytes", destination(220, 5) / udp),
        # More of the header than there is; the last hop will say so.
        ("cut", IPv6ExtHdrDestOpt(nh=17, len=9)),
        ("none", Raw(b"")),
    ]
    packets = [(name, v6(PEERING, headers)) for name, headers in found[:-1]]
    packets.append(("none", v6(PEERING, Raw(b""), nh=59)))
    packets.append(("none-and-junk", v6(PEERING, Raw(b"\x86\0" * 12), nh=59)))
    packets.append(("authentication", v6(PEERING, auth, nh=51)))
    return [frame(f"extension-{name}", packet) for name, packet in packets]


def fragments():
    found = []
    for name, protocol in [("icmp6", 58), ("tcp", 6), ("udp", 17), ("options", 60)]:
        for piece, offset, more in [("first", 0, 1), ("middle", 6, 1), ("last", 12, 0), ("atomic", 0, 0)]:
            header = IPv6ExtHdrFragment(nh=protocol, offset=offset, m=more, id=7)
            body = b"\x11\0" + bytes(46) if protocol == 60 else b"\x80\0" + bytes(46)
            found.append(frame(f"ipv6-{name}-fragment-{piece}", v6(PEERING, header / Raw(body))))
    tiny = IPv6ExtHdrFragment(nh=60, offset=0, m=1, id=7) / Raw(b"\x3a\4" + bytes(6))
    found.append(frame("ipv6-tiny-fragment", v6(PEERING, tiny)))
    return found


def shapes():
    udp = UDP(sport=50000, dport=50001) / Raw(b"transit")
    found = [
        frame(f"ipv6-{name}", v6(PEERING, udp, **fields))
        for name, fields in [
            ("flow-label", {"fl": 0xFFFFF}), ("class-cs6", {"tc": 0xC0}), ("hop-limit-0", {"hlim": 0}),
            ("hop-limit-255", {"hlim": 255}),
        ]
    ]
    bare = bytes(v6(PEERING, udp))
    return found + [
        frame("ipv6-padded", padded(bare)),
        frame("ipv6-trailer-of-junk", bare + b"\x86" * 33),
        frame("ipv6-full-size", v6(PEERING, Raw(bytes(1460)), nh=59)),
        frame("ipv6-udp-cut", v6(PEERING, Raw(b"\x02\x22"), nh=17)),
        frame("ipv6-icmp-cut", v6(PEERING, Raw(b"\x86\0"), nh=58)),
        frame("ipv6-to-unique-local", v6(PEERING, udp, dst="fd00::1")),
        frame("ipv6-to-another-lan", v6(PEERING, udp, dst=JUMBO.b.ip6)),
    ]


def lans():
    udp = UDP(sport=50000, dport=50001) / Raw(b"transit")
    found = []
    for name, lan in [("jumbo", JUMBO), ("v6only", V6ONLY)]:
        ra = Raw(b"\x86" + bytes(15))
        found += [
            frame(f"{name}-ipv6", on(lan, bytes(v6(lan, udp)))),
            frame(f"{name}-icmp6-type-134", on(lan, bytes(v6(lan, ra, nh=58, hlim=60)))),
            frame(f"{name}-behind-nine", on(lan, bytes(v6(lan, chain(9) / udp)))),
        ]
    found.append(frame("jumbo-ipv6-over-1500", on(JUMBO, bytes(v6(JUMBO, Raw(bytes(1501)), nh=59)))))
    return found


def routers():
    """What routers say to each other over the LAN."""
    echo = ICMPv6EchoRequest(id=7, seq=1, data=bytes(56))
    cut = IPv6ExtHdrFragment(nh=58, offset=0, m=1, id=7) / Raw(b"\x80" + bytes(63))
    rest = IPv6ExtHdrFragment(nh=58, offset=8, m=0, id=7) / Raw(bytes(64))
    found = []
    for lan, suffix in [(PEERING, ""), (JUMBO, "-vlan"), (V6ONLY, "-v6only")]:
        packets = [
            ("echo-request", near(lan, echo)),
            ("echo-reply", near(lan, ICMPv6EchoReply(id=7, seq=1, data=bytes(56)))),
            ("echo-fragment-first", near(lan, cut)),
            ("echo-fragment-last", near(lan, rest)),
            ("echo-behind-options", near(lan, destination() / echo)),
            ("time-exceeded", near(lan, Raw(b"\3" + bytes(47)), nh=58)),
            ("too-big", near(lan, Raw(b"\2" + bytes(47)), nh=58)),
            ("bfd", near(lan, UDP(sport=49152, dport=3784) / BFD(my_discriminator=1), hlim=255)),
            ("bfd-link-local", v6(lan, UDP(sport=49152, dport=3784) / BFD(my_discriminator=1), hlim=255,
                                  src=lan.a.local, dst=lan.b.local)),
            ("echo-link-local", v6(lan, echo, src=lan.a.local, dst=lan.b.local)),
            ("echo-from-elsewhere", v6(lan, echo, dst=lan.b.ip6)),
            ("echo-to-elsewhere", v6(lan, echo, src=lan.a.ip6)),
        ]
        found += [frame(f"router6-{name}{suffix}", on(lan, bytes(packet))) for name, packet in packets]
    return found


def sessions():
    opened = BGPHeader(type=1) / BGPOpen(my_as=64500, hold_time=90, bgp_id="192.0.2.1")
    there, back = {"sport": 50000, "dport": 179, "seq": 1}, {"sport": 179, "dport": 50000, "seq": 1}
    found = []
    for lan, suffix in [(PEERING, ""), (JUMBO, "-vlan"), (V6ONLY, "-v6only")]:
        for kind, src, dst in [("", lan.a.ip6, lan.b.ip6), ("-link-local", lan.a.local, lan.b.local)]:
            for name, segment in [
                ("syn", TCP(flags="S", **there)), ("syn-ack", TCP(flags="SA", ack=2, **back)),
                ("open", TCP(flags="PA", ack=2, **there) / opened),
                ("keepalive", TCP(flags="PA", ack=2, **there) / BGPKeepAlive()),
            ]:
                packet = v6(lan, segment, src=src, dst=dst, hlim=255)
                found.append(frame(f"bgp6-{name}{kind}{suffix}", on(lan, bytes(packet))))
    return found


def neighbours():
    """RFC 4861 and RFC 4862 as routers speak them."""
    found = []
    for lan, suffix in [(PEERING, ""), (JUMBO, "-vlan"), (V6ONLY, "-v6only")]:
        a, b = lan.a, lan.b
        source, target = ICMPv6NDOptSrcLLAddr(lladdr=a.mac), ICMPv6NDOptDstLLAddr(lladdr=a.mac)
        for name, src, dst, message in [
            ("ns", a.ip6, solicited(b.ip6), ICMPv6ND_NS(tgt=b.ip6) / source),
            ("ns-link-local", a.local, solicited(b.local), ICMPv6ND_NS(tgt=b.local) / source),
            ("ns-from-link-local", a.local, solicited(b.ip6), ICMPv6ND_NS(tgt=b.ip6) / source),
            ("dad", "::", solicited(a.ip6), ICMPv6ND_NS(tgt=a.ip6)),
            ("dad-link-local", "::", solicited(a.local), ICMPv6ND_NS(tgt=a.local)),
            ("nud", a.ip6, b.ip6, ICMPv6ND_NS(tgt=b.ip6)),
            ("nud-link-local", a.local, b.local, ICMPv6ND_NS(tgt=b.local) / source),
            ("na", a.ip6, b.ip6, ICMPv6ND_NA(tgt=a.ip6, R=1, S=1, O=1) / target),
            ("na-without-option", a.ip6, b.ip6, ICMPv6ND_NA(tgt=a.ip6, R=1, S=1, O=0)),
            ("na-unsolicited", a.ip6, "ff02::1", ICMPv6ND_NA(tgt=a.ip6, R=1, S=0, O=1) / target),
            ("na-link-local", a.local, b.local, ICMPv6ND_NA(tgt=a.local, R=1, S=1, O=1) / target),
            ("na-of-global-from-link-local", a.local, b.ip6, ICMPv6ND_NA(tgt=a.ip6, R=1, S=1, O=1) / target),
        ]:
            mac = group_mac(dst) if dst.startswith("ff") else b.mac
            packet = Ether(src=a.mac, dst=mac) / IPv6(src=src, dst=dst, hlim=255) / message
            found.append(frame(f"nd-{name}{suffix}", on(lan, bytes(packet))))
    return found


def soft():
    """What is counted and never dropped."""
    udp = UDP(sport=50000, dport=50001) / Raw(b"transit")
    exceeded = Raw(b"\3" + bytes(47))
    return [
        frame("bogon-source6", v6(PEERING, udp, src="fd00::1"), "I13"),
        frame("icmp6-error-of-a-third-router", v6(PEERING, exceeded, nh=58, src=PEERING.c.ip6), "I09"),
        frame("site-local-source", v6(PEERING, udp, src="fec0::1"), "I13 N09"),
        frame("site-local-destination", v6(PEERING, udp, dst="fec0::1"), "N09"),
    ]
