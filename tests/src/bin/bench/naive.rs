//! The same in C, but counted as one does it at first, loaded; stations are found by the table, or in a hash, too.

use anyhow::{Context as _, Result, ensure};
use aya::maps::{MapData, PerCpuHashMap};
use aya::programs::Xdp;
use aya::{Ebpf, EbpfLoader};
use ixp_common::addr::{EtherType, Mac};
use ixp_common::counters::Counts;
use ixp_ebpf::traffic::word;

use crate::exchange::{Rules, capacity};
use crate::load::summed;
use crate::native::{Seen, load, program, tell};
use crate::subject::{Counted, Subject, number};

/// `struct key` of `pairs-by-hash.h`: destination and source as numbers; EtherType and VLAN.
type Key = [u64; 3];

/// How far a program does as one does it at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Pairs are in a hash.
    Pairs,
    /// Pairs and stations are.
    Stations,
}

impl Depth {
    /// The program's name.
    const fn name(self) -> &'static str {
        match self {
            Self::Pairs => "naive",
            Self::Stations => "hashes",
        }
    }
}

/// The naive program.
pub(crate) struct Naive {
    depth: Depth,
    ebpf: Ebpf,
    seen: Seen,
    cells: PerCpuHashMap<MapData, Key, [u64; 2]>,
}

impl Naive {
    /// Loads it for so many pairs.
    ///
    /// # Errors
    /// If it is not built, or the kernel refuses.
    pub(crate) fn load(depth: Depth, members: u16, pairs: u32, rules: Rules) -> Result<Self> {
        let mut loader = EbpfLoader::new();
        let mut ebpf = load(depth.name(), loader.map_max_entries("CELLS", capacity(pairs).pairs))?;
        let seen = tell(&mut ebpf, members, rules)?;
        let cells = ebpf.take_map("CELLS").context("the naive program has no CELLS")?;
        Ok(Self { depth, ebpf, seen, cells: PerCpuHashMap::try_from(cells)? })
    }
}

impl Subject for Naive {
    fn program(&self) -> Result<&Xdp> {
        program(&self.ebpf, self.depth.name())
    }

    fn counted(&mut self) -> Result<Counted> {
        let mut cells = Vec::new();
        for entry in self.cells.iter() {
            let (key, values) = entry?;
            let [destination, source, network] = key;
            ensure!(network == u64::from(EtherType::IPV4.0), "no frame is of {key:x?}");
            let word = word(number(Mac::from_bits(source))?, number(Mac::from_bits(destination))?);
            cells.extend(
                values.iter().map(|[packets, bytes]| (word, Counts { packets: *packets, bytes: *bytes })),
            );
        }
        Ok(Counted { seen: self.seen.read()?, cells: summed(cells) })
    }
}
