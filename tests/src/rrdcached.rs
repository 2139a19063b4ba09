//! A folder in, an `rrdcached` that writes RRD files there out, and what `rrdtool` finds in them.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use ixp_lab::agent::{end, spawn_bound};

use crate::agent::wait;

/// A running daemon, killed when dropped.
#[derive(Debug)]
pub struct Rrdcached {
    child: Child,
    folder: PathBuf,
}

/// Rates in and out by the end of their step, in seconds since 1970; `None` is unknown.
pub type Rates = BTreeMap<i64, [Option<f64>; 2]>;

impl Rrdcached {
    /// Starts it; it may make folders, and what it is told it has in memory until somebody asks for it.
    ///
    /// # Errors
    /// It is not installed.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::start_with(folder, &["-B", "-R", "-w", "3600"])
    }

    /// Starts it with other arguments.
    ///
    /// # Errors
    /// It is not installed, or ends at once.
    pub fn start_with(folder: &Path, arguments: &[&str]) -> Result<Self> {
        let files = folder.join("db");
        fs::create_dir_all(&files).context("make a folder for RRD files")?;
        let socket = folder.join("rrdcached.sock");
        let mut command = Command::new(env::var_os("IXP_RRDCACHED").unwrap_or_else(|| "rrdcached".into()));
        command.arg("-g").arg("-l").arg(format!("unix:{}", socket.display())).arg("-b").arg(&files);
        command.arg("-p").arg(folder.join("rrdcached.pid")).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = spawn_bound(&mut command).context("start rrdcached: `cargo xtask test` fetches it")?;
        let mut daemon = Self { child, folder: folder.to_owned() };
        wait("rrdcached to listen", || {
            let ended = daemon.child.try_wait()?;
            ensure!(ended.is_none(), "rrdcached ended at once: {ended:?}");
            Ok(UnixStream::connect(daemon.socket()).ok())
        })?;
        Ok(daemon)
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("rrdcached.sock")
    }

    /// The folder of the files.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.folder.join("db")
    }

    /// Ends it by SIGKILL: what it has in memory is lost.
    pub fn kill(mut self) {
        end(&mut self.child);
    }

    /// The rates of a file, whatever of them is in memory alone.
    ///
    /// # Errors
    /// There is no such file, or rrdtool is not installed.
    pub fn rates(&self, file: &str, (from, to): (i64, i64)) -> Result<Rates> {
        let daemon = format!("unix:{}", self.socket().display());
        let path = self.files().join(file);
        rates(&rrdtool(&["fetch", "--daemon", &daemon, &text(&path)?, "AVERAGE"], (from, to))?)
    }

    /// The rates of a file, as far as they are on the disk.
    ///
    /// # Errors
    /// There is no such file, or rrdtool is not installed.
    pub fn rates_on_disk(&self, file: &str, (from, to): (i64, i64)) -> Result<Rates> {
        rates(&rrdtool(&["fetch", &text(&self.files().join(file))?, "AVERAGE"], (from, to))?)
    }

    /// What `rrdtool info` says of a file.
    ///
    /// # Errors
    /// There is no such file, or rrdtool is not installed.
    pub fn info(&self, file: &str) -> Result<String> {
        run(&["info".to_owned(), text(&self.files().join(file))?])
    }

    /// How many updates it was told since its start, those that it refused among them.
    ///
    /// # Errors
    /// It does not answer.
    pub fn updates(&self) -> Result<u64> {
        let mut socket = UnixStream::connect(self.socket()).context("connect to rrdcached")?;
        socket.write_all(b"STATS\nQUIT\n")?;
        let mut text = String::new();
        socket.read_to_string(&mut text)?;
        let line = text.lines().find_map(|line| line.strip_prefix("UpdatesReceived: "));
        Ok(line.context("rrdcached tells how many updates it received")?.parse()?)
    }

    /// Its files, by their paths in its folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        list(&self.files(), &self.files(), &mut found)?;
        found.sort();
        Ok(found)
    }
}

impl Drop for Rrdcached {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Runs `rrdtool`, and gives what it prints.
///
/// # Errors
/// It is not installed, or ends with an error.
pub fn run(arguments: &[String]) -> Result<String> {
    let ended = Command::new("rrdtool").args(arguments).stdin(Stdio::null()).env("TZ", "UTC").output();
    let ended = ended.context("start rrdtool: `cargo xtask test` installs it")?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "rrdtool {}: {said}", arguments.join(" "));
    String::from_utf8(ended.stdout).context("rrdtool prints text")
}

fn rrdtool(arguments: &[&str], (from, to): (i64, i64)) -> Result<String> {
    let times = ["-s".to_owned(), from.to_string(), "-e".to_owned(), (to - 1).to_string()];
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).chain(times).collect();
    run(&arguments)
}

fn text(path: &Path) -> Result<String> {
    Ok(path.to_str().context("a path of UTF-8")?.to_owned())
}

/// What `rrdtool fetch` prints.
fn rates(text: &str) -> Result<Rates> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let rate = |word: &str| -> Result<Option<f64>> {
        let rate: f64 = word.parse().with_context(|| format!("read the rate {word}"))?;
        Ok(Some(rate).filter(|rate| !rate.is_nan()))
    };
    let of = |(end, rates): (&str, &str)| {
        let words: Vec<&str> = rates.split_whitespace().collect();
        let [incoming, outgoing] = words.as_slice() else { anyhow::bail!("{rates} are two rates") };
        Ok((end.trim().parse()?, [rate(incoming)?, rate(outgoing)?]))
    };
    lines.map(of).collect()
}

fn list(folder: &Path, root: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, root, found)?;
        } else {
            found.push(text(path.strip_prefix(root)?)?);
        }
    }
    Ok(())
}
