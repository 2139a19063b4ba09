//! The programs that are measured beside each other: frames are handed to each, and what it counted is read back.

use anyhow::{Context as _, Result, ensure};
use aya::programs::Xdp;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_ebpf::traffic::{station, word};
use ixp_tests::sampler::{SLOT, Sampler};

use crate::load::summed;

/// What a program counted.
pub(crate) struct Counted {
    /// Every frame.
    pub(crate) seen: Counts,
    /// Per pair, by the word that frames between it are made of, in order.
    pub(crate) cells: Vec<(u32, Counts)>,
}

/// A loaded program.
pub(crate) trait Subject {
    /// It, to be handed frames.
    fn program(&self) -> Result<&Xdp>;
    /// Takes away what it handed over, so that there is room for more.
    fn make_room(&mut self) -> Result<()> {
        Ok(())
    }
    /// Reads what it counted. Frames of which it says that they are not the bench's are an error.
    fn counted(&mut self) -> Result<Counted>;
}

impl Subject for Sampler {
    fn program(&self) -> Result<&Xdp> {
        Sampler::program(self)
    }

    fn make_room(&mut self) -> Result<()> {
        while self.loaded.rings.sample().is_some() {}
        Ok(())
    }

    fn counted(&mut self) -> Result<Counted> {
        let snapshot = self.snapshot()?;
        let port = &snapshot.ports[&SLOT];
        ensure!(port.malformed.is_empty() && port.odd.is_empty(), "sound frames are not: {port:?}");
        ensure!(port.counters.unattributed.is_zero(), "frames without a cell: {:?}", port.counters);
        ensure!(port.counters.samples_lost == 0, "the ring had no room for samples: {:?}", port.counters);
        ensure!(snapshot.rules.is_empty(), "clean frames break rules: {:?}", snapshot.rules);
        let cells = snapshot.pairs.iter().map(|(key, counts)| Ok((word_of(key)?, *counts)));
        Ok(Counted { seen: port.counters.seen, cells: summed(cells.collect::<Result<_>>()?) })
    }
}

/// The word of a cell's frames.
fn word_of(key: &PairKey) -> Result<u32> {
    ensure!(key.vlan() == VlanId::UNTAGGED && key.family() == Family::Ipv4, "no frame is of {key:?}");
    Ok(word(number(key.source())?, number(key.destination())?))
}

/// The number of a station.
pub(crate) fn number(mac: Mac) -> Result<u16> {
    let [.., high, low] = mac.0;
    let number = u16::from_be_bytes([high, low]);
    Some(number).filter(|number| station(*number) == mac).with_context(|| format!("{mac} is no station's"))
}
