//! The C programs that the datapath is measured beside: sources in, `target/ebpf/bench-*.o` out.

use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::packages;
use crate::workspace::{files, on_path, root, written};

/// Where the sources lie.
const SOURCES: &str = "tests/bench-c";
/// The programs, each built to an object of its own.
const PROGRAMS: [&str; 3] = ["hashes", "naive", "twin"];

/// Compilers in the order in which they are taken: first that whose LLVM is the one that Debian's way builds the
/// XDP program by, so that both programs are compiled alike.
const COMPILERS: [&str; 3] = ["clang-22", "clang-19", "clang"];

/// Builds the objects that are older than their sources. Silent if none is.
pub(super) fn ensure(sh: &Shell) -> Result<()> {
    let sources = root().join(SOURCES);
    let mut newest = SystemTime::UNIX_EPOCH;
    for source in files(&sources)? {
        newest = newest.max(written(&source)?);
    }
    let object = |program: &str| root().join(format!("target/ebpf/bench-{program}.o"));
    let is_fresh = |program: &&str| written(&object(program)).is_ok_and(|built| built >= newest);
    if PROGRAMS.iter().all(is_fresh) {
        return Ok(());
    }
    let clang = compiler(sh)?;
    println!("bench: building C programs by {clang}");
    for program in PROGRAMS {
        let (source, object) = (sources.join(format!("{program}.c")), object(program));
        cmd!(sh, "{clang} -O2 -target bpf -mcpu=v3 -Wall -Wextra -Werror -c {source} -o {object}")
            .quiet()
            .run()
            .with_context(|| format!("{program}.c does not build: see above"))?;
    }
    Ok(())
}

/// A compiler that is here, or else the first that there is a package of.
fn compiler(sh: &Shell) -> Result<&'static str> {
    if let Some(found) = COMPILERS.into_iter().find(|name| on_path(name).is_some()) {
        return Ok(found);
    }
    let known = COMPILERS.into_iter().find(|name| packages::is_known(sh, name));
    let name = known.context("no clang here, nor a package of it: install one that compiles for BPF")?;
    packages::install(sh, &[name])?;
    ensure!(on_path(name).is_some(), "package {name} is installed and has no {name}");
    Ok(name)
}
