//! Debian packages: names in, installed packages out; nothing is installed twice.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::workspace::on_path;

/// Installs those of `names` that are missing, and says so first.
pub(crate) fn install(sh: &Shell, names: &[&str]) -> Result<()> {
    let missing = missing(sh, names);
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if on_path("apt-get").is_none() {
        bail!("missing here, and there is no apt-get to install it: {list}");
    }
    let root = is_root(sh)?;
    if !root && on_path("sudo").is_none() {
        bail!("missing here, and there is no sudo to install it: as root, run `apt-get install {list}`");
    }
    println!("installing Debian packages: {list}");
    let sudo: &[&str] = if root { &[] } else { &["sudo"] };
    apt_get(sh, sudo, &["update"])?;
    apt_get(sh, sudo, &[&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat())
        .with_context(|| format!("install {list}"))
}

/// A program out of a package that is not to be installed, since it would start a service: the package
/// is fetched and unpacked into `into`, once.
pub(crate) fn unpacked(sh: &Shell, package: &str, program: &str, into: &Path) -> Result<PathBuf> {
    let found = into.join(program);
    if found.exists() {
        return Ok(found);
    }
    if on_path("apt-get").is_none() {
        bail!("{program} is missing here, and there is no apt-get to fetch it: install {package}");
    }
    println!("fetching Debian package {package}, for {program}; nothing is installed");
    sh.create_dir(into)?;
    let _there = sh.push_dir(into);
    if cmd!(sh, "apt-get -qq download {package}").quiet().ignore_stderr().run().is_err() {
        let sudo: &[&str] = if is_root(sh)? { &[] } else { &["sudo"] };
        apt_get(sh, sudo, &["update"])?;
        cmd!(sh, "apt-get -qq download {package}")
            .quiet()
            .run()
            .with_context(|| format!("fetch {package}"))?;
    }
    for file in sh.read_dir(into)? {
        if file.extension().is_some_and(|extension| extension == "deb") {
            cmd!(sh, "dpkg-deb --extract {file} {into}").quiet().run()?;
            sh.remove_path(file)?;
        }
    }
    ensure!(found.exists(), "package {package} has no {program}");
    Ok(found)
}

/// Whether apt knows a package of this name.
pub(crate) fn is_known(sh: &Shell, name: &str) -> bool {
    cmd!(sh, "apt-cache show --no-all-versions {name}").quiet().ignore_stderr().ignore_stdout().run().is_ok()
}

/// Whether we are root.
pub(crate) fn is_root(sh: &Shell) -> Result<bool> {
    Ok(cmd!(sh, "id -u").quiet().read()? == "0")
}

fn missing<'a>(sh: &Shell, names: &[&'a str]) -> Vec<&'a str> {
    let status = "${Package} ${db:Status-Status}\n";
    let listed = cmd!(sh, "dpkg-query --show --showformat {status} {names...}");
    let listed = listed.quiet().ignore_status().ignore_stderr().read().unwrap_or_default();
    let installed = |name: &str| listed.lines().any(|line| line == format!("{name} installed"));
    names.iter().copied().filter(|name| !installed(name)).collect()
}

fn apt_get(sh: &Shell, sudo: &[&str], args: &[&str]) -> Result<()> {
    let command = [sudo, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"], args].concat();
    let [program, rest @ ..] = command.as_slice() else { bail!("no command to run") };
    cmd!(sh, "{program} {rest...}").quiet().ignore_stdout().run().context("apt-get failed")
}
