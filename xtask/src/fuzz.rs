//! `cargo xtask fuzz`: committed corpora in, findings under `target/fuzz/artifacts` out.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::ebpf;
use crate::workspace::{root, sources};

/// What libFuzzer needs of the compiler. All of it works on stable: without a sanitizer, since the code
/// under test is safe Rust and what it can do wrong is panic.
const FLAGS: [&str; 7] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Clink-dead-code",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// One target, as named in fuzz/fuzz_targets; all of them, side by side, if there is none
    target: Option<String>,
    /// How long each runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

impl Args {
    /// All targets, each for a minute.
    pub(crate) fn smoke() -> Self {
        Self { target: None, seconds: 60 }
    }
}

/// Builds the targets at once and runs them at once.
pub(crate) fn run(sh: &Shell, args: &Args) -> Result<()> {
    let targets = chosen(args.target.as_deref())?;
    ebpf::ensure(sh)?;
    let binaries = build(sh)?;
    let mut running = Vec::new();
    for target in targets {
        running.push(Run::start(&binaries, target, args.seconds)?);
    }
    let mut failed = Vec::new();
    for run in running {
        failed.extend(run.finish()?);
    }
    ensure!(failed.is_empty(), "fuzz found something: {}", failed.join(", "));
    Ok(())
}

fn chosen(target: Option<&str>) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for file in sources(&root().join("fuzz/fuzz_targets"))? {
        let name = file.file_stem().and_then(|name| name.to_str()).context("a target's name is UTF-8")?;
        targets.push(name.to_owned());
    }
    if let Some(target) = target {
        ensure!(
            targets.iter().any(|known| known == target),
            "no fuzz target {target}: there is {}",
            targets.join(", ")
        );
        targets.retain(|known| known == target);
    }
    Ok(targets)
}

/// Builds all targets and says where they are.
fn build(sh: &Shell) -> Result<PathBuf> {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let target = directory();
    cmd!(sh, "cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml --target {triple}")
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
        .env("CARGO_TARGET_DIR", &target)
        .quiet()
        .run()
        .context("the fuzz targets do not build: see above")?;
    Ok(target.join(triple).join("release"))
}

fn directory() -> PathBuf {
    root().join("target/fuzz")
}

/// One target at work.
struct Run {
    target: String,
    log: PathBuf,
    artifacts: PathBuf,
    child: Child,
}

impl Run {
    /// Starts it. What it learns goes to the first corpus it is given, so that the committed one stays as
    /// it is.
    fn start(binaries: &Path, target: String, seconds: u32) -> Result<Self> {
        let learned = directory().join("corpus").join(&target);
        let artifacts = directory().join("artifacts").join(&target);
        let committed = root().join("fuzz/corpus").join(&target);
        for dir in [&learned, &artifacts] {
            fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        }
        ensure!(committed.is_dir(), "{}: the target has no committed corpus", committed.display());
        let log = directory().join(format!("{target}.log"));
        let file = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let child = Command::new(binaries.join(&target))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args(["-timeout=10", "-max_len=4096", "-print_final_stats=1"])
            .args([&learned, &committed])
            .stderr(file)
            .spawn()
            .with_context(|| format!("start fuzz target {target}: is it a [[bin]] of fuzz/Cargo.toml?"))?;
        Ok(Self { target, log, artifacts, child })
    }

    /// Waits for it; gives its name if it found something.
    fn finish(mut self) -> Result<Option<String>> {
        let status = self.child.wait().context("wait for a fuzz target")?;
        let log = fs::read(&self.log).with_context(|| format!("read {}", self.log.display()))?;
        let log = String::from_utf8_lossy(&log);
        if status.success() {
            let runs = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
            let Some(runs) = runs else {
                bail!("fuzz {}: no statistics in {}", self.target, self.log.display())
            };
            println!("fuzz {}: {} runs, no finding", self.target, runs.trim());
            return Ok(None);
        }
        for line in log.lines().filter(|line| line.contains("panicked at") || line.contains("ERROR:")) {
            println!("fuzz {}: {line}", self.target);
        }
        println!(
            "fuzz {}: the input is in {}, the log is {}",
            self.target,
            self.artifacts.display(),
            self.log.display()
        );
        Ok(Some(self.target))
    }
}
