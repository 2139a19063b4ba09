//! A map in mapped memory in, its words out: the only pointer arithmetic of the agent.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::AtomicU64;

/// The words of an `ARRAY` made with `BPF_F_MMAPABLE` (kernel 5.5, commit fc9702273e2e), which programs write
/// meanwhile, each at once.
#[derive(Debug)]
pub(super) struct Mapped {
    base: NonNull<AtomicU64>,
    words: usize,
}

// SAFETY: the words are atomic, and stay where they are until this is dropped.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps so many words of a map, to be read.
    ///
    /// # Errors
    /// What mmap(2) says: the map is shorter, or not made to be mapped.
    pub(super) fn new(map: BorrowedFd<'_>, words: usize) -> io::Result<Self> {
        let bytes = words.checked_mul(size_of::<AtomicU64>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: a mapping of its own, which overlays nothing.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), bytes, libc::PROT_READ, libc::MAP_SHARED, map.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, words })
    }

    /// The words.
    pub(super) fn words(&self) -> &[AtomicU64] {
        // SAFETY: so many are mapped, on page boundaries, until this is dropped; nobody writes through them
        // here, and loads of atomics need no more than that they can be read.
        unsafe { slice::from_raw_parts(self.base.as_ptr(), self.words) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `new`, of which no reference is left.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.words * size_of::<AtomicU64>()) };
    }
}
