//! Where things are: the checkout, the cache, and a shell that stands in the checkout.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use xshell::{Cmd, Shell};

/// The top of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// A shell that stands at the top of the checkout.
pub(crate) fn shell() -> Result<Shell> {
    let sh = Shell::new().context("find the current directory")?;
    sh.change_dir(root());
    Ok(sh)
}

/// Where tools that took long to build are kept between checkouts.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = base.or_else(home).context("no place for a cache: set HOME or XDG_CACHE_HOME")?;
    Ok(base.join("ixp-ebpf"))
}

/// The file that `name` runs, if it is on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// Forgets what the cargo that started us put into the environment, so that another cargo chooses its
/// own compiler, flags and target directory. Where crates come from stays as it is.
pub(crate) fn forget_cargo(mut cmd: Cmd<'_>) -> Cmd<'_> {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_told_by_cargo) {
            cmd = cmd.env_remove(name);
        }
    }
    cmd
}

fn is_told_by_cargo(name: &str) -> bool {
    const KEPT: [&str; 6] = ["HOME", "REGISTR", "SOURCE_", "NET_", "HTTP_", "TERM_"];
    match name.strip_prefix("CARGO") {
        Some("") => true,
        Some(rest) => {
            rest.strip_prefix('_').is_some_and(|rest| !KEPT.iter().any(|kept| rest.starts_with(kept)))
        }
        None => {
            name.starts_with("RUSTC")
                || ["RUSTDOC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"].contains(&name)
        }
    }
}

/// The files under `dir`, or `dir` itself if it is a file, in order of their names.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    if dir.is_file() {
        return Ok(vec![dir.to_path_buf()]);
    }
    let entries = dir.read_dir().with_context(|| format!("list {}", dir.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        found.extend(files(&path)?);
    }
    Ok(found)
}

/// The Rust sources under `dir`.
pub(crate) fn sources(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = files(dir)?;
    found.retain(|path| path.extension() == Some(OsStr::new("rs")));
    Ok(found)
}

/// When `path` was last written.
pub(crate) fn written(path: &Path) -> Result<SystemTime> {
    let metadata = path.metadata().with_context(|| format!("look at {}", path.display()))?;
    metadata.modified().with_context(|| format!("read the time of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_cargo_keeps_its_registry_and_forgets_our_compiler() {
        for name in
            ["CARGO", "CARGO_TARGET_DIR", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"]
        {
            assert!(is_told_by_cargo(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_REGISTRIES_X_INDEX", "CARGO_NET_OFFLINE", "RUSTUP_HOME", "PATH"] {
            assert!(!is_told_by_cargo(name), "{name}");
        }
    }
}
