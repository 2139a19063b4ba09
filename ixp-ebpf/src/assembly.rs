//! What compilers for BPF do not make of Rust: one instruction each, and what stands for it on the host.

/// Writes a word by an atomic exchange (kernel 5.12, commit 5ffa25502b5a): a full barrier on every CPU, which adding
/// without taking the word before would not be (linux/Documentation/atomic_t.txt).
///
/// # Safety
/// A word that can be written.
#[inline(always)]
pub unsafe fn exchange(to: *mut u64, word: u64) {
    #[cfg(target_arch = "bpf")]
    // SAFETY: the caller's.
    unsafe {
        core::arch::asm!("{word} = xchg_64({to} + 0, {word})", to = in(reg) to, word = inout(reg) word => _);
    }
    #[cfg(not(target_arch = "bpf"))]
    // SAFETY: the caller's.
    unsafe {
        to.write_volatile(word);
    }
}

/// The low `BITS` bits set if `number`, which is below 2⁶³, is 0, and else none; without a branch, which compilers make of a
/// comparison.
#[inline(always)]
#[must_use]
pub fn ones_if_zero<const BITS: u32>(number: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    // SAFETY: a register alone.
    unsafe {
        let ones;
        core::arch::asm!(
            "{0} += -1",
            "{0} >>= {shift}",
            inout(reg) number => ones,
            shift = const 64 - BITS,
            options(pure, nomem, nostack),
        );
        ones
    }
    #[cfg(not(target_arch = "bpf"))]
    if number == 0 { (1 << BITS) - 1 } else { 0 }
}

/// Writes the low `N` bytes of a number in the order of memory; as [`load`].
///
/// # Safety
/// `N` bytes, 2 or 8, from `start` on can be written.
#[inline(always)]
pub unsafe fn store<const N: usize>(start: usize, word: u64) {
    #[cfg(target_arch = "bpf")]
    // SAFETY: the caller's.
    unsafe {
        match N {
            2 => core::arch::asm!("*(u16 *)({0} + 0) = {1}", in(reg) start, in(reg) word),
            _ => core::arch::asm!("*(u64 *)({0} + 0) = {1}", in(reg) start, in(reg) word),
        }
    }
    #[cfg(not(target_arch = "bpf"))]
    // SAFETY: the caller's.
    unsafe {
        (start as *mut u8).copy_from_nonoverlapping(word.to_ne_bytes().as_ptr(), N);
    }
}

/// `N` bytes as a number in the order of memory, wherever they start: compilers load what may not be aligned byte by
/// byte, and kernels of machines that need no alignment take this.
///
/// # Safety
/// `N` bytes, 1, 2, 4 or 8, from `start` on can be read.
#[inline(always)]
pub unsafe fn load<const N: usize>(start: usize) -> u64 {
    #[cfg(target_arch = "bpf")]
    // SAFETY: the caller's.
    unsafe {
        let word;
        match N {
            1 => core::arch::asm!("{0} = *(u8 *)({1} + 0)", out(reg) word, in(reg) start),
            2 => core::arch::asm!("{0} = *(u16 *)({1} + 0)", out(reg) word, in(reg) start),
            4 => core::arch::asm!("{0} = *(u32 *)({1} + 0)", out(reg) word, in(reg) start),
            _ => core::arch::asm!("{0} = *(u64 *)({1} + 0)", out(reg) word, in(reg) start),
        }
        word
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        let mut bytes = [0; 8];
        // SAFETY: the caller's.
        bytes[..N].copy_from_slice(unsafe { &*(start as *const [u8; N]) });
        u64::from_ne_bytes(bytes)
    }
}
