//! Listens in the members' namespaces: which sins' frames reached whom.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::Sin;
use crate::packet::Watcher;
use crate::station::Station;

/// Addresses and EtherType or length: they tell the sins' frames apart.
const HEAD: usize = 14;

/// A listener per member that keeps the rules.
#[derive(Debug)]
pub struct Witnesses(Vec<(Station, Watcher)>);

impl Witnesses {
    /// Listeners that hold what they hear until they are asked.
    #[must_use]
    pub const fn new(watchers: Vec<(Station, Watcher)>) -> Self {
        Self(watchers)
    }

    /// For each of `sins`, how many of its frames reached each member.
    ///
    /// # Errors
    /// A listener missed frames.
    pub fn asked(&self, sins: &[Sin]) -> Result<Vec<Vec<(Station, u64)>>> {
        let mut heads = BTreeMap::new();
        for (at, sin) in sins.iter().enumerate() {
            heads.extend(sin.frames.iter().map(|frame| (&frame[..HEAD], at)));
        }
        let mut received = vec![Vec::new(); sins.len()];
        for (station, watcher) in &self.0 {
            let mut counts = vec![0; sins.len()];
            watcher.drain(|header, _| {
                if let Some(&at) = header.get(..HEAD).and_then(|head| heads.get(head)) {
                    counts[at] += 1;
                }
            })?;
            let lost = watcher.lost()?;
            ensure!(lost == 0, "the listener of member {} missed {lost} frames", station.number);
            for (counts, received) in counts.into_iter().zip(&mut received) {
                received.push((*station, counts));
            }
        }
        Ok(received)
    }
}
