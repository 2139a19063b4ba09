//! The corpora that scapy makes: the script and its pinned scapy in, whether the committed files are its work out.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Shell, cmd};

use crate::packages;
use crate::workspace::{cache, on_path, root};

/// Where the script, its pin and its files lie.
const CORPORA: &str = "tests/data/rules";

/// Makes all corpora again and compares.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    let python = installed(sh)?;
    // -B: no bytecode is left in the checkout.
    let command = cmd!(sh, "{python} -B {CORPORA}/make.py --check");
    command.quiet().run().context("corpora: see above; `make.py` without --check writes them")
}

/// The Python of a venv that has the pinned scapy, made if need be.
fn installed(sh: &Shell) -> Result<PathBuf> {
    let pin = root().join(CORPORA).join("requirements.txt");
    let text = fs::read_to_string(&pin).with_context(|| format!("read {}", pin.display()))?;
    let version = pinned(&text).with_context(|| format!("{} pins no scapy", pin.display()))?;
    let venv = cache()?.join(format!("scapy-{version}"));
    let python = venv.join("bin/python");
    if has_scapy(sh, &python, version) {
        return Ok(python);
    }
    let base = base(sh)?;
    println!("installing scapy {version} to {}", venv.display());
    cmd!(sh, "{base} -m venv --clear {venv}").quiet().run().context("make a venv for scapy")?;
    let pip = cmd!(sh, "{python} -m pip --quiet --disable-pip-version-check");
    let install = pip.args(["install", "--no-deps", "--require-hashes", "--requirement"]).arg(&pin);
    install.quiet().run().with_context(|| format!("install scapy {version}"))?;
    ensure!(has_scapy(sh, &python, version), "scapy {version} is installed and does not import");
    Ok(python)
}

/// The version in a line `scapy==VERSION …`.
fn pinned(requirements: &str) -> Option<&str> {
    requirements.split_whitespace().find_map(|word| word.strip_prefix("scapy=="))
}

fn has_scapy(sh: &Shell, python: &Path, version: &str) -> bool {
    let command = cmd!(sh, "{python} -c 'import scapy; print(scapy.VERSION)'");
    python.is_file() && command.quiet().ignore_stderr().read().is_ok_and(|found| found == version)
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
    fn the_version_is_that_of_the_pin() {
        assert_eq!(pinned("scapy==2.8.0 --hash=sha256:00\n"), Some("2.8.0"));
        assert_eq!(pinned("other==1\nscapy>=2\n"), None);
    }
}
