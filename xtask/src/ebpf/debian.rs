//! The way of a machine with Debian's packages only: its rustc, its rust-src, a bpf-linker built here.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use super::toolchain::{Compiler, Toolchain, Way};
use super::{OLDEST_RUSTC, linker};
use crate::packages;
use crate::workspace::forget_cargo;

const RUSTC: &str = "/usr/bin/rustc";
const LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";

/// The compiler that Debian keeps current for its browsers, in releases whose own is old.
const WEB: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const PLAIN: [&str; 3] = ["rustc", "cargo", "rust-src"];

/// What bpf-linker is built with, and runs on.
const LLVM: [&str; 6] =
    ["llvm-22", "llvm-22-dev", "libpolly-22-dev", "zlib1g-dev", "libzstd-dev", "libxml2-dev"];

/// The toolchain as far as it is installed.
pub(super) fn find(sh: &Shell) -> Result<Toolchain> {
    let compiler = compiler(sh)?;
    let linker = linker::find(compiler.llvm).context("no bpf-linker with an LLVM as new as rustc's")?;
    Ok(Toolchain { way: Way::Debian, compiler, linker })
}

/// The toolchain, with what is missing added to it.
pub(super) fn install(sh: &Shell) -> Result<Toolchain> {
    if compiler(sh).is_err() {
        let names = if packages::is_known(sh, WEB[0]) { WEB } else { PLAIN };
        packages::install(sh, &names)?;
    }
    if linker::find(compiler(sh)?.llvm).is_none() {
        build_linker(sh)?;
    }
    find(sh)
}

fn compiler(sh: &Shell) -> Result<Compiler> {
    ensure!(
        Path::new(RUSTC).is_file() && Path::new("/usr/bin/cargo").is_file(),
        "Debian's rustc and cargo are missing"
    );
    ensure!(Path::new(LIBRARY).is_dir(), "{LIBRARY} is missing");
    let answer = forget_cargo(cmd!(sh, "{RUSTC} -vV")).quiet().read()?;
    let compiler = Compiler::parse(&answer).with_context(|| format!("{RUSTC} does not tell its LLVM"))?;
    let release = &compiler.release;
    ensure!(compiler.is_at_least(OLDEST_RUSTC), "{RUSTC} is {release}: 1.{OLDEST_RUSTC} or later is needed");
    Ok(compiler)
}

fn build_linker(sh: &Shell) -> Result<()> {
    packages::install(sh, &LLVM)?;
    let version = linker::VERSION;
    let to = linker::cached("llvm-22")?;
    println!("installing bpf-linker {version} to {} (1 to 2 minutes)", to.display());
    let install = cmd!(
        sh,
        "/usr/bin/cargo install bpf-linker --quiet --locked --version {version} --no-default-features --features llvm-22 --root {to}"
    );
    forget_cargo(install)
        .env("RUSTC", RUSTC)
        .env("LLVM_PREFIX", "/usr/lib/llvm-22")
        .quiet()
        .run()
        .context("bpf-linker does not build: see above")
}
