//! What ends exchanged in five minutes in, what each graph shows of it out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;
use ixp_common::addr::VlanId;
use ixp_common::counters::Counts;

use super::layout::{Graph, Ip, STEP, Unit};
use super::vli::{Port, Vlis};
use crate::store::{EndId, Exchange};

/// Bytes of the FCS.
const FCS: u64 = 4;
/// What may lack of a step that was observed from its beginning to its end, in milliseconds: edges of steps are exact to the
/// time between two readings.
const SLACK: i64 = 1500;

/// What graphs show of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// Its first moment, in seconds since 1970.
    pub start: i64,
    /// For how many seconds it was observed.
    seconds: f64,
    /// In and out, of those that show anything.
    pub graphs: BTreeMap<(Ip, Graph), [Counts; 2]>,
    /// Ends that exchanged something and are no VLAN interface of IXP Manager, as people know them.
    pub strangers: BTreeSet<String>,
}

/// What graphs show; `None` if less than half of the step was observed, which RRD files call unknown. As IXP Manager has it,
/// what counts is what two interfaces of one VLAN sent each other by IP. Bytes are those of frames, with `has_fcs` the FCS
/// among them.
#[must_use]
pub fn tally(exchange: &Exchange, vlis: &Vlis, has_fcs: bool) -> Option<Tally> {
    let seconds = seconds(exchange.observed)?;
    let mut graphs: BTreeMap<(Ip, Graph), [Counts; 2]> = BTreeMap::new();
    let mut strangers = BTreeSet::new();
    let mut ports: HashMap<(EndId, VlanId), Option<Port>, RandomState> = HashMap::default();
    for flow in &exchange.flows {
        let Some(ip) = Ip::of(flow.family) else { continue };
        let ends = [flow.from, flow.to].map(|id| {
            let stations = exchange.ends.get(&id)?;
            let port = ports.entry((id, flow.vlan)).or_insert_with(|| vlis.port(flow.vlan, &stations.macs));
            if port.is_none() {
                strangers.insert(stations.label.clone());
            }
            *port
        });
        if let [Some(from), Some(to)] = ends
            && from.tag == to.tag
            && from.vli != to.vli
        {
            let fcs = if has_fcs { FCS * flow.counts.packets } else { 0 };
            let counts = Counts { bytes: flow.counts.bytes + fcs, ..flow.counts };
            add(&mut graphs, ip, (from, to), counts);
        }
    }
    let start = exchange.start.div_euclid(1000);
    Some(Tally { start, seconds, graphs, strangers })
}

/// Every graph that shows what one interface sent another. Where is `in` is said at [`Graph`].
fn add(graphs: &mut BTreeMap<(Ip, Graph), [Counts; 2]>, ip: Ip, (from, to): (Port, Port), counts: Counts) {
    const IN: usize = 0;
    const OUT: usize = 1;
    let mut show = |graph, side: usize| graphs.entry((ip, graph)).or_default()[side].add(counts);
    show(Graph::P2p(from.vli, to.vli), OUT);
    show(Graph::P2p(to.vli, from.vli), IN);
    show(Graph::Individual(from.vli), IN);
    show(Graph::Individual(to.vli), OUT);
    show(Graph::Aggregate(from.tag), IN);
    show(Graph::Aggregate(from.tag), OUT);
}

/// The seconds that a rate is over, if enough of a step was observed.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of five minutes")]
fn seconds(observed: i64) -> Option<f64> {
    let whole = STEP * 1000;
    let observed = if observed + SLACK >= whole { whole } else { observed };
    (observed * 2 >= whole).then_some(observed as f64 / 1000.0)
}

impl Tally {
    /// Its end, in seconds since 1970.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.start + STEP
    }

    /// The rates of a graph, in and out, per second.
    #[expect(clippy::cast_precision_loss, reason = "a rate is real")]
    pub(super) fn rates(&self, ip: Ip, graph: Graph, unit: Unit) -> [f64; 2] {
        let counts = self.graphs.get(&(ip, graph)).copied().unwrap_or_default();
        counts.map(|counts| match unit {
            Unit::Bytes => counts.bytes as f64 / self.seconds,
            Unit::Packets => counts.packets as f64 / self.seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rrd::layout::Vli;
    use crate::store::{OneWay, Stations};
    use ixp_common::addr::{Family, Mac};

    const TABLE: &str = r#"{"1":{"100":{"020000000001":11,"020000000002":12,"020000000003":13},
        "200":{"020000000004":24}}}"#;

    fn flow(from: EndId, to: EndId, family: Family, packets: u64) -> OneWay {
        let counts = Counts { packets, bytes: packets * 100 };
        OneWay { from, to, vlan: VlanId::from_tci(100), family, counts }
    }

    /// Ends 1 to 5 with a MAC each, of which the last is a stranger.
    fn exchange(observed: i64, flows: Vec<OneWay>) -> Exchange {
        let end = |id: EndId| {
            let last = u8::try_from(id).expect("few");
            (id, Stations { label: format!("end {id}"), macs: vec![Mac([2, 0, 0, 0, 0, last])] })
        };
        Exchange { start: 300_000, observed, flows, ends: (1..=5).map(end).collect() }
    }

    fn vlis() -> Vlis {
        Vlis::parse(TABLE).expect("an answer")
    }

    #[test]
    fn each_graph_shows_its_own_side() {
        let flows = vec![
            flow(1, 2, Family::Ipv4, 30),
            flow(2, 1, Family::Ipv4, 60),
            flow(1, 3, Family::Ipv4, 90),
            flow(1, 2, Family::Ipv6, 3),
        ];
        let tally = tally(&exchange(300_000, flows), &vlis(), false).expect("observed");
        assert_eq!((tally.start, tally.end()), (300, 600));
        let check = |ip, graph, [incoming, outgoing]: [f64; 2]| {
            assert_eq!(tally.rates(ip, graph, Unit::Packets), [incoming, outgoing], "{graph:?}");
            let bytes = [incoming * 100.0, outgoing * 100.0];
            assert_eq!(tally.rates(ip, graph, Unit::Bytes), bytes, "{graph:?}");
        };
        let [first, second, third] = [11, 12, 13].map(Vli);
        check(Ip::V4, Graph::P2p(first, second), [0.2, 0.1]);
        check(Ip::V4, Graph::P2p(second, first), [0.1, 0.2]);
        check(Ip::V4, Graph::P2p(first, third), [0.0, 0.3]);
        check(Ip::V4, Graph::P2p(third, first), [0.3, 0.0]);
        // What the member sends is in.
        check(Ip::V4, Graph::Individual(first), [0.4, 0.2]);
        check(Ip::V4, Graph::Individual(third), [0.0, 0.3]);
        check(Ip::V4, Graph::Aggregate(100), [0.6, 0.6]);
        check(Ip::V6, Graph::P2p(first, second), [0.0, 0.01]);
        check(Ip::V6, Graph::P2p(second, third), [0.0, 0.0]);
        assert_eq!(tally.graphs.len(), 8 + 5);
        assert!(tally.strangers.is_empty());
    }

    #[test]
    fn what_is_no_ip_between_two_interfaces_of_a_vlan_is_in_no_graph() {
        let untagged = OneWay { vlan: VlanId::UNTAGGED, ..flow(1, 4, Family::Ipv4, 7) };
        let flows = vec![
            flow(1, 2, Family::Arp, 7),
            flow(1, 5, Family::Ipv4, 7),
            flow(1, 1, Family::Ipv4, 7),
            // A group.
            flow(1, 900, Family::Ipv6, 7),
            // On two VLANs.
            untagged,
        ];
        let tally = tally(&exchange(300_000, flows), &vlis(), false).expect("observed");
        assert_eq!(tally.graphs, BTreeMap::new());
        assert_eq!(tally.strangers, BTreeSet::from(["end 5".to_owned()]));
    }

    #[test]
    fn a_rate_is_over_what_was_observed_and_unknown_below_half() {
        let rate = |observed| {
            let exchange = exchange(observed, vec![flow(1, 2, Family::Ipv4, 600)]);
            let graph = Graph::P2p(Vli(11), Vli(12));
            tally(&exchange, &vlis(), false).map(|tally| tally.rates(Ip::V4, graph, Unit::Packets)[1])
        };
        assert_eq!([300_000, 299_000, 200_000, 150_000].map(rate), [2.0, 2.0, 3.0, 4.0].map(Some));
        assert_eq!([149_999, 0].map(rate), [None, None]);
    }

    #[test]
    fn with_the_fcs_a_frame_has_four_bytes_more() {
        let exchange = exchange(300_000, vec![flow(1, 2, Family::Ipv4, 300)]);
        let tally = tally(&exchange, &vlis(), true).expect("observed");
        assert_eq!(tally.rates(Ip::V4, Graph::Aggregate(100), Unit::Bytes), [104.0, 104.0]);
        assert_eq!(tally.rates(Ip::V4, Graph::Aggregate(100), Unit::Packets), [1.0, 1.0]);
    }
}
