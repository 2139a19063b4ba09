//! An mmapable array of the kernel's in, its words out, as both sides see them.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, AtomicU64};

use anyhow::{Context as _, Result, ensure};
use aya::maps::{Map, MapData};

/// What the words of an array can be taken as.
///
/// # Safety
/// Every bit pattern is a value.
pub unsafe trait Word: Sized {}
// SAFETY: any 32 bits are one.
unsafe impl Word for AtomicU32 {}
// SAFETY: any 64 bits are one.
unsafe impl Word for AtomicU64 {}

/// A mapped `ARRAY` whose values have no padding, for as long as it lives.
pub struct Mapped<T: Word> {
    start: NonNull<T>,
    len: usize,
    /// Keeps the array.
    _map: MapData,
}

impl<T: Word> Mapped<T> {
    /// Maps all of an array.
    ///
    /// # Errors
    /// If it is none, has values that the kernel pads, or cannot be mapped.
    pub fn new(map: Map) -> Result<Self> {
        let Map::Array(map) = map else { anyhow::bail!("only an array can be mapped") };
        let info = map.info().context("ask for the array's size")?;
        ensure!(info.value_size().is_multiple_of(8), "values of {} bytes are padded", info.value_size());
        let bytes = info.value_size() as usize * info.max_entries() as usize;
        let (access, fd) = (libc::PROT_READ | libc::PROT_WRITE, map.fd().as_fd().as_raw_fd());
        // SAFETY: the kernel chooses where; it refuses what is longer than the array.
        let start = unsafe { libc::mmap(ptr::null_mut(), bytes, access, libc::MAP_SHARED, fd, 0) };
        ensure!(start != libc::MAP_FAILED, "map an array: {}", io::Error::last_os_error());
        let start = NonNull::new(start.cast()).context("the kernel maps nothing at 0")?;
        Ok(Self { start, len: bytes / size_of::<T>(), _map: map })
    }

    /// Its words, one value after the other.
    #[must_use]
    pub fn words(&self) -> &[T] {
        // SAFETY: so many words are mapped, at a page's start, for as long as `self` lives; who writes
        // meanwhile writes whole words.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Word> Drop for Mapped<T> {
    fn drop(&mut self) {
        // SAFETY: what `new` mapped, and nobody else unmaps.
        let unmapped = unsafe { libc::munmap(self.start.as_ptr().cast(), self.len * size_of::<T>()) };
        debug_assert_eq!(unmapped, 0);
    }
}
