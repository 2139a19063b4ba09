//! Tells the agent's build where the XDP object is and which revision this is; fails if the object is stale.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// Names an object that was built elsewhere. It is taken as it is.
const GIVEN: &str = "IXP_EBPF_BUILD_OBJECT";

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the agent lies in the workspace");
    println!("cargo::rerun-if-changed=build.rs");
    match object(root) {
        Ok(object) => println!("cargo::rustc-env=IXP_EBPF_OBJECT_PATH={}", object.display()),
        Err(error) => println!("cargo::error={error}"),
    }
    println!("cargo::rustc-env=IXP_REVISION={}", revision(root));
}

fn object(root: &Path) -> Result<PathBuf, String> {
    println!("cargo::rerun-if-env-changed={GIVEN}");
    let given = env::var_os(GIVEN).map(PathBuf::from);
    let sources = [root.join("ixp-ebpf"), root.join("ixp-common/src")];
    let object = given.clone().unwrap_or_else(|| root.join("target/ebpf/ixp-ebpf.o"));
    println!("cargo::rerun-if-changed={}", object.display());
    let built = written(&object).map_err(|error| format!("{}: {error}: {ADVICE}", object.display()))?;
    if given.is_some() {
        return Ok(object);
    }
    for source in sources {
        println!("cargo::rerun-if-changed={}", source.display());
        let newest = newest(&source).map_err(|error| format!("{}: {error}", source.display()))?;
        if newest > built {
            return Err(format!("{}: older than {}: {ADVICE}", object.display(), source.display()));
        }
    }
    Ok(object)
}

const ADVICE: &str = "run `cargo xtask ebpf` first";

fn written(path: &Path) -> io::Result<SystemTime> {
    path.metadata()?.modified()
}

/// When the last of the files under `directory` was written.
fn newest(directory: &Path) -> io::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let time = if path.is_dir() { self::newest(&path)? } else { written(&path)? };
        newest = newest.max(time);
    }
    Ok(newest)
}

/// The revision of a release. Other builds would be compiled again after each commit if they had one.
fn revision(root: &Path) -> String {
    println!("cargo::rerun-if-env-changed=IXP_REVISION");
    if let Ok(given) = env::var("IXP_REVISION") {
        return given;
    }
    if env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return "unknown".to_owned();
    }
    if let Some(log) = git(root, &["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"])
        && Path::new(&log).is_file()
    {
        println!("cargo::rerun-if-changed={log}");
    }
    git(root, &["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned())
}

fn git(root: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| answer.trim().to_owned())
}
