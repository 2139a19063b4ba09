//! Reads a per-CPU hash in batches: no system call per entry.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};

use aya::Pod;
use aya::maps::{Map, MapData};

use super::Error;

/// `BPF_MAP_LOOKUP_BATCH` (kernel 5.6, commit cb4d03ab499d).
const LOOKUP_BATCH: libc::c_int = 24;
/// What a batch of values may take.
const BATCH_BYTES: usize = 4 << 20;

/// A per-CPU hash and the buffers that it is read into.
#[derive(Debug)]
pub struct PerCpuTable<K, V> {
    name: &'static str,
    map: MapData,
    cpus: usize,
    keys: Vec<K>,
    /// Per key, one value per possible CPU.
    values: Vec<V>,
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

impl<K: Pod, V: Pod> PerCpuTable<K, V> {
    /// Takes the map and makes the buffers, of copies of `key` and `value`.
    pub(super) fn new(name: &'static str, map: Map, key: K, value: V) -> Result<Self, Error> {
        // The kernel fills a value up to 8 bytes.
        const { assert!(size_of::<V>().is_multiple_of(8)) };
        let Map::PerCpuHashMap(map) = map else {
            return Err(Error::map("type", name, "not a per-CPU hash"));
        };
        let cpus = aya::util::nr_cpus().map_err(|(_, error)| Error::map("CPU count", name, error))?;
        let batch = (BATCH_BYTES / (cpus * size_of::<V>())).clamp(1 << 10, 1 << 16);
        Ok(Self { name, map, cpus, keys: vec![key; batch], values: vec![value; batch * cpus] })
    }

    /// Hands over every entry: its key, and a value per CPU.
    ///
    /// The words of a value can be those of two moments one frame apart: all are read again, and so
    /// are exact, at the next reading.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub(super) fn read(&mut self, mut each: impl FnMut(&K, &[V])) -> Result<(), Error> {
        let mut position = None;
        loop {
            let (count, next) = self.batch(position)?;
            let values = self.values.chunks_exact(self.cpus);
            self.keys.iter().zip(values).take(count).for_each(|(key, values)| each(key, values));
            if next.is_none() {
                return Ok(());
            }
            position = next;
        }
    }

    /// Fills the buffers from `position` on; gives how many entries it read and where to go on.
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
                Err((error, _)) => return Err(Error::map("read", self.name, error)),
            }
        }
    }

    fn grow(&mut self) {
        let batch = self.keys.len() * 2;
        self.keys.resize(batch, self.keys[0]);
        self.values.resize(batch * self.cpus, self.values[0]);
    }
}

fn lookup_batch<K, V>(
    map: BorrowedFd<'_>,
    position: Option<&u32>,
    next: &mut u32,
    keys: &mut [K],
    values: &mut [V],
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
