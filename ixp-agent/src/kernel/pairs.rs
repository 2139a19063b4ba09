//! Reads the pair table in batches: no system call per cell.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};

use aya::maps::{Map, MapData};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_common::names::PAIRS;

use super::Error;
use crate::snapshot::Pairs;

/// `BPF_MAP_LOOKUP_BATCH` (kernel 5.6, commit cb4d03ab499d).
const LOOKUP_BATCH: libc::c_int = 24;
/// What a batch of values may take.
const BATCH_BYTES: usize = 4 << 20;

/// The pair table and the buffers that it is read into.
#[derive(Debug)]
pub struct PairTable {
    map: MapData,
    cpus: usize,
    keys: Vec<PairKey>,
    /// Per key, one value per possible CPU.
    values: Vec<Counts>,
    entries: usize,
}

/// The `batch` member of `union bpf_attr`.
#[repr(C)]
struct BatchAttr {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

const _: () = assert!(size_of::<BatchAttr>() == 56);

impl PairTable {
    /// Takes the map and makes the buffers.
    pub(super) fn new(map: Map) -> Result<Self, Error> {
        let Map::PerCpuHashMap(map) = map else {
            return Err(Error::map("type", PAIRS, "not a per-CPU hash"));
        };
        let cpus = aya::util::nr_cpus().map_err(|(_, error)| Error::map("CPU count", PAIRS, error))?;
        let batch = (BATCH_BYTES / (cpus * size_of::<Counts>())).clamp(1 << 10, 1 << 16);
        let keys = vec![PairKey::new(VlanId::UNTAGGED, Mac::ZERO, Mac::ZERO, Family::Other); batch];
        let values = vec![Counts::default(); batch * cpus];
        Ok(Self { map, cpus, keys, values, entries: 0 })
    }

    /// Cells in use at the last reading.
    #[must_use]
    pub fn fill(&self) -> usize {
        self.entries
    }

    /// Reads every cell, summed over the CPUs.
    ///
    /// A cell's packets and bytes can be those of two moments one frame apart: both are read again,
    /// and so are exact, at the next reading.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn read(&mut self) -> Result<Pairs, Error> {
        let mut pairs = Pairs::with_capacity_and_hasher(self.entries, Default::default());
        let mut position = None;
        loop {
            let (count, next) = self.batch(position)?;
            let values = self.values.chunks_exact(self.cpus);
            for (key, values) in self.keys.iter().zip(values).take(count) {
                let mut sum = Counts::default();
                values.iter().for_each(|counts| sum.add(*counts));
                pairs.insert(*key, sum);
            }
            let Some(next) = next else {
                self.entries = pairs.len();
                return Ok(pairs);
            };
            position = Some(next);
        }
    }

    /// Fills the buffers from `position` on; gives how many cells it read and where to go on.
    fn batch(&mut self, position: Option<u32>) -> Result<(usize, Option<u32>), Error> {
        loop {
            let fd = self.map.fd().as_fd();
            let mut next = 0u32;
            match lookup_batch(fd, position.as_ref(), &mut next, &mut self.keys, &mut self.values, self.cpus)
            {
                Ok(count) => return Ok((count, Some(next))),
                Err((error, count)) if error.raw_os_error() == Some(libc::ENOENT) => {
                    return Ok((count, None));
                }
                // One bucket holds more than the buffers.
                Err((error, _)) if error.raw_os_error() == Some(libc::ENOSPC) => self.grow(),
                Err((error, _)) if error.raw_os_error() == Some(libc::EINTR) => {}
                Err((error, _)) => return Err(Error::map("read", PAIRS, error)),
            }
        }
    }

    fn grow(&mut self) {
        let batch = self.keys.len() * 2;
        self.keys.resize(batch, self.keys[0]);
        self.values.resize(batch * self.cpus, Counts::default());
    }
}

fn lookup_batch(
    map: BorrowedFd<'_>,
    position: Option<&u32>,
    next: &mut u32,
    keys: &mut [PairKey],
    values: &mut [Counts],
    cpus: usize,
) -> Result<usize, (io::Error, usize)> {
    assert!(values.len() >= keys.len() * cpus, "a value per key and CPU");
    let mut attr = BatchAttr {
        in_batch: position.map_or(0, |position| std::ptr::from_ref(position) as u64),
        out_batch: std::ptr::from_mut(next) as u64,
        keys: keys.as_mut_ptr() as u64,
        values: values.as_mut_ptr() as u64,
        count: u32::try_from(keys.len()).unwrap_or(u32::MAX),
        map_fd: map.as_raw_fd().cast_unsigned(),
        elem_flags: 0,
        flags: 0,
    };
    // SAFETY: the kernel writes at most `count` keys and `count` × CPUs values, which the assertion
    // says fit, and one word at `next`; all live until the call returns.
    let result = unsafe { libc::syscall(libc::SYS_bpf, LOOKUP_BATCH, &mut attr, size_of::<BatchAttr>()) };
    let count = attr.count as usize;
    if result < 0 { Err((io::Error::last_os_error(), count)) } else { Ok(count) }
}
