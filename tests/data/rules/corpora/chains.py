"""An ICMPv6 message behind each kind of extension header, whole and in fragments."""

from scapy.layers.inet6 import (
    IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, RouterAlert,
)
from scapy.packet import Raw

from .frames import frame, on
from .site import JUMBO, PEERING

ICMPV6 = 58
IDENTIFICATION = 0x5EED


def destination(octets=4, count=1):
    """A destination-options header with paddings of this size."""
    return IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(octets))] * count)


CHAINS = {
    "hop-by-hop": lambda: IPv6ExtHdrHopByHop(options=[RouterAlert()]),
    "destination": destination,
    "destination-long": lambda: destination(60),
    "routing": lambda: IPv6ExtHdrRouting(type=0, segleft=0, addresses=[]),
    "three": lambda: IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting(segleft=0, addresses=[]) / destination(),
    "eight": lambda: chain(8),
}


def chain(count):
    """This many destination-options headers."""
    packet = destination()
    for _ in range(count - 1):
        packet = packet / destination()
    return packet


def fragment(packet, first, length, more, before=None, following=ICMPV6):
    """A piece of what `packet`'s fixed header is followed by: `length` bytes from `first` on."""
    body = bytes(packet.payload.payload)
    ether, ip = packet.copy(), packet.payload.copy()
    ether.remove_payload()
    ip.remove_payload()
    # A value of None would be written as 0: the field follows what is behind once it has no value.
    del ip.nh, ip.plen
    header = IPv6ExtHdrFragment(nh=following, offset=first // 8, m=more, id=IDENTIFICATION)
    headers = before() / header if before else header
    return ether / ip / headers / Raw(body[first:first + length])


def behind(packet, headers):
    """`packet` with these headers before its ICMPv6 message, the checksum as without them."""
    ether, ip = packet.copy(), packet.payload.copy()
    message = bytes(packet.payload.payload)
    ether.remove_payload()
    ip.remove_payload()
    # A value of None would be written as 0: the field follows what is behind once it has no value.
    del ip.nh, ip.plen
    last = headers.lastlayer()
    last.nh = ICMPV6
    return ether / ip / headers / Raw(message)


def hidden(name, make, rules, later, cut=8):
    """The message behind headers and in fragments; `later` is what a piece without its start breaks."""
    found = []
    for lan, suffix in ((PEERING, ""), (JUMBO, "-vlan")):
        packet = make(lan)
        cases = [(f"behind-{key}", behind(packet, CHAINS[key]()), rules) for key in CHAINS]
        hop = CHAINS["hop-by-hop"]
        cases += [
            ("fragment-atomic", fragment(packet, 0, 2000, 0), f"{rules} N04"),
            ("fragment-first", fragment(packet, 0, cut, 1), f"{rules} N04"),
            ("fragment-first-behind-hop-by-hop", fragment(packet, 0, cut, 1, hop), f"{rules} N04"),
            ("fragment-later", fragment(packet, cut, 2000, 0), later),
            ("fragment-later-behind-hop-by-hop", fragment(packet, cut, 2000, 0, hop), later),
        ]
        for case, hidden_packet, broken in cases:
            found.append(frame(f"{name}-{case}{suffix}", on(lan, bytes(hidden_packet)), broken))
    return found
