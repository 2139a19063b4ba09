//! The sampler's twin in C, loaded and told of the same exchange as the sampler.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, ensure};
use aya::maps::{MapData, PerCpuArray, PerCpuHashMap};
use aya::programs::Xdp;
use aya::util::nr_cpus;
use aya::{Ebpf, EbpfLoader};
use ixp_common::counters::Counts;
use ixp_ebpf::traffic::word;
use ixp_tests::mapped::Mapped;

use crate::exchange::{Rules, capacity, interface};
use crate::load::summed;
use crate::native::{Seen, load, program, tell};
use crate::subject::{Counted, Subject};

/// Bits of a cell's first word that count frames, and of its second that count bytes.
const PACKET_BITS: u32 = 36;
const BYTE_BITS: u32 = 49;
/// Of a note's second word.
const LENGTH_BITS: u32 = 20;
/// Of a station's number.
const NUMBER_BITS: u32 = 14;
/// What stands above the bytes: used, no VLAN, IPv4.
const NETWORK: u64 = 1 << 14;
/// Words of a batch, of which the third is the first of its notes.
const BATCH_WORDS: usize = 96;

/// The twin.
pub(crate) struct Twin {
    ebpf: Ebpf,
    seen: Seen,
    cells: Mapped<AtomicU64>,
    batches: Mapped<AtomicU64>,
    overflow: PerCpuHashMap<MapData, u64, [u64; 2]>,
    missed: PerCpuArray<MapData, [u64; 2]>,
}

impl Twin {
    /// Loads it for so many pairs.
    ///
    /// # Errors
    /// If it is not built, or the kernel refuses.
    pub(crate) fn load(members: u16, pairs: u32, rules: Rules) -> Result<Self> {
        let cpus = u32::try_from(nr_cpus().map_err(|(file, error)| anyhow::anyhow!("{file}: {error}"))?)?;
        let lines = lines_for(capacity(pairs).pairs);
        let mut loader = EbpfLoader::new();
        loader.override_global("LINES_PER_CPU", &lines, true);
        loader.map_max_entries("CELLS", cpus * lines).map_max_entries("BATCHES", cpus);
        let mut ebpf = load("twin", &mut loader)?;
        let seen = tell(&mut ebpf, members, rules)?;
        let mut take = |name| ebpf.take_map(name).with_context(|| format!("the twin has no {name}"));
        Ok(Self {
            seen,
            cells: Mapped::new(take("CELLS")?)?,
            batches: Mapped::new(take("BATCHES")?)?,
            overflow: PerCpuHashMap::try_from(take("OVERFLOW")?)?,
            missed: PerCpuArray::try_from(take("MISSED")?)?,
            ebpf,
        })
    }
}

/// Lines of 4 cells per CPU that `cells` need: half as many places again, an even number of lines.
const fn lines_for(cells: u32) -> u32 {
    (cells * 3).div_ceil(16) * 2
}

impl Subject for Twin {
    fn program(&self) -> Result<&Xdp> {
        program(&self.ebpf, "twin")
    }

    fn counted(&mut self) -> Result<Counted> {
        let seen = self.seen.read()?;
        for missed in self.missed.get(&0, 0)?.iter() {
            ensure!(*missed == [0; 2], "the twin had no room for {missed:?}");
        }
        let mut cells = Vec::new();
        for cell in self.cells.words().chunks_exact(2) {
            let [packets, bytes] = [&cell[0], &cell[1]].map(|word| word.load(Ordering::Relaxed));
            if packets != 0 {
                let [packets_above, bytes_above] = [packets >> PACKET_BITS, bytes >> BYTE_BITS];
                let low = |value: u64, bits: u32| value & ((1 << bits) - 1);
                let counts = Counts { packets: low(packets, PACKET_BITS), bytes: low(bytes, BYTE_BITS) };
                cells.push((word_of(packets_above, bytes_above)?, counts));
            }
        }
        for entry in self.overflow.iter() {
            let (key, values) = entry?;
            let word = word_of(key >> PACKET_BITS, key & ((1 << PACKET_BITS) - 1))?;
            cells.extend(
                values.iter().map(|[packets, bytes]| (word, Counts { packets: *packets, bytes: *bytes })),
            );
        }
        self.noted(&mut cells)?;
        Ok(Counted { seen, cells: summed(cells) })
    }
}

impl Twin {
    /// Adds what is noted and not yet counted.
    fn noted(&self, cells: &mut Vec<(u32, Counts)>) -> Result<()> {
        for batch in self.batches.words().chunks_exact(BATCH_WORDS) {
            let len = usize::try_from(batch[1].load(Ordering::Relaxed))?;
            for note in batch[2..].chunks_exact(2).take(len) {
                let [numbers, network] = [&note[0], &note[1]].map(|word| word.load(Ordering::Relaxed));
                let bytes = u32::try_from(network & ((1 << LENGTH_BITS) - 1))?;
                cells.push((word_of(numbers >> PACKET_BITS, network >> BYTE_BITS)?, Counts::frame(bytes)));
            }
        }
        Ok(())
    }
}

/// The word of a cell's frames, by what stands above its counts.
fn word_of(numbers: u64, network: u64) -> Result<u32> {
    ensure!(network == NETWORK, "no frame is of {network:#x}");
    let member = |number: u64| -> Result<u16> {
        let number = u16::try_from(number & ((1 << NUMBER_BITS) - 1))?;
        ensure!(number != 0, "no station has number 0");
        Ok(number - interface(0))
    };
    Ok(word(member(numbers >> NUMBER_BITS)?, member(numbers)?))
}
