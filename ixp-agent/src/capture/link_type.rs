//! What a capture's frames start with.

use std::fmt;

/// A number from the registry of link types (<https://www.tcpdump.org/linktypes.html>). Its text says
/// what to do about frames that are not Ethernet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// Ethernet, the one that can be read.
    pub const ETHERNET: Self = Self(1);

    const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "BSD loopback",
            9 | 50 | 51 => "PPP",
            12 | 14 | 101 => "raw IP",
            105 | 119 | 127 | 163 | 192 => "802.11",
            108 => "OpenBSD loopback",
            113 | 276 => "Linux cooked",
            228 => "raw IPv4",
            229 => "raw IPv6",
            239 => "NFLOG",
            _ => return None,
        })
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "link type {}", self.0)?;
        if let Some(name) = self.name() {
            write!(f, " ({name})")?;
        }
        f.write_str(match self.0 {
            113 | 276 => ": capture on the physical interface, as `tcpdump -i eth0`, not `-i any`",
            _ => " has no Ethernet header: capture on an Ethernet interface, as `tcpdump -i eth0`",
        })
    }
}
