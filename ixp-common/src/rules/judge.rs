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

/// Holds a frame against all rules. One that cannot be parsed breaks none of them (ground rule 5) but N04:
/// `is_cut` if its IPv6 extension headers are.
#[inline(always)]
pub fn judge<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    is_cut: bool,
    port: &PortPolicy,
    memory: &M,
) -> Judged {
    let Some(case) = Case::of(frame, link, port, memory) else {
        return Judged::CLEAN;
    };
    let broken = match link.ethertype {
        _ if is_cut => nd::cut_chain(&case),
        EtherType::ARP => layer2::judge(&case) | arp::judge(&case),
        EtherType::IPV4 => layer2::judge(&case) | ip::judge_ipv4(&case),
        EtherType::IPV6 => layer2::judge(&case) | ip::judge_ipv6(&case),
        _ => layer2::judge(&case),
    };
    let verdict = match broken {
        0 => Verdict::CLEAN,
        _ => case.actions().verdict(case.findings(), || case.is_over(Class::Rule)),
    };
    Judged { verdict, is_registered: case.source.is_registered() }
}
