"""ARP packets that break rules A01 to A11, and packets that almost do."""

from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from .frames import frame, on, padded, variants
from .site import BROADCAST, D_SECOND, JUMBO, PEERING, STRANGER

NOBODY, ZERO = "00:00:00:00:00:00", "0.0.0.0"
REQUEST, REPLY = 1, 2
# On no LAN; and an address of the LANs that nobody has.
ELSEWHERE, FREE = "203.0.113.9", 77


def frames():
    """All of them."""
    return malformed() + senders() + targets() + replies() + gratuitous() + strangers() + sound()


def arp(lan, sender, target, op=REQUEST, dst=None, **fields):
    """An ARP packet of A, unless told otherwise; addresses are host numbers of the LAN or texts."""
    named = {"src": lan.a.mac, "hwsrc": None, "hwdst": NOBODY, **fields}
    ip4 = lambda host: lan.ip4(host) if isinstance(host, int) else host
    packet = ARP(
        op=op, hwsrc=named.pop("hwsrc") or named["src"], psrc=ip4(sender), hwdst=named.pop("hwdst"),
        pdst=ip4(target),
        **{key: value for key, value in named.items() if key != "src"},
    )
    default = BROADCAST if op == REQUEST else lan.b.mac
    return Ether(src=named["src"], dst=dst or default, type=0x0806) / packet


def ask(*args, **fields):
    """What makes such a packet for a LAN."""
    return lambda lan: arp(lan, *args, **fields)


def malformed():
    found = variants("arp-op-3", ask(1, 2, op=3), "A01")
    found += variants("arp-htype-6", ask(1, 2, hwtype=6), "A01")
    for op in (0, 4, 8, 9, 25, 256, 0xFFFF):
        found.append(frame(f"arp-op-{op}", ask(1, 2, op=op)(PEERING), "A01"))
    found.append(frame("arp-ptype-ipv6", ask(1, 2, ptype=0x86DD)(PEERING), "A01"))
    header = Ether(src=PEERING.a.mac, dst=BROADCAST, type=0x0806)
    for name, fixed, rest in [
        ("hlen-8", b"\0\1\x08\0\x08\4\0\1", 24), ("hlen-0", b"\0\1\x08\0\0\4\0\1", 8),
        ("plen-16", b"\0\1\x08\0\6\x10\0\1", 44), ("plen-0", b"\0\1\x08\0\6\0\0\1", 12),
    ]:
        found.append(frame(f"arp-{name}", header / Raw(fixed + bytes(rest)), "A01"))
    return found


def senders():
    found = variants("arp-other-own-mac", ask(4, 2, src="02:00:00:00:00:04", hwsrc=D_SECOND), "A02")
    # Whichever MAC is held to be the sender's, the address is a third one's.
    found += variants("arp-two-macs", ask(2, 4, hwsrc=PEERING.c.mac), "A02 A05")
    found += variants("arp-alien", ask(ELSEWHERE, 2), "A03")
    found.append(frame("arp-alien-of-another-lan", ask(JUMBO.ip4(1), 2)(PEERING), "A03"))
    found.append(frame("arp-alien-reply", ask(ELSEWHERE, 2, op=REPLY)(PEERING), "A03 A06"))
    found.append(frame("arp-zero-reply", ask(ZERO, 2, op=REPLY)(PEERING), "A03 A06"))
    found += variants("arp-spoof", ask(3, 2), "A05")
    found += variants("arp-unassigned-sender", ask(FREE, 2), "A05")
    found.append(frame("arp-network-sender", ask(0, 2)(PEERING), "A05"))
    found.append(frame("arp-broadcast-sender", ask(255, 2)(PEERING), "A05"))
    return found


def targets():
    found = variants("arp-target-elsewhere", ask(1, ELSEWHERE), "A04")
    found.append(frame("arp-target-of-another-lan", ask(1, JUMBO.ip4(2))(PEERING), "A04"))
    found += variants("arp-target-free", ask(1, FREE), "A11")
    found.append(frame("arp-target-free-unicast", ask(1, FREE, dst=PEERING.b.mac)(PEERING), "A11"))
    # They are unassigned too, and never will be assigned.
    found.append(frame("arp-target-network", ask(1, 0)(PEERING), "A04 A11?"))
    found.append(frame("arp-target-broadcast", ask(1, 255)(PEERING), "A04 A11?"))
    found.append(frame("arp-probe-free", ask(ZERO, FREE)(PEERING), "A11?"))
    found.append(frame("arp-to-a-group", ask(1, 2, dst="01:00:5e:00:00:01")(PEERING), "L09"))
    found.append(frame("arp-to-all-nodes", ask(1, 2, dst="33:33:00:00:00:01")(PEERING), "L09"))
    # RFC 826 swaps the addresses, so who answers a probe answers 0.0.0.0.
    found.append(frame("arp-reply-to-a-probe", ask(1, ZERO, op=REPLY)(PEERING), "A04?"))
    return found


def replies():
    found = variants("arp-proxy", ask(3, 2, op=REPLY, hwdst=PEERING.b.mac), "A05 A06")
    found += variants("arp-proxy-free", ask(FREE, 2, op=REPLY, hwdst=PEERING.b.mac), "A05 A06")
    found += variants("arp-proxy-all", ask("8.8.8.8", 2, op=REPLY, hwdst=PEERING.b.mac), "A03 A06")
    found += variants("arp-reply-broadcast", ask(1, 2, op=REPLY, dst=BROADCAST), "A07")
    found.append(frame("arp-proxy-broadcast", ask(3, 2, op=REPLY, dst=BROADCAST)(PEERING), "A05 A06 A07"))
    return found


def gratuitous():
    found = variants("arp-hijack", ask(3, 3), "A05 A08")
    found += variants("arp-hijack-reply", ask(3, 3, op=REPLY, dst=BROADCAST), "A05 A06 A07 A08")
    found.append(frame("arp-hijack-unicast", ask(3, 3, op=REPLY)(PEERING), "A05 A06 A08"))
    found.append(frame("arp-gratuitous-free", ask(FREE, FREE)(PEERING), "A05 A11?"))
    found.append(frame("arp-gratuitous-alien", ask(ELSEWHERE, ELSEWHERE)(PEERING), "A03 A04"))
    return found


def strangers():
    """Senders that no binding is known of."""
    return [
        frame("arp-stranger", ask(FREE, 2, src=STRANGER)(PEERING), "A05 L07"),
        frame("arp-stranger-spoof", ask(1, 2, src=STRANGER)(PEERING), "A05 L07"),
        frame("arp-stranger-probe", ask(ZERO, 2, src=STRANGER)(PEERING), "L07"),
        frame("arp-stranger-proxy", ask(FREE, 2, op=REPLY, src=STRANGER)(PEERING), "A05 A06 L07"),
        frame("arp-stranger-hijack", ask(1, 1, src=STRANGER)(PEERING), "A05 A08 L07"),
        frame("arp-stranger-alien", ask(ELSEWHERE, 2, src=STRANGER)(PEERING), "A03 L07"),
    ]


def sound():
    """Near misses: what a router sends."""
    return [
        frame("arp-own-request-junk-behind", padded(bytes(ask(1, 2)(PEERING)), b"\xff")),
        frame("arp-own-second-mac", ask(4, 2, src=D_SECOND)(PEERING)),
        frame("arp-own-second-mac-announces", ask(4, 4, src=D_SECOND)(PEERING)),
        frame("arp-own-gratuitous-reply", ask(1, 1, op=REPLY, dst=BROADCAST)(PEERING)),
        frame("arp-own-gratuitous-reply-vlan", on(JUMBO, bytes(ask(1, 1, op=REPLY, dst=BROADCAST)(JUMBO)))),
        frame("arp-target-mac-filled", ask(1, 2, hwdst=BROADCAST)(PEERING)),
        frame("arp-own-target", ask(2, 1, src=PEERING.b.mac, op=REPLY, dst=PEERING.a.mac)(PEERING)),
        # A request for an address of its own host part, on the other LAN.
        frame("arp-request-vlan", on(JUMBO, bytes(ask(1, 3)(JUMBO)))),
    ]
