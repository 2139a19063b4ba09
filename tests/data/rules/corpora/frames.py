"""Frames with a name and the rules that they break; captures and tables of them."""

import struct
from dataclasses import dataclass

from scapy.packet import Packet

from .site import JUMBO, PEERING

CUSTOMER, SERVICE, OLD_SERVICE = 0x8100, 0x88A8, 0x9100
# 2026-01-01T00:00:00Z. Frames are so far apart that no rate is reached.
START, SPACING = 0x6955B900, 10


@dataclass(frozen=True)
class Frame:
    """`rules` as in the table: `N01`, or `N08?` where the specification leaves it open."""

    name: str
    data: bytes
    rules: tuple

    def __post_init__(self):
        assert " " not in self.name, self.name


def frame(name, packet, rules=""):
    """A frame from a packet or its bytes."""
    data = bytes(packet) if isinstance(packet, Packet) else packet
    return Frame(name, data, tuple(sorted(set(rules.split()))))


def tagged(data, *tags):
    """The same frame behind these tags, each a TPID and a control word, outer first."""
    words = b"".join(struct.pack(">HH", *tag) for tag in tags)
    return data[:12] + words + data[12:]


def on(lan, data):
    """The frame with the tag that the LAN has on the wire."""
    return tagged(data, (CUSTOMER, lan.vlan)) if lan.vlan else data


def padded(data, filler=b"\x00"):
    """At least 61 bytes, an odd number, the added ones behind the packet."""
    length = max(61, len(data) + 1) | 1
    return data + filler * (length - len(data))


def variants(name, make, rules=""):
    """What `make` gives for a LAN: bare, padded, behind the LAN's tag, and behind a second one."""
    bare, tag = bytes(make(PEERING)), bytes(make(JUMBO))
    return [
        frame(name, bare, rules),
        frame(f"{name}-padded", padded(bare), rules),
        frame(f"{name}-vlan", on(JUMBO, tag), rules),
        frame(f"{name}-qinq", tagged(tag, (SERVICE, JUMBO.vlan), (CUSTOMER, 7)), f"{rules} L04"),
    ]


def pcap(frames):
    """A capture of the frames (draft-ietf-opsawg-pcap)."""
    parts = [struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)]
    for at, each in enumerate(frames):
        length = len(each.data)
        parts += [struct.pack("<IIII", START + at * SPACING, 0, length, length), each.data]
    return b"".join(parts)


def table(frames):
    """A line for each frame: its number from 1 on, its name, the rules that it breaks."""
    names = [each.name for each in frames]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    lines = ["# frame\tname\trules; X? is a rule that the specification leaves open for this frame\n"]
    for number, each in enumerate(frames, 1):
        lines.append(f"{number}\t{each.name}\t{' '.join(each.rules) or '-'}\n")
    return "".join(lines).encode()
