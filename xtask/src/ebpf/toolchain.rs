//! What is installed in, a cargo that builds for BPF out; or one line that says what to install.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xshell::{Cmd, Shell, cmd};

use super::{debian, rustup};
use crate::workspace::{forget_cargo, on_path};

/// Names a way whatever else is installed.
const FORCE: &str = "IXP_EBPF_TOOLCHAIN";

/// Where the compiler and the library's source come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// rustup's nightly with rust-src.
    Rustup,
    /// Debian's packages.
    Debian,
}

impl Way {
    /// The way that the environment asks for.
    pub(super) fn forced() -> Result<Option<Self>> {
        match env::var(FORCE).unwrap_or_default().as_str() {
            "" => Ok(None),
            "rustup" => Ok(Some(Self::Rustup)),
            "debian" => Ok(Some(Self::Debian)),
            other => bail!("{FORCE}={other}: write rustup or debian"),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rustup => "rustup",
            Self::Debian => "debian",
        }
    }
}

/// A compiler for BPF and its linker.
pub(super) struct Toolchain {
    pub(super) way: Way,
    /// Release and LLVM of the compiler.
    pub(super) compiler: Compiler,
    /// The bpf-linker to use.
    pub(super) linker: PathBuf,
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match self.way {
            Way::Rustup => "rustup's nightly",
            Way::Debian => "Debian's packages",
        };
        write!(f, "{from} (rustc {}), {}", self.compiler.release, self.linker.display())
    }
}

impl Toolchain {
    /// A way that is ready, else one that can be made ready: first rustup, then Debian.
    pub(super) fn find(sh: &Shell, forced: Option<Way>) -> Result<Self> {
        match forced {
            Some(Way::Rustup) => return rustup::install(sh),
            Some(Way::Debian) => return debian::install(sh),
            None => {}
        }
        if let Ok(toolchain) = rustup::find(sh).or_else(|_| debian::find(sh)) {
            return Ok(toolchain);
        }
        if rustup::has_nightly(sh) {
            match rustup::install(sh) {
                Ok(toolchain) => return Ok(toolchain),
                Err(error) => println!("ebpf: not by rustup: {error:#}"),
            }
        }
        if on_path("apt-get").is_none() {
            bail!(
                "no toolchain for BPF: install rustup, then run `rustup toolchain install nightly --component rust-src`"
            );
        }
        debian::install(sh)
    }

    /// Builds the programs into `target`.
    pub(super) fn build(&self, sh: &Shell, target: &Path) -> Result<()> {
        let directory = self.linker.parent().context("bpf-linker has no directory")?;
        let mut path = vec![directory.to_path_buf()];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let build = "build --locked --profile ebpf --package ixp-ebpf --bins";
        self.cargo(sh)
            .args(build.split(' '))
            .args(["-Z", "build-std=core", "--target", "bpfel-unknown-none"])
            .env("PATH", env::join_paths(path)?)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_ENCODED_RUSTFLAGS", "-Cdebuginfo=2\x1f-Ctarget-cpu=v3\x1f-Clink-arg=--btf")
            .quiet()
            .run()
            .context("the XDP program does not build: see above")
    }

    fn cargo<'a>(&self, sh: &'a Shell) -> Cmd<'a> {
        match self.way {
            Way::Rustup => forget_cargo(cmd!(sh, "rustup run nightly cargo")),
            Way::Debian => {
                let cargo = forget_cargo(cmd!(sh, "/usr/bin/cargo"));
                cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", "/usr/bin/rustc")
            }
        }
    }
}

/// What `rustc -vV` says.
pub(super) struct Compiler {
    /// Such as `1.96.0`.
    pub(super) release: String,
    /// The major number of its LLVM.
    pub(super) llvm: u32,
}

impl Compiler {
    /// Reads the answer to `rustc -vV`.
    pub(super) fn parse(answer: &str) -> Option<Self> {
        let field = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name));
        let llvm = field("LLVM version: ")?.split('.').next()?.parse().ok()?;
        Some(Self { release: field("release: ")?.to_owned(), llvm })
    }

    /// Whether it is Rust 1.`oldest` or later.
    pub(super) fn is_at_least(&self, oldest: u32) -> bool {
        let mut numbers = self.release.split('.').map_while(|number| number.parse::<u32>().ok());
        (numbers.next(), numbers.next()) >= (Some(1), Some(oldest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_and_llvm_are_read_from_rustc() {
        let nightly =
            Compiler::parse("rustc 1.97.0-nightly\nrelease: 1.97.0-nightly\nLLVM version: 22.1.4\n");
        let nightly = nightly.expect("both lines are there");
        assert_eq!((nightly.release.as_str(), nightly.llvm), ("1.97.0-nightly", 22));
        assert!(nightly.is_at_least(97) && !nightly.is_at_least(98));
    }
}
