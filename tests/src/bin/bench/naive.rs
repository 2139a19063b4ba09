//! What one writes in an afternoon, in C, loaded.

use anyhow::{Context as _, Result, ensure};
use aya::maps::{MapData, PerCpuHashMap};
use aya::programs::Xdp;
use aya::{Ebpf, EbpfLoader};
use ixp_common::addr::{EtherType, Mac};
use ixp_common::counters::Counts;
use ixp_ebpf::traffic::word;

use crate::exchange::capacity;
use crate::load::summed;
use crate::subject::{Counted, Subject, number};
use crate::twin::{load, program};

/// `struct key` of `naive.c`: destination, source, EtherType and VLAN.
type Key = [u8; 16];

/// The naive program.
pub(crate) struct Naive {
    ebpf: Ebpf,
    cells: PerCpuHashMap<MapData, Key, [u64; 2]>,
}

impl Naive {
    /// Loads it for so many pairs.
    ///
    /// # Errors
    /// If it is not built, or the kernel refuses.
    pub(crate) fn load(pairs: u32) -> Result<Self> {
        let mut loader = EbpfLoader::new();
        let mut ebpf = load("naive", loader.map_max_entries("CELLS", capacity(pairs).pairs))?;
        let cells = ebpf.take_map("CELLS").context("the naive program has no CELLS")?;
        Ok(Self { ebpf, cells: PerCpuHashMap::try_from(cells)? })
    }
}

impl Subject for Naive {
    fn program(&self) -> Result<&Xdp> {
        program(&self.ebpf, "naive")
    }

    fn counted(&mut self) -> Result<Counted> {
        let mut cells = Vec::new();
        for entry in self.cells.iter() {
            let (key, values) = entry?;
            let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, e0, e1, vlan @ ..] = key;
            ensure!(EtherType(u16::from_ne_bytes([e0, e1])) == EtherType::IPV4 && vlan == [0; 2], "{key:?}");
            let source = number(Mac([s0, s1, s2, s3, s4, s5]))?;
            let destination = number(Mac([d0, d1, d2, d3, d4, d5]))?;
            let word = word(source, destination);
            cells.extend(
                values.iter().map(|[packets, bytes]| (word, Counts { packets: *packets, bytes: *bytes })),
            );
        }
        Ok(Counted { seen: None, cells: summed(cells) })
    }
}
