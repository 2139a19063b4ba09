//! The agent's matrix by MAC, as its HTTP interface serves it.

use anyhow::{Context, Result, anyhow};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_common::rules::Rule;
use serde::Deserialize;

use crate::truth::Cells;

/// What the agent counted since it attached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix {
    /// All frames that it saw.
    pub seen: Counts,
    /// Frames that it could not parse.
    pub malformed: u64,
    /// Frames that found no cell.
    pub unattributed: u64,
    /// The rest.
    pub cells: Cells,
    /// What stands against stations.
    pub findings: Vec<Finding>,
}

impl Matrix {
    /// Reads the answer of `/api/v1/matrix?by=mac`.
    ///
    /// # Errors
    /// The answer is not of that shape.
    pub fn parse(json: &str) -> Result<Self> {
        let served: Served = serde_json::from_str(json).context("read the agent's matrix")?;
        let Frames { seen, bytes, malformed, unattributed } = served.frames;
        let mut cells = Cells::new();
        for cell in &served.cells {
            cells
                .entry(cell.way.key()?)
                .or_default()
                .add(Counts { packets: cell.packets, bytes: cell.bytes });
        }
        let findings = served.rules.iter().map(Broken::finding).collect::<Result<_>>()?;
        Ok(Self { seen: Counts { packets: seen, bytes }, malformed, unattributed, cells, findings })
    }
}

/// The frames by which one station broke one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// The station's address; none for stations beyond the agent's table.
    pub mac: Option<Mac>,
    /// Frames that broke the rule.
    pub packets: u64,
    /// Those of them that were dropped.
    pub dropped: u64,
    /// Those of them that `enforce` would have dropped.
    pub would_drop: u64,
}

#[derive(Deserialize)]
struct Served {
    frames: Frames,
    cells: Vec<Cell>,
    rules: Vec<Broken>,
}

#[derive(Deserialize)]
struct Frames {
    seen: u64,
    bytes: u64,
    malformed: u64,
    unattributed: u64,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(flatten)]
    way: Way,
    packets: u64,
    bytes: u64,
}

/// From whom to whom, as it is served.
#[derive(Deserialize)]
pub(crate) struct Way {
    vlan: u16,
    src_mac: String,
    dst_mac: String,
    family: String,
}

#[derive(Deserialize)]
struct Broken {
    rule: String,
    mac: Option<String>,
    packets: u64,
    dropped: u64,
    would_drop: u64,
}

impl Broken {
    fn finding(&self) -> Result<Finding> {
        let rule = self.rule.parse().map_err(|error| anyhow!("`{}`: {error}", self.rule))?;
        let mac = self.mac.as_deref().map(mac).transpose()?;
        let Self { packets, dropped, would_drop, .. } = *self;
        Ok(Finding { rule, mac, packets, dropped, would_drop })
    }
}

fn mac(text: &str) -> Result<Mac> {
    text.parse().map_err(|error| anyhow!("`{text}`: {error}"))
}

impl Way {
    pub(crate) fn key(&self) -> Result<PairKey> {
        let family = Family::ALL
            .into_iter()
            .find(|family| family.name() == self.family)
            .with_context(|| format!("`{}` is no family", self.family))?;
        let vlan = VlanId::from_tci(self.vlan);
        Ok(PairKey::new(vlan, mac(&self.src_mac)?, mac(&self.dst_mac)?, family))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_cells() {
        let json = r#"{"by":"mac","frames":{"seen":3,"bytes":192,"malformed":1,"unattributed":0},"cells":[
            {"vlan":7,"src_mac":"02:00:00:00:00:01","dst_mac":"ff:ff:ff:ff:ff:ff","src_asn":65001,"dst_asn":null,
             "family":"arp","packets":2,"bytes":128}],"rules":[
            {"rule":"N01","vlan":7,"mac":"02:00:00:00:00:01","asn":65001,"packets":2,"bytes":128,"dropped":1,"would_drop":4},
            {"rule":"L07","vlan":7,"mac":null,"asn":null,"packets":1,"bytes":64,"dropped":0,"would_drop":0}]}"#;
        let matrix = Matrix::parse(json).unwrap();
        let vlan = VlanId::from_tci(7);
        let key = PairKey::new(vlan, Mac([2, 0, 0, 0, 0, 1]), Mac::BROADCAST, Family::Arp);
        assert_eq!(matrix.seen, Counts { packets: 3, bytes: 192 });
        assert_eq!((matrix.malformed, matrix.unattributed), (1, 0));
        assert_eq!(matrix.cells, Cells::from([(key, Counts { packets: 2, bytes: 128 })]));
        let mac = Some(Mac([2, 0, 0, 0, 0, 1]));
        let known = Finding { rule: Rule::N01, mac, packets: 2, dropped: 1, would_drop: 4 };
        let unlisted = Finding { rule: Rule::L07, mac: None, packets: 1, dropped: 0, would_drop: 0 };
        assert_eq!(matrix.findings, [known, unlisted]);
    }
}
