//! An XDP context in, its bytes out: the only pointer arithmetic.

use aya_ebpf::bindings::xdp_md;
use aya_ebpf::helpers::bpf_xdp_get_buff_len;
use aya_ebpf::programs::XdpContext;
use ixp_common::bytes::FrameBytes;
use ixp_common::sample::SAMPLE_BYTES;

use ixp_ebpf::assembly::load;

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

impl Packet {
    /// The context that it is the frame of.
    #[inline(always)]
    pub fn ctx(&self) -> *mut xdp_md {
        self.ctx
    }

    /// Copies the start of the frame; gives how many bytes. Word by word, since the verifier takes only
    /// constant lengths; a frame's odd last byte, if it is among them, comes with the byte before it.
    #[inline(always)]
    pub fn copy_start(&self, header: &mut [u8; SAMPLE_BYTES]) -> u32 {
        let mut len = 0;
        for word in 0..SAMPLE_BYTES / 2 {
            let at = word * 2;
            let Some([first, second]) = self.load::<2>(at) else {
                break;
            };
            header[at] = first;
            header[at + 1] = second;
            len = at + 2;
        }
        if (2..SAMPLE_BYTES).contains(&len)
            && let Some([_, last]) = self.load::<2>(len - 1)
        {
            header[len & (SAMPLE_BYTES - 1)] = last;
            len += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most SAMPLE_BYTES")]
        let len = len as u32;
        len
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
        // SAFETY: `start..start + N` lies between `data` and `data_end`.
        Some(unsafe { bytes(start) })
    }
}

/// # Safety
/// `N` bytes from `start` on can be read.
#[inline(always)]
unsafe fn bytes<const N: usize>(start: usize) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = start;
    let (eights, rest) = bytes.as_chunks_mut::<8>();
    for eight in eights {
        // SAFETY: the caller's.
        *eight = unsafe { load::<8>(at) }.to_ne_bytes();
        at += 8;
    }
    let (fours, rest) = rest.as_chunks_mut::<4>();
    for four in fours {
        // SAFETY: the caller's.
        let [a, b, c, d, ..] = unsafe { load::<4>(at) }.to_ne_bytes();
        *four = [a, b, c, d];
        at += 4;
    }
    let (twos, rest) = rest.as_chunks_mut::<2>();
    for two in twos {
        // SAFETY: the caller's.
        let [a, b, ..] = unsafe { load::<2>(at) }.to_ne_bytes();
        *two = [a, b];
        at += 2;
    }
    for one in rest {
        // SAFETY: the caller's.
        let [a, ..] = unsafe { load::<1>(at) }.to_ne_bytes();
        *one = a;
    }
    bytes
}
