//! What the tests are linked with: the C library's own functions, whatever crates of the XDP program are linked, too.

use std::ptr::from_mut;

/// aya-ebpf has a `memset` for BPF that gives nothing back, and zstd's C goes by what the C library's gives.
#[test]
fn memset_gives_back_what_it_was_given() {
    let mut bytes = [1u8; 64];
    let start = from_mut(&mut bytes).cast::<libc::c_void>();
    // SAFETY: 64 bytes that can be written.
    let given = unsafe { std::hint::black_box(libc::memset)(start, 0, 64) };
    assert_eq!(given, start);
    assert_eq!(bytes, [0; 64]);
    // What links the probe's traffic links its crate.
    assert!(ixp_ebpf::traffic::Traffic::NONE.is_empty());
}
