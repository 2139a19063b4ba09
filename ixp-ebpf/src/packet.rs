//! An XDP context in, its bytes out: the only pointer arithmetic.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use aya_ebpf::bindings::xdp_md;
use aya_ebpf::helpers::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::XdpContext;
use ixp_common::bytes::FrameBytes;
use ixp_common::sample::SAMPLE_BYTES;

/// Offsets are masked by this so that the verifier knows their bound; no parser goes beyond it.
const OFFSET_MASK: usize = 0x7ff;

/// The frame that a run of the program is about.
pub struct Packet {
    ctx: *mut xdp_md,
    data: usize,
    end: usize,
    wire_len: u32,
}

impl Packet {
    /// The frame of a context.
    #[inline(always)]
    pub fn new(ctx: &XdpContext) -> Self {
        // SAFETY: `ctx.ctx` is the context that the kernel called the program with.
        let wire_len = unsafe { bpf_xdp_get_buff_len(ctx.ctx) };
        #[expect(clippy::cast_possible_truncation, reason = "no frame has 2³² bytes")]
        Self { ctx: ctx.ctx, data: ctx.data(), end: ctx.data_end(), wire_len: wire_len as u32 }
    }
}

/// The start of a frame, as a record in a ring has it: what is behind its end is not written.
pub type Start = MaybeUninit<[u8; SAMPLE_BYTES]>;

impl Packet {
    /// The context that it is the frame of.
    #[inline(always)]
    pub fn ctx(&self) -> *mut xdp_md {
        self.ctx
    }

    /// Copies the start of the frame, whatever it is spread over; gives how many bytes it has. The
    /// verifier takes constant lengths alone, so a start of 70 bytes is copied as two of 64 that overlap.
    #[inline(always)]
    pub fn copy_start(&self, into: &mut Start) -> u32 {
        let len = self.wire_len as usize;
        if len >= SAMPLE_BYTES {
            self.copy::<SAMPLE_BYTES>(0, into);
        } else if len >= 64 {
            self.copy_ends::<64>(len, into);
        } else if len >= 32 {
            self.copy_ends::<32>(len, into);
        } else if len >= 16 {
            self.copy_ends::<16>(len, into);
        } else if len >= 8 {
            self.copy_ends::<8>(len, into);
        } else {
            // No frame reaches a program without an Ethernet header.
            return 0;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most SAMPLE_BYTES")]
        let len = len.min(SAMPLE_BYTES) as u32;
        len
    }

    #[inline(always)]
    fn copy_ends<const N: usize>(&self, len: usize, into: &mut Start) {
        self.copy::<N>(0, into);
        self.copy::<N>((len - N) & (N - 1), into);
    }

    /// Copies `N` bytes at `offset`, to the same offset.
    #[inline(always)]
    fn copy<const N: usize>(&self, offset: usize, into: &mut Start) {
        const { assert!(N <= SAMPLE_BYTES) };
        let to: *mut c_void = into.as_mut_ptr().wrapping_byte_add(offset).cast();
        #[expect(clippy::cast_possible_truncation, reason = "at most SAMPLE_BYTES")]
        // SAFETY: `offset + N` is at most SAMPLE_BYTES, the room that `to` has, by the masks of the callers;
        // beyond the frame's end the helper writes nothing and says so, which no caller lets happen.
        let _done = unsafe { bpf_xdp_load_bytes(self.ctx, offset as u32, to, N as u32) };
    }
}

impl FrameBytes for Packet {
    #[inline(always)]
    fn wire_len(&self) -> u32 {
        self.wire_len
    }

    #[inline(always)]
    fn load<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        const { assert!(N >= 2) };
        if offset > OFFSET_MASK {
            return None;
        }
        let start = self.data + (offset & OFFSET_MASK);
        if start + N > self.end {
            return None;
        }
        // SAFETY: `start..start + N` lies between `data` and `data_end`, and bytes need no alignment.
        Some(unsafe { *(start as *const [u8; N]) })
    }
}
