//! The way of a machine with rustup and the full network: nightly, rust-src, a released bpf-linker.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use super::toolchain::{Compiler, Toolchain, Way};
use super::{OLDEST_RUSTC, linker};
use crate::workspace::on_path;

/// The toolchain as far as it is installed.
pub(super) fn find(sh: &Shell) -> Result<Toolchain> {
    let compiler = compiler(sh)?;
    ensure!(has_source(sh)?, "nightly has no rust-src");
    let linker = linker::find(compiler.llvm).context("no bpf-linker with an LLVM as new as nightly's")?;
    Ok(Toolchain { way: Way::Rustup, compiler, linker })
}

/// The toolchain, with what is missing added to it.
pub(super) fn install(sh: &Shell) -> Result<Toolchain> {
    let compiler = compiler(sh)?;
    if !has_source(sh)? {
        println!("installing rustup component rust-src for nightly");
        let add =
            cmd!(sh, "timeout 120 rustup component add rust-src --toolchain nightly").quiet().ignore_status();
        let answer = add.output().context("run rustup")?;
        if !has_source(sh)? {
            bail!("rustup component add rust-src: {}", reason(&answer.stderr));
        }
    }
    if linker::find(compiler.llvm).is_none() {
        download_linker(sh)?;
    }
    find(sh)
}

/// Whether rustup is here and has a nightly.
pub(super) fn has_nightly(sh: &Shell) -> bool {
    let list = || cmd!(sh, "rustup toolchain list").quiet().ignore_stderr().read().ok();
    on_path("rustup")
        .and_then(|_| list())
        .is_some_and(|list| list.lines().any(|line| line.starts_with("nightly")))
}

fn compiler(sh: &Shell) -> Result<Compiler> {
    ensure!(
        has_nightly(sh),
        "rustup has no nightly: run `rustup toolchain install nightly --component rust-src`"
    );
    let answer = cmd!(sh, "rustup run nightly rustc -vV").quiet().ignore_stderr().read()?;
    let compiler = Compiler::parse(&answer).context("nightly's rustc does not tell its LLVM")?;
    let release = &compiler.release;
    ensure!(compiler.is_at_least(OLDEST_RUSTC), "nightly is {release}, too old: run `rustup update nightly`");
    Ok(compiler)
}

fn has_source(sh: &Shell) -> Result<bool> {
    let sysroot = cmd!(sh, "rustup run nightly rustc --print sysroot").quiet().ignore_stderr().read()?;
    Ok(Path::new(&sysroot).join("lib/rustlib/src/rust/library").is_dir())
}

fn download_linker(sh: &Shell) -> Result<()> {
    let version = linker::VERSION;
    let arch = std::env::consts::ARCH;
    let release = "https://github.com/aya-rs/bpf-linker/releases/download";
    let url = format!("{release}/v{version}/bpf-linker-{arch}-unknown-linux-musl.tar.zst");
    let bin = linker::cached("release")?.join("bin");
    println!("installing bpf-linker {version} to {}", bin.display());
    let archive = sh.create_temp_dir().context("create a temporary directory")?;
    let file = archive.path().join("bpf-linker.tar.zst");
    cmd!(
        sh,
        "curl --fail --silent --show-error --location --connect-timeout 10 --max-time 300 --output {file} {url}"
    )
    .quiet()
    .run()
    .with_context(|| format!("download {url}: install bpf-linker by hand"))?;
    sh.create_dir(&bin)?;
    cmd!(sh, "tar --extract --file {file} --directory {bin}").quiet().run().context("unpack bpf-linker")
}

/// The line of rustup's answer that says why.
fn reason(answer: &[u8]) -> String {
    let answer = String::from_utf8_lossy(answer);
    let line = answer.lines().find_map(|line| line.strip_prefix("error: "));
    line.unwrap_or("it did not, and did not say why").to_owned()
}
