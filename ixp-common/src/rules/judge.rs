//! A frame and what is known of the exchange in, what the rules say of it out.

use super::case::Case;
use super::{arp, ip, layer2, nd};
use crate::addr::EtherType;
use crate::bytes::FrameBytes;
use crate::frame::Link;
use crate::limit::Class;
use crate::memory::Memory;
use crate::policy::{PortPolicy, Verdict};

/// What the rules say of a frame, and whether its source is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// What to count, to tell and to drop.
    pub verdict: Verdict,
    /// Whether the source is a registered station.
    pub is_registered: bool,
}

impl Judged {
    /// Nothing.
    const CLEAN: Self = Self { verdict: Verdict::CLEAN, is_registered: false };
}

/// Which groups of rules a frame is held against. The numbers are those of the programs that do so in the
/// kernel, whose stack has no room for all of them in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum Kind {
    /// ARP.
    Arp = 0,
    /// IPv4.
    Ipv4 = 1,
    /// IPv6 and neighbour discovery.
    Ipv6 = 2,
    /// Every other EtherType, and 802.3 with LLC.
    Other = 3,
    /// IPv6 whose extension headers are cut off.
    CutIpv6 = 4,
}

const _: () = assert!(Kind::ALL.len() == Kind::COUNT as usize);

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Arp, Self::Ipv4, Self::Ipv6, Self::Other, Self::CutIpv6];

    /// How many there are.
    pub const COUNT: u32 = 5;

    /// What a frame is held against that can be parsed.
    #[inline(always)]
    #[must_use]
    pub const fn of(ethertype: EtherType) -> Self {
        match ethertype {
            EtherType::ARP => Self::Arp,
            EtherType::IPV4 => Self::Ipv4,
            EtherType::IPV6 => Self::Ipv6,
            _ => Self::Other,
        }
    }
}

/// Holds a frame against its rules. One that cannot be parsed breaks none of them (ground rule 5) but N04,
/// if its IPv6 extension headers are cut off.
#[inline(always)]
pub fn judge<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    kind: Kind,
    port: &PortPolicy,
    memory: &M,
) -> Judged {
    let Some(case) = Case::of(frame, link, port, memory) else {
        return Judged::CLEAN;
    };
    let broken = match kind {
        Kind::Arp => layer2::judge(&case) | arp::judge(&case),
        Kind::Ipv4 => layer2::judge(&case) | ip::judge_ipv4(&case),
        Kind::Ipv6 => layer2::judge(&case) | ip::judge_ipv6(&case),
        Kind::Other => layer2::judge(&case),
        Kind::CutIpv6 => nd::cut_chain(&case),
    };
    let verdict = match broken {
        0 => Verdict::CLEAN,
        _ => case.actions().verdict(case.findings(), || case.is_over(Class::Rule)),
    };
    Judged { verdict, is_registered: case.source.is_registered() }
}
