//! Debian packages: names in, installed packages out; nothing is installed twice.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::workspace::{cache, on_path};

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

/// Installs the libraries that a package depends on, and not the package itself: what [`unpacked`] takes out of it is
/// linked with them.
fn install_libraries(sh: &Shell, package: &str) -> Result<()> {
    if on_path("apt-cache").is_none() {
        bail!("package {package} is missing here, and there is no apt-get to install it");
    }
    let listed = || cmd!(sh, "apt-cache depends {package}").quiet();
    let mut text = listed().ignore_stderr().ignore_status().read()?;
    if libraries(&text).is_empty() {
        let sudo: &[&str] = if is_root(sh)? { &[] } else { &["sudo"] };
        apt_get(sh, sudo, &["update"])?;
        text = listed().read().with_context(|| format!("find out what {package} depends on"))?;
    }
    install(sh, &libraries(&text))
}

/// A program of a package without the package's service: the one on the PATH, else one that is fetched.
pub(crate) fn without_service(sh: &Shell, package: &str, file: &str) -> Result<PathBuf> {
    let name = file.rsplit('/').next().unwrap_or(file);
    if let Some(found) = on_path(name) {
        return Ok(found);
    }
    install_libraries(sh, package)?;
    unpacked(sh, package, file, &cache()?.join(package))
}

/// The libraries in what `apt-cache depends` says.
fn libraries(depends: &str) -> Vec<&str> {
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.filter(|name| name.starts_with("lib")).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_from_what_else_a_package_depends_on() {
        let depends = "pmacct\n  Depends: libc6\n  Depends: net-tools\n |Depends: lsb-base\n  Depends: libpcap0.8\n  Suggests: libx\n";
        assert_eq!(libraries(depends), ["libc6", "libpcap0.8"]);
    }
}
