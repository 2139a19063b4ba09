//! `cargo xtask ebpf`: sources of the XDP program in, `target/ebpf/*.o` out, by whatever toolchain is here.

mod debian;
mod linker;
mod rustup;
mod toolchain;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use xshell::Shell;

use crate::workspace::{files, root, written};
use toolchain::{Toolchain, Way};

/// The programs, each built to an object of its own.
const PROGRAMS: [&str; 2] = ["ixp-ebpf", "ixp-ebpf-probe"];

/// All that the objects are made of.
const INPUTS: [&str; 6] =
    ["Cargo.lock", "Cargo.toml", "ixp-common", "ixp-ebpf", "xtask/src/ebpf.rs", "xtask/src/ebpf"];

/// The oldest compiler that builds the workspace, `rust-version` in Cargo.toml.
const OLDEST_RUSTC: u32 = 95;

/// The command: as [`ensure`], and says where the object is.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    ensure(sh)?;
    println!("ebpf: target/ebpf/ixp-ebpf.o is fresh");
    Ok(())
}

/// Builds the objects if they are older than their sources. Silent if they are not.
pub(crate) fn ensure(sh: &Shell) -> Result<()> {
    let forced = Way::forced()?;
    if is_fresh(forced)? {
        return Ok(());
    }
    let toolchain = Toolchain::find(sh, forced)?;
    println!("ebpf: building by {toolchain}");
    let started = Stamp::start(toolchain.way)?;
    toolchain.build(sh, &directory())?;
    for program in PROGRAMS {
        publish(program, started.at)?;
    }
    started.finish()
}

fn directory() -> PathBuf {
    root().join("target/ebpf")
}

fn object(program: &str) -> PathBuf {
    directory().join(format!("{program}.o"))
}

fn is_fresh(forced: Option<Way>) -> Result<bool> {
    let stamp = Stamp::path();
    if !stamp.is_file() || !PROGRAMS.iter().all(|program| object(program).is_file()) {
        return Ok(false);
    }
    let way = fs::read_to_string(&stamp).with_context(|| format!("read {}", stamp.display()))?;
    if forced.is_some_and(|forced| forced.name() != way) {
        return Ok(false);
    }
    Ok(newest_input()? <= written(&stamp)?)
}

fn newest_input() -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for input in INPUTS {
        for file in files(&root().join(input))? {
            newest = newest.max(written(&file)?);
        }
    }
    Ok(newest)
}

/// Puts the object where the agent's build finds it. One that did not change is not written again, so
/// that nothing is compiled again because of it; its time is the build's start, so that a source
/// that was saved during the build counts as newer.
fn publish(program: &str, started: SystemTime) -> Result<()> {
    let built = directory().join("bpfel-unknown-none/ebpf").join(program);
    let bytes = fs::read(&built).with_context(|| format!("read {}", built.display()))?;
    let object = object(program);
    let changed = fs::read(&object).ok().is_none_or(|old| old != bytes);
    if changed {
        fs::write(&object, bytes).with_context(|| format!("write {}", object.display()))?;
    }
    if changed || written(&object)? < newest_input()? {
        set_written(&object, started)?;
    }
    Ok(())
}

fn set_written(path: &Path, at: SystemTime) -> Result<()> {
    let file = File::options().write(true).open(path);
    file.and_then(|file| file.set_modified(at)).with_context(|| format!("set the time of {}", path.display()))
}

/// The file whose time says when the last good build started, and whose text says by which way.
struct Stamp {
    pending: PathBuf,
    at: SystemTime,
}

impl Stamp {
    fn path() -> PathBuf {
        directory().join("built-by")
    }

    fn start(way: Way) -> Result<Self> {
        fs::create_dir_all(directory()).context("create target/ebpf")?;
        let pending = directory().join("built-by.pending");
        fs::write(&pending, way.name()).with_context(|| format!("write {}", pending.display()))?;
        let at = written(&pending)?;
        Ok(Self { pending, at })
    }

    fn finish(self) -> Result<()> {
        fs::rename(&self.pending, Self::path()).context("write target/ebpf/built-by")
    }
}
