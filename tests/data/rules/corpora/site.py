"""The LANs and stations of members.toml, as frames need them."""

from dataclasses import dataclass

BROADCAST = "ff:ff:ff:ff:ff:ff"
# A station of no member.
STRANGER = "02:00:00:00:00:77"
# Hosts behind the members: no bogons, and on no LAN.
FAR4, AWAY4 = "8.8.8.8", "9.9.9.9"
FAR6, AWAY6 = "2606:4700::1111", "2620:fe::9"


@dataclass(frozen=True)
class Station:
    """A router port on a LAN."""

    mac: str
    ip4: str
    ip6: str
    local: str


@dataclass(frozen=True)
class Lan:
    """A peering LAN."""

    vlan: int
    net4: str
    net6: str
    mtu: int

    def at(self, host, mac=None):
        """The station with this host number; its MAC has the same."""
        return Station(
            mac or f"02:00:00:00:00:{host:02x}", self.ip4(host), self.ip6(host), f"fe80::{host:x}"
        )

    def ip4(self, host):
        return f"{self.net4}.{host}"

    def ip6(self, host):
        return f"{self.net6}::{host:x}"

    @property
    def a(self):
        return self.at(1)

    @property
    def b(self):
        return self.at(2)

    @property
    def c(self):
        return self.at(3)

    @property
    def d(self):
        return self.at(4)

    @property
    def broadcast4(self):
        return self.ip4(255)


PEERING = Lan(0, "192.0.2", "2001:db8:1", 1500)
JUMBO = Lan(100, "198.51.100", "2001:db8:2", 9000)
V6ONLY = Lan(200, "", "2001:db8:3", 1500)

# The second MAC of the fourth member.
D_SECOND = "02:00:00:00:00:14"
