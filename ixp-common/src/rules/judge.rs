//! A frame and what is known of the exchange in, what the rules say of it out.

use super::facts::Facts;
use super::{Findings, Rule, RuleSet, arp, ip, layer2, nd};
use crate::bytes::FrameBytes;
use crate::frame::{Link, Malformed, Network, Unread};
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

/// Holds a frame against all rules. A frame that cannot be parsed breaks none (ground rule 5) but N04.
#[inline(always)]
pub fn judge<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    network: &Result<Network, Unread>,
    port: &PortPolicy,
    memory: &M,
) -> Judged {
    let facts = Facts::of(link, port, memory);
    let findings = match network {
        Ok(network) => parsed(frame, link, network, &facts),
        Err(Unread::Malformed(Malformed::Ipv6ExtensionTruncated)) => cut_chain(frame, link, &facts),
        Err(_) => Findings::default(),
    };
    let verdict = match findings.broken.is_empty() {
        true => Verdict::CLEAN,
        false => facts.actions().verdict(findings, || facts.is_over(link, Class::Rule)),
    };
    Judged { verdict, is_registered: facts.source.is_registered() }
}

#[inline(always)]
fn parsed<F: FrameBytes, M: Memory>(
    frame: &F,
    link: &Link,
    network: &Network,
    facts: &Facts<'_, M>,
) -> Findings {
    let mut findings = Findings::default();
    let is_neighbour = matches!(network, Network::Ipv6(packet) if nd::is_neighbour(packet));
    layer2::judge(frame, link, network, facts, is_neighbour, &mut findings);
    layer2::size(network, facts, &mut findings);
    match network {
        Network::Arp(packet) => arp::judge(link, packet, facts, &mut findings),
        Network::Ipv4(packet) => ip::judge_ipv4(frame, link, packet, facts, &mut findings),
        Network::Ipv6(packet) => {
            let scope = ip::scope_ipv6(link, packet, facts);
            ip::judge_ipv6(frame, link, packet, facts, scope, &mut findings);
            nd::source(packet, facts, scope, &mut findings);
            if scope.is_link {
                nd::judge(frame, link, packet, facts, &mut findings);
            }
        }
        Network::Llc(_) | Network::Other => {}
    }
    findings
}

/// N04: extension headers that the packet, or its first fragment, cuts off, on the LAN itself. The
/// frame is malformed, and for neighbour discovery undecidable counts as broken.
#[inline(always)]
fn cut_chain<F: FrameBytes, M: Memory>(frame: &F, link: &Link, facts: &Facts<'_, M>) -> Findings {
    let mut findings = Findings::default();
    let to = frame.load::<16>(link.payload + 24).unwrap_or([0; 16]);
    let is_link =
        link.destination.is_group() || to[0] == 0xff || nd::is_link_local(&to) || facts.lan.contains_ipv6(to);
    findings.hard(Rule::N04, is_link);
    findings
}

impl Judged {
    /// Nothing against the frame.
    pub const CLEAN: Self = Self { verdict: Verdict::CLEAN, is_registered: false };

    /// The rules that the frame breaks and that are not off.
    #[must_use]
    pub const fn broken(&self) -> RuleSet {
        self.verdict.counted
    }
}
