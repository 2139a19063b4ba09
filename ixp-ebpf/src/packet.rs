//! An XDP context in, its bytes out: the only pointer arithmetic.

use aya_ebpf::helpers::bpf_xdp_get_buff_len;
use aya_ebpf::programs::XdpContext;
use ixp_common::bytes::FrameBytes;

/// Offsets are masked by this so that the verifier knows their bound; no parser goes beyond it.
const OFFSET_MASK: usize = 0x7ff;

/// The frame that a run of the program is about.
pub struct Packet {
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
        Self { data: ctx.data(), end: ctx.data_end(), wire_len: wire_len as u32 }
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
