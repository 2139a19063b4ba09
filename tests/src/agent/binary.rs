//! The running test in, the `ixp-agent` of its profile out: built again if one of its sources is younger.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};

/// The agent that the sources make.
///
/// # Panics
/// If it cannot be built: no test of it can go on.
#[must_use]
pub fn agent() -> &'static Path {
    static AGENT: OnceLock<PathBuf> = OnceLock::new();
    AGENT.get_or_init(|| find().unwrap_or_else(|error| panic!("build ixp-agent: {error:#}")))
}

fn find() -> Result<PathBuf> {
    let test = env::current_exe().context("find the running test")?;
    // A test is TARGET/PROFILE/deps/NAME, a program of its own TARGET/PROFILE/NAME.
    let folder = test.parent().filter(|folder| !folder.ends_with("deps"));
    let profile = folder.or(test.ancestors().nth(2)).context("the test lies in no target directory")?;
    let agent = profile.join("ixp-agent");
    if !is_fresh(&agent) {
        build(profile)?;
    }
    Ok(agent)
}

/// Whether it is at least as young as every source that cargo lists beside it.
fn is_fresh(agent: &Path) -> bool {
    let (Some(built), Ok(rule)) = (modified(agent), fs::read_to_string(agent.with_extension("d"))) else {
        return false;
    };
    let sources = rule.split_once(": ").map_or("", |(_, sources)| sources);
    let is_older = |source| modified(Path::new(source)).is_some_and(|changed| changed <= built);
    !sources.is_empty() && sources.split_whitespace().all(is_older)
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

fn build(profile: &Path) -> Result<()> {
    let name = profile.file_name().and_then(|name| name.to_str()).context("a profile has a name")?;
    let name = if name == "debug" { "dev" } else { name };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--locked", "--quiet", "--package", "ixp-agent", "--profile", name]);
    command.arg("--target-dir").arg(profile.parent().context("a profile lies in a target directory")?);
    command.arg("--manifest-path").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let output = command.output().context("run cargo")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
