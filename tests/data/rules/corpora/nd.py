"""ICMPv6 messages that break rules N01 to N10, and messages that almost do."""

import socket

from scapy.layers.inet6 import (
    ICMPv6MLDone, ICMPv6MLQuery, ICMPv6MLReport, ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS,
    ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6ND_RS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo, ICMPv6NDOptSrcLLAddr, ICMPv6NDOptUnknown, IPv6, IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, RouterAlert,
)
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils6 import in6_getnsma, in6_getnsmac

from .chains import CHAINS, behind, chain, destination, fragment, hidden
from .frames import frame, on, padded, variants
from .site import AWAY6, FAR6, JUMBO, PEERING, STRANGER

NODES, ROUTERS, MLD2 = "ff02::1", "ff02::2", "ff02::16"
OTHER_MAC = "02:00:00:00:00:99"
NONCE = 14


def frames():
    """All of them."""
    return (
        routers() + redirects() + origin() + solicitations() + options() + advertisements() + sources()
        + listeners() + chains() + sound()
    )


def group_mac(ip6):
    """The MAC of a group (RFC 2464 section 7)."""
    return in6_getnsmac(socket.inet_pton(socket.AF_INET6, ip6))


def solicited(ip6):
    """The solicited-node group of an address (RFC 4291 section 2.7.1)."""
    return socket.inet_ntop(socket.AF_INET6, in6_getnsma(socket.inet_pton(socket.AF_INET6, ip6)))


def sent(lan, src, dst, message, hlim=255, mac=None, to=None):
    """An ICMPv6 message of A, to the group's MAC or to B."""
    to = to or (group_mac(dst) if dst.startswith("ff") else lan.b.mac)
    return Ether(src=mac or lan.a.mac, dst=to) / IPv6(src=src, dst=dst, hlim=hlim) / message


def ra(lan, dst=NODES, mac=None, **ip):
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64)
    message = ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptSrcLLAddr(lladdr=mac or lan.a.mac)
    return sent(lan, ip.pop("src", lan.a.local), dst, message / ICMPv6NDOptMTU(mtu=1500) / prefix, mac=mac, **ip)


def rs(lan, src=None, **ip):
    message = ICMPv6ND_RS()
    if src != "::":
        message = message / ICMPv6NDOptSrcLLAddr(lladdr=lan.a.mac)
    return sent(lan, src or lan.a.local, ROUTERS, message, **ip)


def ns(lan, target=None, dst=None, src=None, option=None, code=0, **ip):
    target = target or lan.b.ip6
    message = ICMPv6ND_NS(tgt=target, code=code)
    if option != "none":
        message = message / ICMPv6NDOptSrcLLAddr(lladdr=option or lan.a.mac)
    return sent(lan, src or lan.a.ip6, dst or solicited(target), message, **ip)


def na(lan, target=None, dst=NODES, src=None, option=None, override=1, code=0, **ip):
    message = ICMPv6ND_NA(tgt=target or lan.a.ip6, R=1, S=0, O=override, code=code)
    if option != "none":
        message = message / ICMPv6NDOptDstLLAddr(lladdr=option or lan.a.mac)
    return sent(lan, src or lan.a.ip6, dst, message, **ip)


def redirect(lan, **ip):
    message = ICMPv6ND_Redirect(tgt=lan.a.local, dst=AWAY6)
    return sent(lan, lan.a.local, lan.b.ip6, message, **ip)


def routers():
    found = variants("ra", ra, "L09 N01")
    found += hidden("ra", ra, "L09 N01", "L09 N04", cut=16)
    unicast = lambda lan: ra(lan, dst=lan.b.local)
    found += variants("ra-unicast", unicast, "N01")
    found += hidden("ra-unicast", unicast, "N01", "", cut=16)
    found += variants("rs", rs, "L09 N02")
    found += hidden("rs", rs, "L09 N02", "L09 N04")
    # RFC 4861 section 4.1 allows it.
    found += variants("rs-unspecified", lambda lan: rs(lan, src="::"), "L09 N02 N08?")
    found += [
        # The group in a unicast frame (RFC 6085), and the opposite.
        frame("ra-group-in-a-unicast-frame", ra(PEERING, to=PEERING.b.mac), "N01"),
        frame("ra-global-in-a-group-frame", ra(PEERING, dst=AWAY6, to="33:33:00:00:00:01"), "L09 N01"),
        frame("ra-to-broadcast", ra(PEERING, to="ff:ff:ff:ff:ff:ff"), "L09 N01"),
        frame("ra-of-a-stranger", ra(PEERING, mac=STRANGER), "L07 L09 N01"),
        frame("ra-from-elsewhere", ra(PEERING, dst=PEERING.b.ip6, src=FAR6, hlim=61), "N01 N04"),
    ]
    return found


def redirects():
    found = variants("redirect6", redirect, "N03")
    return found + hidden("redirect6", redirect, "N03", "", cut=24)


def origin():
    """N04 where the message itself is sound."""
    found = variants("ns-hop-limit-254", lambda lan: ns(lan, hlim=254), "N04")
    found += variants("na-hop-limit-64", lambda lan: na(lan, hlim=64), "N04")
    found += variants("ns-code-1", lambda lan: ns(lan, code=1), "N04")
    found += hidden("ns", ns, "", "L09 N04", cut=24)
    found += hidden("na", na, "", "L09 N04", cut=24)
    found += hidden("ns-hop-limit-1", lambda lan: ns(lan, hlim=1), "N04", "L09 N04", cut=24)
    unicast = lambda lan: ns(lan, dst=lan.b.ip6)
    found += hidden("ns-unicast", unicast, "", "", cut=24)
    found += [
        frame("ra-hop-limit-64", ra(PEERING, hlim=64), "L09 N01 N04"),
        frame("rs-hop-limit-0", rs(PEERING, hlim=0), "L09 N02 N04"),
        frame("redirect6-hop-limit-254", redirect(PEERING, hlim=254), "N03 N04"),
        frame("na-code-255", na(PEERING, code=255), "N04"),
    ]
    return found


def solicitations():
    found = variants("ns-target-elsewhere", lambda lan: ns(lan, target=AWAY6), "N05")
    found += hidden("ns-target-elsewhere", lambda lan: ns(lan, target=AWAY6), "N05", "L09 N04", cut=24)
    found += variants("ns-to-all-nodes", lambda lan: ns(lan, dst=NODES), "N05")
    found += variants("ns-to-another-group", lambda lan: ns(lan, dst="ff02::1:ff00:99"), "N05")
    found += [
        frame("ns-target-of-another-lan", ns(PEERING, target=JUMBO.b.ip6), "N05"),
        frame("ns-target-elsewhere-unicast", ns(PEERING, target=AWAY6, dst=PEERING.b.ip6), "N05"),
        frame("ns-to-all-routers", ns(PEERING, dst=ROUTERS), "L09 N05"),
    ]
    return found


def options():
    found = variants("ns-option-differs", lambda lan: ns(lan, option=OTHER_MAC), "N06")
    found += variants("na-option-differs", lambda lan: na(lan, option=OTHER_MAC), "N06")
    for name in ("hop-by-hop", "destination", "routing"):
        packet = behind(ns(PEERING, option=OTHER_MAC), CHAINS[name]())
        found.append(frame(f"ns-option-differs-behind-{name}", packet, "N06"))
    nonce = ICMPv6NDOptUnknown(type=NONCE, data=b"\1\2\3\4\5\6")
    second = ICMPv6ND_NS(tgt=PEERING.b.ip6) / nonce / ICMPv6NDOptSrcLLAddr(lladdr=OTHER_MAC)
    group = solicited(PEERING.b.ip6)
    endless = bytes(ns(PEERING, option="none")) + b"\x0e\0" + bytes(6)
    # The payload length takes the option in.
    endless = endless[:18] + (32).to_bytes(2, "big") + endless[20:]
    found += [
        frame("ns-option-second-differs", sent(PEERING, PEERING.a.ip6, group, second), "N06"),
        frame("ns-option-of-length-0", endless),
        frame("ra-option-differs", ra_option(OTHER_MAC), "L09 N01 N06"),
        frame("rs-option-differs", rs_option(OTHER_MAC), "L09 N02 N06"),
        # RFC 4861 section 4.5: a redirect's option is of the better router.
        frame("redirect6-option", redirect_option(PEERING.c.mac), "N03"),
        # Behind the packet, so no option of it.
        frame("ns-trailer-like-an-option", ns_trailer()),
        frame("na-trailer-like-an-option", na_trailer()),
    ]
    return found


def ra_option(mac):
    message = ICMPv6ND_RA(routerlifetime=1800) / ICMPv6NDOptSrcLLAddr(lladdr=mac)
    return sent(PEERING, PEERING.a.local, NODES, message)


def rs_option(mac):
    return sent(PEERING, PEERING.a.local, ROUTERS, ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=mac))


def redirect_option(mac):
    message = ICMPv6ND_Redirect(tgt=PEERING.c.local, dst=AWAY6) / ICMPv6NDOptDstLLAddr(lladdr=mac)
    return sent(PEERING, PEERING.a.local, PEERING.b.ip6, message)


def ns_trailer():
    return bytes(ns(PEERING, option="none")) + b"\1\1" + bytes.fromhex(OTHER_MAC.replace(":", ""))


def na_trailer():
    return bytes(na(PEERING, option="none")) + b"\2\1" + bytes.fromhex(OTHER_MAC.replace(":", ""))


def advertisements():
    local = lambda lan: na(lan, target=lan.c.ip6, src=lan.a.local)
    found = variants("na-spoof", local, "N07")
    found += hidden("na-spoof", local, "N07", "L09 N04", cut=24)
    found += variants("na-proxy", lambda lan: na(lan, target=lan.c.ip6, dst=lan.b.ip6, override=0), "N07")
    found += variants("na-spoof-as-owner", lambda lan: na(lan, target=lan.c.ip6, src=lan.c.ip6), "I09 N07")
    both = lambda lan: na(lan, target=lan.c.ip6, src=lan.a.local, option=lan.c.mac)
    found += variants("na-for-another-mac", both, "N06 N07")
    stranger = na(PEERING, target=PEERING.c.ip6, src="fe80::77", option=STRANGER, mac=STRANGER)
    found.append(frame("na-spoof-of-a-stranger", stranger, "L07 N07"))
    return found


def sources():
    found = variants("na-unspecified", lambda lan: na(lan, src="::"), "N08")
    # An address of the LAN that the router gave itself.
    own = lambda lan: ns(lan, src=f"{lan.net6}::ff:fe00:1")
    found += variants("ns-auto-configured", own, "I09? N08")
    found += variants("ns-of-another", lambda lan: ns(lan, src=lan.c.ip6), "I09")
    found.append(frame("ns-unspecified-unicast", ns(PEERING, src="::", dst=PEERING.b.ip6, option="none"), "N08"))
    found.append(frame("ns-site-local", ns(PEERING, src="fec0::1"), "I13 N09"))
    return found


def listeners():
    alert = lambda: IPv6ExtHdrHopByHop(options=[RouterAlert()])
    found = []
    for name, dst, message in [
        ("query", NODES, ICMPv6MLQuery()),
        ("report", "ff02::1:ff00:1", ICMPv6MLReport(mladdr="ff02::1:ff00:1")),
        ("done", ROUTERS, ICMPv6MLDone(mladdr="ff02::1:ff00:1")),
        ("report2", MLD2, ICMPv6MLReport2(records_number=0)),
    ]:
        make = lambda lan, dst=dst, message=message: sent(lan, lan.a.local, dst, alert() / message, hlim=1)
        found += variants(f"mld-{name}", make, "L09 N10")
        bare = sent(PEERING, PEERING.a.local, dst, message, hlim=1)
        found.append(frame(f"mld-{name}-without-alert", bare, "L09 N10"))
    # RFC 3590 allows it.
    unspecified = sent(PEERING, "::", MLD2, alert() / ICMPv6MLReport2(records_number=0), hlim=1)
    found.append(frame("mld-report2-unspecified", unspecified, "L09 N10 N08?"))
    return found


def chains():
    """Chains of headers that end too late, or not at all."""
    header = Ether(src=PEERING.a.mac, dst="33:33:00:00:00:01")
    ip = IPv6(src=PEERING.a.local, dst=NODES, hlim=255)
    first = IPv6ExtHdrFragment(nh=60, offset=0, m=1, id=7)
    later = fragment(ra(PEERING), 16, 2000, 0, following=60)
    unicast = Ether(src=PEERING.a.mac, dst=PEERING.b.mac)
    near = unicast / IPv6(src=PEERING.a.local, dst=PEERING.b.ip6, hlim=255)
    far = unicast / IPv6(src=FAR6, dst=AWAY6)
    return [
        frame("ra-behind-nine", behind(ra(PEERING), chain(9)), "L09 N04"),
        frame("ra-behind-nine-unicast", behind(ra(PEERING, dst=PEERING.b.local), chain(9)), "N04"),
        frame("ra-behind-nine-vlan", on(JUMBO, bytes(behind(ra(JUMBO), chain(9)))), "L09 N04"),
        frame("ra-behind-1200-bytes", behind(ra(PEERING), destination(220, 5)), "L09 N04"),
        frame("first-fragment-cut-in-options", header / ip / first / Raw(b"\x3a\4" + bytes(22)), "N04"),
        frame("first-fragment-ends-before-icmp",
              header / ip / first / IPv6ExtHdrDestOpt(nh=58), "L09 N04"),
        frame("later-fragment-of-options", later, "L09"),
        # The headers say that there is more of them than there is.
        frame("options-cut", header / ip / IPv6ExtHdrDestOpt(nh=58, len=9), "N04"),
        frame("options-cut-unicast", near / IPv6ExtHdrDestOpt(nh=58, len=9), "N04"),
        frame("options-cut-transit", far / IPv6ExtHdrDestOpt(nh=58, len=9)),
    ]


def sound():
    """Near misses: neighbour discovery as it is meant to be."""
    solicited_na = lambda lan: na(lan, dst=lan.b.ip6)
    a = PEERING.a
    found = variants("ns", ns) + variants("na", na) + variants("na-solicited", solicited_na)
    found += variants("dad", lambda lan: ns(lan, src="::", target=lan.a.ip6, option="none"))
    found += variants("nud", lambda lan: ns(lan, dst=lan.b.ip6, option="none"))
    nonce = ICMPv6ND_NS(tgt=a.ip6) / ICMPv6NDOptUnknown(type=NONCE, data=b"\1\2\3\4\5\6")
    found += [
        frame("dad-link-local", ns(PEERING, src="::", target=a.local, option="none")),
        frame("dad-with-a-nonce", sent(PEERING, "::", solicited(a.ip6), nonce)),
        frame("ns-link-local", ns(PEERING, src=a.local, target=PEERING.b.local)),
        frame("na-link-local", na(PEERING, src=a.local, target=a.local)),
        frame("na-own-from-link-local", na(PEERING, src=a.local)),
        frame("na-without-option", na(PEERING, option="none", dst=PEERING.b.ip6)),
        frame("ns-free-target", ns(PEERING, target=PEERING.ip6(0x77))),
        frame("ns-group-in-a-unicast-frame", ns(PEERING, to=PEERING.b.mac)),
        frame("ns-padded-with-ones", padded(bytes(ns(PEERING)), b"\xff")),
    ]
    return found
