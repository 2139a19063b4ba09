//! An agent under test: started in a namespace with the host's socket, asked by HTTP, ended by SIGTERM.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::clock;
use crate::matrix::Matrix;
use crate::netns::Namespace;
use crate::news::News;
use crate::socket::checked;

/// How long it may take to load and attach, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first descriptor of socket activation (sd_listen_fds(3)).
const FIRST_PASSED: libc::c_int = 3;

/// What an agent needs to start.
#[derive(Debug)]
pub struct Start<'a> {
    /// What it and its files are called.
    pub name: &'static str,
    /// The `ixp-agent` to run.
    pub program: &'a Path,
    /// Where it lives.
    pub namespace: &'a Namespace,
    /// Its configuration, but for where it serves.
    pub config: &'a str,
    /// Where its configuration and log are kept.
    pub folder: &'a Path,
    /// A socket of the host's own namespace that it serves on.
    pub listener: &'a TcpListener,
}

/// A running agent, ended when dropped.
#[derive(Debug)]
pub struct Agent {
    name: &'static str,
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    http: ureq::Agent,
}

impl Agent {
    /// Starts an agent and waits until it is ready: attached everywhere, and hearing.
    ///
    /// # Errors
    /// It ends early or does not get ready: then the last line of its log.
    pub fn start(start: &Start<'_>) -> Result<Self> {
        let Start { name, program, namespace, config: text, folder, listener } = *start;
        let address = listener.local_addr().context("read the address listened on")?;
        let config = folder.join(format!("{name}.toml"));
        let text = format!("[http]\nlisten = \"{address}\"\n\n{text}");
        fs::write(&config, text).with_context(|| format!("write {}", config.display()))?;
        let log = folder.join(format!("{name}.log"));
        let out = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut command = activated(namespace, program, listener);
        command.args(["run", "--config"]).arg(&config);
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = spawn_bound(&mut command).with_context(|| format!("start the {name}"))?;
        let timeout = Some(Duration::from_secs(5));
        let http = ureq::Agent::config_builder().timeout_global(timeout).build().new_agent();
        let mut agent = Self { name, child, address, log, http };
        agent.wait_until_ready()?;
        Ok(agent)
    }

    /// The address of its web pages.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has counted.
    ///
    /// # Errors
    /// It does not answer, or not so.
    pub fn matrix(&self) -> Result<Matrix> {
        Matrix::parse(&self.get("/api/v1/matrix?by=mac")?)
    }

    /// What it makes of samples, as JSON.
    ///
    /// # Errors
    /// It does not answer.
    pub fn sampled_matrix(&self) -> Result<String> {
        self.get("/api/v1/matrix?by=mac&source=sampled")
    }

    /// How it is, as JSON.
    ///
    /// # Errors
    /// It does not answer.
    pub fn status(&self) -> Result<String> {
        self.get("/api/v1/status")
    }

    /// What it told of.
    ///
    /// # Errors
    /// It does not answer, or not so.
    pub fn news(&self) -> Result<News> {
        News::parse(&self.get("/api/v1/events?limit=10000")?)
    }

    fn get(&self, path: &str) -> Result<String> {
        let url = format!("{}{path}", self.url());
        let mut answer = self.http.get(&url).call().with_context(|| self.complaint(&url))?;
        let body = answer.body_mut().with_config().limit(256 << 20).read_to_string();
        body.with_context(|| self.complaint(&url))
    }

    /// Lets it drain a last time and end.
    ///
    /// # Errors
    /// It does not end, or not with success.
    pub fn stop(mut self) -> Result<()> {
        signal(&self.child, libc::SIGTERM);
        let mut status: Option<ExitStatus> = None;
        clock::until(PATIENCE, || {
            status = self.child.try_wait()?;
            Ok(status.is_some())
        })?;
        match status {
            Some(status) => ensure!(status.success(), "{}", self.complaint(&status.to_string())),
            None => bail!("the {} did not end {} s after SIGTERM", self.name, PATIENCE.as_secs()),
        }
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.url());
        let http = self.http.clone();
        let mut ended = None;
        let ready = clock::until(PATIENCE, || {
            ended = self.child.try_wait()?;
            Ok(ended.is_some() || http.get(&url).call().is_ok())
        })?;
        match ended {
            Some(status) => bail!(self.complaint(&status.to_string())),
            None => ensure!(ready, self.complaint(&format!("not ready after {} s", PATIENCE.as_secs()))),
        }
        Ok(())
    }

    fn complaint(&self, what: &str) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it wrote nothing");
        format!("the {}: {what}: {last} (all of it in {})", self.name, self.log.display())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Starts `command` outside of the terminal's process group, so that Ctrl-C asks only the lab, and bound to the
/// life of the calling thread.
///
/// # Errors
/// As [`Command::spawn`].
pub fn spawn_bound(command: &mut Command) -> io::Result<Child> {
    command.process_group(0);
    let bind = || {
        // SAFETY: no pointers; the call is safe between fork and exec.
        checked(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
        Ok(())
    };
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(bind) };
    command.spawn()
}

/// Kills `child` and waits for its end.
pub fn end(child: &mut Child) {
    // Fails only for a child that has ended.
    if child.kill().is_ok() {
        let _: io::Result<ExitStatus> = child.wait();
    }
}

fn signal(child: &Child, signal: libc::c_int) {
    // SAFETY: no pointers; the child is not waited for yet, so the number is still its own.
    unsafe { libc::kill(child.id().cast_signed(), signal) };
}

/// `program` inside `namespace`, given `listener` by socket activation. The shell knows the process id that the
/// agent will have; `ip netns exec` keeps it.
fn activated(namespace: &Namespace, program: &Path, listener: &TcpListener) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"", "sh"]);
    let inside = namespace.command("");
    command.arg(inside.get_program()).args(inside.get_args().filter(|word| !word.is_empty())).arg(program);
    let socket = listener.as_raw_fd();
    let pass = move || {
        // SAFETY: no pointers. A descriptor that has the number already keeps its close-on-exec flag.
        checked(unsafe { libc::dup2(socket, FIRST_PASSED) })?;
        // SAFETY: no pointers.
        checked(unsafe { libc::fcntl(FIRST_PASSED, libc::F_SETFD, 0) })?;
        Ok(())
    };
    // SAFETY: the closure makes two system calls and allocates nothing.
    unsafe { command.pre_exec(pass) };
    command
}
