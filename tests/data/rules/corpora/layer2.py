"""Frames that break rules L01 to L20, and frames that almost do."""

from scapy.contrib.cdp import CDPMsgDeviceID, CDPMsgPortID, CDPv2_HDR
from scapy.contrib.dtp import DTP, DTPDomain, DTPNeighbor, DTPStatus, DTPType
from scapy.contrib.esmc import ESMC
from scapy.contrib.gxrp import GARP, GARP_ATTRIBUTE, GARP_MESSAGE, GVRP
from scapy.contrib.isis import ISIS_CommonHdr, ISIS_L1_LAN_Hello, ISIS_L2_LAN_Hello, ISIS_P2P_Hello
from scapy.contrib.lacp import LACP, MarkerProtocol
from scapy.contrib.lldp import LLDPDUChassisID, LLDPDUEndOfLLDPDU, LLDPDUPortID, LLDPDUTimeToLive
from scapy.contrib.mac_control import MACControlPause
from scapy.contrib.mpls import MPLS
from scapy.contrib.slowprot import SlowProtocol
from scapy.contrib.vtp import VTP
from scapy.layers.eap import EAPOL
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import LLC, SNAP, STP, Dot3, Ether
from scapy.packet import Raw

from .frames import CUSTOMER, OLD_SERVICE, SERVICE, frame, on, padded, tagged, variants
from .site import AWAY4, AWAY6, BROADCAST, FAR4, FAR6, JUMBO, PEERING, STRANGER, V6ONLY

CISCO, PVST = "01:00:0c:cc:cc:cc", "01:00:0c:cc:cc:cd"
SLOW, BRIDGES = "01:80:c2:00:00:02", "01:80:c2:00:00:00"


def frames():
    """All of them."""
    return (
        ethertypes() + control() + spanning_tree() + discovery() + routing() + tags() + sources()
        + groups() + sizes() + broken()
    )


def transit4(lan=PEERING, **ether):
    """A packet between hosts behind two members: it breaks nothing itself."""
    ether = {"src": lan.a.mac, "dst": lan.b.mac, **ether}
    return Ether(**ether) / IP(src=FAR4, dst=AWAY4) / UDP(sport=4000, dport=4001) / Raw(b"transit")


def typed(ethertype, payload=b"\0" * 46, **ether):
    """What makes a frame of this EtherType from A, to B unless told otherwise."""
    return lambda lan: (
        Ether(**{"src": lan.a.mac, "dst": lan.b.mac, **ether, "type": ethertype}) / Raw(payload)
    )


def llc(packet, dst=None):
    """What makes an 802.3 frame from A."""
    return lambda lan: Dot3(src=lan.a.mac, dst=dst or lan.b.mac) / packet


def snap(oui, code, payload, dst=None):
    """What makes an 802.3 frame with SNAP."""
    return llc(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=oui, code=code) / payload, dst)


def ethertypes():
    found = variants("ethertype-rarp", typed(0x8035, dst=BROADCAST), "L01 L09")
    found += variants("ethertype-macsec", typed(0x88E5), "L01")
    for name, number in [
        ("first", 0x0600), ("ipx", 0x8137), ("appletalk", 0x809B), ("pppoe", 0x8864), ("trill", 0x22F3),
        ("homeplug", 0x88E1), ("experimental", 0x88B5), ("fcoe", 0x8906), ("teb", 0x6558), ("last", 0xFFFF),
        # CDP's number in the type field is an EtherType of nobody, never CDP.
        ("0x2000", 0x2000), ("loop-protect", 0x9003),
    ]:
        found.append(frame(f"ethertype-{name}", typed(number)(PEERING), "L01"))
    ptp = typed(0x88F7, dst="01:1b:19:00:00:00")(PEERING)
    found.append(frame("ethertype-ptp", ptp, "L01 L09"))
    for name, packet in [("ipv4", transit4()), ("ipv6", Ether(src=PEERING.a.mac, dst=PEERING.b.mac)
                         / IPv6(src=FAR6, dst=AWAY6) / UDP(sport=1, dport=2))]:
        found.append(frame(f"allowed-{name}", packet))
    found += variants("snap-ipv4", snap(0, 0x0800, Raw(bytes(IP(src=FAR4, dst=AWAY4)))), "L02")
    for name, sap, ctrl in [("netbeui", 0xF0, 3), ("netware", 0xFF, 0), ("null", 0, 3)]:
        packet = LLC(dsap=sap, ssap=sap, ctrl=ctrl) / Raw(b"\1\2\3")
        found.append(frame(f"llc-{name}", padded(bytes(llc(packet)(PEERING))), "L02"))
    return found


def control():
    """Slow protocols, pause, 802.1X, loopback."""
    lacp = SlowProtocol() / LACP(actor_system=PEERING.a.mac, partner_system="00:00:00:00:00:00")
    found = variants("lacp", lambda lan: Ether(src=lan.a.mac, dst=SLOW) / lacp, "L01 L03 L09 L10")
    found += variants(
        "ethernet-oam", typed(0x8809, b"\3\0\x50\0" + b"\0" * 42, dst=SLOW), "L01 L03 L09 L10"
    )
    for name, packet in [("marker", MarkerProtocol()), ("esmc", ESMC())]:
        made = Ether(src=PEERING.a.mac, dst=SLOW) / SlowProtocol() / packet
        found.append(frame(name, made, "L01 L03 L09 L10"))
    found.append(frame("lacp-unicast", Ether(src=PEERING.a.mac, dst=PEERING.b.mac) / lacp, "L01 L03"))
    pause = Ether(src=PEERING.a.mac, dst="01:80:c2:00:00:01") / MACControlPause()
    found.append(frame("pause", padded(bytes(pause)), "L01 L09 L10"))
    dot1x = Ether(src=PEERING.a.mac, dst="01:80:c2:00:00:03") / EAPOL(type=1)
    found.append(frame("dot1x", padded(bytes(dot1x)), "L01 L09 L10"))
    found += variants("keepalive", lambda lan: typed(0x9000, dst=lan.a.mac)(lan), "L01 L16")
    found += variants("loopback-assist", typed(0x9000, dst="cf:00:00:00:00:00"), "L01 L09 L16")
    found += variants("mop-load", typed(0x6001, dst="ab:00:00:01:00:00"), "L01 L09 L17")
    found += variants("mop-console", typed(0x6002, dst="ab:00:00:02:00:00"), "L01 L09 L17")
    found.append(frame("decnet", typed(0x6003, dst="ab:00:00:03:00:00")(PEERING), "L01 L09"))
    return found


def spanning_tree():
    bpdu = LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(rootmac=PEERING.a.mac, bridgemac=PEERING.a.mac)
    found = variants("stp", llc(bpdu, BRIDGES), "L02 L09 L10 L11")
    provider = llc(bpdu, "01:80:c2:00:00:08")(PEERING)
    found.append(frame("stp-provider-bridge", provider, "L02 L09 L10 L11"))
    found.append(frame("stp-unicast", llc(bpdu)(PEERING), "L02 L11"))
    pvst = snap(0x00000C, 0x010B, STP(version=2, bpdutype=2, rootmac=PEERING.a.mac), PVST)
    found += variants("pvst", pvst, "L02 L09 L11")
    gvrp = GARP(msgs=[GARP_MESSAGE(attrs=[GARP_ATTRIBUTE() / GVRP(vlan=7)])])
    packet = llc(LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(bytes(gvrp)), "01:80:c2:00:00:21")(PEERING)
    # GARP shares the LLC of spanning tree; only its destination and its protocol number differ.
    found.append(frame("gvrp", padded(bytes(packet)), "L02 L09 L10 L11?"))
    mvrp = typed(0x88F5, dst="01:80:c2:00:00:21")(PEERING)
    found.append(frame("mvrp", mvrp, "L01 L09 L10"))
    return found


def discovery():
    lldp = (
        LLDPDUChassisID(subtype=4, id=PEERING.a.mac) / LLDPDUPortID(subtype=5, id=b"xe-0/0/1")
        / LLDPDUTimeToLive(ttl=120) / LLDPDUEndOfLLDPDU()
    )
    found = variants(
        "lldp", lambda lan: Ether(src=lan.a.mac, dst="01:80:c2:00:00:0e") / lldp, "L01 L09 L10 L12"
    )
    found.append(frame("lldp-unicast", Ether(src=PEERING.a.mac, dst=PEERING.b.mac) / lldp, "L01 L12"))
    cdp = CDPv2_HDR(vers=2, ttl=180, msg=[CDPMsgDeviceID(val=b"router"), CDPMsgPortID(iface=b"Gi0/1")])
    found += variants("cdp", snap(0x00000C, 0x2000, cdp, CISCO), "L02 L09 L13")
    vtp = VTP(domname=b"lan", followers=0)
    found += variants("vtp", snap(0x00000C, 0x2003, Raw(bytes(vtp)), CISCO), "L02 L09 L13")
    dtp = DTP(tlvlist=[DTPDomain(), DTPStatus(), DTPType(), DTPNeighbor(neighbor=PEERING.a.mac)])
    found += variants("dtp", snap(0x00000C, 0x2004, dtp, CISCO), "L02 L09 L13")
    udld = b"\x21\0\0\0\0\1\0\x0arouter"
    found += variants("udld", snap(0x00000C, 0x0111, Raw(udld), CISCO), "L02 L09 L13")
    pagp = snap(0x00000C, 0x0104, Raw(b"\1\0\0\0"), CISCO)(PEERING)
    found.append(frame("pagp", padded(bytes(pagp)), "L02 L09 L13?"))
    cgmp = snap(0x00000C, 0x2001, Raw(b"\x10\0\0\0"), "01:00:0c:dd:dd:dd")(PEERING)
    found.append(frame("cgmp", padded(bytes(cgmp)), "L02 L09"))
    # To an address that is no group's (lldpd and Wireshark say so too).
    edp = snap(0x00E02B, 0x00BB, Raw(b"\1\0\0\x10\0\0\0\1\0\0" + bytes(6)), "00:e0:2b:00:00:00")
    found += variants("edp", edp, "L02 L14")
    fdp = snap(0x00E052, 0x2000, Raw(b"\1\xb4\0\0\0\1\0\x0arouter"), "01:e0:52:cc:cc:cc")
    found += variants("fdp", fdp, "L02 L09 L14")
    found += variants("romon", typed(0x88BF, dst="01:80:c2:00:88:bf"), "L01 L09 L15")
    return found


def routing():
    """IS-IS, ES-IS, MPLS; LDP is UDP and stands with the IP rules."""
    clns = LLC(dsap=0xFE, ssap=0xFE, ctrl=3)
    hello = {"sourceid": "0200.0000.0001", "lanid": "0200.0000.0001.01"}
    level1 = clns / ISIS_CommonHdr() / ISIS_L1_LAN_Hello(**hello)
    level2 = clns / ISIS_CommonHdr() / ISIS_L2_LAN_Hello(**hello)
    found = variants("isis-level-1", llc(level1, "01:80:c2:00:00:14"), "L02 L09 L19")
    found += variants("isis-level-2", llc(level2, "01:80:c2:00:00:15"), "L02 L09 L19")
    p2p = clns / ISIS_CommonHdr() / ISIS_P2P_Hello(sourceid="0200.0000.0001")
    found.append(frame("isis-p2p", llc(p2p, "09:00:2b:00:00:05")(PEERING), "L02 L09 L19"))
    esis = clns / Raw(b"\x82\x0a\1\0\2\0\x1e\0\0\0")
    found.append(frame("esis-hello", padded(bytes(llc(esis, "09:00:2b:00:00:05")(PEERING))), "L02 L09 L19"))
    found.append(frame("isis-unicast", llc(p2p)(PEERING), "L02 L19"))
    label = MPLS(label=16, s=1, ttl=64) / IP(src=FAR4, dst=AWAY4)
    for name, number in [("mpls", 0x8847), ("mpls-upstream", 0x8848)]:
        found += variants(name, typed(number, bytes(label)), "L01 L18")
    return found


def tags():
    data, stranger = bytes(transit4()), bytes(transit4(src=STRANGER))
    jumbo = bytes(transit4(JUMBO))
    found = []
    for name, tpid in [("8100", CUSTOMER), ("88a8", SERVICE), ("9100", OLD_SERVICE)]:
        found.append(frame(f"vlan-unknown-{name}", tagged(stranger, (tpid, 300)), "L04 L07"))
        found.append(frame(f"vlan-inner-{name}", tagged(jumbo, (CUSTOMER, 100), (tpid, 7)), "L04"))
    found += [
        frame("vlan-reserved-4095", tagged(stranger, (CUSTOMER, 4095)), "L04 L07"),
        # Its member is known, but not on that VLAN.
        frame("vlan-unknown-of-a-member", tagged(data, (CUSTOMER, 300)), "L04 L07?"),
        frame("vlan-inner-same", tagged(jumbo, (CUSTOMER, 100), (CUSTOMER, 100)), "L04"),
        frame("vlan-inner-untagged-outer", tagged(data, (CUSTOMER, 0), (CUSTOMER, 100)), "L04"),
        frame("vlan-three", tagged(jumbo, (SERVICE, 100), (CUSTOMER, 7), (CUSTOMER, 8)), "L01 L04"),
        frame("vlan-priority-bits", tagged(jumbo, (CUSTOMER, 0xF064))),
        frame("vlan-v6only", on(V6ONLY, bytes(transit4(V6ONLY)))),
        # The specification says which identifiers a tag may have, not which TPID.
        frame("vlan-service-tpid", tagged(jumbo, (SERVICE, 100)), "L04?"),
        frame("vlan-priority-tag", tagged(data, (CUSTOMER, 0x6000)), "L04?"),
    ]
    return found


def sources():
    found = variants("source-group", lambda lan: transit4(lan, src="03:00:00:00:00:01"), "L05 L07?")
    found += variants("source-zero", lambda lan: transit4(lan, src="00:00:00:00:00:00"), "L05 L07?")
    found.append(frame("source-broadcast", transit4(src=BROADCAST), "L05 L07?"))
    found += variants("source-stranger", lambda lan: transit4(lan, src=STRANGER), "L07")
    # The third member has no interface there.
    found.append(frame("source-of-another-lan", on(V6ONLY, bytes(transit4(src=PEERING.c.mac))), "L07"))
    found.append(frame("source-global-bit", transit4(src="00:00:00:00:00:01"), "L07"))
    return found


def groups():
    found = variants("unicast-packet-to-broadcast", lambda lan: transit4(lan, dst=BROADCAST), "L09")
    for name, dst, rules in [
        ("ipv4-group", "01:00:5e:00:00:01", "L09"),
        ("ipv6-group", "33:33:00:00:00:01", "L09"),
        ("ipv6-solicited", "33:33:ff:00:00:01", "L09"),
        ("bridge-first", "01:80:c2:00:00:00", "L09 L10"),
        ("bridge-last", "01:80:c2:00:00:0f", "L09 L10"),
        ("bridge-behind-last", "01:80:c2:00:00:10", "L09"),
        ("garp-before-first", "01:80:c2:00:00:1f", "L09"),
        ("garp-first", "01:80:c2:00:00:20", "L09 L10"),
        ("garp-last", "01:80:c2:00:00:2f", "L09 L10"),
        ("garp-behind-last", "01:80:c2:00:00:30", "L09"),
        ("bridge-other-oui", "01:80:c2:00:01:00", "L09"),
        ("individual-of-that-oui", "00:80:c2:00:00:01", ""),
        ("odd-group", "ff:ff:ff:ff:ff:fe", "L09"),
    ]:
        found.append(frame(f"to-{name}", transit4(dst=dst), rules))
    return found


def sizes():
    def sized(lan, length, trailer=0):
        header = Ether(src=lan.a.mac, dst=lan.b.mac)
        return on(lan, bytes(header / IP(src=FAR4, dst=AWAY4) / Raw(bytes(length - 20))) + bytes(trailer))

    def sized6(lan, length):
        packet = IPv6(src=FAR6, dst=AWAY6, nh=59) / Raw(bytes(length - 40))
        return on(lan, bytes(Ether(src=lan.a.mac, dst=lan.b.mac) / packet))

    second = tagged(sized(JUMBO, 9001)[:12] + sized(JUMBO, 9001)[16:], (SERVICE, 100), (CUSTOMER, 7))
    return [
        frame("mtu-ipv4-fits", sized(PEERING, 1500)),
        frame("mtu-ipv4-over", sized(PEERING, 1501), "L20"),
        frame("mtu-ipv6-fits", sized6(PEERING, 1500)),
        frame("mtu-ipv6-over", sized6(PEERING, 1501), "L20"),
        # The packet counts, not the frame around it.
        frame("mtu-ipv4-with-a-trailer", sized(PEERING, 1400, trailer=201)),
        frame("mtu-ipv4-jumbo-over", sized(JUMBO, 9001), "L20"),
        frame("mtu-ipv4-jumbo-over-qinq", second, "L04 L20"),
        frame("mtu-ipv6-default-over", sized6(V6ONLY, 1501), "L20"),
    ]


def broken():
    """Frames that cannot be parsed break no rule, whatever else is wrong with them."""
    ping = bytes(transit4(dst=BROADCAST))
    ping6 = bytes(Ether(src=PEERING.a.mac, dst=BROADCAST) / IPv6(src=FAR6, dst=AWAY6) / ICMP())
    cases = [
        ("ethernet-cut", ping[:13]),
        ("tag-cut", tagged(ping, (CUSTOMER, 300))[:16]),
        ("arp-cut", bytes(typed(0x0806, b"\0\1\x08\0\6\4\0\2" + bytes(19), dst=SLOW)(PEERING))),
        ("ipv4-cut", ping[:33]),
        ("ipv4-version", ping[:14] + b"\x65" + ping[15:]),
        ("ipv4-header-length", ping[:14] + b"\x44" + ping[15:]),
        ("ipv4-total-length", ping[:-1]),
        ("ipv6-cut", ping6[:53]),
        ("ipv6-version", ping6[:14] + b"\x40" + ping6[15:]),
        ("ipv6-payload-length", ping6[:-1]),
        ("length-undefined", bytes(typed(0x05DD, dst=BROADCAST)(PEERING))),
        ("llc-length", bytes(Dot3(src=PEERING.a.mac, dst=CISCO, len=200) / Raw(b"\xaa\xaa\3\0\0\x0c\x20\0"))),
        ("llc-cut", bytes(Dot3(src=PEERING.a.mac, dst=BRIDGES, len=2) / Raw(b"\x42\x42\3" + bytes(43)))),
        ("snap-cut", bytes(Dot3(src=PEERING.a.mac, dst=CISCO, len=7) / Raw(b"\xaa\xaa\3\0\0\x0c\x20"))),
    ]
    return [frame(f"malformed-{name}", data) for name, data in cases]
