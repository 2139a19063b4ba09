//! A file of pinned packages in, the Python of a venv that has them out; nothing is installed twice.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::packages;
use crate::workspace::{cache, on_path};

/// The Python of the venv `name`, made anew if it has not what `requirements` pins, each with its hashes.
pub(crate) fn venv(sh: &Shell, name: &str, requirements: &Path) -> Result<PathBuf> {
    let pins =
        fs::read_to_string(requirements).with_context(|| format!("read {}", requirements.display()))?;
    let venv = cache()?.join(name);
    let (python, installed) = (venv.join("bin/python"), venv.join("installed.txt"));
    let is_there = fs::read_to_string(&installed).is_ok_and(|text| text == pins);
    if is_there && cmd!(sh, "{python} --version").quiet().ignore_stdout().run().is_ok() {
        return Ok(python);
    }
    let base = base(sh)?;
    println!("installing {} to {}", pinned(&pins).join(", "), venv.display());
    cmd!(sh, "{base} -m venv --clear {venv}")
        .quiet()
        .run()
        .with_context(|| format!("make a venv for {name}"))?;
    let pip = cmd!(sh, "{python} -m pip --quiet --disable-pip-version-check");
    let install =
        pip.args(["install", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement"]);
    install.arg(requirements).quiet().run().with_context(|| format!("install {name}"))?;
    fs::write(&installed, pins).with_context(|| format!("write {}", installed.display()))?;
    Ok(python)
}

/// What is pinned, as `NAME VERSION`.
fn pinned(requirements: &str) -> Vec<String> {
    let words = requirements.split_whitespace();
    words
        .filter_map(|word| word.split_once("=="))
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

/// A Python that can make venvs with pip in them; Debian's has that in a package of its own.
fn base(sh: &Shell) -> Result<PathBuf> {
    let is_able = |python: &PathBuf| {
        let command = cmd!(sh, "{python} -c 'import ensurepip, venv'");
        command.quiet().ignore_stderr().run().is_ok()
    };
    let own = PathBuf::from("/usr/bin/python3");
    if let Some(found) = on_path("python3").into_iter().chain([own.clone()]).find(is_able) {
        return Ok(found);
    }
    packages::install(sh, &["python3", "python3-venv"])?;
    ensure!(is_able(&own), "{} makes no venvs, though python3-venv is there", own.display());
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_said_with_their_versions() {
        let pins = "scapy==2.8.0 --hash=sha256:00\nother==1 \\\n    --hash=sha256:01\n";
        assert_eq!(pinned(pins), ["scapy 2.8.0", "other 1"]);
    }
}
