//! What two agents say of samples goes in; estimates with their errors, and where each sample went, come out.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use ixp_common::counters::PairKey;
use serde::Deserialize;

use crate::matrix::Way;

/// The matrix that samples make.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampled {
    /// One frame in so many was sampled.
    pub rate: u32,
    /// All frames.
    pub seen: Estimate,
    /// Those of each cell.
    pub cells: BTreeMap<PairKey, Estimate>,
    /// What became of the samples.
    pub fate: Fate,
}

/// So many frames, and how sure that is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct Estimate {
    /// Frames.
    #[serde(rename = "packets", alias = "seen")]
    pub frames: u64,
    /// In 95 of 100 cases it is off by no more than this part of itself.
    pub relative_error: f64,
}

impl Estimate {
    /// In 95 of 100 cases it is off by no more frames.
    #[must_use]
    pub fn error(self) -> f64 {
        self.relative_error * self.frames as f64
    }
}

/// Where samples went, from the kernel to the agent that hears them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// Handed over by the kernel.
    pub taken: u64,
    /// Those that it had no room for.
    pub no_room: u64,
    /// Heard.
    pub heard: u64,
    /// Said to be lost on the way.
    pub lost: u64,
    /// Said to have found no room.
    pub told_no_room: u64,
}

impl Sampled {
    /// Reads the answers of `/api/v1/status` by the agent that samples and by the one that hears, and that of
    /// `/api/v1/matrix?by=mac&source=sampled`.
    ///
    /// # Errors
    /// An answer is not of that shape.
    pub fn parse(rate: u32, sampling: &str, hearing: &str, matrix: &str) -> Result<Self> {
        let sampling: Sampling = serde_json::from_str(sampling).context("read the agent's status")?;
        let hearing: Hearing = serde_json::from_str(hearing).context("read the collector's status")?;
        let matrix: Matrix = serde_json::from_str(matrix).context("read the collector's matrix")?;
        let cells = matrix.cells.iter().map(|cell| Ok((cell.way.key()?, cell.estimate)));
        let cells = cells.collect::<Result<_>>()?;
        Ok(Self { rate, seen: matrix.frames, cells, fate: Fate::of(&sampling, &hearing) })
    }
}

impl Fate {
    fn of(sampling: &Sampling, hearing: &Hearing) -> Self {
        let taken = |of: fn(&Port) -> u64| sampling.interfaces.iter().map(of).sum();
        let heard = |of: fn(&Exporter) -> u64| hearing.sflow.listen.exporters.iter().map(of).sum();
        Self {
            taken: taken(|port| port.samples),
            no_room: taken(|port| port.samples_lost),
            heard: heard(|exporter| exporter.samples),
            lost: heard(|exporter| exporter.samples_lost),
            told_no_room: heard(|exporter| exporter.samples_dropped),
        }
    }
}

#[derive(Deserialize)]
struct Sampling {
    interfaces: Vec<Port>,
}

#[derive(Deserialize)]
struct Port {
    samples: u64,
    samples_lost: u64,
}

#[derive(Deserialize)]
struct Hearing {
    sflow: Sflow,
}

#[derive(Deserialize)]
struct Sflow {
    listen: Listen,
}

#[derive(Deserialize)]
struct Listen {
    exporters: Vec<Exporter>,
}

#[derive(Deserialize)]
struct Exporter {
    samples: u64,
    samples_lost: u64,
    samples_dropped: u64,
}

#[derive(Deserialize)]
struct Matrix {
    frames: Estimate,
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(flatten)]
    way: Way,
    #[serde(flatten)]
    estimate: Estimate,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::addr::{Family, Mac, VlanId};

    const SAMPLING: &str = r#"{"interfaces":[{"interface":"p1","samples":3,"samples_lost":1},
        {"interface":"p2","samples":2,"samples_lost":0}]}"#;
    const HEARING: &str = r#"{"interfaces":[],"sflow":{"collectors":[],"listen":{"dropped":0,"exporters":[
        {"address":"127.0.0.1","samples":4,"samples_lost":1,"samples_dropped":1}]}}}"#;
    const MATRIX: &str = r#"{"by":"mac","source":"sampled","frames":{"seen":64,"bytes":6400,"samples":4,
        "relative_error":0.9,"bytes_relative_error":0.9},"cells":[
        {"vlan":0,"src_mac":"02:00:00:00:00:01","dst_mac":"02:00:00:00:00:02","src_asn":65001,"dst_asn":65002,
         "family":"ipv4","packets":64,"bytes":6400,"samples":4,"relative_error":0.9,"bytes_relative_error":0.9}]}"#;

    #[test]
    fn answers_become_estimates_and_the_fate_of_samples() {
        let sampled = Sampled::parse(16, SAMPLING, HEARING, MATRIX).unwrap();
        let [one, two] = [1, 2].map(|last| Mac([2, 0, 0, 0, 0, last]));
        let estimate = Estimate { frames: 64, relative_error: 0.9 };
        let cells = BTreeMap::from([(PairKey::new(VlanId::UNTAGGED, one, two, Family::Ipv4), estimate)]);
        let fate = Fate { taken: 5, no_room: 1, heard: 4, lost: 1, told_no_room: 1 };
        assert_eq!(sampled, Sampled { rate: 16, seen: estimate, cells, fate });
        assert!((estimate.error() - 57.6).abs() < 1e-9);
    }

    #[test]
    fn an_agent_that_does_not_listen_has_no_such_answer() {
        let deaf = HEARING.replace(r#""listen":{"#, r#""heard":{"#);
        let error = Sampled::parse(16, SAMPLING, &deaf, MATRIX).unwrap_err();
        assert_eq!(error.to_string(), "read the collector's status");
    }
}
