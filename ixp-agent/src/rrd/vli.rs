//! What IXP Manager's `sflow-db-mapper` answers in, the VLAN interface of a station out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ixp_common::addr::{Mac, VlanId};
use serde_json::Value;

use super::layout::Vli;

/// Which VLAN interface of IXP Manager is behind a MAC address on a VLAN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vlis {
    /// By 802.1Q tag and address.
    stations: HashMap<(u16, Mac), Vli>,
    tags: HashMap<Mac, BTreeSet<u16>>,
    ports: BTreeSet<Port>,
    /// What of it cannot be used, and why.
    pub notices: Vec<String>,
}

/// A VLAN interface, and the tag of its VLAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// The number of the interface.
    pub vli: Vli,
    /// The 802.1Q tag, as IXP Manager has it.
    pub tag: u16,
}

/// Why a text is no such answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadVlis {
    /// It is no JSON.
    #[error("not JSON: {0}; write what IXP Manager answers to /api/v4/sflow-db-mapper/configured-macs")]
    NotJson(String),
    /// It is other JSON.
    #[error(
        "no table of VLAN interfaces: as IXP Manager answers to /api/v4/sflow-db-mapper/configured-macs it is \
         {{\"1\": {{\"100\": {{\"020000000001\": 12}}}}}}: infrastructure, 802.1Q tag, MAC, VLAN interface"
    )]
    Shape,
}

impl Vlis {
    /// Reads an answer of `configured-macs` or `learned-macs`. What is in use twice, or is no address or number, is left out
    /// with a notice.
    ///
    /// # Errors
    /// [`BadVlis`] if it is no answer at all.
    pub fn parse(text: &str) -> Result<Self, BadVlis> {
        let value: Value = serde_json::from_str(text).map_err(|error| BadVlis::NotJson(error.to_string()))?;
        let mut found: BTreeMap<(u16, Mac), BTreeSet<Vli>> = BTreeMap::new();
        let mut notices = Vec::new();
        for (_, vlans) in entries(&value).ok_or(BadVlis::Shape)? {
            for (tag, macs) in entries(vlans).ok_or(BadVlis::Shape)? {
                for (mac, vli) in entries(macs).ok_or(BadVlis::Shape)? {
                    match station(tag, mac, vli) {
                        Ok((station, vli)) => {
                            found.entry(station).or_default().insert(vli);
                        }
                        Err(notice) => notices.push(notice),
                    }
                }
            }
        }
        let mut vlis = Self { notices, ..Self::default() };
        for ((tag, mac), of) in found {
            vlis.add(tag, mac, &of);
        }
        Ok(vlis)
    }

    fn add(&mut self, tag: u16, mac: Mac, of: &BTreeSet<Vli>) {
        let Some(vli) = of.first().copied().filter(|_| of.len() == 1) else {
            let numbers: Vec<String> = of.iter().map(|vli| vli.0.to_string()).collect();
            self.notices
                .push(format!("{mac} on VLAN {tag} is that of VLAN interfaces {}", numbers.join(", ")));
            return;
        };
        self.stations.insert((tag, mac), vli);
        self.tags.entry(mac).or_default().insert(tag);
        self.ports.insert(Port { vli, tag });
    }

    /// The VLAN interface of an end with these addresses, by the tag that its frames have. Where they have none it is the VLAN
    /// that these addresses are on, if that is one.
    #[must_use]
    pub fn port(&self, vlan: VlanId, macs: &[Mac]) -> Option<Port> {
        let tag = if vlan == VlanId::UNTAGGED { self.only_tag(macs)? } else { vlan.get() };
        let all: BTreeSet<Vli> =
            macs.iter().filter_map(|mac| self.stations.get(&(tag, *mac)).copied()).collect();
        let vli = all.first().copied().filter(|_| all.len() == 1)?;
        Some(Port { vli, tag })
    }

    fn only_tag(&self, macs: &[Mac]) -> Option<u16> {
        let tags: BTreeSet<u16> =
            macs.iter().filter_map(|mac| self.tags.get(mac)).flatten().copied().collect();
        let untagged = VlanId::UNTAGGED.get();
        match tags.contains(&untagged) {
            true => Some(untagged),
            false => tags.first().copied().filter(|_| tags.len() == 1),
        }
    }

    /// How many VLAN interfaces there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ports.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ports.is_empty()
    }

    pub(super) fn has(&self, vli: Vli) -> bool {
        self.ports.range(Port { vli, tag: 0 }..).next().is_some_and(|port| port.vli == vli)
    }

    pub(super) fn has_vlan(&self, tag: u16) -> bool {
        self.ports.iter().any(|port| port.tag == tag)
    }
}

/// The entries of an object; an empty one is a list, as PHP writes it.
fn entries(value: &Value) -> Option<Vec<(&str, &Value)>> {
    match value {
        Value::Object(object) => Some(object.iter().map(|(key, value)| (key.as_str(), value)).collect()),
        Value::Array(list) if list.is_empty() => Some(Vec::new()),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn station(tag: &str, mac: &str, vli: &Value) -> Result<((u16, Mac), Vli), String> {
    let known = tag.parse().ok().and_then(VlanId::configured);
    let vlan = known.ok_or_else(|| format!("{tag:?} is no 802.1Q tag"))?;
    let address: Mac = mac.parse().map_err(|error| format!("{mac:?} on VLAN {tag} is {error}"))?;
    let number = vli.as_u64().or_else(|| vli.as_str()?.parse().ok());
    let number = number.and_then(|number| u32::try_from(number).ok());
    let vli =
        number.ok_or_else(|| format!("{mac} on VLAN {tag} has no number of a VLAN interface, but {vli}"))?;
    Ok(((vlan.get(), address), Vli(vli)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const B: Mac = Mac([2, 0, 0, 0, 0, 2]);
    const C: Mac = Mac([2, 0, 0, 0, 0, 3]);

    fn vlis(text: &str) -> Vlis {
        Vlis::parse(text).expect("an answer")
    }

    fn check(vlis: &Vlis, tag: u16, macs: &[Mac], expected: Option<(u32, u16)>) {
        let expected = expected.map(|(vli, tag)| Port { vli: Vli(vli), tag });
        assert_eq!(vlis.port(VlanId::from_tci(tag), macs), expected, "{macs:?} on {tag}");
    }

    #[test]
    fn a_station_is_found_by_its_tag_and_address() {
        let vlis = vlis(
            r#"{"1":{"100":{"020000000001":12,"020000000002":"13"},"200":{"020000000001":14}},"2":[],"3":{"7":[]}}"#,
        );
        assert_eq!((vlis.len(), vlis.notices.len()), (3, 0));
        check(&vlis, 100, &[A], Some((12, 100)));
        check(&vlis, 200, &[A], Some((14, 200)));
        check(&vlis, 100, &[C, B], Some((13, 100)));
        check(&vlis, 300, &[A], None);
        // Two interfaces are behind them.
        check(&vlis, 100, &[A, B], None);
        // Without a tag, that of the only VLAN.
        check(&vlis, 0, &[B], Some((13, 100)));
        check(&vlis, 0, &[A], None);
        assert!(vlis.has(Vli(14)) && !vlis.has(Vli(15)) && vlis.has_vlan(200) && !vlis.has_vlan(7));
    }

    #[test]
    fn what_cannot_be_used_is_told_and_the_rest_is_used() {
        let vlis = vlis(
            r#"{"1":{"100":{"0200000000":1,"020000000002":null,"020000000003":4},"5000":{"020000000001":2}},
                "2":{"100":{"020000000003":5},"0":{"020000000001":3}}}"#,
        );
        assert_eq!(
            vlis.notices,
            [
                "\"0200000000\" on VLAN 100 is not a MAC address; write six hex bytes, as 02:00:00:00:00:01",
                "020000000002 on VLAN 100 has no number of a VLAN interface, but null",
                "\"5000\" is no 802.1Q tag",
                "02:00:00:00:00:03 on VLAN 100 is that of VLAN interfaces 4, 5",
            ]
        );
        check(&vlis, 0, &[A], Some((3, 0)));
        check(&vlis, 100, &[C], None);
    }

    #[test]
    fn other_texts_are_refused_with_what_to_write() {
        for other in ["", "{", "{\"member_list\": 1}", "[1]", "{\"1\":{\"100\":7}}", "{\"1\":null}"] {
            let error = Vlis::parse(other).expect_err(other).to_string();
            assert!(error.contains("/api/v4/sflow-db-mapper/configured-macs"), "{error}");
        }
        assert!(vlis("[]").is_empty());
    }
}
