//! Graphs that have files: what was kept of them in, the same with those that are new out.

use std::collections::BTreeSet;

use super::layout::{Graph, Ip, Vli};

/// The graphs that files were made for. Where nothing was exchanged they get a nought, and not silence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known(BTreeSet<(Ip, Graph)>);

impl Known {
    /// Those that a text names, a line each. A line that names none is left out: its file is met again with its next packet.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.lines().filter_map(graph).collect())
    }

    /// All of them as a text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let line = |(ip, graph): &(Ip, Graph)| {
            let ip = ip.name();
            match graph {
                Graph::P2p(source, destination) => format!("{ip} p2p {} {}\n", source.0, destination.0),
                Graph::Individual(source) => format!("{ip} individual {}\n", source.0),
                Graph::Aggregate(tag) => format!("{ip} aggregate {tag}\n"),
            }
        };
        self.0.iter().map(line).collect()
    }

    /// Takes one in; whether it is new.
    pub(super) fn insert(&mut self, ip: Ip, graph: Graph) -> bool {
        self.0.insert((ip, graph))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Ip, Graph)> {
        self.0.iter().copied()
    }
}

fn graph(line: &str) -> Option<(Ip, Graph)> {
    let words: Vec<&str> = line.split(' ').collect();
    let ip = |name: &str| Ip::ALL.into_iter().find(|ip| ip.name() == name);
    let vli = |text: &str| text.parse().ok().map(Vli);
    match words.as_slice() {
        [family, "p2p", source, destination] => {
            Some((ip(family)?, Graph::P2p(vli(source)?, vli(destination)?)))
        }
        [family, "individual", source] => Some((ip(family)?, Graph::Individual(vli(source)?))),
        [family, "aggregate", tag] => Some((ip(family)?, Graph::Aggregate(tag.parse().ok()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graphs() -> impl Strategy<Value = (Ip, Graph)> {
        let graph = prop_oneof![
            any::<(u32, u32)>().prop_map(|(a, b)| Graph::P2p(Vli(a), Vli(b))),
            any::<u32>().prop_map(|vli| Graph::Individual(Vli(vli))),
            any::<u16>().prop_map(Graph::Aggregate),
        ];
        (prop_oneof![Just(Ip::V4), Just(Ip::V6)], graph)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(graphs in proptest::collection::btree_set(graphs(), 0..20)) {
            let known = Known(graphs);
            prop_assert_eq!(Known::from_text(&known.to_text()), known);
        }

        #[test]
        fn any_text_is_read(text in "(ipv4|ipv6|x| |p2p|[0-9]{0,12}|\n){0,40}") {
            let known = Known::from_text(&text);
            prop_assert!(known.iter().count() <= text.lines().count());
        }
    }
}
