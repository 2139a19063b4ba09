//! bpf-linker: which of those that are here can read what a compiler's LLVM writes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::workspace::{cache, on_path};

/// The release that is installed where there is none.
pub(super) const VERSION: &str = "0.13.0";

/// The place in the cache of a linker that was got in `kind` of way.
pub(super) fn cached(kind: &str) -> Result<PathBuf> {
    Ok(cache()?.join(format!("bpf-linker-{VERSION}-{kind}")))
}

/// A linker, on the PATH or in the cache, whose LLVM is `llvm` or newer.
pub(super) fn find(llvm: u32) -> Option<PathBuf> {
    let in_cache = |kind| Some(cached(kind).ok()?.join("bin/bpf-linker")).filter(|file| file.is_file());
    [on_path("bpf-linker"), in_cache("release"), in_cache("llvm-22")]
        .into_iter()
        .flatten()
        .find(|linker| reads(linker, llvm))
}

/// Whether `linker` reads bitcode of LLVM `llvm`. One that does not tell its LLVM is tried.
fn reads(linker: &Path, llvm: u32) -> bool {
    fs::read(linker).is_ok_and(|bytes| llvm_of(&bytes).is_none_or(|own| own >= llvm))
}

/// The LLVM in a binary: `libLLVM.so.22.1` if it is loaded, `LLVM22.1.8` if it is linked in.
fn llvm_of(binary: &[u8]) -> Option<u32> {
    let places = binary.windows(4).enumerate().filter(|(_, bytes)| *bytes == b"LLVM");
    places.filter_map(|(at, _)| version(&binary[at + 4..])).max()
}

fn version(text: &[u8]) -> Option<u32> {
    let digits = [&b".so."[..], b"-", b""].into_iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    let number = if end == 2 {
        str::from_utf8(&digits[..end]).ok()?
    } else {
        return None;
    };
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linker_tells_its_llvm_by_library_or_by_banner() {
        assert_eq!(llvm_of(b"\0libLLVM.so.22.1\0"), Some(22));
        assert_eq!(llvm_of(b"\0libLLVM-19.so\0"), Some(19));
        assert_eq!(llvm_of(b"LLVM ERROR: \0LLVM23.1.0\0"), Some(23));
        assert_eq!(llvm_of(b"LLVM ERROR: LLVM"), None);
    }
}
