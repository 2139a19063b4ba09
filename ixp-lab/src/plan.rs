//! A seed becomes a plan: which member sends to which, over what, how often.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::random::Random;
use crate::station::Station;

/// Frames per second over all members, both ways. One CPU forwards this several times over.
const FRAMES_PER_SECOND: f64 = 12_000.0;

/// Pairs that speak at most. Each new one asks every member for an address.
const MOST_PAIRS: usize = 1000;

/// Between the starts of two flows: a broadcast is copied to every port, and a burst of them overflows the
/// kernel's input queue (net.core.netdev_max_backlog, 1000 frames per CPU).
const STEP_MILLISECONDS: u64 = 2;

/// Over what a flow's messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// One connection, each message acknowledged and part of it sent back.
    Tcp,
    /// One datagram per message, some of them answered.
    Udp,
}

impl Transport {
    /// Frames that a message brings about, its answers and acknowledgements with it, on average.
    const fn frames_per_message(self) -> f64 {
        match self {
            Self::Tcp => 3.5,
            Self::Udp => 1.25,
        }
    }
}

/// The network layer of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// One direction of traffic between two members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The sender's number.
    pub from: u8,
    /// The receiver's number.
    pub to: u8,
    /// Over which network layer.
    pub network: Network,
    /// Over which transport.
    pub transport: Transport,
    /// Messages per second.
    pub rate: f64,
    /// Milliseconds after the first flow that it starts.
    pub delay: u64,
    /// Where the sizes of its messages are drawn from.
    pub seed: u64,
}

/// A BGP session that a member opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// With whom.
    pub peer: u8,
    /// Milliseconds after the start.
    pub delay: u64,
}

/// All that one member does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// Its number.
    pub member: u8,
    /// The sessions that it opens; others are opened by its peers.
    pub sessions: Vec<Session>,
    /// What it sends.
    pub flows: Vec<Flow>,
}

/// The part of `member` in the plan. Whoever sends to another has a session with it, which the lower of the two
/// opens.
#[must_use]
pub fn errand(flows: &[Flow], member: u8) -> Errand {
    let pairs: BTreeSet<(u8, u8)> =
        flows.iter().map(|flow| (flow.from.min(flow.to), flow.from.max(flow.to))).collect();
    let sessions = (0..).zip(pairs).filter(|(_, (opener, _))| *opener == member);
    let sessions = sessions.map(|(at, (_, peer))| Session { peer, delay: at * STEP_MILLISECONDS });
    let flows = flows.iter().filter(|flow| flow.from == member).cloned();
    Errand { member, sessions: sessions.collect(), flows: flows.collect() }
}

const KINDS: [(Network, Transport); 4] = [
    (Network::Ipv4, Transport::Tcp),
    (Network::Ipv6, Transport::Tcp),
    (Network::Ipv4, Transport::Udp),
    (Network::Ipv6, Transport::Udp),
];

/// The flows among `members`: every ordered pair, of the first [`MOST_PAIRS`] drawn, has one to three, and the
/// pair of rank r a share of 1/r.
#[must_use]
pub fn flows(members: u8, seed: u64) -> Vec<Flow> {
    let mut random = Random::new(seed);
    let stations = Station::first(members);
    let mut pairs: Vec<(u8, u8)> = stations
        .clone()
        .flat_map(|from| stations.clone().map(move |to| (from.number, to.number)))
        .filter(|(from, to)| from != to)
        .collect();
    random.shuffle(&mut pairs);
    pairs.truncate(MOST_PAIRS);
    let shares = zipf(pairs.len());
    let mut flows = Vec::new();
    for ((from, to), share) in pairs.into_iter().zip(shares) {
        let mut kinds = KINDS;
        random.shuffle(&mut kinds);
        let count = 1 + random.index(3);
        for &(network, transport) in &kinds[..count] {
            let frames = FRAMES_PER_SECOND * share / count as f64;
            let rate = frames / transport.frames_per_message();
            let delay = flows.len() as u64 * STEP_MILLISECONDS;
            flows.push(Flow { from, to, network, transport, rate, delay, seed: random.number() });
        }
    }
    flows
}

/// Shares of ranks 1..=`ranks` under Zipf's law; they add up to 1.
fn zipf(ranks: usize) -> Vec<f64> {
    let weights: Vec<f64> = (1..=ranks).map(|rank| 1.0 / rank as f64).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_plan() {
        assert_eq!(flows(16, 1), flows(16, 1));
        assert_ne!(flows(16, 1), flows(16, 2));
    }

    #[test]
    fn every_ordered_pair_speaks_and_none_to_itself() {
        let flows = flows(5, 3);
        let mut pairs: Vec<(u8, u8)> = flows.iter().map(|flow| (flow.from, flow.to)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), 5 * 4);
        assert!(pairs.iter().all(|(from, to)| from != to));
    }

    #[test]
    fn whoever_sends_to_another_has_one_session_with_it() {
        let flows = flows(9, 3);
        let mut sessions: Vec<(u8, u8)> = Vec::new();
        for member in 1..=9 {
            let errand = errand(&flows, member);
            assert!(errand.flows.iter().all(|flow| flow.from == member));
            sessions.extend(errand.sessions.iter().map(|session| (member, session.peer)));
        }
        let pairs = (1..=9).flat_map(|one| (one + 1..=9).map(move |other| (one, other)));
        assert_eq!(sessions, pairs.collect::<Vec<_>>());
    }

    #[test]
    fn a_large_exchange_is_sparse() {
        let mut pairs: Vec<(u8, u8)> = flows(100, 1).iter().map(|flow| (flow.from, flow.to)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        assert_eq!(pairs.len(), MOST_PAIRS);
    }

    #[test]
    fn every_kind_of_flow_is_in_a_plan() {
        let flows = flows(8, 1);
        for (network, transport) in KINDS {
            assert!(flows.iter().any(|flow| flow.network == network && flow.transport == transport));
        }
    }

    #[test]
    fn shares_fall_by_rank_and_add_up() {
        let shares = zipf(240);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!((shares[0] / shares[9] - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_load_is_the_same_for_any_number_of_members() {
        for members in [2, 8, 16, 100] {
            let frames: f64 =
                flows(members, 1).iter().map(|flow| flow.rate * flow.transport.frames_per_message()).sum();
            assert!((frames - FRAMES_PER_SECOND).abs() < 1.0, "{members} members: {frames}");
        }
    }
}
