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
        println!("installing cargo-deny {VERSION} to {} (some minutes)", to.display());
        let install = cmd!(sh, "cargo install cargo-deny --quiet --locked --version {VERSION} --root {to}");
        forget_cargo(install).quiet().run().context("cargo-deny does not build: see above")?;
    }
    Ok(deny)
}
