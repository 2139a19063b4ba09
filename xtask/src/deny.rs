//! `cargo xtask deny`: the tree of dependencies in, those that deny.toml does not allow out.

use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::workspace::{cache, forget_cargo, on_path};

const VERSION: &str = "0.20.2";

/// Checks licences, bans and sources.
pub(crate) fn run(sh: &Shell) -> Result<()> {
    let deny = installed(sh)?;
    cmd!(sh, "{deny} --locked --log-level error check licenses bans sources")
        .quiet()
        .run()
        .context("deny.toml: see above")
}

/// The cargo-deny on the PATH, else that in the cache, built there if need be.
fn installed(sh: &Shell) -> Result<PathBuf> {
    if let Some(deny) = on_path("cargo-deny") {
        return Ok(deny);
    }
    let to = cache()?.join(format!("cargo-deny-{VERSION}"));
    let deny = to.join("bin/cargo-deny");
    if !deny.is_file() {
        println!("installing cargo-deny {VERSION} to {} (1 to 2 minutes)", to.display());
        // Unoptimised it is built in 100 seconds of CPU time, not 250, and its check takes a second.
        let install =
            cmd!(sh, "cargo install cargo-deny --quiet --debug --locked --version {VERSION} --root {to}");
        let install = forget_cargo(install).env("CARGO_PROFILE_DEV_DEBUG", "0");
        install.quiet().run().context("cargo-deny does not build: see above")?;
    }
    Ok(deny)
}
