//! Access to the bytes of one frame, on the host and under the verifier.

/// The first byte that no parser looks at: headers end before it, or the frame is undecided.
pub const HEADER_WINDOW: usize = 1024;

/// A frame whose bytes can be read.
pub trait FrameBytes {
    /// Bytes on the wire without FCS. May exceed what [`load`](Self::load) can see: a capture can be
    /// cut by its snap length, an XDP frame can continue in fragments.
    fn wire_len(&self) -> u32;

    /// `N` bytes from `offset` on, or `None` where the visible bytes end before `offset + N`.
    ///
    /// `N` is at least 2: clang and rustc fold `p + 1 > end` into `p >= end`, which the verifier
    /// does not take as a proof.
    fn load<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;
}

/// A frame in host memory: a capture's record, a test's fixture, a fuzzer's input.
#[derive(Debug, Clone, Copy)]
pub struct Captured<'a> {
    bytes: &'a [u8],
    wire_len: u32,
}

impl<'a> Captured<'a> {
    /// A frame of which `bytes` were kept and which was `wire_len` bytes long on the wire. A
    /// `wire_len` below `bytes.len()` is raised to it.
    #[must_use]
    pub fn new(bytes: &'a [u8], wire_len: u32) -> Self {
        let kept = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self { bytes, wire_len: if wire_len < kept { kept } else { wire_len } }
    }

    /// A frame that was kept whole.
    #[must_use]
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self::new(bytes, 0)
    }

    /// The bytes that were kept.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl FrameBytes for Captured<'_> {
    fn wire_len(&self) -> u32 {
        self.wire_len
    }

    fn load<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        const { assert!(N >= 2) };
        self.bytes.get(offset..)?.first_chunk().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_ends_with_the_visible_bytes() {
        let frame = Captured::new(&[1, 2, 3], 60);
        assert_eq!(frame.load::<2>(1), Some([2, 3]));
        assert_eq!(frame.load::<2>(2), None);
        assert_eq!(frame.load::<2>(usize::MAX), None);
        assert_eq!(frame.wire_len(), 60);
    }

    #[test]
    fn a_wire_length_is_never_below_what_was_kept() {
        assert_eq!(Captured::new(&[0; 64], 10).wire_len(), 64);
    }
}
